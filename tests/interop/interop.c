/* The C side of `tests/interop/run.py`: makes a connection, or uses one that another language made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <keylatch.h>

#define TEXT(text) (text), strlen(text)

static void must(keylatch_status status, keylatch_error *error) {
    const char *message = "no details";
    if (status == KEYLATCH_OK) return;
    keylatch_error_message(error, &message, NULL);
    fprintf(stderr, "status %u: %s\n", (unsigned)status, message);
    exit(1);
}

static void make(keylatch_client *client, const char *base_url) {
    keylatch_error *error;
    keylatch_integration_ask *what;
    keylatch_integration *integration;
    keylatch_initiate_ask *how;
    keylatch_params *params;
    keylatch_connection_request *made;
    const char *id;
    char key[] = "sk_test_interop_c";
    must(keylatch_integration_ask_new(&what, &error), error);
    must(keylatch_integration_ask_set_app(what, TEXT("stripe"), &error), error);
    must(keylatch_integration_ask_set_base_url(what, TEXT(base_url), &error), error);
    must(keylatch_integrations_create(client, what, NULL, &integration, &error), error);
    must(keylatch_integration_id(integration, &id, NULL), NULL);
    must(keylatch_params_new(&params, &error), error);
    must(keylatch_params_take(params, TEXT("api_key"), key, strlen(key), &error), error);
    must(keylatch_initiate_ask_new(&how, &error), error);
    must(keylatch_initiate_ask_set_entity_id(how, TEXT("interop-c"), &error), error);
    must(keylatch_initiate_ask_set_integration_id(how, TEXT(id), &error), error);
    must(keylatch_initiate_connection(client, how, params, &made, &error), error);
    must(keylatch_connection_request_connected_account_id(made, &id, NULL), NULL);
    puts(id);
    keylatch_connection_request_free(made);
    keylatch_initiate_ask_free(how);
    keylatch_params_free(params);
    keylatch_integration_free(integration);
    keylatch_integration_ask_free(what);
}

static void use(keylatch_client *client, const char *id) {
    keylatch_error *error;
    keylatch_verification *verification;
    keylatch_request_ask *ask;
    keylatch_response *response;
    const char *verdict;
    uint32_t status;
    must(keylatch_connected_accounts_verify(client, TEXT(id), &verification, &error), error);
    must(keylatch_verification_verdict(verification, &verdict, NULL), NULL);
    if (strcmp(verdict, "accepted") != 0) exit(2);
    must(keylatch_request_ask_new(&ask, &error), error);
    must(keylatch_request_ask_set_connected_account_id(ask, TEXT(id), &error), error);
    must(keylatch_request_ask_set_method(ask, TEXT("GET"), &error), error);
    must(keylatch_request_ask_set_path(ask, TEXT("/v1/balance"), &error), error);
    must(keylatch_request(client, ask, &response, &error), error);
    must(keylatch_response_status(response, &status), NULL);
    if (status != 200) exit(3);
    keylatch_response_free(response);
    keylatch_request_ask_free(ask);
    keylatch_verification_free(verification);
}

int main(int count, char **arguments) {
    keylatch_error *error;
    keylatch_options *options;
    keylatch_client *client;
    must(keylatch_options_new(&options, &error), error);
    must(keylatch_options_set_path(options, TEXT(arguments[2]), &error), error);
    must(keylatch_client_open(options, &client, &error), error);
    if (strcmp(arguments[1], "make") == 0) {
        make(client, arguments[3]);
    } else {
        keylatch_list_ask *all;
        keylatch_page *page;
        size_t listed;
        must(keylatch_list_ask_new(&all, &error), error);
        must(keylatch_connected_accounts_list(client, all, &page, &error), error);
        must(keylatch_page_count(page, &listed), NULL);
        for (int i = 3; i < count; i++) use(client, arguments[i]);
        printf("%zu\n", listed);
        keylatch_page_free(page);
        keylatch_list_ask_free(all);
    }
    keylatch_client_free(client);
    keylatch_options_free(options);
    return 0;
}
