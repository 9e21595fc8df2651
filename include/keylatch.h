/*
 * Keylatch for C: connect your users' own API keys to apps - discover which fields an app needs, collect them,
 * initiate the connection, have it ACTIVE at once, and use it, without the key ever being printed or logged.
 *
 * Rules that hold for every function:
 *
 * - Status. A function returns KEYLATCH_OK or the number of an error kind. Results go through out-parameters, which
 *   stand last; they are cleared first (NULL, 0, false) and written only on success. Where a result cannot be put
 *   anywhere because `out` is NULL, the call fails with KEYLATCH_INVALID_ARGUMENT and does nothing.
 * - Errors. `error` may be NULL. Otherwise `*error` is cleared first and set to an object when the call fails, which
 *   the caller releases with keylatch_error_free. Getters have no `error`: they fail with KEYLATCH_INVALID_ARGUMENT
 *   only, where a handle or a place for the result is NULL, or an index is not below the count. What is there at the
 *   place is overwritten, not freed.
 * - Text in is UTF-8 as a pointer and a length in bytes, without a need for a NUL at its end; NULL is allowed only
 *   with length 0. What is not UTF-8 is KEYLATCH_INVALID_ARGUMENT. Everything given is copied before the call returns.
 * - Text out is UTF-8 with a NUL behind it, borrowed from the handle until that is freed. `length`, which counts
 *   without the NUL, may be NULL where it is not wanted. What is absent is NULL with length 0, unlike an empty text.
 * - Handles. What a function gives through a non-const `out` belongs to the caller, who releases it with the `_free`
 *   function of its type. Handles keep alive what they need of each other: any order of freeing is right.
 *   Every `_free` takes NULL. Using a handle after freeing it, or freeing it twice, is an error that C cannot see.
 * - Threads. All functions may be called from any thread, also on the same handle at the same time; only `_free` must
 *   be the last use of its handle. A thread that calls any has a stack of at least 512 KiB.
 * - Forks. A client that was made before fork() works on both sides, as all handles do; each side frees its own.
 * - Secrets. Give credentials through the functions named `_take`, which wipe the caller's buffer. No function gives a
 *   credential back, and no error or JSON text ever holds one.
 * - Signals. No function changes how the process handles a signal. SIGPIPE is blocked on the calling thread for the
 *   time of a call, and on the library's own threads, so that a provider that hangs up does not end the program.
 * - Additions. Later versions add functions and constants, and never change or remove one under the same SONAME.
 *
 * The static library carries SQLite and ring with their own public symbols: use the shared one in a program that
 * links another SQLite.
 *
 * This file is made by `cargo run -p keylatch-ffi --features header --bin keylatch-header`; do not edit it.
 */

#ifndef KEYLATCH_H
#define KEYLATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The version of this header; compare with keylatch_version().
 */
#define KEYLATCH_VERSION "0.1.0"

/**
 * The same as a number: 1000000 major + 1000 minor + patch; compare with keylatch_version_number().
 */
#define KEYLATCH_VERSION_NUMBER 1000

/**
 * Ask the provider where the app has a check; refuse what it rejects and what is not the provider. The default.
 */
#define KEYLATCH_VERIFY_AUTO 0

/**
 * Take only what the provider has accepted.
 */
#define KEYLATCH_VERIFY_REQUIRED 1

/**
 * Do not ask.
 */
#define KEYLATCH_VERIFY_OFF 2

/**
 * Something that keylatch_execute_action does with a connection.
 */
typedef struct keylatch_action keylatch_action;

/**
 * What to do and with which connection: the arguments of keylatch_execute_action.
 */
typedef struct keylatch_action_ask keylatch_action_ask;

/**
 * What an action brought.
 */
typedef struct keylatch_action_result keylatch_action_result;

/**
 * Something with an API that users have keys for.
 */
typedef struct keylatch_app keylatch_app;

/**
 * Several apps.
 */
typedef struct keylatch_app_list keylatch_app_list;

/**
 * Which apps are wanted: the arguments of keylatch_apps_search. All that is set must hold.
 */
typedef struct keylatch_app_search_ask keylatch_app_search_ask;

/**
 * Which entries of the audit log are wanted: the arguments of keylatch_client_audit_log.
 */
typedef struct keylatch_audit_ask keylatch_audit_ask;

/**
 * What looking at the whole audit log has found.
 */
typedef struct keylatch_audit_check keylatch_audit_check;

/**
 * A page of the audit log, oldest entry first.
 */
typedef struct keylatch_audit_log keylatch_audit_log;

/**
 * An open vault, or a project on Composio's API, and the connections that its calls make. All calls on it may be made
 * from any thread at any time.
 */
typedef struct keylatch_client keylatch_client;

/**
 * One user's connection to one app. It never carries the credential.
 */
typedef struct keylatch_connection keylatch_connection;

/**
 * The answer to keylatch_initiate_connection: ACTIVE at once, since there is nothing to redirect to.
 */
typedef struct keylatch_connection_request keylatch_connection_request;

/**
 * The state of a vault: what is there, whether it fits together, and what to do where it does not. It holds ids and paths,
 * never a credential or a key.
 */
typedef struct keylatch_diagnosis keylatch_diagnosis;

/**
 * Which connections to check again, and how fast: the arguments of keylatch_connected_accounts_verify_due. All that is set
 * must hold.
 */
typedef struct keylatch_due_ask keylatch_due_ask;

/**
 * What went wrong, and what to do. Safe to show and to log: no credential is ever in it, and what others said of the
 * call stands in it scrubbed and cut short.
 *
 * Made by the call that failed and owned by its caller, who releases it with keylatch_error_free.
 */
typedef struct keylatch_error keylatch_error;

/**
 * What a user must give to connect.
 */
typedef struct keylatch_expected_params keylatch_expected_params;

/**
 * Which fields are wanted: the arguments of keylatch_get_expected_params_for_user.
 */
typedef struct keylatch_expected_params_ask keylatch_expected_params_ask;

/**
 * Where an export goes, and for whom: the arguments of keylatch_client_export_vault.
 */
typedef struct keylatch_export_ask keylatch_export_ask;

/**
 * What was exported.
 */
typedef struct keylatch_exported keylatch_exported;

/**
 * One thing that the user must type.
 */
typedef struct keylatch_field keylatch_field;

/**
 * Which export is imported, and how: the arguments of keylatch_client_import_vault.
 */
typedef struct keylatch_import_ask keylatch_import_ask;

/**
 * What was imported, or would be.
 */
typedef struct keylatch_imported keylatch_imported;

/**
 * How to connect: the arguments of keylatch_initiate_connection, without the credentials.
 */
typedef struct keylatch_initiate_ask keylatch_initiate_ask;

/**
 * The developer's configuration of one app with one auth scheme.
 */
typedef struct keylatch_integration keylatch_integration;

/**
 * What to create an integration with: the arguments of keylatch_integrations_create.
 */
typedef struct keylatch_integration_ask keylatch_integration_ask;

/**
 * Several integrations.
 */
typedef struct keylatch_integration_list keylatch_integration_list;

/**
 * The apps that a credential could be of, the most specific form first.
 */
typedef struct keylatch_key_origin_list keylatch_key_origin_list;

/**
 * Which connections to list: the arguments of keylatch_connected_accounts_list. All that is set must hold.
 */
typedef struct keylatch_list_ask keylatch_list_ask;

/**
 * How to open a client. As made it stands for a vault in the platform's data folder with its key in a file beside it;
 * the functions with composio in their names make it stand for a project on Composio's API instead.
 */
typedef struct keylatch_options keylatch_options;

/**
 * Connections, and where to go on if they are not all.
 */
typedef struct keylatch_page keylatch_page;

/**
 * An app's list on its way. It keeps the client open until it is freed.
 */
typedef struct keylatch_pages keylatch_pages;

/**
 * How an app's list goes on.
 */
typedef struct keylatch_paging keylatch_paging;

/**
 * Credential values by wire name. The call that takes them empties them; what is left is wiped when they are freed.
 *
 * A name that is given twice counts as the last.
 */
typedef struct keylatch_params keylatch_params;

/**
 * One batch of a round of checks.
 */
typedef struct keylatch_rechecks keylatch_rechecks;

/**
 * What to send and over which connection: the arguments of keylatch_request.
 */
typedef struct keylatch_request_ask keylatch_request_ask;

/**
 * What the app answered. Where it echoed the credential, `*` stands in its place.
 */
typedef struct keylatch_response keylatch_response;

/**
 * Which batch of a rotation is wanted: the arguments of keylatch_client_rotate_data_key.
 */
typedef struct keylatch_rotate_ask keylatch_rotate_ask;

/**
 * One batch of a rotation of the data key.
 */
typedef struct keylatch_rotation keylatch_rotation;

/**
 * One way to connect an app.
 */
typedef struct keylatch_scheme keylatch_scheme;

/**
 * A credential. Its content is wiped when it is freed.
 */
typedef struct keylatch_secret keylatch_secret;

/**
 * What an app answers, its body read as it comes. Where it echoes the credential, `*` stands in its place.
 */
typedef struct keylatch_stream keylatch_stream;

/**
 * How bodies go and come in pieces.
 */
typedef struct keylatch_streaming keylatch_streaming;

/**
 * Which connection gets new credentials: the arguments of keylatch_connected_accounts_update_credentials.
 */
typedef struct keylatch_update_ask keylatch_update_ask;

/**
 * The answer to a renewed check of a connection.
 */
typedef struct keylatch_verification keylatch_verification;

/**
 * What every function returns: KEYLATCH_OK, or the number of an error kind. Numbers are never reused.
 */
typedef uint32_t keylatch_status;

/**
 * Told of a connection that has become EXPIRED: the app no longer takes its credentials. The texts are NUL-terminated and
 * borrowed for the time of the call.
 */
typedef void (*keylatch_on_expired)(void *user_data,
                                    const char *connected_account_id,
                                    const char *entity_id,
                                    const char *app,
                                    const char *previous_status);

/**
 * Writes the next piece of a body into `buffer`, at most `capacity` bytes, and gives its length; 0 is the end of the body. A
 * negative number, or more than fits, fails the request. It must not throw.
 */
typedef int64_t (*keylatch_reader)(void *user_data, void *buffer, size_t capacity);

/**
 * Told of something that happened. `level` is error, warn, info, debug or trace; `target` the part of the library, such as
 * keylatch::http; `operation` the call during which it was, as docs/calls.md names it, or NULL; `message` what happened, finished at
 * the end of an operation; `fields_json` an object of names, OpenTelemetry's where it has one, to texts, numbers and booleans.
 * Never with a credential, a user's id, a URL, or what an app or a server said. The texts are NUL-terminated and borrowed for the
 * time of the call.
 */
typedef void (*keylatch_on_log)(void *user_data,
                                const char *level,
                                const char *target,
                                const char *operation,
                                const char *message,
                                const char *fields_json);

/**
 * It worked.
 */
#define KEYLATCH_OK 0

/**
 * An argument is missing, malformed or contradicts another one.
 */
#define KEYLATCH_INVALID_ARGUMENT 1

/**
 * Required fields were not given.
 */
#define KEYLATCH_MISSING_FIELDS 2

/**
 * A field was given that the app does not have.
 */
#define KEYLATCH_UNKNOWN_FIELD 3

/**
 * A field's value cannot be right.
 */
#define KEYLATCH_INVALID_FIELD 4

/**
 * No app of that name; `near` has names like it.
 */
#define KEYLATCH_UNKNOWN_APP 5

/**
 * The app exists but not with that auth scheme.
 */
#define KEYLATCH_UNSUPPORTED_SCHEME 6

/**
 * No integration or connection that fits.
 */
#define KEYLATCH_NOT_FOUND 7

/**
 * Several connections fit and none was named; `candidates` lists them.
 */
#define KEYLATCH_AMBIGUOUS 8

/**
 * There is one already; `connected_account_id` names it.
 */
#define KEYLATCH_ALREADY_EXISTS 9

/**
 * The provider refused the credentials.
 */
#define KEYLATCH_CREDENTIALS_REJECTED 10

/**
 * The provider could not be asked, or what answered is not the provider.
 */
#define KEYLATCH_PROVIDER_UNREACHABLE 11

/**
 * The host is not one that this call may talk to.
 */
#define KEYLATCH_FORBIDDEN_HOST 12

/**
 * The backend refused the developer's own key.
 */
#define KEYLATCH_UNAUTHORIZED 13

/**
 * Too many requests; `retry_after` says when to try again, where known.
 */
#define KEYLATCH_RATE_LIMITED 14

/**
 * The backend failed.
 */
#define KEYLATCH_SERVER 15

/**
 * No answer within the time allowed.
 */
#define KEYLATCH_TIMEOUT 16

/**
 * It cannot be known whether the call acted.
 */
#define KEYLATCH_INDETERMINATE 17

/**
 * The caller cancelled.
 */
#define KEYLATCH_CANCELLED 18

/**
 * The vault's key is not available.
 */
#define KEYLATCH_VAULT_LOCKED 19

/**
 * The key given is not this vault's key.
 */
#define KEYLATCH_WRONG_KEY 20

/**
 * A stored record does not open.
 */
#define KEYLATCH_CORRUPT_RECORD 21

/**
 * The store cannot be read or written.
 */
#define KEYLATCH_STORAGE 22

/**
 * The client is closed.
 */
#define KEYLATCH_CLOSED 23

/**
 * A defect in Keylatch.
 */
#define KEYLATCH_INTERNAL 24

/**
 * The app did not do what the action asked; the message says why, where it told.
 */
#define KEYLATCH_ACTION_FAILED 25

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library that is linked, to compare with KEYLATCH_VERSION. Never freed. Thread-safe.
 */
const char *keylatch_version(void);

/**
 * The version as a number, to compare with KEYLATCH_VERSION_NUMBER: 1000000 major + 1000 minor + patch. Thread-safe.
 */
uint32_t keylatch_version_number(void);

/**
 * The stable text of a status, such as "credentials_rejected", or "ok". Never freed. Thread-safe.
 *
 * KEYLATCH_INVALID_ARGUMENT for a number that is none.
 */
keylatch_status keylatch_status_code(keylatch_status status, const char **text);

/**
 * The kind as a number, the same that the failed call returned. Thread-safe.
 */
keylatch_status keylatch_error_status(const keylatch_error *error, keylatch_status *out);

/**
 * The kind as stable text, such as "credentials_rejected". Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_error_code(const keylatch_error *error, const char **text, size_t *length);

/**
 * One line: what happened and what to do. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_error_message(const keylatch_error *error, const char **text, size_t *length);

/**
 * How many fields or arguments are concerned. Thread-safe.
 */
keylatch_status keylatch_error_field_count(const keylatch_error *error, size_t *count);

