/* Calls every function with NULL, zero lengths, bad UTF-8 and a closed client, from two threads: errors, never a crash. */
#include "abuse.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "http.h"

static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static unsigned long passed, failures;

void complain(const char *function, const char *what, const char *arguments) {
    pthread_mutex_lock(&counting);
    failures++;
    printf("FAILED %s(%s): %s\n", function, arguments, what);
    pthread_mutex_unlock(&counting);
}

void judge(keylatch_status status, keylatch_status expected, const char *function, const char *arguments) {
    char what[96];
    snprintf(what, sizeof what, "status %u, expected %u", (unsigned)status, (unsigned)expected);
    /* `internal` would be a panic that the guard caught. */
    bool possible = status <= KEYLATCH_ACTION_FAILED && status != KEYLATCH_INTERNAL;
    if (expected == ANY ? !possible : status != expected) {
        complain(function, what, arguments);
        return;
    }
    pthread_mutex_lock(&counting);
    passed++;
    pthread_mutex_unlock(&counting);
}

/* By address: in what order a call's arguments are evaluated is the compiler's choice. */
static void must(keylatch_status status, keylatch_error **error, const char *what) {
    const char *text = "";
    if (status == KEYLATCH_OK) return;
    if (error != NULL) keylatch_error_json(*error, &text, NULL);
    fprintf(stderr, "abuse: no fixture: %s: %s\n", what, text);
    exit(2);
}

static const char DEFINITION[] =
    "{\"slug\":\"quiet\",\"name\":\"Quiet\",\"category\":\"test\",\"schemes\":[{\"auth_scheme\":\"API_KEY\",\"fields\":"
    "[{\"name\":\"api_key\",\"display_name\":\"Key\",\"description\":\"For tests.\",\"no_help_url\":\"For tests.\","
    "\"secret\":true}],\"base_url\":\"https://api.quiet.example\",\"inject\":[{\"in\":\"header\",\"name\":\"X-Key\","
    "\"value\":\"{api_key}\"}],\"no_checks\":\"For tests.\"}],"
    "\"actions\":[{\"name\":\"QUIET_ECHO\",\"description\":\"For tests.\",\"method\":\"POST\",\"path\":\"/echo\","
    "\"params\":[{\"name\":\"text\",\"description\":\"For tests.\"}]}]}";

static void give_key(fixtures *f, keylatch_error **error) {
    char key[] = "sk_test_abuse_0001";
    must(keylatch_params_take(f->params, "api_key", 7, key, strlen(key), error), error, "params_take");
}

static keylatch_client *open_client(fixtures *f) {
    keylatch_client *client = NULL;
    keylatch_error *error = NULL;
    must(keylatch_client_open(f->options, &client, &error), &error, "client_open");
    return client;
}

static void set_up_handles(fixtures *f) {
    keylatch_error *e = NULL;
    char key[32] = "0123456789abcdef0123456789abcde", secret[] = "xoxb-0-of-slack-by-its-form";
    must(keylatch_options_new(&f->options, &e), &e, "options");
    must(keylatch_options_set_path(f->options, f->folder, strlen(f->folder), &e), &e, "path");
    must(keylatch_options_take_key(f->options, key, sizeof key, &e), &e, "key");
    must(keylatch_secret_take(secret, strlen(secret), &f->secret, &e), &e, "secret");
    must(keylatch_params_new(&f->params, &e), &e, "params");
    must(keylatch_integration_ask_new(&f->integration_ask, &e), &e, "integration_ask");
    must(keylatch_expected_params_ask_new(&f->expected_params_ask, &e), &e, "expected_params_ask");
    must(keylatch_initiate_ask_new(&f->initiate_ask, &e), &e, "initiate_ask");
    must(keylatch_app_search_ask_new(&f->app_search_ask, &e), &e, "app_search_ask");
    must(keylatch_list_ask_new(&f->list_ask, &e), &e, "list_ask");
    must(keylatch_due_ask_new(&f->due_ask, &e), &e, "due_ask");
    must(keylatch_rotate_ask_new(&f->rotate_ask, &e), &e, "rotate_ask");
    must(keylatch_options_set_audit(f->options, "required", 8, &e), &e, "audit");
    must(keylatch_audit_ask_new(&f->audit_ask, &e), &e, "audit_ask");
    must(keylatch_export_ask_new(&f->export_ask, &e), &e, "export_ask");
    must(keylatch_import_ask_new(&f->import_ask, &e), &e, "import_ask");
    must(keylatch_update_ask_new(&f->update_ask, &e), &e, "update_ask");
    must(keylatch_action_ask_new(&f->action_ask, &e), &e, "action_ask");
    must(keylatch_request_ask_new(&f->request_ask, &e), &e, "request_ask");
    f->client = open_client(f);
    f->own_client = open_client(f);
    f->closed_client = open_client(f);
    must(keylatch_client_close(f->closed_client, &e), &e, "close");
}

