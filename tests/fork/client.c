/* What the C programs of this folder do with a client. */
#include "client.h"
#include "../c/http.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A text and its length, as all functions take them. */
#define TEXT(text) (text), strlen(text)

void fail(const char *why) {
    fprintf(stderr, "%s\n", why);
    _exit(1);
}

static void must(keylatch_status status, keylatch_error *error) {
    const char *message = "no details";
    if (status == KEYLATCH_OK) return;
    keylatch_error_message(error, &message, NULL);
    fail(message);
}

static const char *world(const char *name) {
    const char *value = getenv(name);
    if (value == NULL) fail("start this with run.py");
    return value;
}

static void name_project(keylatch_options *options, const char *base_url) {
    char key[128];
    keylatch_error *error = NULL;
    snprintf(key, sizeof key, "%s", world("FORK_API_KEY"));
    must(keylatch_options_set_composio(options, &error), error);
    must(keylatch_options_set_composio_base_url(options, TEXT(base_url), &error), error);
    must(keylatch_options_take_composio_api_key(options, TEXT(key), &error), error);
}

static void name_vault(keylatch_options *options) {
    char key[32] = {0};
    keylatch_error *error = NULL;
    must(keylatch_options_set_path(options, TEXT(world("FORK_VAULT")), &error), error);
    must(keylatch_options_take_key(options, key, sizeof key, &error), error);
}

keylatch_client *open_client(void) {
    keylatch_options *options;
    keylatch_client *client;
    keylatch_error *error = NULL;
    const char *base_url = world("FORK_BASE_URL");
    char pem[16384];
    FILE *file = fopen(world("FORK_CA"), "r");
    if (file == NULL) fail("no CA");
    size_t length = fread(pem, 1, sizeof pem, file);
    fclose(file);
    must(keylatch_options_new(&options, &error), error);
    must(keylatch_options_set_extra_ca_pem(options, pem, length, &error), error);
    if (*base_url != '\0')
        name_project(options, base_url);
    else
        name_vault(options);
    must(keylatch_client_open(options, &client, &error), error);
    keylatch_options_free(options);
    return client;
}

static keylatch_connection_request *connect_user(const keylatch_client *client, const char *name) {
    char typed[] = "sk_test_fork_0001";
    keylatch_params *params;
    keylatch_initiate_ask *ask;
    keylatch_connection_request *made;
    keylatch_error *error = NULL;
    const char *verdict;
    must(keylatch_params_new(&params, &error), error);
    must(keylatch_params_take(params, TEXT("api_key"), TEXT(typed), &error), error);
    must(keylatch_initiate_ask_new(&ask, &error), error);
    must(keylatch_initiate_ask_set_entity_id(ask, TEXT(name), &error), error);
    must(keylatch_initiate_ask_set_integration_id(ask, TEXT(world("FORK_INTEGRATION")), &error), error);
    must(keylatch_initiate_connection(client, ask, params, &made, &error), error);
    must(keylatch_connection_request_verdict(made, &verdict, NULL), NULL);
    if (strcmp(verdict, "accepted") != 0) fail(verdict);
    keylatch_initiate_ask_free(ask);
    keylatch_params_free(params);
    return made;
}

static void request(const keylatch_client *client, const char *name, const char *id) {
    keylatch_request_ask *ask;
    keylatch_response *response;
    keylatch_error *error = NULL;
    char path[96], text[256];
    const uint8_t *body;
    size_t length;
    snprintf(path, sizeof path, "/v1/%s", name);
    must(keylatch_request_ask_new(&ask, &error), error);
    must(keylatch_request_ask_set_connected_account_id(ask, TEXT(id), &error), error);
    must(keylatch_request_ask_set_method(ask, TEXT("GET"), &error), error);
    must(keylatch_request_ask_set_path(ask, TEXT(path), &error), error);
    must(keylatch_request(client, ask, &response, &error), error);
    must(keylatch_response_body(response, &body, &length), NULL);
    snprintf(text, sizeof text, "%.*s", (int)length, (const char *)body);
    if (strstr(text, "\"acct_1\"") == NULL) fail("the app answered something else");
    keylatch_response_free(response);
    keylatch_request_ask_free(ask);
}

void work(const keylatch_client *client, const char *role) {
    static atomic_int count;
    char name[64];
    snprintf(name, sizeof name, "%s-%d-%d", role, (int)getpid(), atomic_fetch_add(&count, 1));
    keylatch_connection_request *made = connect_user(client, name);
    keylatch_connection *account;
    keylatch_error *error = NULL;
    const char *id, *user;
    char line[80];
    must(keylatch_connection_request_connected_account_id(made, &id, NULL), NULL);
    request(client, name, id);
    must(keylatch_connected_accounts_get(client, TEXT(id), &account, &error), error);
    must(keylatch_connection_entity_id(account, &user, NULL), NULL);
    if (strcmp(user, name) != 0) fail("another user's connection came back");
    keylatch_connection_free(account);
    keylatch_connection_request_free(made);
    int length = snprintf(line, sizeof line, "did %s\n", name);
    if (write(1, line, (size_t)length) != length) fail("nobody reads");
}

void ask_what_hangs(const keylatch_client *client) {
    keylatch_connection_request *made = connect_user(client, "hanging");
    const char *id;
    must(keylatch_connection_request_connected_account_id(made, &id, NULL), NULL);
    request(client, "hang", id);
}

void wait_until_it_hangs(void) {
    char path[128];
    bool there = false;
    snprintf(path, sizeof path, "/_control/%s/requests", world("FORK_NAMESPACE"));
    while (!there) {
        buffer answer = {0};
        if (!http_send(world("KEYLATCH_TEST_PROVIDER_HTTP"), "GET", path, "", &answer)) fail("no double");
        there = strstr(answer.data, "/v1/hang") != NULL;
        free(answer.data);
        usleep(20000);
    }
}
