/* The calls of the conformance cases on a vault itself: its keys, its audit log, moving it, looking into it. */
#include "asking.h"

#include <stdlib.h>
#include <string.h>

JSON_OF(diagnosis)
JSON_OF(rotation)
JSON_OF(audit_log)
JSON_OF(audit_check)
JSON_OF(exported)
JSON_OF(imported)

/* A secret of `params`, given as text or as bytes. */
static const json *secret_of(const json *params, const char *name) {
    const json *value = json_get(params, name), *bytes = json_get(value, "$bytes");
    return bytes != NULL ? bytes : value;
}

static char *copy_of(const json *text) {
    char *copy = malloc(text->length + 1);
    memcpy(copy, text->text, text->length);
    return copy;
}

/* The Transit key that a case names, with its token. */
keylatch_status set_transit(keylatch_options *options, const json *transit, const json *token, keylatch_error **error) {
    static const struct {
        const char *name;
        keylatch_status (*set)(keylatch_options *, const char *, size_t, keylatch_error **);
    } texts[] = {
        {"mount", keylatch_options_set_transit_mount},
        {"namespace", keylatch_options_set_transit_namespace},
        {"token_env", keylatch_options_set_transit_token_environment},
        {"token_file", keylatch_options_set_transit_token_file},
    };
    const json *address = json_get(transit, "address"), *key = json_get(transit, "key");
    keylatch_status status =
        keylatch_options_set_transit(options, address->text, address->length, key->text, key->length, error);
    for (size_t i = 0; i < sizeof texts / sizeof *texts && status == KEYLATCH_OK; i++) {
        const json *text = json_get(transit, texts[i].name);
        if (text != NULL) status = texts[i].set(options, text->text, text->length, error);
    }
    if (token == NULL || status != KEYLATCH_OK) return status;
    char *copy = copy_of(token);
    status = keylatch_options_take_transit_token(options, copy, token->length, error);
    free(copy);
    return status;
}

/* The key of `params` or `args` in options of its own. */
static keylatch_status next_key(keylatch_options *options, const json *args, const json *params,
                                keylatch_error **error) {
    const json *passphrase = secret_of(params, "passphrase"), *key = secret_of(params, "key");
    const json *secret = passphrase != NULL ? passphrase : key;
    size_t length;
    const char *text = text_arg(args, "key_file", &length);
    if (text != NULL) return keylatch_options_set_key_file(options, text, length, error);
    text = text_arg(args, "key_env", &length);
    if (text != NULL) return keylatch_options_set_key_environment(options, text, length, error);
    const json *transit = json_get(args, "transit");
    if (transit != NULL) return set_transit(options, transit, secret_of(params, "token"), error);
    if (secret == NULL) return KEYLATCH_OK;
    char *copy = copy_of(secret);
    keylatch_status status = passphrase != NULL
                                 ? keylatch_options_take_passphrase(options, copy, secret->length, error)
                                 : keylatch_options_take_key(options, copy, secret->length, error);
    free(copy);
    return status;
}

outcome change_key(const keylatch_client *client, const json *args, const json *params) {
    keylatch_options *options;
    keylatch_error *error = NULL;
    keylatch_status status = keylatch_options_new(&options, NULL);
    if (status == KEYLATCH_OK) status = next_key(options, args, params, &error);
    if (status == KEYLATCH_OK) status = keylatch_client_change_key(client, options, &error);
    keylatch_options_free(options);
    return result(status, error, NULL, NULL);
}

outcome audit_log(const keylatch_client *client, const json *args) {
    keylatch_audit_ask *ask;
    keylatch_audit_log *made = NULL;
    keylatch_error *error = NULL;
    const char *text;
    size_t length;
    keylatch_status status = keylatch_audit_ask_new(&ask, NULL);
    SET_NUMBER(keylatch_audit_ask_set_after, "after", uint64_t)
    SET_NUMBER(keylatch_audit_ask_set_limit, "limit", uint32_t)
    SET(keylatch_audit_ask_set_entity_id, "entity_id")
    SET(keylatch_audit_ask_set_connected_account_id, "connected_account_id")
    if (status == KEYLATCH_OK) status = keylatch_client_audit_log(client, ask, &made, &error);
    outcome out = result(status, error, made, audit_log_json);
    keylatch_audit_log_free(made);
    keylatch_audit_ask_free(ask);
    return out;
}