static void set_up_results(fixtures *f, const char *base_url) {
    keylatch_error *e = NULL;
    const char *text = NULL;
    must(keylatch_apps_register(f->client, DEFINITION, strlen(DEFINITION), &f->app, &e), &e, "app");
    must(keylatch_apps_list(f->client, &f->app_list, &e), &e, "apps");
    must(keylatch_apps_identify(f->client, f->secret, &f->key_origin_list, &e), &e, "key_origin_list");
    must(keylatch_app_scheme_at(f->app, 0, &f->scheme), NULL, "scheme");
    must(keylatch_scheme_field_at(f->scheme, 0, &f->field), NULL, "field");
    must(keylatch_app_action_at(f->app, 0, &f->action), NULL, "action");
    must(keylatch_integration_ask_set_app(f->integration_ask, "quiet", 5, &e), &e, "set_app");
    must(keylatch_integration_ask_set_base_url(f->integration_ask, base_url, strlen(base_url), &e), &e, "base_url");
    must(keylatch_integrations_create(f->client, f->integration_ask, NULL, &f->integration, &e), &e, "integration");
    keylatch_integration_id(f->integration, &text, NULL);
    snprintf(f->integration_id, sizeof f->integration_id, "%s", text);
    must(keylatch_integrations_list(f->client, NULL, 0, &f->integration_list, &e), &e, "integrations");
    must(keylatch_expected_params_ask_set_app(f->expected_params_ask, "quiet", 5, &e), &e, "set_app");
    must(keylatch_get_expected_params_for_user(f->client, f->expected_params_ask, &f->expected_params, &e), &e,
         "expected");
    must(keylatch_initiate_ask_set_entity_id(f->initiate_ask, "user-1", 6, &e), &e, "set_entity_id");
    /* Nothing was typed: an error with problems. */
    must(keylatch_initiate_ask_set_integration_id(f->initiate_ask, f->integration_id, strlen(f->integration_id), &e), &e,
         "set_integration_id");
    if (keylatch_initiate_connection(f->client, f->initiate_ask, NULL, &f->connection_request, &f->error) !=
        KEYLATCH_MISSING_FIELDS) {
        complain("keylatch_initiate_connection", "did not miss its fields", "");
    }
    give_key(f, &e);
    must(keylatch_initiate_connection(f->client, f->initiate_ask, f->params, &f->connection_request, &e), &e,
         "initiate");
    keylatch_connection_request_connected_account_id(f->connection_request, &text, NULL);
    snprintf(f->connected_account_id, sizeof f->connected_account_id, "%s", text);
    size_t length = strlen(f->connected_account_id);
    must(keylatch_connected_accounts_get(f->client, text, length, &f->connection, &e), &e, "connection");
    must(keylatch_connected_accounts_verify(f->client, text, length, &f->verification, &e), &e, "verification");
    must(keylatch_connected_accounts_verify_due(f->client, f->due_ask, &f->rechecks, &e), &e, "rechecks");
    must(keylatch_client_diagnose(f->client, &f->diagnosis, &e), &e, "diagnosis");
    must(keylatch_client_rotate_data_key(f->client, f->rotate_ask, &f->rotation, &e), &e, "rotation");
    must(keylatch_client_audit_log(f->client, f->audit_ask, &f->audit_log, &e), &e, "audit_log");
    must(keylatch_client_check_audit(f->client, NULL, 0, &f->audit_check, &e), &e, "audit_check");
    must(keylatch_connected_accounts_list(f->client, f->list_ask, &f->page, &e), &e, "page");
    must(keylatch_action_ask_set_action(f->action_ask, "QUIET_ECHO", 10, &e), &e, "set_action");
    must(keylatch_action_ask_set_connected_account_id(f->action_ask, text, length, &e), &e, "account");
    must(keylatch_execute_action(f->client, f->action_ask, &f->action_result, &e), &e, "action_result");
    must(keylatch_request_ask_set_connected_account_id(f->request_ask, text, length, &e), &e, "account");
    must(keylatch_request_ask_set_method(f->request_ask, "GET", 3, &e), &e, "method");
    must(keylatch_request_ask_set_path(f->request_ask, "/x", 2, &e), &e, "path");
    must(keylatch_request_ask_set_timeout_ms(f->request_ask, UINT64_MAX, &e), &e, "timeout");
    must(keylatch_request(f->client, f->request_ask, &f->response, &e), &e, "response");
    must(keylatch_paging_new(&f->paging, &e), &e, "paging");
    must(keylatch_request_pages(f->client, f->request_ask, NULL, &f->pages, &e), &e, "pages");
    must(keylatch_streaming_new(&f->streaming, &e), &e, "streaming");
    must(keylatch_request_stream(f->client, f->request_ask, NULL, &f->stream, &e), &e, "stream");
}