/**
 * Wire name of a field or argument concerned. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_error_field_at(const keylatch_error *error, size_t index, const char **text, size_t *length);

/**
 * How many problems the input has; all are reported at once. Thread-safe.
 */
keylatch_status keylatch_error_problem_count(const keylatch_error *error, size_t *count);

/**
 * Wire name of the field that a problem is about. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_error_problem_field(const keylatch_error *error,
                                             size_t index,
                                             const char **text,
                                             size_t *length);

/**
 * The kind of a problem. Thread-safe.
 */
keylatch_status keylatch_error_problem_status(const keylatch_error *error, size_t index, keylatch_status *out);

/**
 * What is wrong with the field and what to do. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_error_problem_message(const keylatch_error *error,
                                               size_t index,
                                               const char **text,
                                               size_t *length);

/**
 * How long to wait before trying again; `*known` is false where nobody said so. Thread-safe.
 */
keylatch_status keylatch_error_retry_after_ms(const keylatch_error *error, bool *known, uint64_t *milliseconds);

/**
 * The connection that stands in the way (already_exists). NULL where there is none. Borrowed until the handle is
 * freed. Thread-safe.
 */
keylatch_status keylatch_error_connected_account_id(const keylatch_error *error, const char **text, size_t *length);

/**
 * How many connections fit (ambiguous). Thread-safe.
 */
keylatch_status keylatch_error_candidate_count(const keylatch_error *error, size_t *count);

/**
 * Id of a connection that fits. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_error_candidate_at(const keylatch_error *error,
                                            size_t index,
                                            const char **text,
                                            size_t *length);

/**
 * How many known names are near the unknown one. Thread-safe.
 */
keylatch_status keylatch_error_near_count(const keylatch_error *error, size_t *count);

/**
 * A known name near the unknown one. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_error_near_at(const keylatch_error *error, size_t index, const char **text, size_t *length);

/**
 * What the provider said, if it was asked. NULL where there is none. Borrowed until the handle is freed.
 * Thread-safe.
 */
keylatch_status keylatch_error_verdict(const keylatch_error *error, const char **text, size_t *length);

/**
 * The HTTP status of Composio's API; `*known` is false where it was not that which refused or failed the call.
 * Thread-safe.
 */
keylatch_status keylatch_error_upstream_status(const keylatch_error *error, bool *known, uint32_t *http_status);

/**
 * Composio's number for the problem, such as 612; `*known` is false where it gave none. Thread-safe.
 */
keylatch_status keylatch_error_upstream_code(const keylatch_error *error, bool *known, int64_t *code);

/**
 * Composio's name for the problem. NULL where there is none. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_error_upstream_slug(const keylatch_error *error, const char **text, size_t *length);

/**
 * Composio's sentence on it. NULL where there is none. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_error_upstream_message(const keylatch_error *error, const char **text, size_t *length);

/**
 * What Composio suggests to do. NULL where there is none. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_error_upstream_suggested_fix(const keylatch_error *error, const char **text, size_t *length);

/**
 * The id under which Composio's support finds the call. NULL where there is none. Borrowed until the handle is freed.
 * Thread-safe.
 */