outcome check_audit(const keylatch_client *client, const json *args) {
    keylatch_audit_check *made = NULL;
    keylatch_error *error = NULL;
    size_t length;
    const char *head = text_arg(args, "head", &length);
    keylatch_status status = keylatch_client_check_audit(client, head, length, &made, &error);
    outcome out = result(status, error, made, audit_check_json);
    keylatch_audit_check_free(made);
    return out;
}

outcome rotate_data_key(const keylatch_client *client, const json *args) {
    keylatch_rotate_ask *ask;
    keylatch_rotation *made = NULL;
    keylatch_error *error = NULL;
    const char *text;
    size_t length;
    keylatch_status status = keylatch_rotate_ask_new(&ask, NULL);
    SET_NUMBER(keylatch_rotate_ask_set_limit, "limit", uint32_t)
    SET(keylatch_rotate_ask_set_cursor, "cursor")
    if (status == KEYLATCH_OK) status = keylatch_client_rotate_data_key(client, ask, &made, &error);
    outcome out = result(status, error, made, rotation_json);
    keylatch_rotation_free(made);
    keylatch_rotate_ask_free(ask);
    return out;
}

outcome export_vault(const keylatch_client *client, const json *args, const json *params) {
    keylatch_export_ask *ask;
    keylatch_exported *made = NULL;
    keylatch_error *error = NULL;
    const json *passphrase = secret_of(params, "passphrase");
    const char *text;
    size_t length;
    keylatch_status status = keylatch_export_ask_new(&ask, NULL);
    SET(keylatch_export_ask_set_path, "path")
    SET(keylatch_export_ask_set_recipient, "recipient")
    if (status == KEYLATCH_OK && passphrase != NULL) {
        char *copy = copy_of(passphrase);
        status = keylatch_export_ask_take_passphrase(ask, copy, passphrase->length, &error);
        free(copy);
    }
    if (status == KEYLATCH_OK) status = keylatch_client_export_vault(client, ask, &made, &error);
    outcome out = result(status, error, made, exported_json);
    keylatch_exported_free(made);
    keylatch_export_ask_free(ask);
    return out;
}

outcome import_vault(const keylatch_client *client, const json *args, const json *params) {
    keylatch_import_ask *ask;
    keylatch_imported *made = NULL;
    keylatch_error *error = NULL;
    const json *passphrase = secret_of(params, "passphrase"), *identity = secret_of(params, "identity");
    const json *secret = passphrase != NULL ? passphrase : identity, *dry_run = json_get(args, "dry_run");
    const char *text;
    size_t length;
    keylatch_status status = keylatch_import_ask_new(&ask, NULL);
    SET(keylatch_import_ask_set_path, "path")
    if (status == KEYLATCH_OK && secret != NULL) {
        char *copy = copy_of(secret);
        status = passphrase != NULL ? keylatch_import_ask_take_passphrase(ask, copy, secret->length, &error)
                                    : keylatch_import_ask_take_identity(ask, copy, secret->length, &error);
        free(copy);
    }
    if (status == KEYLATCH_OK) status = keylatch_import_ask_set_dry_run(ask, dry_run != NULL && dry_run->type == JSON_TRUE, &error);
    if (status == KEYLATCH_OK) status = keylatch_client_import_vault(client, ask, &made, &error);
    outcome out = result(status, error, made, imported_json);
    keylatch_imported_free(made);
    keylatch_import_ask_free(ask);
    return out;
}

outcome diagnose(const keylatch_client *client) {
    keylatch_diagnosis *made = NULL;
    keylatch_error *error = NULL;
    keylatch_status status = keylatch_client_diagnose(client, &made, &error);
    outcome out = result(status, error, made, diagnosis_json);
    keylatch_diagnosis_free(made);
    return out;
}