/* What the vault holds, exported and found there again. */
static void set_up_moving(fixtures *f) {
    static const char recipient[] = "age1fcgtslw55dqx6g7qjd300svwhaqnpxhcfxvvh4cvcnx4ghlww4ps3zrvu2";
    char identity[] = "AGE-SECRET-KEY-18U2AM2NXSMM3Z92G93LC35P0DZHAS5266V5QEZ3D4PUWQ9NF0XTSJPRM8G", path[112];
    keylatch_error *e = NULL;
    snprintf(path, sizeof path, "%s.export", f->folder);
    must(keylatch_export_ask_set_path(f->export_ask, path, strlen(path), &e), &e, "set_path");
    must(keylatch_export_ask_set_recipient(f->export_ask, recipient, strlen(recipient), &e), &e, "recipient");
    must(keylatch_client_export_vault(f->client, f->export_ask, &f->exported, &e), &e, "export");
    must(keylatch_import_ask_set_path(f->import_ask, path, strlen(path), &e), &e, "set_path");
    must(keylatch_import_ask_take_identity(f->import_ask, identity, strlen(identity), &e), &e, "identity");
    must(keylatch_client_import_vault(f->client, f->import_ask, &f->imported, &e), &e, "import");
    remove(path);
}

static void tear_down(fixtures *f) {
    /* Parents first: children must not care. */
    keylatch_client_free(f->client);
    keylatch_client_free(f->closed_client);
    keylatch_client_free(f->own_client);
    keylatch_options_free(f->options);
    keylatch_app_list_free(f->app_list);
    keylatch_app_free(f->app);
    keylatch_app_search_ask_free(f->app_search_ask);
    keylatch_key_origin_list_free(f->key_origin_list);
    keylatch_action_free(f->action);
    keylatch_action_result_free(f->action_result);
    keylatch_action_ask_free(f->action_ask);
    keylatch_scheme_free(f->scheme);
    keylatch_field_free(f->field);
    keylatch_expected_params_free(f->expected_params);
    keylatch_page_free(f->page);
    keylatch_connection_free(f->connection);
    keylatch_integration_list_free(f->integration_list);
    keylatch_integration_free(f->integration);
    keylatch_connection_request_free(f->connection_request);
    keylatch_verification_free(f->verification);
    keylatch_rechecks_free(f->rechecks);
    keylatch_diagnosis_free(f->diagnosis);
    keylatch_rotation_free(f->rotation);
    keylatch_audit_log_free(f->audit_log);
    keylatch_audit_check_free(f->audit_check);
    keylatch_response_free(f->response);
    keylatch_pages_free(f->pages);
    keylatch_paging_free(f->paging);
    keylatch_stream_free(f->stream);
    keylatch_streaming_free(f->streaming);
    keylatch_error_free(f->error);
    keylatch_secret_free(f->secret);
    keylatch_params_free(f->params);
    keylatch_integration_ask_free(f->integration_ask);
    keylatch_expected_params_ask_free(f->expected_params_ask);
    keylatch_initiate_ask_free(f->initiate_ask);
    keylatch_list_ask_free(f->list_ask);
    keylatch_due_ask_free(f->due_ask);
    keylatch_rotate_ask_free(f->rotate_ask);
    keylatch_audit_ask_free(f->audit_ask);
    keylatch_export_ask_free(f->export_ask);
    keylatch_exported_free(f->exported);
    keylatch_import_ask_free(f->import_ask);
    keylatch_imported_free(f->imported);
    keylatch_update_ask_free(f->update_ask);
    keylatch_request_ask_free(f->request_ask);
}