keylatch_status keylatch_error_upstream_request_id(const keylatch_error *error, const char **text, size_t *length);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_error_json(const keylatch_error *error, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_error_free(keylatch_error *error);

/**
 * Copies `length` bytes into a guarded buffer and wipes the caller's. The recommended way in for every credential.
 *
 * The caller owns `*out` and releases it with keylatch_secret_free. Thread-safe, but nobody else may use the buffer
 * meanwhile. The buffer is wiped even where `out` is NULL.
 */
keylatch_status keylatch_secret_take(void *buffer, size_t length, keylatch_secret **out, keylatch_error **error);

/**
 * How many bytes it has. Thread-safe.
 */
keylatch_status keylatch_secret_length(const keylatch_secret *secret, size_t *length);

/**
 * Its content: `*length` bytes, not ended by a zero. Borrowed until the secret is freed. Name the reason where you call it, and
 * let no copy outlive the need. Thread-safe.
 */
keylatch_status keylatch_secret_expose(const keylatch_secret *secret,
                                       const void **bytes,
                                       size_t *length);

/**
 * Whether two secrets are the same, compared in constant time. Thread-safe.
 */
keylatch_status keylatch_secret_equals(const keylatch_secret *secret, const keylatch_secret *other, bool *out);

/**
 * Wipes and releases it; NULL is a no-op. Nobody may be using it.
 */
void keylatch_secret_free(keylatch_secret *secret);

/**
 * Makes an empty set. The caller owns `*out` and releases it with keylatch_params_free.
 */
keylatch_status keylatch_params_new(keylatch_params **out, keylatch_error **error);

/**
 * Copies `length` bytes as the value of a field and wipes the caller's buffer. The recommended way in.
 *
 * The buffer is wiped even where the call fails. Thread-safe, but nobody else may use the buffer meanwhile.
 */
keylatch_status keylatch_params_take(keylatch_params *params,
                                     const char *name,
                                     size_t name_length,
                                     void *buffer,
                                     size_t length,
                                     keylatch_error **error);

/**
 * Copies a secret as the value of a field. The secret stays the caller's. Thread-safe.
 */
keylatch_status keylatch_params_secret(keylatch_params *params,
                                       const char *name,
                                       size_t name_length,
                                       const keylatch_secret *secret,
                                       keylatch_error **error);

/**
 * Copies text as the value of a field. For literals and for values that are no secret: the caller's text cannot be
 * wiped, and a client with strict secrets refuses it for fields that are secret. Thread-safe.
 */
keylatch_status keylatch_params_text(keylatch_params *params,
                                     const char *name,
                                     size_t name_length,
                                     const char *value,
                                     size_t value_length,
                                     keylatch_error **error);

/**
 * A whole number as the value of a field. Thread-safe.
 */
keylatch_status keylatch_params_integer(keylatch_params *params,
                                        const char *name,
                                        size_t name_length,
                                        int64_t value,
                                        keylatch_error **error);

/**
 * A number as the value of a field; one that is not finite is refused with the other problems of the input. Thread-safe.
 */
keylatch_status keylatch_params_number(keylatch_params *params,
                                       const char *name,
                                       size_t name_length,
                                       double value,
                                       keylatch_error **error);

/**
 * A truth value as the value of a field. Thread-safe.
 */
keylatch_status keylatch_params_boolean(keylatch_params *params,
                                        const char *name,
                                        size_t name_length,
                                        bool value,
                                        keylatch_error **error);

/**
 * A value of a type that no field takes. For bindings of dynamic languages, so that the wrong type is reported with
 * all other problems of the input; `type_name` says what it is in the host's words, such as "a list". Thread-safe.
 */
keylatch_status keylatch_params_other(keylatch_params *params,
                                      const char *name,
                                      size_t name_length,
                                      const char *type_name,
                                      size_t type_name_length,
                                      keylatch_error **error);

/**
 * Whether there are no values, as after a call that took them. Thread-safe.
 */
keylatch_status keylatch_params_is_empty(const keylatch_params *params, bool *out);

/**
 * Wipes what is left and releases it; NULL is a no-op. Nobody may be using it.
 */
void keylatch_params_free(keylatch_params *params);

/**
 * Makes options with the defaults. The caller owns `*out` and releases it with keylatch_options_free.
 */
keylatch_status keylatch_options_new(keylatch_options **out, keylatch_error **error);

/**
 * The vault's file (UTF-8), or the URL of a vault in PostgreSQL, such as postgres://user:password@host/database, which wants a
 * key of its own; made at first use. Default: keylatch/vault.db in the platform's data folder. Copied. Thread-safe.
 */
keylatch_status keylatch_options_set_path(keylatch_options *options,
                                          const char *path,
                                          size_t path_length,
                                          keylatch_error **error);

/**
 * Whose vault (UTF-8): each tenant's rows and data keys are its own, and no call sees those of another. Default: "default".
 * Copied. Thread-safe.
 */
keylatch_status keylatch_options_set_tenant(keylatch_options *options,
                                            const char *tenant,
                                            size_t tenant_length,
                                            keylatch_error **error);

/**
 * Takes the vault's key from this file of mode 0600 (UTF-8), made at first use. Default: a file beside the vault.
 * Copied. Thread-safe.
 */
keylatch_status keylatch_options_set_key_file(keylatch_options *options,
                                              const char *path,
                                              size_t path_length,
                                              keylatch_error **error);

/**
 * Takes the vault's key from the environment variable of this name: 64 hexadecimal digits, or Base64 of 32 bytes.
 * Copied. Thread-safe.
 */
keylatch_status keylatch_options_set_key_environment(keylatch_options *options,
                                                     const char *name,
                                                     size_t name_length,
                                                     keylatch_error **error);

/**
 * Takes the vault's key from the operating system's keyring: Secret Service, Keychain, Credential Manager. `service` (UTF-8)
 * names the application there. The key is made at first use, for each vault one of its own. The keyring may ask for its
 * password, for as long as the timeout of these options. Copied. Thread-safe.
 */
keylatch_status keylatch_options_set_keyring(keylatch_options *options,
                                             const char *service,
                                             size_t service_length,
                                             keylatch_error **error);

/**
 * Gives the vault's key, 32 bytes.
 *
 * They are copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
 */
keylatch_status keylatch_options_take_key(keylatch_options *options,
                                          void *buffer,
                                          size_t length,
                                          keylatch_error **error);

/**
 * Derives the vault's key from a passphrase.
 *
 * It is copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
 */
keylatch_status keylatch_options_take_passphrase(keylatch_options *options,
                                                 void *buffer,
                                                 size_t length,
                                                 keylatch_error **error);

/**
 * Composio's API instead of a vault, with the project's API key and the base URL from the environment variables
 * COMPOSIO_API_KEY and COMPOSIO_BASE_URL, as far as the next functions do not set them. Options of the vault must not
 * be set beside it: opening fails then. Thread-safe.
 */
keylatch_status keylatch_options_set_composio(keylatch_options *options, keylatch_error **error);

/**
 * Composio's API instead of a vault, with this API key of the project.
 *
 * It is copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
 */
keylatch_status keylatch_options_take_composio_api_key(keylatch_options *options,
                                                       void *buffer,
                                                       size_t length,
                                                       keylatch_error **error);

/**
 * Composio's API instead of a vault, at this address, with or without /api at its end. HTTPS, or HTTP on loopback.
 * Default: https://backend.composio.dev. Copied. Thread-safe.
 */
keylatch_status keylatch_options_set_composio_base_url(keylatch_options *options,
                                                       const char *base_url,
                                                       size_t base_url_length,
                                                       keylatch_error **error);

/**
 * Composio's API instead of a vault, in this generation of it: "v3.1" (the default), or "v1" for servers that still
 * speak that. Thread-safe.
 */
keylatch_status keylatch_options_set_composio_api_version(keylatch_options *options,
                                                          const char *api_version,
                                                          size_t api_version_length,
                                                          keylatch_error **error);

/**
 * Longest time for one request to a provider, from the start to the last byte, for a keyring to be unlocked and for Transit; on
 * Composio's API for one call with all its retries and pauses. Default: 30000. Thread-safe.
 */
keylatch_status keylatch_options_set_timeout_ms(keylatch_options *options,
                                                uint64_t milliseconds,
                                                keylatch_error **error);

/**
 * Largest answer of a provider that is taken, in bytes. Default: 32 MiB. Thread-safe.
 */
keylatch_status keylatch_options_set_max_response_bytes(keylatch_options *options, size_t size, keylatch_error **error);

/**
 * Certificate authorities to trust besides the system's, in PEM. Default: none. Copied. Thread-safe.
 */
keylatch_status keylatch_options_set_extra_ca_pem(keylatch_options *options,
                                                  const void *pem,
                                                  size_t pem_length,
                                                  keylatch_error **error);

/**
 * Proxy for requests to providers, such as http://proxy:3128. Default: none; the environment is not consulted.
 * Copied. Thread-safe.
 */
keylatch_status keylatch_options_set_proxy(keylatch_options *options,
                                           const char *proxy,
                                           size_t proxy_length,
                                           keylatch_error **error);

/**
 * Whether to refuse secrets in text that cannot be wiped, and to keep no connection on which a credential has
 * travelled. Default: no. Thread-safe.
 */
keylatch_status keylatch_options_set_strict_secrets(keylatch_options *options, bool strict, keylatch_error **error);

/**
 * How long the opened record of a connection may be used again by requests and actions without asking the vault, in
 * milliseconds. What this client changes is seen at once, what others change when this time is over. It is held in memory
 * that is left out of core dumps, and locked as far as the system allows. Default: 0, no longer than a call. Thread-safe.
 */
keylatch_status keylatch_options_set_hold_for_ms(keylatch_options *options,
                                                 uint64_t milliseconds,
                                                 keylatch_error **error);

/**
 * Whether this client writes what it does into the vault's audit log: "off" (the default), "best_effort", or "required", which
 * refuses a call whose entry cannot be written. A use of a connection costs a transaction then. Composio's API has no such log.
 * Thread-safe. Errors: invalid_argument for another name.
 */
keylatch_status keylatch_options_set_audit(keylatch_options *options,
                                           const char *audit,
                                           size_t audit_length,
                                           keylatch_error **error);

/**
 * Whom to tell of connections that become EXPIRED: by a 401 that the app's check confirms, a check, or a token that is
 * refused. Called once for each change, on the thread whose call found out (or that makes a later call on the same client),
 * just before that call returns; no lock is held, so it may make calls. It must not throw. `user_data` is handed on as it is
 * and must be good until the clients that were opened with these options are freed, and the pages that these gave. NULL as
 * `on_expired` tells nobody again. Never on Composio's API, where only Composio changes a status. Thread-safe.
 */
keylatch_status keylatch_options_set_on_expired(keylatch_options *options,
                                                keylatch_on_expired on_expired,
                                                void *user_data,
                                                keylatch_error **error);

/**
 * Wipes the keys in it and releases it; NULL is a no-op. Clients opened with it are not concerned.
 */
void keylatch_options_free(keylatch_options *options);

/**
 * Takes the vault's key from a key of OpenBao's or Vault's Transit engine, which has sealed it: the key of this name on the server
 * at this address (HTTPS, or HTTP on loopback; both UTF-8), of the engine that is mounted at "transit". The key is one that an
 * administrator has made, of the type aes256-gcm96 (the default there) or another one with associated data, and not derived. The
 * server is asked once for each opening, within the timeout of these options. The functions with transit in their names
 * come after this one, and one of those that name the token must. Copied. Thread-safe.
 */
keylatch_status keylatch_options_set_transit(keylatch_options *options,
                                             const char *address,
                                             size_t address_length,
                                             const char *key,
                                             size_t key_length,
                                             keylatch_error **error);

/**
 * Where the Transit engine is mounted (UTF-8). Default: "transit". Copied. Thread-safe.
 */
keylatch_status keylatch_options_set_transit_mount(keylatch_options *options,
                                                   const char *mount,
                                                   size_t mount_length,
                                                   keylatch_error **error);

/**
 * The namespace that the Transit engine is in (UTF-8), as X-Vault-Namespace. Default: none. Copied. Thread-safe.
 */
keylatch_status keylatch_options_set_transit_namespace(keylatch_options *options,
                                                       const char *name,
                                                       size_t name_length,
                                                       keylatch_error **error);

/**
 * Gives the token that Transit is asked with.
 *
 * It is copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
 */
keylatch_status keylatch_options_take_transit_token(keylatch_options *options,
                                                    void *buffer,
                                                    size_t length,
                                                    keylatch_error **error);

/**
 * Reads the token that Transit is asked with from the environment variable of this name, for each opening anew. None is looked
 * at unasked. Copied. Thread-safe.
 */
keylatch_status keylatch_options_set_transit_token_environment(keylatch_options *options,
                                                               const char *name,
                                                               size_t name_length,
                                                               keylatch_error **error);

/**
 * Reads the token that Transit is asked with from this file (UTF-8), as an agent writes it, for each opening anew. Copied.
 * Thread-safe.
 */
keylatch_status keylatch_options_set_transit_token_file(keylatch_options *options,
                                                        const char *path,
                                                        size_t path_length,
                                                        keylatch_error **error);

/**
 * Opens the vault, making it on first use; or, where the options name a project on Composio's API, stands for that
 * (nothing is sent yet). `options` may be NULL for the defaults; they are read and not kept.
 *
 * The caller owns `*out` and releases it with keylatch_client_free. Thread-safe.
 * Errors: wrong_key, vault_locked, storage; invalid_argument for options that cannot be.
 */
keylatch_status keylatch_client_open(const keylatch_options *options, keylatch_client **out, keylatch_error **error);

/**
 * Lets go of the vault and of all connections. Calls that are under way finish or fail, later ones fail with
 * KEYLATCH_CLOSED; closing twice is fine. The handle is still to be freed. Thread-safe.
 */
keylatch_status keylatch_client_close(const keylatch_client *client, keylatch_error **error);

/**
 * Closes the client and releases it; NULL is a no-op. No call may be under way on it. What its calls gave stays.
 */
void keylatch_client_free(keylatch_client *client);

/**
 * Wire name: the name in the params. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_field_name(const keylatch_field *field, const char **text, size_t *length);

/**
 * Label for people. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_field_display_name(const keylatch_field *field, const char **text, size_t *length);

/**
 * What it is, in a sentence. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_field_description(const keylatch_field *field, const char **text, size_t *length);

/**
 * Type of the value: "string", "text" (of several lines), "integer", "number", "boolean" or "url"; there may be more
 * one day. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_field_type(const keylatch_field *field, const char **text, size_t *length);

/**
 * Whether it must be given. Thread-safe.
 */
keylatch_status keylatch_field_is_required(const keylatch_field *field, bool *out);

/**
 * Whether it must be hidden while typed and never shown again. Thread-safe.
 */
keylatch_status keylatch_field_is_secret(const keylatch_field *field, bool *out);

/**
 * The value taken when none is given. NULL where there is none. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_field_default(const keylatch_field *field, const char **text, size_t *length);

/**
 * How many values are allowed, where they are few; 0 where any is. Thread-safe.
 */
keylatch_status keylatch_field_choice_count(const keylatch_field *field, size_t *count);

/**
 * One of the values allowed. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_field_choice_at(const keylatch_field *field, size_t index, const char **text, size_t *length);

/**
 * How many labels there are for the values allowed: as many as values, or 0 where these speak for themselves. Thread-safe.
 */
keylatch_status keylatch_field_choice_label_count(const keylatch_field *field,
                                                  size_t *count);

/**
 * What people know the value allowed at this index by. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_field_choice_label_at(const keylatch_field *field,
                                               size_t index,
                                               const char **text,
                                               size_t *length);

/**
 * Name of another field: only where that has one of some values is this one asked for, and taken; whether it is required is
 * meant for that case. NULL where there is no condition. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_field_when_field(const keylatch_field *field,
                                          const char **text,
                                          size_t *length);

/**
 * How many values of the other field it is asked for with; 0 where there is no condition. Thread-safe.
 */
keylatch_status keylatch_field_when_value_count(const keylatch_field *field, size_t *count);

/**
 * One of these values. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_field_when_value_at(const keylatch_field *field,
                                             size_t index,
                                             const char **text,
                                             size_t *length);

/**
 * How many texts there are that may stand before the value, as in an address that was pasted, and are taken off. Thread-safe.
 */
keylatch_status keylatch_field_strip_prefix_count(const keylatch_field *field,
                                                  size_t *count);

/**
 * One of these texts. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_field_strip_prefix_at(const keylatch_field *field,
                                               size_t index,
                                               const char **text,
                                               size_t *length);

/**
 * How many texts there are that may stand behind the value, and are taken off. Thread-safe.
 */
keylatch_status keylatch_field_strip_suffix_count(const keylatch_field *field, size_t *count);

/**
 * One of these texts. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_field_strip_suffix_at(const keylatch_field *field,
                                               size_t index,
                                               const char **text,
                                               size_t *length);

/**
 * Regular expression that the value must match. NULL where there is none. Borrowed until the handle is freed.
 * Thread-safe.
 */
keylatch_status keylatch_field_pattern(const keylatch_field *field, const char **text, size_t *length);

/**
 * What values usually look like, in a sentence; others are taken with a warning. NULL where there is none. Borrowed
 * until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_field_hint(const keylatch_field *field, const char **text, size_t *length);

/**
 * What one looks like; never a real one. NULL where there is none. Borrowed until the handle is freed.
 * Thread-safe.
 */
keylatch_status keylatch_field_example(const keylatch_field *field, const char **text, size_t *length);

/**
 * Page where the user finds or makes it. NULL where there is none. Borrowed until the handle is freed.
 * Thread-safe.
 */
keylatch_status keylatch_field_help_url(const keylatch_field *field, const char **text, size_t *length);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_field_json(const keylatch_field *field, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_field_free(keylatch_field *field);

/**
 * Its name, such as "STRIPE_RETRIEVE_BALANCE", compared without regard to case. Borrowed until the handle is freed.
 * Thread-safe.
 */
keylatch_status keylatch_action_name(const keylatch_action *action, const char **text, size_t *length);

/**
 * What it does, in a sentence. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_action_description(const keylatch_action *action, const char **text, size_t *length);

/**
 * How many params it takes. Thread-safe.
 */
keylatch_status keylatch_action_param_count(const keylatch_action *action, size_t *count);

/**
 * Name of a param. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_action_param_name(const keylatch_action *action,
                                           size_t index,
                                           const char **text,
                                           size_t *length);

/**
 * What a param is, in a sentence. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_action_param_description(const keylatch_action *action,
                                                  size_t index,
                                                  const char **text,
                                                  size_t *length);

/**
 * Type of a param's value, as keylatch_field_type. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_action_param_type(const keylatch_action *action,
                                           size_t index,
                                           const char **text,
                                           size_t *length);

/**
 * Whether a param must be given. Thread-safe.
 */
keylatch_status keylatch_action_param_is_required(const keylatch_action *action, size_t index, bool *out);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_action_json(const keylatch_action *action, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_action_free(keylatch_action *action);

/**
 * Every app, by slug.
 *
 * The caller owns `*out` and releases it with keylatch_app_list_free. Thread-safe. Errors: closed.
 */
keylatch_status keylatch_apps_list(const keylatch_client *client, keylatch_app_list **out, keylatch_error **error);

/**
 * The app of this name, compared without regard to case.
 *
 * The caller owns `*out` and releases it with keylatch_app_free. Thread-safe. Errors: unknown_app with near names.
 */
keylatch_status keylatch_apps_get(const keylatch_client *client,
                                  const char *app,
                                  size_t app_length,
                                  keylatch_app **out,
                                  keylatch_error **error);

/**
 * Registers an app of your own, for as long as this client lives. `definition` is JSON text in the catalogue's format.
 *
 * The caller owns `*out` and releases it with keylatch_app_free. Thread-safe.
 * Errors: invalid_argument with a problem for every mistake; already_exists for the slug of a built-in app.
 */
keylatch_status keylatch_apps_register(const keylatch_client *client,
                                       const char *definition,
                                       size_t definition_length,
                                       keylatch_app **out,
                                       keylatch_error **error);

/**
 * How many apps there are. Thread-safe.
 */
keylatch_status keylatch_app_list_count(const keylatch_app_list *list, size_t *count);

/**
 * One of the apps. The caller owns `*out` and releases it with keylatch_app_free; it outlives the list.
 * Thread-safe.
 */
keylatch_status keylatch_app_list_app_at(const keylatch_app_list *list, size_t index, keylatch_app **out);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_app_list_json(const keylatch_app_list *list, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_app_list_free(keylatch_app_list *list);

/**
 * Its name in calls, compared without regard to case. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_app_slug(const keylatch_app *app, const char **text, size_t *length);

/**
 * Its name for people. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_app_name(const keylatch_app *app, const char **text, size_t *length);

/**
 * One coarse category. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_app_category(const keylatch_app *app, const char **text, size_t *length);

/**
 * The provider's page on authentication. NULL where there is none. Borrowed until the handle is freed.
 * Thread-safe.
 */
keylatch_status keylatch_app_docs_url(const keylatch_app *app, const char **text, size_t *length);

/**
 * Whether this client registered it at run time. Thread-safe.
 */
keylatch_status keylatch_app_is_custom(const keylatch_app *app, bool *out);

/**
 * How many ways there are to connect it. Thread-safe.
 */
keylatch_status keylatch_app_scheme_count(const keylatch_app *app, size_t *count);

/**
 * One of the ways to connect it, the preferred one first. The caller owns `*out` and releases it with
 * keylatch_scheme_free; it outlives the list. Thread-safe.
 */
keylatch_status keylatch_app_scheme_at(const keylatch_app *app, size_t index, keylatch_scheme **out);

/**
 * How many actions are known beforehand, for keylatch_execute_action. Thread-safe.
 */
keylatch_status keylatch_app_action_count(const keylatch_app *app, size_t *count);

/**
 * One of the actions. The caller owns `*out` and releases it with keylatch_action_free; it outlives the list.
 * Thread-safe.
 */
keylatch_status keylatch_app_action_at(const keylatch_app *app, size_t index, keylatch_action **out);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_app_json(const keylatch_app *app, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_app_free(keylatch_app *app);

/**
 * Its name, such as "API_KEY"; the set is open. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_scheme_auth_scheme(const keylatch_scheme *scheme, const char **text, size_t *length);

/**
 * Where requests go; `{field}` stands for a value of the user's. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_scheme_base_url(const keylatch_scheme *scheme, const char **text, size_t *length);

/**
 * Whether the provider can be asked about a credential. Thread-safe.
 */
keylatch_status keylatch_scheme_is_checkable(const keylatch_scheme *scheme, bool *out);

/**
 * How many fields the user gives. Thread-safe.
 */
keylatch_status keylatch_scheme_field_count(const keylatch_scheme *scheme, size_t *count);

/**
 * One of the fields, in the order to ask. The caller owns `*out` and releases it with keylatch_field_free; it
 * outlives the list. Thread-safe.
 */
keylatch_status keylatch_scheme_field_at(const keylatch_scheme *scheme, size_t index, keylatch_field **out);

/**
 * How many fields the developer gives to an integration; none on a vault. Thread-safe.
 */
keylatch_status keylatch_scheme_developer_field_count(const keylatch_scheme *scheme, size_t *count);

/**
 * One of the developer's fields. The caller owns `*out` and releases it with keylatch_field_free; it outlives the list.
 * Thread-safe.
 */
keylatch_status keylatch_scheme_developer_field_at(const keylatch_scheme *scheme, size_t index, keylatch_field **out);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_scheme_json(const keylatch_scheme *scheme, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_scheme_free(keylatch_scheme *scheme);

/**
 * Makes an empty set of arguments, which finds every app, by slug. The caller owns `*out` and releases it with
 * keylatch_app_search_ask_free.
 */
keylatch_status keylatch_app_search_ask_new(keylatch_app_search_ask **out, keylatch_error **error);

/**
 * A slug, a name or a part of one, which may be misspelt. Copied. Thread-safe.
 */
keylatch_status keylatch_app_search_ask_set_query(keylatch_app_search_ask *ask,
                                                  const char *query,
                                                  size_t query_length,
                                                  keylatch_error **error);

/**
 * A category, in any case. Copied. Thread-safe.
 */
keylatch_status keylatch_app_search_ask_set_category(keylatch_app_search_ask *ask,
                                                     const char *category,
                                                     size_t category_length,
                                                     keylatch_error **error);

/**
 * How many at most, 1 to 500. Default: 50. Thread-safe.
 */
keylatch_status keylatch_app_search_ask_set_limit(keylatch_app_search_ask *ask, uint32_t limit, keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_app_search_ask_free(keylatch_app_search_ask *ask);

/**
 * The apps that a person's words mean, best first: by slug, name or a part of one, also misspelt, and by category. `ask`
 * stays as it is.
 *
 * The caller owns `*out` and releases it with keylatch_app_list_free. Thread-safe.
 * Errors: invalid_argument for a category that there is not, with near ones, and for a limit that cannot be; closed.
 */
keylatch_status keylatch_apps_search(const keylatch_client *client,
                                     const keylatch_app_search_ask *ask,
                                     keylatch_app_list **out,
                                     keylatch_error **error);

/**
 * The apps that a credential could be of, by its form alone: nothing is asked and nothing is kept. Of forms that many
 * share, such as 32 hexadecimal digits, nothing is said. `value` stays the caller's.
 *
 * The caller owns `*out` and releases it with keylatch_key_origin_list_free. Thread-safe. Errors: closed.
 */
keylatch_status keylatch_apps_identify(const keylatch_client *client,
                                       const keylatch_secret *value,
                                       keylatch_key_origin_list **out,
                                       keylatch_error **error);

/**
 * How many there are. Thread-safe.
 */
keylatch_status keylatch_key_origin_list_count(const keylatch_key_origin_list *list, size_t *count);

/**
 * Slug of the app. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_key_origin_list_app_at(const keylatch_key_origin_list *list,
                                                size_t index,
                                                const char **text,
                                                size_t *length);

/**
 * The app's name for people. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_key_origin_list_app_name_at(const keylatch_key_origin_list *list,
                                                     size_t index,
                                                     const char **text,
                                                     size_t *length);

/**
 * The auth scheme with the field; the set is open. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_key_origin_list_auth_scheme_at(const keylatch_key_origin_list *list,
                                                        size_t index,
                                                        const char **text,
                                                        size_t *length);

/**
 * Name of the field that such values are for. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_key_origin_list_field_at(const keylatch_key_origin_list *list,
                                                  size_t index,
                                                  const char **text,
                                                  size_t *length);

/**
 * Whether the form is clear, and that of no other app that is known here. Thread-safe.
 */
keylatch_status keylatch_key_origin_list_is_certain_at(const keylatch_key_origin_list *list, size_t index, bool *out);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_key_origin_list_json(const keylatch_key_origin_list *list, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_key_origin_list_free(keylatch_key_origin_list *list);

/**
 * Makes an empty set of arguments; the app must be set. The caller owns `*out` and releases it with
 * keylatch_integration_ask_free.
 */
keylatch_status keylatch_integration_ask_new(keylatch_integration_ask **out, keylatch_error **error);

/**
 * Slug of the app, in any case. Copied. Thread-safe.
 */
keylatch_status keylatch_integration_ask_set_app(keylatch_integration_ask *ask,
                                                 const char *app,
                                                 size_t app_length,
                                                 keylatch_error **error);

/**
 * The auth scheme. Default: the one that the app prefers. Copied. Thread-safe.
 */
keylatch_status keylatch_integration_ask_set_auth_scheme(keylatch_integration_ask *ask,
                                                         const char *auth_scheme,
                                                         size_t auth_scheme_length,
                                                         keylatch_error **error);

/**
 * The developer's name for it. Default: the app's name. Copied. Thread-safe.
 */
keylatch_status keylatch_integration_ask_set_name(keylatch_integration_ask *ask,
                                                  const char *name,
                                                  size_t name_length,
                                                  keylatch_error **error);

/**
 * Where requests go instead of the app's own base URL; may hold `{field}` placeholders. HTTPS, or HTTP on
 * loopback and where unencrypted is allowed. Copied. Thread-safe.
 */
keylatch_status keylatch_integration_ask_set_base_url(keylatch_integration_ask *ask,
                                                      const char *base_url,
                                                      size_t base_url_length,
                                                      keylatch_error **error);

/**
 * Adds an exception from the network rules for its hosts: loopback, private, link_local, metadata, reserved,
 * unencrypted, ports, international_names, through_proxy or reveal. Default: none, so that users can name public hosts only.
 * Thread-safe. Errors: invalid_argument with near names where there is none of this name.
 */
keylatch_status keylatch_integration_ask_add_allow(keylatch_integration_ask *ask,
                                                   const char *exception,
                                                   size_t exception_length,
                                                   keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_integration_ask_free(keylatch_integration_ask *ask);

/**
 * Stores a configuration of an app. `fixed_values` are values that the developer fixes, so that users are not asked
 * for them; NULL for none. They are emptied by this call, whatever its outcome. `ask` stays as it is.
 *
 * The caller owns `*out` and releases it with keylatch_integration_free. Thread-safe.
 * Errors: unknown_app, unsupported_scheme, invalid_argument or forbidden_host for the base URL, and those of the fixed
 * values.
 */
keylatch_status keylatch_integrations_create(const keylatch_client *client,
                                             const keylatch_integration_ask *ask,
                                             keylatch_params *fixed_values,
                                             keylatch_integration **out,
                                             keylatch_error **error);

/**
 * The integration of this id.
 *
 * The caller owns `*out` and releases it with keylatch_integration_free. Thread-safe. Errors: not_found.
 */
keylatch_status keylatch_integrations_get(const keylatch_client *client,
                                          const char *integration_id,
                                          size_t integration_id_length,
                                          keylatch_integration **out,
                                          keylatch_error **error);

/**
 * The integrations of this app, or all where `app` is NULL; newest first.
 *
 * The caller owns `*out` and releases it with keylatch_integration_list_free. Thread-safe. Errors: unknown_app.
 */
keylatch_status keylatch_integrations_list(const keylatch_client *client,
                                           const char *app,
                                           size_t app_length,
                                           keylatch_integration_list **out,
                                           keylatch_error **error);

/**
 * Deletes an integration that no connection uses.
 *
 * Thread-safe. Errors: not_found; invalid_argument while connections use it.
 */
keylatch_status keylatch_integrations_delete(const keylatch_client *client,
                                             const char *integration_id,
                                             size_t integration_id_length,
                                             keylatch_error **error);

/**
 * Its id. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_integration_id(const keylatch_integration *integration, const char **text, size_t *length);

/**
 * Slug of the app. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_integration_app(const keylatch_integration *integration, const char **text, size_t *length);

/**
 * The auth scheme; the set is open. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_integration_auth_scheme(const keylatch_integration *integration,
                                                 const char **text,
                                                 size_t *length);

/**
 * The developer's name for it. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_integration_name(const keylatch_integration *integration, const char **text, size_t *length);

/**
 * Where requests go instead of the app's own base URL. NULL where there is none. Borrowed until the handle is
 * freed. Thread-safe.
 */
keylatch_status keylatch_integration_base_url(const keylatch_integration *integration,
                                              const char **text,
                                              size_t *length);

/**
 * How many fields have values that the developer fixed. Thread-safe.
 */
keylatch_status keylatch_integration_fixed_field_count(const keylatch_integration *integration, size_t *count);

/**
 * Wire name of a field whose value the developer fixed. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_integration_fixed_field_at(const keylatch_integration *integration,
                                                    size_t index,
                                                    const char **text,
                                                    size_t *length);

/**
 * How many exceptions from the network rules its hosts have. Thread-safe.
 */
keylatch_status keylatch_integration_allow_count(const keylatch_integration *integration, size_t *count);

/**
 * Name of an exception from the network rules. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_integration_allow_at(const keylatch_integration *integration,
                                              size_t index,
                                              const char **text,
                                              size_t *length);

/**
 * When it was made (RFC 3339, UTC). Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_integration_created_at(const keylatch_integration *integration,
                                                const char **text,
                                                size_t *length);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_integration_json(const keylatch_integration *integration, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_integration_free(keylatch_integration *integration);

/**
 * How many integrations there are. Thread-safe.
 */
keylatch_status keylatch_integration_list_count(const keylatch_integration_list *list, size_t *count);

/**
 * One of the integrations. The caller owns `*out` and releases it with keylatch_integration_free; it outlives the
 * list. Thread-safe.
 */
keylatch_status keylatch_integration_list_integration_at(const keylatch_integration_list *list,
                                                         size_t index,
                                                         keylatch_integration **out);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_integration_list_json(const keylatch_integration_list *list,
                                               const char **text,
                                               size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_integration_list_free(keylatch_integration_list *list);

/**
 * Makes an empty set of arguments; the app or the integration must be set. The caller owns `*out` and releases it
 * with keylatch_expected_params_ask_free.
 */
keylatch_status keylatch_expected_params_ask_new(keylatch_expected_params_ask **out, keylatch_error **error);

/**
 * Slug of the app, in any case. Copied. Thread-safe.
 */
keylatch_status keylatch_expected_params_ask_set_app(keylatch_expected_params_ask *ask,
                                                     const char *app,
                                                     size_t app_length,
                                                     keylatch_error **error);

/**
 * Id of an integration. Copied. Thread-safe.
 */
keylatch_status keylatch_expected_params_ask_set_integration_id(keylatch_expected_params_ask *ask,
                                                                const char *integration_id,
                                                                size_t integration_id_length,
                                                                keylatch_error **error);

/**
 * The auth scheme. Default: the integration's, or the one that the app prefers. Copied. Thread-safe.
 */
keylatch_status keylatch_expected_params_ask_set_auth_scheme(keylatch_expected_params_ask *ask,
                                                             const char *auth_scheme,
                                                             size_t auth_scheme_length,
                                                             keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_expected_params_ask_free(keylatch_expected_params_ask *ask);

/**
 * What a user must give to connect. Names an integration: the one asked for, else the newest of the app that fits,
 * else a default one that this call makes. `ask` stays as it is.
 *
 * The caller owns `*out` and releases it with keylatch_expected_params_free. Thread-safe.
 * Errors: unknown_app, unsupported_scheme, not_found, invalid_argument.
 */
keylatch_status keylatch_get_expected_params_for_user(const keylatch_client *client,
                                                      const keylatch_expected_params_ask *ask,
                                                      keylatch_expected_params **out,
                                                      keylatch_error **error);

/**
 * Slug of the app. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_expected_params_app(const keylatch_expected_params *expected,
                                             const char **text,
                                             size_t *length);

/**
 * The integration that the fields are for. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_expected_params_integration_id(const keylatch_expected_params *expected,
                                                        const char **text,
                                                        size_t *length);

/**
 * Its auth scheme; the set is open. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_expected_params_auth_scheme(const keylatch_expected_params *expected,
                                                     const char **text,
                                                     size_t *length);

/**
 * How many fields the user gives. Thread-safe.
 */
keylatch_status keylatch_expected_params_field_count(const keylatch_expected_params *expected, size_t *count);

/**
 * One of the fields, in the order to ask. The caller owns `*out` and releases it with keylatch_field_free; it
 * outlives the list. Thread-safe.
 */
keylatch_status keylatch_expected_params_field_at(const keylatch_expected_params *expected,
                                                  size_t index,
                                                  keylatch_field **out);

/**
 * How many fields the developer must give to the integration, not the user: on Composio's API, those of the auth
 * config. Thread-safe.
 */
keylatch_status keylatch_expected_params_developer_field_count(const keylatch_expected_params *expected, size_t *count);

/**
 * One of the developer's fields. The caller owns `*out` and releases it with keylatch_field_free; it outlives the
 * list. Thread-safe.
 */
keylatch_status keylatch_expected_params_developer_field_at(const keylatch_expected_params *expected,
                                                            size_t index,
                                                            keylatch_field **out);

/**
 * The user's fields as JSON Schema (draft 2020-12) text. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_expected_params_json_schema(const keylatch_expected_params *expected,
                                                     const char **text,
                                                     size_t *length);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_expected_params_json(const keylatch_expected_params *expected,
                                              const char **text,
                                              size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_expected_params_free(keylatch_expected_params *expected);

/**
 * Makes an empty set of arguments; the entity must be set, and the app or the integration. The caller owns `*out`
 * and releases it with keylatch_initiate_ask_free.
 */
keylatch_status keylatch_initiate_ask_new(keylatch_initiate_ask **out, keylatch_error **error);

/**
 * The application's user. Copied. Thread-safe.
 */
keylatch_status keylatch_initiate_ask_set_entity_id(keylatch_initiate_ask *ask,
                                                    const char *entity_id,
                                                    size_t entity_id_length,
                                                    keylatch_error **error);

/**
 * The integration; or set the app. Copied. Thread-safe.
 */
keylatch_status keylatch_initiate_ask_set_integration_id(keylatch_initiate_ask *ask,
                                                         const char *integration_id,
                                                         size_t integration_id_length,
                                                         keylatch_error **error);

/**
 * The app, whose newest fitting integration is taken, or a default one made. Copied. Thread-safe.
 */
keylatch_status keylatch_initiate_ask_set_app_name(keylatch_initiate_ask *ask,
                                                   const char *app_name,
                                                   size_t app_name_length,
                                                   keylatch_error **error);

/**
 * The auth scheme, where the app has several. Copied. Thread-safe.
 */
keylatch_status keylatch_initiate_ask_set_auth_scheme(keylatch_initiate_ask *ask,
                                                      const char *auth_scheme,
                                                      size_t auth_scheme_length,
                                                      keylatch_error **error);

/**
 * Whether to ask the provider: KEYLATCH_VERIFY_AUTO (the default), _REQUIRED or _OFF. Thread-safe.
 */
keylatch_status keylatch_initiate_ask_set_verify(keylatch_initiate_ask *ask, uint32_t mode, keylatch_error **error);

/**
 * The application's name for the connection, unique per entity and app. Copied. Thread-safe.
 */
keylatch_status keylatch_initiate_ask_set_alias(keylatch_initiate_ask *ask,
                                                const char *alias,
                                                size_t alias_length,
                                                keylatch_error **error);

/**
 * Adds a label of the application's, to list by. Copied. Thread-safe.
 */
keylatch_status keylatch_initiate_ask_add_label(keylatch_initiate_ask *ask,
                                                const char *label,
                                                size_t label_length,
                                                keylatch_error **error);

/**
 * The application's own data as JSON text, at most 64 KiB. Copied. Thread-safe.
 */
keylatch_status keylatch_initiate_ask_set_metadata(keylatch_initiate_ask *ask,
                                                   const char *json,
                                                   size_t json_length,
                                                   keylatch_error **error);

/**
 * Whether to make another connection although the entity has an active one with the integration. Default: no.
 * Thread-safe.
 */
keylatch_status keylatch_initiate_ask_set_allow_multiple(keylatch_initiate_ask *ask,
                                                         bool allow,
                                                         keylatch_error **error);

/**
 * Whether to put the credentials in the place of those of the entity's connection with the integration, if there
 * is one. Default: no. Thread-safe.
 */
keylatch_status keylatch_initiate_ask_set_replace(keylatch_initiate_ask *ask, bool replace, keylatch_error **error);

/**
 * Where the user's browser would go after a redirect. Keys and tokens need none, so only Composio's API is told.
 * Copied. Thread-safe.
 */
keylatch_status keylatch_initiate_ask_set_callback_url(keylatch_initiate_ask *ask,
                                                       const char *callback_url,
                                                       size_t callback_url_length,
                                                       keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_initiate_ask_free(keylatch_initiate_ask *ask);

/**
 * Checks the input, asks the provider, stores the credentials and answers ACTIVE. `params` is what the user typed, or
 * NULL for nothing; it is emptied by this call, whatever its outcome. `ask` stays as it is.
 *
 * The caller owns `*out` and releases it with keylatch_connection_request_free. Thread-safe.
 * Errors: all problems of the input at once; already_exists; credentials_rejected, provider_unreachable,
 * forbidden_host. Nothing is stored then.
 */
keylatch_status keylatch_initiate_connection(const keylatch_client *client,
                                             const keylatch_initiate_ask *ask,
                                             keylatch_params *params,
                                             keylatch_connection_request **out,
                                             keylatch_error **error);

/**
 * "ACTIVE"; the set is open. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_request_status(const keylatch_connection_request *request,
                                                   const char **text,
                                                   size_t *length);

/**
 * Id of the connection. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_request_connected_account_id(const keylatch_connection_request *request,
                                                                 const char **text,
                                                                 size_t *length);

/**
 * Where to send the user; for keys and tokens there is never anything. NULL where there is none. Borrowed until
 * the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_request_redirect_url(const keylatch_connection_request *request,
                                                         const char **text,
                                                         size_t *length);

/**
 * What the provider said, such as "accepted". Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_request_verdict(const keylatch_connection_request *request,
                                                    const char **text,
                                                    size_t *length);

/**
 * Whose account it is, where the provider tells. NULL where there is none. Borrowed until the handle is freed.
 * Thread-safe.
 */
keylatch_status keylatch_connection_request_account(const keylatch_connection_request *request,
                                                    const char **text,
                                                    size_t *length);

/**
 * Whether an existing connection got new credentials instead of a new one being made. Thread-safe.
 */
keylatch_status keylatch_connection_request_is_replaced(const keylatch_connection_request *request, bool *out);

/**
 * How many requests are behind the verdict. Thread-safe.
 */
keylatch_status keylatch_connection_request_evidence_count(const keylatch_connection_request *request, size_t *count);

/**
 * Method and path of a request behind the verdict, placeholders unfilled. Borrowed until the handle is freed.
 * Thread-safe.
 */
keylatch_status keylatch_connection_request_evidence_request(const keylatch_connection_request *request,
                                                             size_t index,
                                                             const char **text,
                                                             size_t *length);

/**
 * HTTP status of its answer; `*known` is false where there was none. Thread-safe.
 */
keylatch_status keylatch_connection_request_evidence_status(const keylatch_connection_request *request,
                                                            size_t index,
                                                            bool *known,
                                                            uint32_t *http_status);

/**
 * The server's own code where it does not speak HTTP, or why there was no answer; empty where there is nothing to say.
 * Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_request_evidence_detail(const keylatch_connection_request *request,
                                                            size_t index,
                                                            const char **text,
                                                            size_t *length);

/**
 * What this answer alone means. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_request_evidence_verdict(const keylatch_connection_request *request,
                                                             size_t index,
                                                             const char **text,
                                                             size_t *length);

/**
 * How much was put right in the input. Thread-safe.
 */
keylatch_status keylatch_connection_request_warning_count(const keylatch_connection_request *request, size_t *count);

/**
 * Wire name of the field that a warning is about. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_request_warning_field(const keylatch_connection_request *request,
                                                          size_t index,
                                                          const char **text,
                                                          size_t *length);

/**
 * What was put right. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_request_warning_message(const keylatch_connection_request *request,
                                                            size_t index,
                                                            const char **text,
                                                            size_t *length);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_request_json(const keylatch_connection_request *request,
                                                 const char **text,
                                                 size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_connection_request_free(keylatch_connection_request *request);

/**
 * The connected account's id. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_id(const keylatch_connection *connection, const char **text, size_t *length);

/**
 * Slug of the app. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_app(const keylatch_connection *connection, const char **text, size_t *length);

/**
 * Auth scheme of its integration; the set is open. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_auth_scheme(const keylatch_connection *connection,
                                                const char **text,
                                                size_t *length);

/**
 * The integration it belongs to. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_integration_id(const keylatch_connection *connection,
                                                   const char **text,
                                                   size_t *length);

/**
 * The application's user whose connection it is. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_entity_id(const keylatch_connection *connection, const char **text, size_t *length);

/**
 * Where it stands, such as "ACTIVE"; the set is open. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_status(const keylatch_connection *connection, const char **text, size_t *length);

/**
 * What the provider said last, such as "accepted". Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_verdict(const keylatch_connection *connection, const char **text, size_t *length);

/**
 * When the provider was last asked (RFC 3339, UTC). NULL where there is none. Borrowed until the handle is freed.
 * Thread-safe.
 */
keylatch_status keylatch_connection_verified_at(const keylatch_connection *connection,
                                                const char **text,
                                                size_t *length);

/**
 * Whose account it is, where the provider tells. NULL where there is none. Borrowed until the handle is freed.
 * Thread-safe.
 */
keylatch_status keylatch_connection_account(const keylatch_connection *connection, const char **text, size_t *length);

/**
 * The application's own name for it, unique per entity and app. NULL where there is none. Borrowed until the
 * handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_alias(const keylatch_connection *connection, const char **text, size_t *length);

/**
 * How many labels it has. Thread-safe.
 */
keylatch_status keylatch_connection_label_count(const keylatch_connection *connection, size_t *count);

/**
 * One of the application's labels. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_label_at(const keylatch_connection *connection,
                                             size_t index,
                                             const char **text,
                                             size_t *length);

/**
 * The application's own data, as JSON text. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_metadata(const keylatch_connection *connection, const char **text, size_t *length);

/**
 * When it was made (RFC 3339, UTC). Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_created_at(const keylatch_connection *connection,
                                               const char **text,
                                               size_t *length);

/**
 * When it was last changed (RFC 3339, UTC). Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_updated_at(const keylatch_connection *connection,
                                               const char **text,
                                               size_t *length);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_connection_json(const keylatch_connection *connection, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_connection_free(keylatch_connection *connection);

/**
 * How many connections are on this page. Thread-safe.
 */
keylatch_status keylatch_page_count(const keylatch_page *page, size_t *count);

/**
 * One of the connections, newest first. The caller owns `*out` and releases it with keylatch_connection_free; it
 * outlives the list. Thread-safe.
 */
keylatch_status keylatch_page_connection_at(const keylatch_page *page, size_t index, keylatch_connection **out);

/**
 * What to give as the cursor for the next page; this is the last one where there is none. NULL where there is
 * none. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_page_next_cursor(const keylatch_page *page, const char **text, size_t *length);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_page_json(const keylatch_page *page, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_page_free(keylatch_page *page);

/**
 * Makes an empty set of arguments, which lists all connections. The caller owns `*out` and releases it with
 * keylatch_list_ask_free.
 */
keylatch_status keylatch_list_ask_new(keylatch_list_ask **out, keylatch_error **error);

/**
 * Of this user. Copied. Thread-safe.
 */
keylatch_status keylatch_list_ask_set_entity_id(keylatch_list_ask *ask,
                                                const char *entity_id,
                                                size_t entity_id_length,
                                                keylatch_error **error);

/**
 * To this app. Copied. Thread-safe.
 */
keylatch_status keylatch_list_ask_set_app(keylatch_list_ask *ask,
                                          const char *app,
                                          size_t app_length,
                                          keylatch_error **error);

/**
 * With this integration. Copied. Thread-safe.
 */
keylatch_status keylatch_list_ask_set_integration_id(keylatch_list_ask *ask,
                                                     const char *integration_id,
                                                     size_t integration_id_length,
                                                     keylatch_error **error);

/**
 * Adds a status, such as "ACTIVE", of those that a connection may have. Default: any. Copied. Thread-safe.
 */
keylatch_status keylatch_list_ask_add_status(keylatch_list_ask *ask,
                                             const char *status,
                                             size_t status_length,
                                             keylatch_error **error);

/**
 * Adds a label that must be on it. Copied. Thread-safe.
 */
keylatch_status keylatch_list_ask_add_label(keylatch_list_ask *ask,
                                            const char *label,
                                            size_t label_length,
                                            keylatch_error **error);

/**
 * How many at most, 1 to 500. Default: 50. Thread-safe.
 */
keylatch_status keylatch_list_ask_set_limit(keylatch_list_ask *ask, uint32_t limit, keylatch_error **error);

/**
 * The next_cursor of the page before. Copied. Thread-safe.
 */
keylatch_status keylatch_list_ask_set_cursor(keylatch_list_ask *ask,
                                             const char *cursor,
                                             size_t cursor_length,
                                             keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_list_ask_free(keylatch_list_ask *ask);

/**
 * Connections that fit, newest first, page by page. `ask` stays as it is.
 *
 * The caller owns `*out` and releases it with keylatch_page_free. Thread-safe.
 * Errors: invalid_argument for a limit or cursor that cannot be.
 */
keylatch_status keylatch_connected_accounts_list(const keylatch_client *client,
                                                 const keylatch_list_ask *ask,
                                                 keylatch_page **out,
                                                 keylatch_error **error);

/**
 * The connection of this id.
 *
 * The caller owns `*out` and releases it with keylatch_connection_free. Thread-safe.
 * Errors: not_found.
 */
keylatch_status keylatch_connected_accounts_get(const keylatch_client *client,
                                                const char *connected_account_id,
                                                size_t connected_account_id_length,
                                                keylatch_connection **out,
                                                keylatch_error **error);

/**
 * Fetches the connection until it is ACTIVE: with keys and tokens at once. Waits `timeout_ms` milliseconds at most.
 *
 * The caller owns `*out` and releases it with keylatch_connection_free. Thread-safe.
 * Errors: timeout; not_found; invalid_argument at once where it is FAILED, EXPIRED, REVOKED or INACTIVE, which waiting
 * does not change.
 */
keylatch_status keylatch_connected_accounts_wait_until_active(const keylatch_client *client,
                                                              const char *connected_account_id,
                                                              size_t connected_account_id_length,
                                                              uint64_t timeout_ms,
                                                              keylatch_connection **out,
                                                              keylatch_error **error);

/**
 * Switches a connection on.
 *
 * The caller owns `*out` and releases it with keylatch_connection_free. Thread-safe.
 * Errors: not_found; invalid_argument where it is neither ACTIVE nor INACTIVE.
 */
keylatch_status keylatch_connected_accounts_enable(const keylatch_client *client,
                                                   const char *connected_account_id,
                                                   size_t connected_account_id_length,
                                                   keylatch_connection **out,
                                                   keylatch_error **error);

/**
 * Switches a connection off: it stays, but is not used.
 *
 * The caller owns `*out` and releases it with keylatch_connection_free. Thread-safe.
 * Errors: not_found.
 */
keylatch_status keylatch_connected_accounts_disable(const keylatch_client *client,
                                                    const char *connected_account_id,
                                                    size_t connected_account_id_length,
                                                    keylatch_connection **out,
                                                    keylatch_error **error);

/**
 * Gives a connection another alias, or none where `alias` is NULL.
 *
 * The caller owns `*out` and releases it with keylatch_connection_free. Thread-safe.
 * Errors: not_found; already_exists where another connection of the entity to the app has it.
 */
keylatch_status keylatch_connected_accounts_set_alias(const keylatch_client *client,
                                                      const char *connected_account_id,
                                                      size_t connected_account_id_length,
                                                      const char *alias,
                                                      size_t alias_length,
                                                      keylatch_connection **out,
                                                      keylatch_error **error);

/**
 * The connection's credentials as a connection string, such as `postgresql://…`, for a driver, its parts percent-encoded.
 * Read it with keylatch_secret_expose; what it holds is yours to guard.
 *
 * The caller owns `*out` and releases it with keylatch_secret_free, which wipes it. Thread-safe.
 * Errors: not_found; invalid_argument where the integration does not allow `reveal`, where drivers of the app take no such
 * thing, and on Composio's API, which gives no credentials back; credentials_rejected once EXPIRED.
 */
keylatch_status keylatch_connected_accounts_dsn(const keylatch_client *client,
                                                const char *connected_account_id,
                                                size_t connected_account_id_length,
                                                keylatch_secret **out,
                                                keylatch_error **error);

/**
 * Deletes a connection and its credentials; with `revoke`, withdraws them at the provider too, which only Composio's API
 * can.
 *
 * Thread-safe. Errors: not_found; invalid_argument for `revoke` on a vault.
 */
keylatch_status keylatch_connected_accounts_delete(const keylatch_client *client,
                                                   const char *connected_account_id,
                                                   size_t connected_account_id_length,
                                                   bool revoke,
                                                   keylatch_error **error);

/**
 * The one active connection of this user to this app.
 *
 * The caller owns `*out` and releases it with keylatch_connection_free. Thread-safe.
 * Errors: not_found; ambiguous with the candidates where there are several.
 */
keylatch_status keylatch_get_connection(const keylatch_client *client,
                                        const char *entity_id,
                                        size_t entity_id_length,
                                        const char *app,
                                        size_t app_length,
                                        keylatch_connection **out,
                                        keylatch_error **error);

/**
 * Asks the provider again: a refusal makes the connection EXPIRED, an acceptance ACTIVE again.
 *
 * The caller owns `*out` and releases it with keylatch_verification_free. Thread-safe.
 * Errors: not_found, corrupt_record, forbidden_host.
 */
keylatch_status keylatch_connected_accounts_verify(const keylatch_client *client,
                                                   const char *connected_account_id,
                                                   size_t connected_account_id_length,
                                                   keylatch_verification **out,
                                                   keylatch_error **error);

/**
 * Id of the connection. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_verification_connected_account_id(const keylatch_verification *verification,
                                                           const char **text,
                                                           size_t *length);

/**
 * Its status after the check; the set is open. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_verification_status(const keylatch_verification *verification,
                                             const char **text,
                                             size_t *length);

/**
 * What the provider said, such as "accepted". Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_verification_verdict(const keylatch_verification *verification,
                                              const char **text,
                                              size_t *length);

/**
 * When (RFC 3339, UTC). NULL where there is none. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_verification_verified_at(const keylatch_verification *verification,
                                                  const char **text,
                                                  size_t *length);

/**
 * Whose account it is, where the provider tells. NULL where there is none. Borrowed until the handle is freed.
 * Thread-safe.
 */
keylatch_status keylatch_verification_account(const keylatch_verification *verification,
                                              const char **text,
                                              size_t *length);

/**
 * How many requests are behind the verdict. Thread-safe.
 */
keylatch_status keylatch_verification_evidence_count(const keylatch_verification *verification, size_t *count);

/**
 * Method and path of a request behind the verdict, placeholders unfilled. Borrowed until the handle is freed.
 * Thread-safe.
 */
keylatch_status keylatch_verification_evidence_request(const keylatch_verification *verification,
                                                       size_t index,
                                                       const char **text,
                                                       size_t *length);

/**
 * HTTP status of its answer; `*known` is false where there was none. Thread-safe.
 */
keylatch_status keylatch_verification_evidence_status(const keylatch_verification *verification,
                                                      size_t index,
                                                      bool *known,
                                                      uint32_t *http_status);

/**
 * The server's own code where it does not speak HTTP, or why there was no answer; empty where there is nothing to say.
 * Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_verification_evidence_detail(const keylatch_verification *verification,
                                                      size_t index,
                                                      const char **text,
                                                      size_t *length);

/**
 * What this answer alone means. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_verification_evidence_verdict(const keylatch_verification *verification,
                                                       size_t index,
                                                       const char **text,
                                                       size_t *length);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_verification_json(const keylatch_verification *verification,
                                           const char **text,
                                           size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_verification_free(keylatch_verification *verification);

/**
 * Makes an empty set of arguments, for which all ACTIVE and EXPIRED connections are due. The caller owns `*out` and releases
 * it with keylatch_due_ask_free.
 */
keylatch_status keylatch_due_ask_new(keylatch_due_ask **out,
                                     keylatch_error **error);

/**
 * Only those that were verified longer ago than this many milliseconds, or never. Default: 0, all. Thread-safe.
 */
keylatch_status keylatch_due_ask_set_older_than_ms(keylatch_due_ask *ask,
                                                   uint64_t milliseconds,
                                                   keylatch_error **error);

/**
 * Of this user. Copied. Thread-safe.
 */
keylatch_status keylatch_due_ask_set_entity_id(keylatch_due_ask *ask,
                                               const char *entity_id,
                                               size_t entity_id_length,
                                               keylatch_error **error);

/**
 * To this app. Copied. Thread-safe.
 */
keylatch_status keylatch_due_ask_set_app(keylatch_due_ask *ask,
                                         const char *app,
                                         size_t app_length,
                                         keylatch_error **error);

/**
 * How many to come by in the whole round, 1 to 100 000. Default: 1 000. Thread-safe.
 */
keylatch_status keylatch_due_ask_set_limit(keylatch_due_ask *ask, uint32_t limit, keylatch_error **error);

/**
 * The pause between two checks at the same app in milliseconds, at most 60 000. Default: 200. Thread-safe.
 */
keylatch_status keylatch_due_ask_set_pause_ms(keylatch_due_ask *ask, uint64_t milliseconds, keylatch_error **error);

/**
 * The next_cursor of the batch before. Copied. Thread-safe.
 */
keylatch_status keylatch_due_ask_set_cursor(keylatch_due_ask *ask,
                                            const char *cursor,
                                            size_t cursor_length,
                                            keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_due_ask_free(keylatch_due_ask *ask);

/**
 * Asks the providers again about ACTIVE and EXPIRED connections that were not verified lately, longest ago first, one after
 * the other with a pause between two at the same app. An app that asks to come back later is left alone, for as long as it
 * says. A call checks a batch of 20 at most and takes about a second, so that the caller can show progress and stop; go on by
 * setting the batch's next_cursor in `ask`, until there is none.
 *
 * The caller owns `*out` and releases it with keylatch_rechecks_free. Thread-safe.
 * Errors: invalid_argument for a limit, pause or cursor that cannot be. A connection that cannot be checked is skipped.
 */
keylatch_status keylatch_connected_accounts_verify_due(const keylatch_client *client,
                                                       const keylatch_due_ask *ask,
                                                       keylatch_rechecks **out,
                                                       keylatch_error **error);

/**
 * How many connections this batch came by. Thread-safe.
 */
keylatch_status keylatch_rechecks_count(const keylatch_rechecks *rechecks, size_t *count);

/**
 * Id of a connection. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rechecks_connected_account_id(const keylatch_rechecks *rechecks,
                                                       size_t index,
                                                       const char **text,
                                                       size_t *length);

/**
 * The application's user whose connection it is. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rechecks_entity_id(const keylatch_rechecks *rechecks,
                                            size_t index,
                                            const char **text,
                                            size_t *length);

/**
 * Slug of its app. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rechecks_app(const keylatch_rechecks *rechecks,
                                      size_t index,
                                      const char **text,
                                      size_t *length);

/**
 * Its status before the check; the set is open. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rechecks_previous_status(const keylatch_rechecks *rechecks,
                                                  size_t index,
                                                  const char **text,
                                                  size_t *length);

/**
 * Its status after the check; the set is open. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rechecks_status(const keylatch_rechecks *rechecks,
                                         size_t index,
                                         const char **text,
                                         size_t *length);

/**
 * What the provider said; "not_checked" where it was not asked. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rechecks_verdict(const keylatch_rechecks *rechecks,
                                          size_t index,
                                          const char **text,
                                          size_t *length);

/**
 * Why the provider was not asked: "rate_limited" where the app had asked to come back later, else the code of the error, such as
 * "corrupt_record"; empty where it was. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rechecks_skipped(const keylatch_rechecks *rechecks,
                                          size_t index,
                                          const char **text,
                                          size_t *length);

/**
 * Where to go on. NULL where this was the last batch. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rechecks_next_cursor(const keylatch_rechecks *rechecks, const char **text, size_t *length);

/**
 * How many connections the round will come by yet; `*known` is false where Composio does not tell. Thread-safe.
 */
keylatch_status keylatch_rechecks_remaining(const keylatch_rechecks *rechecks, bool *known, uint64_t *remaining);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rechecks_json(const keylatch_rechecks *rechecks, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_rechecks_free(keylatch_rechecks *rechecks);

/**
 * Makes an empty set of arguments; the connection must be set. The caller owns `*out` and releases it with
 * keylatch_update_ask_free.
 */
keylatch_status keylatch_update_ask_new(keylatch_update_ask **out, keylatch_error **error);

/**
 * The connection. Copied. Thread-safe.
 */
keylatch_status keylatch_update_ask_set_connected_account_id(keylatch_update_ask *ask,
                                                             const char *connected_account_id,
                                                             size_t connected_account_id_length,
                                                             keylatch_error **error);

/**
 * Whether to ask the provider: KEYLATCH_VERIFY_AUTO (the default), _REQUIRED or _OFF. Thread-safe.
 */
keylatch_status keylatch_update_ask_set_verify(keylatch_update_ask *ask, uint32_t mode, keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_update_ask_free(keylatch_update_ask *ask);

/**
 * Puts new credentials in the place of the present ones; fields that are not given keep their values. `params` is
 * emptied by this call, whatever its outcome. `ask` stays as it is.
 *
 * The caller owns `*out` and releases it with keylatch_connection_request_free. Thread-safe.
 * Errors: as keylatch_initiate_connection; the present credentials stay then.
 */
keylatch_status keylatch_connected_accounts_update_credentials(const keylatch_client *client,
                                                               const keylatch_update_ask *ask,
                                                               keylatch_params *params,
                                                               keylatch_connection_request **out,
                                                               keylatch_error **error);

/**
 * Makes an empty set of arguments; the action must be set, and the connection or the entity. The caller owns `*out`
 * and releases it with keylatch_action_ask_free.
 */
keylatch_status keylatch_action_ask_new(keylatch_action_ask **out, keylatch_error **error);

/**
 * The action's name, such as "STRIPE_RETRIEVE_BALANCE", in any case. Copied. Thread-safe.
 */
keylatch_status keylatch_action_ask_set_action(keylatch_action_ask *ask,
                                               const char *action,
                                               size_t action_length,
                                               keylatch_error **error);

/**
 * What it takes, as the JSON text of an object. Default: nothing. Copied. Thread-safe.
 */
keylatch_status keylatch_action_ask_set_params(keylatch_action_ask *ask,
                                               const char *json,
                                               size_t json_length,
                                               keylatch_error **error);

/**
 * The connection to use; or set the entity. Copied. Thread-safe.
 */
keylatch_status keylatch_action_ask_set_connected_account_id(keylatch_action_ask *ask,
                                                             const char *connected_account_id,
                                                             size_t connected_account_id_length,
                                                             keylatch_error **error);

/**
 * Whose connection to the action's app to use. Copied. Thread-safe.
 */
keylatch_status keylatch_action_ask_set_entity_id(keylatch_action_ask *ask,
                                                  const char *entity_id,
                                                  size_t entity_id_length,
                                                  keylatch_error **error);

/**
 * Longest time in milliseconds. Default: that of the client. Thread-safe.
 */
keylatch_status keylatch_action_ask_set_timeout_ms(keylatch_action_ask *ask,
                                                   uint64_t milliseconds,
                                                   keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_action_ask_free(keylatch_action_ask *ask);

/**
 * Does one of an app's actions with a user's connection. That there is a result says that the app did it. `ask` stays
 * as it is.
 *
 * The caller owns `*out` and releases it with keylatch_action_result_free. Thread-safe.
 * Errors: invalid_argument for an action that is not known; missing_fields and the like for its params; action_failed
 * where the app did not do it; not_found, ambiguous, and those of keylatch_request.
 */
keylatch_status keylatch_execute_action(const keylatch_client *client,
                                        const keylatch_action_ask *ask,
                                        keylatch_action_result **out,
                                        keylatch_error **error);

/**
 * The app's answer as the JSON text of an object; what was not one stands in one, as `value`. Borrowed until the handle
 * is freed. Thread-safe.
 */
keylatch_status keylatch_action_result_data_json(const keylatch_action_result *result,
                                                 const char **text,
                                                 size_t *length);

/**
 * Composio's id for what it did. NULL where there is none. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_action_result_log_id(const keylatch_action_result *result, const char **text, size_t *length);

/**
 * The whole as JSON text. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_action_result_json(const keylatch_action_result *result, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_action_result_free(keylatch_action_result *result);

/**
 * Makes an empty set of arguments; method and path must be set, and the connection, or entity and app. The caller
 * owns `*out` and releases it with keylatch_request_ask_free.
 */
keylatch_status keylatch_request_ask_new(keylatch_request_ask **out, keylatch_error **error);

/**
 * The connection to use; or set entity and app. Copied. Thread-safe.
 */
keylatch_status keylatch_request_ask_set_connected_account_id(keylatch_request_ask *ask,
                                                              const char *connected_account_id,
                                                              size_t connected_account_id_length,
                                                              keylatch_error **error);

/**
 * Whose connection to use. Copied. Thread-safe.
 */
keylatch_status keylatch_request_ask_set_entity_id(keylatch_request_ask *ask,
                                                   const char *entity_id,
                                                   size_t entity_id_length,
                                                   keylatch_error **error);

/**
 * To which app. Copied. Thread-safe.
 */
keylatch_status keylatch_request_ask_set_app(keylatch_request_ask *ask,
                                             const char *app,
                                             size_t app_length,
                                             keylatch_error **error);

/**
 * HTTP method. Copied. Thread-safe.
 */
keylatch_status keylatch_request_ask_set_method(keylatch_request_ask *ask,
                                                const char *method,
                                                size_t method_length,
                                                keylatch_error **error);

/**
 * Below the connection's base URL; a whole URL is taken if it is on the connection's own origin. Copied.
 * Thread-safe.
 */
keylatch_status keylatch_request_ask_set_path(keylatch_request_ask *ask,
                                              const char *path,
                                              size_t path_length,
                                              keylatch_error **error);

/**
 * Adds a query parameter; a name may stand several times. Copied. Thread-safe.
 */
keylatch_status keylatch_request_ask_add_query(keylatch_request_ask *ask,
                                               const char *name,
                                               size_t name_length,
                                               const char *value,
                                               size_t value_length,
                                               keylatch_error **error);

/**
 * Adds a header; not one of those that carry the credential. Copied. Thread-safe.
 */
keylatch_status keylatch_request_ask_add_header(keylatch_request_ask *ask,
                                                const char *name,
                                                size_t name_length,
                                                const char *value,
                                                size_t value_length,
                                                keylatch_error **error);

/**
 * Longest time in milliseconds, with all retries and waits. Default: that of the client. Thread-safe.
 */
keylatch_status keylatch_request_ask_set_timeout_ms(keylatch_request_ask *ask,
                                                    uint64_t milliseconds,
                                                    keylatch_error **error);

/**
 * How often to send again at most, 0 to 10. Default: 2. GET, HEAD and OPTIONS are sent again after 429, 502, 503, 504 and
 * broken connections, any method where there was no connection. Where an answer told that the app's limit is used up, the
 * next request waits for it; with 0 it does not. Thread-safe.
 */
keylatch_status keylatch_request_ask_set_retry(keylatch_request_ask *ask,
                                               uint32_t times,
                                               keylatch_error **error);

/**
 * What to send. Copied. Thread-safe.
 */
keylatch_status keylatch_request_ask_set_body(keylatch_request_ask *ask,
                                              const void *body,
                                              size_t body_length,
                                              keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_request_ask_free(keylatch_request_ask *ask);

/**
 * Sends a request to the app with the user's credential in it. A 401 that the app's check confirms makes the
 * connection EXPIRED; the answer is given all the same. `ask` stays as it is.
 *
 * The caller owns `*out` and releases it with keylatch_response_free. Thread-safe.
 * Errors: not_found, ambiguous, forbidden_host, credentials_rejected (EXPIRED), provider_unreachable, timeout;
 * rate_limited where a limit that an earlier answer told of outlasts the request's time: the app was not asked.
 */
keylatch_status keylatch_request(const keylatch_client *client,
                                 const keylatch_request_ask *ask,
                                 keylatch_response **out,
                                 keylatch_error **error);

/**
 * HTTP status. Thread-safe.
 */
keylatch_status keylatch_response_status(const keylatch_response *response, uint32_t *http_status);

/**
 * How often the request was sent until this answer came. Thread-safe.
 */
keylatch_status keylatch_response_tries(const keylatch_response *response, uint32_t *tries);

/**
 * How many headers there are. Thread-safe.
 */
keylatch_status keylatch_response_header_count(const keylatch_response *response, size_t *count);

/**
 * Name of a header in lower case; a name may stand several times. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_response_header_name(const keylatch_response *response,
                                              size_t index,
                                              const char **text,
                                              size_t *length);

/**
 * Value of a header. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_response_header_value(const keylatch_response *response,
                                               size_t index,
                                               const char **text,
                                               size_t *length);

/**
 * The body, as it came: not NUL-terminated. `*bytes` is not NULL even where `*length` is 0. Borrowed until the handle
 * is freed. Thread-safe.
 */
keylatch_status keylatch_response_body(const keylatch_response *response, const uint8_t **bytes, size_t *length);

/**
 * Status, headers and tries as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_response_json(const keylatch_response *response, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_response_free(keylatch_response *response);

/**
 * Makes what follows the Link header of each answer, on the connection's own origin. The caller owns `*out` and releases it
 * with keylatch_paging_free.
 */
keylatch_status keylatch_paging_new(keylatch_paging **out,
                                    keylatch_error **error);

/**
 * Takes a cursor out of each answer, where this JSON pointer leads to; `-` stands for the last item of a list, as in
 * "/data/-/id". No text or number there, or an empty text, is the end. Without keylatch_paging_set_query the cursor is the
 * next page's address. Copied. Thread-safe.
 */
keylatch_status keylatch_paging_by_cursor(keylatch_paging *paging,
                                          const char *next,
                                          size_t next_length,
                                          keylatch_error **error);

/**
 * Numbers the pages, from this number on: mostly 1. Thread-safe.
 */
keylatch_status keylatch_paging_by_page(keylatch_paging *paging, uint64_t first, keylatch_error **error);

/**
 * Counts the items, from this offset on: mostly 0. Thread-safe.
 */
keylatch_status keylatch_paging_by_offset(keylatch_paging *paging, uint64_t first, keylatch_error **error);

/**
 * The query parameter that chooses the page. Default: "page" or "offset". Copied. Thread-safe.
 */
keylatch_status keylatch_paging_set_query(keylatch_paging *paging,
                                          const char *query,
                                          size_t query_length,
                                          keylatch_error **error);

/**
 * JSON pointer to the list in the answer, which ends where that is empty. Default: the whole answer. For pages by number or
 * offset. Copied. Thread-safe.
 */
keylatch_status keylatch_paging_set_items(keylatch_paging *paging,
                                          const char *items,
                                          size_t items_length,
                                          keylatch_error **error);

/**
 * JSON pointer to what is true as long as there are more pages. Copied. Thread-safe.
 */
keylatch_status keylatch_paging_set_more(keylatch_paging *paging,
                                         const char *more,
                                         size_t more_length,
                                         keylatch_error **error);

/**
 * How many pages at most, 1 to 100 000. Default: 1 000. Thread-safe.
 */
keylatch_status keylatch_paging_set_max_pages(keylatch_paging *paging, uint32_t pages, keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it.
 */
void keylatch_paging_free(keylatch_paging *paging);

/**
 * Begins to go through an app's list; nothing is asked yet. `paging` may be NULL: the list goes on as a Link header says.
 * `ask` and `paging` stay as they are and are not kept.
 *
 * The caller owns `*out` and releases it with keylatch_pages_free. Thread-safe.
 * Errors: invalid_argument.
 */
keylatch_status keylatch_request_pages(const keylatch_client *client,
                                       const keylatch_request_ask *ask,
                                       const keylatch_paging *paging,
                                       keylatch_pages **out,
                                       keylatch_error **error);

/**
 * Asks for the next page. `*out` is NULL after the last one: where the app tells of no more, where the list leads back to a
 * page that was there, after as many as are allowed, after an answer that is not of success, and after an error.
 *
 * The caller owns `*out` and releases it with keylatch_response_free. Thread-safe; a second thread waits for the first.
 * Errors: as keylatch_request; forbidden_host where the next page is on another origin; server where the answer has no list.
 */
keylatch_status keylatch_pages_next(keylatch_pages *pages,
                                    keylatch_response **out,
                                    keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it. The pages that it gave stay.
 */
void keylatch_pages_free(keylatch_pages *pages);

/**
 * Makes what lets the answer alone come in pieces. The caller owns `*out` and releases it with keylatch_streaming_free.
 */
keylatch_status keylatch_streaming_new(keylatch_streaming **out, keylatch_error **error);

/**
 * Sends what `reader` gives in the place of the body; NULL is none again. It is called within keylatch_request_stream, and,
 * where the app answers before it has everything, within keylatch_stream_read, on the thread that calls these: `user_data` must
 * be good until the stream is freed. Such a request is sent once. Thread-safe.
 */
keylatch_status keylatch_streaming_set_upload(keylatch_streaming *streaming,
                                              keylatch_reader reader,
                                              void *user_data,
                                              keylatch_error **error);

/**
 * Announces how many bytes the reader gives, as some apps demand; more or fewer fail the request. Without it the body goes in
 * chunks of HTTP's. Thread-safe.
 */
keylatch_status keylatch_streaming_set_content_length(keylatch_streaming *streaming,
                                                      uint64_t bytes,
                                                      keylatch_error **error);

/**
 * Most bytes of the answer; 0 is any number. Default: the client's max_response_bytes. Thread-safe.
 */
keylatch_status keylatch_streaming_set_max_response_bytes(keylatch_streaming *streaming,
                                                          uint64_t bytes,
                                                          keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it.
 */
void keylatch_streaming_free(keylatch_streaming *streaming);

/**
 * As keylatch_request, for bodies of any size: they go and come in pieces, on a connection of their own. Returns when the head of
 * the answer is there; `ask` and `streaming`, which may be NULL, stay as they are. The client's timeout is how long the app may
 * let nothing move; that of `ask`, where it is set, is for all of it, to the last byte.
 *
 * The caller owns `*out` and releases it with keylatch_stream_free. Thread-safe.
 * Errors: as keylatch_request; invalid_argument where there is an upload and the app takes its credential in the body or signs
 * it, where the upload fails, and on Composio's API, whose proxy passes whole bodies only.
 */
keylatch_status keylatch_request_stream(const keylatch_client *client,
                                        const keylatch_request_ask *ask,
                                        const keylatch_streaming *streaming,
                                        keylatch_stream **out,
                                        keylatch_error **error);

/**
 * HTTP status. Thread-safe.
 */
keylatch_status keylatch_stream_status(const keylatch_stream *stream, uint32_t *http_status);

/**
 * How often the request was sent until this answer came. Thread-safe.
 */
keylatch_status keylatch_stream_tries(const keylatch_stream *stream, uint32_t *tries);

/**
 * How many headers there are. Thread-safe.
 */
keylatch_status keylatch_stream_header_count(const keylatch_stream *stream, size_t *count);

/**
 * Name of a header in lower case; a name may stand several times. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_stream_header_name(const keylatch_stream *stream,
                                            size_t index,
                                            const char **text,
                                            size_t *length);

/**
 * Value of a header. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_stream_header_value(const keylatch_stream *stream,
                                             size_t index,
                                             const char **text,
                                             size_t *length);

/**
 * Status, headers and tries as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_stream_json(const keylatch_stream *stream, const char **text, size_t *length);

/**
 * Reads the next bytes of the body into `buffer`, as many as have come and fit; waits where none have. `*read` is their number:
 * 0 is the end. Thread-safe; a second thread waits for the first.
 * Errors: provider_unreachable, timeout, closed; invalid_argument for a buffer without room, and where the upload fails.
 */
keylatch_status keylatch_stream_read(keylatch_stream *stream,
                                     void *buffer,
                                     size_t length,
                                     size_t *read,
                                     keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Before the end of the body it ends the request and closes its connection. Nobody may be using it,
 * nor the texts borrowed from it.
 */
void keylatch_stream_free(keylatch_stream *stream);

/**
 * Writes the vault as it is at this moment to a new file at `path` (UTF-8), while this and other clients go on: whole and on
 * disk when the call returns, or not there. The backup opens as a vault, with the same key; a key file is not copied.
 *
 * Thread-safe. Errors: already_exists where there is a file; storage; invalid_argument where the folder is not there, and on
 * Composio's API, where there is no vault.
 */
keylatch_status keylatch_client_backup(const keylatch_client *client,
                                       const char *path,
                                       size_t path_length,
                                       keylatch_error **error);

/**
 * The state of the vault that the client has open. Looks at every record.
 *
 * The caller owns `*out` and releases it with keylatch_diagnosis_free. Thread-safe.
 * Errors: closed; invalid_argument on Composio's API, where there is no vault. What is wrong with the vault is told in the
 * diagnosis.
 */
keylatch_status keylatch_client_diagnose(const keylatch_client *client,
                                         keylatch_diagnosis **out,
                                         keylatch_error **error);

/**
 * The state of the vault that `options` name (NULL for the defaults), whether or not it opens. Nothing is made, and nothing is
 * changed.
 *
 * The caller owns `*out` and releases it with keylatch_diagnosis_free. Thread-safe.
 * Errors: invalid_argument for a path that cannot be, and for a project on Composio's API. What is wrong with the vault is told
 * in the diagnosis.
 */
keylatch_status keylatch_diagnose(const keylatch_options *options,
                                  keylatch_diagnosis **out,
                                  keylatch_error **error);

/**
 * The vault's file, as a path from the root. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_diagnosis_path(const keylatch_diagnosis *diagnosis, const char **text, size_t *length);

/**
 * Whether the file is there. Thread-safe.
 */
keylatch_status keylatch_diagnosis_exists(const keylatch_diagnosis *diagnosis, bool *exists);

/**
 * Size of the file in bytes, without its log; `*known` is false where the file is not there. Thread-safe.
 */
keylatch_status keylatch_diagnosis_size(const keylatch_diagnosis *diagnosis, bool *known, uint64_t *size);

/**
 * Who may do what with the file, as chmod writes it, such as "600"; NULL where that is not known, as on Windows. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_diagnosis_mode(const keylatch_diagnosis *diagnosis,
                                        const char **text,
                                        size_t *length);

/**
 * The same of the folder that the file is in; NULL where that is not known. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_diagnosis_folder_mode(const keylatch_diagnosis *diagnosis,
                                               const char **text,
                                               size_t *length);

/**
 * The version of the vault's file; `*known` is false where it cannot be read. Thread-safe.
 */
keylatch_status keylatch_diagnosis_format(const keylatch_diagnosis *diagnosis, bool *known, int64_t *format);

/**
 * Whether the file's structure is whole; `*known` is false where it could not be looked at. Thread-safe.
 */
keylatch_status keylatch_diagnosis_intact(const keylatch_diagnosis *diagnosis, bool *known, bool *intact);

/**
 * Where the key comes from: "file", "bytes", "environment", "passphrase", "keyring" or "transit". Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_diagnosis_key_source(const keylatch_diagnosis *diagnosis,
                                              const char **text,
                                              size_t *length);

/**
 * The key file; NULL where the key comes from elsewhere. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_diagnosis_key_file(const keylatch_diagnosis *diagnosis, const char **text, size_t *length);

/**
 * Whether the key opens the vault; `*known` is false where that could not be tried. Thread-safe.
 */
keylatch_status keylatch_diagnosis_key_fits(const keylatch_diagnosis *diagnosis, bool *known, bool *key_fits);

/**
 * How many data keys there are: one, or more while a rotation is under way and where records do not open; `*known` is false where
 * that could not be found out. Thread-safe.
 */
keylatch_status keylatch_diagnosis_data_keys(const keylatch_diagnosis *diagnosis,
                                             bool *known,
                                             uint64_t *count);

/**
 * How many records are sealed with another data key than the newest; `*known` is false where that could not be found out.
 * Thread-safe.
 */
keylatch_status keylatch_diagnosis_older_records(const keylatch_diagnosis *diagnosis,
                                                 bool *known,
                                                 uint64_t *count);

/**
 * How many integrations there are; `*known` is false where they could not be counted. Thread-safe.
 */
keylatch_status keylatch_diagnosis_integrations(const keylatch_diagnosis *diagnosis,
                                                bool *known,
                                                uint64_t *integrations);

/**
 * How many connections there are; `*known` is false where they could not be counted. Thread-safe.
 */
keylatch_status keylatch_diagnosis_connections(const keylatch_diagnosis *diagnosis, bool *known, uint64_t *connections);

/**
 * How many integrations do not open. Thread-safe.
 */
keylatch_status keylatch_diagnosis_damaged_integration_count(const keylatch_diagnosis *diagnosis, size_t *count);

/**
 * Id of an integration that does not open; its connections do not open either. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_diagnosis_damaged_integration_at(const keylatch_diagnosis *diagnosis,
                                                          size_t index,
                                                          const char **text,
                                                          size_t *length);

/**
 * How many connections have a record of their own that does not open. Thread-safe.
 */
keylatch_status keylatch_diagnosis_damaged_connection_count(const keylatch_diagnosis *diagnosis, size_t *count);

/**
 * Id of a connection whose own record does not open. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_diagnosis_damaged_connection_at(const keylatch_diagnosis *diagnosis,
                                                         size_t index,
                                                         const char **text,
                                                         size_t *length);

/**
 * Whether the vault's key is in memory that is not swapped out; `*known` is false where no key is held. Thread-safe.
 */
keylatch_status keylatch_diagnosis_memory_locked(const keylatch_diagnosis *diagnosis, bool *known, bool *memory_locked);

/**
 * How many warnings there are: 0 where all is well. Thread-safe.
 */
keylatch_status keylatch_diagnosis_warning_count(const keylatch_diagnosis *diagnosis, size_t *count);

/**
 * One thing that is wrong, in a sentence that says what to do. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_diagnosis_warning_at(const keylatch_diagnosis *diagnosis,
                                              size_t index,
                                              const char **text,
                                              size_t *length);

/**
 * The whole as JSON text. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_diagnosis_json(const keylatch_diagnosis *diagnosis, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_diagnosis_free(keylatch_diagnosis *diagnosis);

/**
 * Gives the vault another key, the one that `options` name (NULL for a file beside the vault); other options mean nothing here. Its
 * data keys are sealed with that, all at once, and no record is touched. A key file that is not there is made; the one in use gets
 * a new key in the place of its own. Other clients that have the vault open go on until they need a data key that came later, then
 * wrong_key tells them to open it again. Backups keep their key.
 *
 * Thread-safe. Errors: wrong_key where another client has changed the key since this one opened the vault; vault_locked for a source
 * without a key; invalid_argument for the key that the vault has already, and on Composio's API, where there is no vault.
 */
keylatch_status keylatch_client_change_key(const keylatch_client *client,
                                           const keylatch_options *options,
                                           keylatch_error **error);

/**
 * Makes an empty set of arguments, for which a rotation that was broken off goes on, or another one begins. The caller owns `*out`
 * and releases it with keylatch_rotate_ask_free.
 */
keylatch_status keylatch_rotate_ask_new(keylatch_rotate_ask **out,
                                        keylatch_error **error);

/**
 * How many records to seal anew in this batch, 1 to 5 000. Default: 500. Thread-safe.
 */
keylatch_status keylatch_rotate_ask_set_limit(keylatch_rotate_ask *ask, uint32_t limit, keylatch_error **error);

/**
 * The next_cursor of the batch before. Copied. Thread-safe.
 */
keylatch_status keylatch_rotate_ask_set_cursor(keylatch_rotate_ask *ask,
                                               const char *cursor,
                                               size_t cursor_length,
                                               keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_rotate_ask_free(keylatch_rotate_ask *ask);

/**
 * Gives the vault a new data key, and seals every record with it, a batch a call, while this and other clients read and write. Go
 * on by setting the batch's next_cursor in `ask`, until there is none; or without it, also after a kill and from another process: a
 * rotation that was broken off goes on. The last batch deletes the older data keys, in a transaction that finds no record sealed
 * with them. A record that does not open stays as it is, and its key with it: the answers name both.
 *
 * The caller owns `*out` and releases it with keylatch_rotation_free. Thread-safe.
 * Errors: wrong_key as keylatch_client_change_key; storage; invalid_argument for a limit or cursor that cannot be, and on Composio's
 * API, where there is no vault.
 */
keylatch_status keylatch_client_rotate_data_key(const keylatch_client *client,
                                                const keylatch_rotate_ask *ask,
                                                keylatch_rotation **out,
                                                keylatch_error **error);

/**
 * Id of the newest data key. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rotation_key_id(const keylatch_rotation *rotation, const char **text, size_t *length);

/**
 * How many records this batch has sealed with it. Thread-safe.
 */
keylatch_status keylatch_rotation_resealed(const keylatch_rotation *rotation, uint64_t *resealed);

/**
 * How many the rotation will come by yet. Thread-safe.
 */
keylatch_status keylatch_rotation_remaining(const keylatch_rotation *rotation, uint64_t *remaining);

/**
 * How many integrations this batch came by that do not open: they stay as they are. Thread-safe.
 */
keylatch_status keylatch_rotation_damaged_integration_count(const keylatch_rotation *rotation, size_t *count);

/**
 * Id of such an integration. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rotation_damaged_integration_at(const keylatch_rotation *rotation,
                                                         size_t index,
                                                         const char **text,
                                                         size_t *length);

/**
 * How many connections this batch came by that do not open: they stay as they are. Thread-safe.
 */
keylatch_status keylatch_rotation_damaged_connection_count(const keylatch_rotation *rotation, size_t *count);

/**
 * Id of such a connection. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rotation_damaged_connection_at(const keylatch_rotation *rotation,
                                                        size_t index,
                                                        const char **text,
                                                        size_t *length);

/**
 * On the last batch: how many older data keys stay, since records that do not open are sealed with them. Thread-safe.
 */
keylatch_status keylatch_rotation_kept_key_count(const keylatch_rotation *rotation, size_t *count);

/**
 * Id of such a key. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rotation_kept_key_at(const keylatch_rotation *rotation,
                                              size_t index,
                                              const char **text,
                                              size_t *length);

/**
 * Where to go on. NULL where this was the last batch. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rotation_next_cursor(const keylatch_rotation *rotation, const char **text, size_t *length);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_rotation_json(const keylatch_rotation *rotation, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_rotation_free(keylatch_rotation *rotation);

/**
 * Makes an empty set of arguments: it needs a path, and a passphrase or a recipient. The caller owns `*out` and releases it with
 * keylatch_export_ask_free.
 */
keylatch_status keylatch_export_ask_new(keylatch_export_ask **out,
                                        keylatch_error **error);

/**
 * The new file (UTF-8). Copied. Thread-safe.
 */
keylatch_status keylatch_export_ask_set_path(keylatch_export_ask *ask,
                                             const char *path,
                                             size_t path_length,
                                             keylatch_error **error);

/**
 * Seals the export with a passphrase, stretched with Argon2id.
 *
 * It is copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
 */
keylatch_status keylatch_export_ask_take_passphrase(keylatch_export_ask *ask,
                                                    void *buffer,
                                                    size_t length,
                                                    keylatch_error **error);

/**
 * Seals the export for whoever has the secret key of this public one, as age writes it (`age1…`). Copied. Thread-safe.
 */
keylatch_status keylatch_export_ask_set_recipient(keylatch_export_ask *ask,
                                                  const char *recipient,
                                                  size_t recipient_length,
                                                  keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_export_ask_free(keylatch_export_ask *ask);

/**
 * Writes all integrations and connections to a new file, sealed for a passphrase or a recipient, from which another vault, in a
 * file or in PostgreSQL, can import them. Each is in it as it is when the export comes by, while this and other clients go on. The
 * file is whole and on disk when the call returns, or not there. A record that does not open is left out, and named in the answer.
 *
 * The caller owns `*out` and releases it with keylatch_exported_free. Thread-safe.
 * Errors: already_exists where there is a file; storage; invalid_argument for a recipient that is none, where the folder is not
 * there, and on Composio's API, where there is no vault.
 */
keylatch_status keylatch_client_export_vault(const keylatch_client *client,
                                             const keylatch_export_ask *ask,
                                             keylatch_exported **out,
                                             keylatch_error **error);

/**
 * How many integrations are in the file. Thread-safe.
 */
keylatch_status keylatch_exported_integrations(const keylatch_exported *exported, uint64_t *integrations);

/**
 * How many connections are in the file. Thread-safe.
 */
keylatch_status keylatch_exported_connections(const keylatch_exported *exported, uint64_t *connections);

/**
 * How many integrations do not open: they are not in the file. Thread-safe.
 */
keylatch_status keylatch_exported_damaged_integration_count(const keylatch_exported *exported, size_t *count);

/**
 * Id of such an integration. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_exported_damaged_integration_at(const keylatch_exported *exported,
                                                         size_t index,
                                                         const char **text,
                                                         size_t *length);

/**
 * How many connections do not open, or belong to an integration that does not: they are not in the file. Thread-safe.
 */
keylatch_status keylatch_exported_damaged_connection_count(const keylatch_exported *exported, size_t *count);

/**
 * Id of such a connection. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_exported_damaged_connection_at(const keylatch_exported *exported,
                                                        size_t index,
                                                        const char **text,
                                                        size_t *length);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_exported_json(const keylatch_exported *exported, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_exported_free(keylatch_exported *exported);

/**
 * Makes an empty set of arguments: it needs a path, and the passphrase or the identity. The caller owns `*out` and releases it with
 * keylatch_import_ask_free.
 */
keylatch_status keylatch_import_ask_new(keylatch_import_ask **out,
                                        keylatch_error **error);

/**
 * The file (UTF-8). Copied. Thread-safe.
 */
keylatch_status keylatch_import_ask_set_path(keylatch_import_ask *ask,
                                             const char *path,
                                             size_t path_length,
                                             keylatch_error **error);

/**
 * Opens the export with the passphrase that it was sealed with.
 *
 * It is copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
 */
keylatch_status keylatch_import_ask_take_passphrase(keylatch_import_ask *ask,
                                                    void *buffer,
                                                    size_t length,
                                                    keylatch_error **error);

/**
 * Opens the export with the secret key of its recipient, as age writes it (`AGE-SECRET-KEY-1…`).
 *
 * It is copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
 */
keylatch_status keylatch_import_ask_take_identity(keylatch_import_ask *ask,
                                                  void *buffer,
                                                  size_t length,
                                                  keylatch_error **error);

/**
 * Only to tell what would be done. Default: false. Thread-safe.
 */
keylatch_status keylatch_import_ask_set_dry_run(keylatch_import_ask *ask, bool dry_run, keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_import_ask_free(keylatch_import_ask *ask);

/**
 * Stores what an export holds and this vault does not, under the same ids, sealed with this vault's keys, for this client's tenant.
 * Nothing is overwritten: what is there with the same values is counted, and what is there with others is named. The whole file is
 * checked before anything is stored. After a crash or an error, import the same file again: it goes on.
 *
 * The caller owns `*out` and releases it with keylatch_imported_free. Thread-safe.
 * Errors: wrong_key for a passphrase or identity that does not open the file; corrupt_record for a file that is damaged, cut, or of
 * a later version; storage; invalid_argument where there is no such file or it is no export, and on Composio's API, where there is
 * no vault. Of these, only storage may come after something was stored.
 */
keylatch_status keylatch_client_import_vault(const keylatch_client *client,
                                             const keylatch_import_ask *ask,
                                             keylatch_imported **out,
                                             keylatch_error **error);

/**
 * How many integrations are new in the vault. Thread-safe.
 */
keylatch_status keylatch_imported_integrations(const keylatch_imported *imported, uint64_t *integrations);

/**
 * How many connections are new in the vault. Thread-safe.
 */
keylatch_status keylatch_imported_connections(const keylatch_imported *imported, uint64_t *connections);

/**
 * How many integrations and connections were there already, with the same values. Thread-safe.
 */
keylatch_status keylatch_imported_already_there(const keylatch_imported *imported, uint64_t *already_there);

/**
 * How many integrations have an id that another one has: nothing was changed. Thread-safe.
 */
keylatch_status keylatch_imported_conflicting_integration_count(const keylatch_imported *imported, size_t *count);

/**
 * Id of such an integration. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_imported_conflicting_integration_at(const keylatch_imported *imported,
                                                             size_t index,
                                                             const char **text,
                                                             size_t *length);

/**
 * How many connections have an id that another one has, or one with other values; an alias that another one of the same user and
 * app has; or an integration that conflicts: nothing was changed. Thread-safe.
 */
keylatch_status keylatch_imported_conflicting_connection_count(const keylatch_imported *imported,
                                                               size_t *count);

/**
 * Id of such a connection. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_imported_conflicting_connection_at(const keylatch_imported *imported,
                                                            size_t index,
                                                            const char **text,
                                                            size_t *length);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_imported_json(const keylatch_imported *imported, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_imported_free(keylatch_imported *imported);

/**
 * Makes an empty set of arguments, for which the log begins with its first entry. The caller owns `*out` and releases it with
 * keylatch_audit_ask_free.
 */
keylatch_status keylatch_audit_ask_new(keylatch_audit_ask **out,
                                       keylatch_error **error);

/**
 * Only entries behind the one of this number. Default: 0, all. Thread-safe.
 */
keylatch_status keylatch_audit_ask_set_after(keylatch_audit_ask *ask, uint64_t after, keylatch_error **error);

/**
 * How many entries at most, 1 to 500. Default: 50. Thread-safe.
 */
keylatch_status keylatch_audit_ask_set_limit(keylatch_audit_ask *ask, uint32_t limit, keylatch_error **error);

/**
 * Only entries about this user. Copied. Thread-safe.
 */
keylatch_status keylatch_audit_ask_set_entity_id(keylatch_audit_ask *ask,
                                                 const char *entity_id,
                                                 size_t entity_id_length,
                                                 keylatch_error **error);

/**
 * Only entries about this connection, which may be gone. Copied. Thread-safe.
 */
keylatch_status keylatch_audit_ask_set_connected_account_id(keylatch_audit_ask *ask,
                                                            const char *connected_account_id,
                                                            size_t connected_account_id_length,
                                                            keylatch_error **error);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_audit_ask_free(keylatch_audit_ask *ask);

/**
 * The vault's audit log, a page a call: who connected, used, verified or deleted what, and when. Go on by
 * setting the seq of the last entry with keylatch_audit_ask_set_after. Works whether or not this client writes
 * the log (keylatch_options_set_audit).
 *
 * The caller owns `*out` and releases it with keylatch_audit_log_free. Thread-safe.
 * Errors: corrupt_record for an id where the log's key does not open; invalid_argument for a limit that cannot be, and on Composio's
 * API, where there is no vault.
 */
keylatch_status keylatch_client_audit_log(const keylatch_client *client,
                                          const keylatch_audit_ask *ask,
                                          keylatch_audit_log **out,
                                          keylatch_error **error);

/**
 * How many entries are in this page. Thread-safe.
 */
keylatch_status keylatch_audit_log_count(const keylatch_audit_log *log, size_t *count);

/**
 * Number of an entry: 1 for the log's first, one more for each. Thread-safe. Errors: invalid_argument past the end.
 */
keylatch_status keylatch_audit_log_seq(const keylatch_audit_log *log, size_t index, uint64_t *seq);

/**
 * When an entry was written, RFC 3339 in UTC.
 * Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_audit_log_at(const keylatch_audit_log *log, size_t index, const char **text, size_t *length);

/**
 * Name of the call, such as "request" or "connected_accounts.delete".
 * Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_audit_log_action(const keylatch_audit_log *log,
                                          size_t index,
                                          const char **text,
                                          size_t *length);

/**
 * "begun" of what was about to be done; "done" or a verdict of what was stored together with the entry; "refused:" and the code of an error.
 * Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_audit_log_outcome(const keylatch_audit_log *log,
                                           size_t index,
                                           const char **text,
                                           size_t *length);

/**
 * Keyed hash of the user's id, 32 hexadecimal digits: the same for the same user throughout the log; empty where the entry is about none.
 * Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_audit_log_entity_hash(const keylatch_audit_log *log,
                                               size_t index,
                                               const char **text,
                                               size_t *length);

/**
 * Keyed hash of the connection's id, or of the integration's; empty where the entry is about none.
 * Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_audit_log_record_hash(const keylatch_audit_log *log,
                                               size_t index,
                                               const char **text,
                                               size_t *length);

/**
 * Slug of the app; empty where the entry is about none.
 * Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_audit_log_app(const keylatch_audit_log *log, size_t index, const char **text, size_t *length);

/**
 * Process id, '@', and a keyed hash of the machine's host name.
 * Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_audit_log_process(const keylatch_audit_log *log,
                                           size_t index,
                                           const char **text,
                                           size_t *length);

/**
 * The end of the whole log: kept elsewhere and given to keylatch_client_check_audit later, it shows whether the log was cut.
 * Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_audit_log_head(const keylatch_audit_log *log,
                                        const char **text,
                                        size_t *length);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_audit_log_json(const keylatch_audit_log *log, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_audit_log_free(keylatch_audit_log *log);

/**
 * Reads the whole audit log and says what is not as it was written: entries that are gone, changed or not in their place. `head` is
 * one that was given out earlier and was kept elsewhere, or NULL: only with it a log whose end was cut off shows.
 *
 * The caller owns `*out` and releases it with keylatch_audit_check_free. Thread-safe.
 * Errors: invalid_argument for a head that is none, and on Composio's API, where there is no vault.
 */
keylatch_status keylatch_client_check_audit(const keylatch_client *client,
                                            const char *head,
                                            size_t head_length,
                                            keylatch_audit_check **out,
                                            keylatch_error **error);

/**
 * How many entries there are. Thread-safe.
 */
keylatch_status keylatch_audit_check_entries(const keylatch_audit_check *check, uint64_t *entries);

/**
 * The end of the log, to be kept elsewhere. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_audit_check_head(const keylatch_audit_check *check, const char **text, size_t *length);

/**
 * How many faults there are, 100 at most; 0 where the log is as it was written, as far as `head` reaches. Thread-safe.
 */
keylatch_status keylatch_audit_check_fault_count(const keylatch_audit_check *check, size_t *count);

/**
 * A fault, as a sentence. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_audit_check_fault_at(const keylatch_audit_check *check,
                                              size_t index,
                                              const char **text,
                                              size_t *length);

/**
 * The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
 */
keylatch_status keylatch_audit_check_json(const keylatch_audit_check *check, const char **text, size_t *length);

/**
 * Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
 */
void keylatch_audit_check_free(keylatch_audit_check *check);

/**
 * Whom to tell what the library does, in the place of whom it told before: what `level` (error, warn, info, debug, trace; or off)
 * and those before it tell. For the whole process, whatever clients there are. NULL as `on_log`, or the level off, ends it. Debug
 * tells of each operation and each request, with how long it took. Called with the records of an operation when that ends, on
 * the thread that does its work, just before the call returns; no lock is held, so it may make calls, of which nothing is told
 * then. It must not throw. Several threads may be in it at once. `user_data` is handed on as it is and must be good until calls are
 * over that were under way when another one was set. Thread-safe.
 */
keylatch_status keylatch_set_log(keylatch_on_log on_log,
                                 void *user_data,
                                 const char *level,
                                 size_t level_length,
                                 keylatch_error **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* KEYLATCH_H */
