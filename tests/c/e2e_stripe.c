/* The C interface against localstripe: a wrong key is refused, a right one ACTIVE, a customer made and read back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "keylatch.h"

static int passed, failures;

static void check(bool good, const char *what) {
    if (good) passed++;
    else failures++;
    if (!good) printf("FAILED %s\n", what);
}

/* By address: in what order a call's arguments are evaluated is the compiler's choice. */
static void must(keylatch_status status, keylatch_error **error, const char *what) {
    const char *text = "";
    if (status == KEYLATCH_OK) return;
    if (error != NULL) keylatch_error_json(*error, &text, NULL);
    printf("FAILED %s: %s\n", what, text);
    exit(1);
}

static keylatch_status connect_with(const keylatch_client *client, const char *integration_id, const char *key,
                                    keylatch_connection_request **made, keylatch_error **error) {
    keylatch_initiate_ask *ask = NULL;
    keylatch_params *params = NULL;
    char typed[64];
    snprintf(typed, sizeof typed, "%s", key);
    must(keylatch_initiate_ask_new(&ask, NULL), NULL, "ask");
    must(keylatch_params_new(&params, NULL), NULL, "params");
    must(keylatch_initiate_ask_set_entity_id(ask, "user-1", 6, NULL), NULL, "entity");
    must(keylatch_initiate_ask_set_integration_id(ask, integration_id, strlen(integration_id), NULL), NULL, "integration");
    must(keylatch_params_take(params, "api_key", 7, typed, strlen(key), NULL), NULL, "take");
    check(typed[0] == '\0' && typed[strlen(key) - 1] == '\0', "the typed key is wiped");
    keylatch_status status = keylatch_initiate_connection(client, ask, params, made, error);
    keylatch_params_free(params);
    keylatch_initiate_ask_free(ask);
    return status;
}

static json *customer(const keylatch_client *client, const char *method, const char *path, const char *form) {
    keylatch_request_ask *ask = NULL;
    keylatch_response *response = NULL;
    keylatch_error *error = NULL;
    const uint8_t *body = NULL;
    size_t length = 0;
    uint32_t status = 0;
    must(keylatch_request_ask_new(&ask, &error), &error, "ask");
    must(keylatch_request_ask_set_entity_id(ask, "user-1", 6, &error), &error, "entity");
    must(keylatch_request_ask_set_app(ask, "stripe", 6, &error), &error, "app");
    must(keylatch_request_ask_set_method(ask, method, strlen(method), &error), &error, "method");
    must(keylatch_request_ask_set_path(ask, path, strlen(path), &error), &error, "path");
    if (form != NULL) {
        const char *type = "application/x-www-form-urlencoded";
        must(keylatch_request_ask_add_header(ask, "Content-Type", 12, type, strlen(type), &error), &error, "header");
        must(keylatch_request_ask_set_body(ask, form, strlen(form), &error), &error, "body");
    }
    must(keylatch_request(client, ask, &response, &error), &error, "request");
    must(keylatch_response_status(response, &status), NULL, "status");
    must(keylatch_response_body(response, &body, &length), NULL, "body");
    check(status == 200, "the customer call answers 200");
    json *answer = json_parse((const char *)body, length);
    keylatch_response_free(response);
    keylatch_request_ask_free(ask);
    return answer;
}

static void run(const keylatch_client *client, const char *integration_id) {
    keylatch_connection_request *made = NULL;
    keylatch_connection *connection = NULL;
    keylatch_page *page = NULL;
    keylatch_list_ask *all = NULL;
    keylatch_error *error = NULL;
    const char *text = NULL, *verdict = NULL;
    size_t count = 9;

    check(connect_with(client, integration_id, "not-a-key", &made, &error) == KEYLATCH_CREDENTIALS_REJECTED,
          "a wrong key is refused");
    check(made == NULL && error != NULL, "there is an error and no result");
    keylatch_error_verdict(error, &verdict, NULL);
    check(verdict != NULL && strcmp(verdict, "rejected") == 0, "its verdict is rejected");
    keylatch_error_json(error, &text, NULL);
    check(strstr(text, "not-a-key") == NULL, "the error does not show the key");
    keylatch_error_free(error);
    must(keylatch_list_ask_new(&all, NULL), NULL, "list");
    must(keylatch_connected_accounts_list(client, all, &page, NULL), NULL, "list");
    keylatch_page_count(page, &count);
    check(count == 0, "nothing is stored");
    keylatch_page_free(page);
    keylatch_list_ask_free(all);

    must(connect_with(client, integration_id, "sk_test_keylatch_c_0001", &made, &error), &error, "the right key");
    keylatch_connection_request_status(made, &text, NULL);
    keylatch_connection_request_verdict(made, &verdict, NULL);
    check(strcmp(text, "ACTIVE") == 0 && strcmp(verdict, "accepted") == 0, "the right key is ACTIVE and accepted");
    must(keylatch_get_connection(client, "user-1", 6, "stripe", 6, &connection, &error), &error, "get_connection");
    keylatch_connection_json(connection, &text, NULL);
    check(strstr(text, "\"ACTIVE\"") != NULL && strstr(text, "sk_test") == NULL, "it is fetched, without the key");

    json *created = customer(client, "POST", "/v1/customers", "name=Ada+Lovelace&email=ada%40example.org");
    char path[160];
    snprintf(path, sizeof path, "/v1/customers/%s", json_text(json_get(created, "id")));
    json *read_back = customer(client, "GET", path, NULL);
    check(json_is(json_get(read_back, "name"), "Ada Lovelace"), "the customer has its name");
    check(json_is(json_get(read_back, "email"), "ada@example.org"), "the customer has its email");
    json_free(created);
    json_free(read_back);
    keylatch_connection_free(connection);
    keylatch_connection_request_free(made);
}

int main(void) {
    const char *stripe = getenv("KEYLATCH_TEST_STRIPE"), *integration_id = NULL;
    char folder[] = "/tmp/keylatch-c-XXXXXX", path[64];
    keylatch_options *options = NULL;
    keylatch_client *client = NULL;
    keylatch_integration_ask *ask = NULL;
    keylatch_integration *integration = NULL;
    keylatch_error *error = NULL;
    if (stripe == NULL || mkdtemp(folder) == NULL) {
        fputs("e2e_stripe: start me with tests/servers/run.py --localstripe\n", stderr);
        return 2;
    }
    snprintf(path, sizeof path, "%s/vault.db", folder);
    must(keylatch_options_new(&options, &error), &error, "options");
    must(keylatch_options_set_path(options, path, strlen(path), &error), &error, "path");
    must(keylatch_client_open(options, &client, &error), &error, "open");
    must(keylatch_integration_ask_new(&ask, &error), &error, "ask");
    must(keylatch_integration_ask_set_app(ask, "stripe", 6, &error), &error, "app");
    must(keylatch_integration_ask_set_base_url(ask, stripe, strlen(stripe), &error), &error, "base_url");
    must(keylatch_integrations_create(client, ask, NULL, &integration, &error), &error, "integration");
    keylatch_integration_id(integration, &integration_id, NULL);
    run(client, integration_id);
    keylatch_client_free(client);
    keylatch_integration_free(integration);
    keylatch_integration_ask_free(ask);
    keylatch_options_free(options);
    static const char *const files[] = {"", ".key", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/vault.db%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    printf("e2e stripe c: %d passed, %d failed\n", passed, failures);
    return failures == 0 ? 0 : 1;
}