static void *work(void *context) {
    for (size_t i = 0; i < attempt_count; i++) attempts[i].run(context);
    return NULL;
}

/* Parts outlive their wholes, and the caller's buffer is blank after a take. */
static void check_lifetimes(fixtures *f) {
    keylatch_app *app = NULL;
    keylatch_app_list *list = NULL;
    const char *slug = NULL;
    char typed[] = "sk_test_abuse_0002";
    keylatch_apps_list(f->client, &list, NULL);
    keylatch_app_list_app_at(list, 0, &app);
    keylatch_app_list_free(list);
    if (keylatch_app_slug(app, &slug, NULL) != KEYLATCH_OK || slug[0] == '\0') {
        complain("keylatch_app_slug", "the app did not outlive its list", "");
    }
    keylatch_app_free(app);
    size_t length = strlen(typed);
    if (keylatch_params_take(NULL, "api_key", 7, typed, length, NULL) != KEYLATCH_INVALID_ARGUMENT) {
        complain("keylatch_params_take", "took without params", "");
    }
    for (size_t i = 0; i < length; i++) {
        if (typed[i] != '\0') complain("keylatch_params_take", "left the buffer as it was", "");
    }
    if (keylatch_version_number() != KEYLATCH_VERSION_NUMBER || strcmp(keylatch_version(), KEYLATCH_VERSION) != 0) {
        complain("keylatch_version", "differs from the header's", "");
    }
}

int main(int count, char **arguments) {
    fixtures f = {0};
    pthread_t other;
    buffer answer = {0}, base_url = {0};
    char folder[] = "/tmp/keylatch-c-XXXXXX", path[160];
    const char *provider = getenv("KEYLATCH_TEST_PROVIDER_HTTP");
    if (count > 1 && strcmp(arguments[1], "--list") == 0) {
        for (size_t i = 0; i < attempt_count; i++) puts(attempts[i].name);
        return 0;
    }
    snprintf(path, sizeof path, "/_control/abuse-%ld", (long)getpid());
    if (provider == NULL || mkdtemp(folder) == NULL ||
        !http_send(provider, "PUT", path, "{\"* *\":[{\"json\":{\"ok\":true}}]}", &answer)) {
        fputs("abuse: start me with tests/servers/run.py\n", stderr);
        return 2;
    }
    snprintf(f.folder, sizeof f.folder, "%s/vault.db", folder);
    buffer_puts(&base_url, provider);
    buffer_puts(&base_url, path + strlen("/_control"));
    set_up_handles(&f);
    set_up_results(&f, base_url.data);
    set_up_moving(&f);
    check_lifetimes(&f);
    if (pthread_create(&other, NULL, work, &f) != 0) return 2;
    work(&f);
    pthread_join(other, NULL);
    tear_down(&f);
    static const char *const files[] = {"", "-wal", "-shm", ".key", ".export"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/vault.db%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    free(answer.data);
    free(base_url.data);
    printf("abuse: %zu functions, %lu passed, %lu failed\n", attempt_count, passed, failures);
    return failures == 0 ? 0 : 1;
}
