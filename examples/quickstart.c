/*
 * The four steps and the use, in C: discover, collect, initiate, active; then a request with the user's key.
 *
 * Needs a Stripe to talk to: KEYLATCH_TEST_STRIPE is the address of a test server (`make quickstart` starts one).
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <keylatch.h>

/* A text and its length, as all functions take them. */
#define TEXT(text) (text), strlen(text)

static void must(keylatch_status status, keylatch_error *const *error) {
    const char *message = "no details";
    if (status == KEYLATCH_OK) return;
    if (error != NULL) keylatch_error_message(*error, &message, NULL);
    fprintf(stderr, "status %u: %s\n", (unsigned)status, message);
    exit(1);
}

static void send_request(const keylatch_client *client, const char *method, const char *path, const char *body,
                         keylatch_response **out) {
    keylatch_request_ask *ask;
    keylatch_error *error;
    must(keylatch_request_ask_new(&ask, &error), &error);
    must(keylatch_request_ask_set_entity_id(ask, TEXT("user-1"), &error), &error);
    must(keylatch_request_ask_set_app(ask, TEXT("stripe"), &error), &error);
    must(keylatch_request_ask_set_method(ask, TEXT(method), &error), &error);
    must(keylatch_request_ask_set_path(ask, TEXT(path), &error), &error);
    if (body != NULL) {
        must(keylatch_request_ask_add_header(ask, TEXT("content-type"), TEXT("application/x-www-form-urlencoded"), &error),
             &error);
        must(keylatch_request_ask_set_body(ask, TEXT(body), &error), &error);
    }
    must(keylatch_request(client, ask, out, &error), &error);
    keylatch_request_ask_free(ask);
}

/* The text of a member of the answer's JSON; good enough for an example, your program has a JSON reader. */
static int member(const keylatch_response *response, const char *name, char *out, size_t room) {
    const uint8_t *body;
    size_t length;
    char text[8192], wanted[64];
    keylatch_response_body(response, &body, &length);
    snprintf(text, sizeof text, "%.*s", (int)length, (const char *)body);
    snprintf(wanted, sizeof wanted, "\"%s\": \"", name);
    const char *start = strstr(text, wanted);
    if (start == NULL) return 0;
    start += strlen(wanted);
    snprintf(out, room, "%.*s", (int)strcspn(start, "\""), start);
    return 1;
}

int main(void) {
    keylatch_error *error;
    const char *text, *stripe = getenv("KEYLATCH_TEST_STRIPE"), *example = getenv("KEYLATCH_EXAMPLE_KEY");
    char folder[] = "/tmp/keylatch-quickstart-XXXXXX", path[64];
    if (stripe == NULL || mkdtemp(folder) == NULL) {
        fputs("set KEYLATCH_TEST_STRIPE to the address of a test Stripe\n", stderr);
        return 2;
    }
    snprintf(path, sizeof path, "%s/vault.db", folder);

    keylatch_options *options;
    keylatch_client *client;
    must(keylatch_options_new(&options, &error), &error);
    must(keylatch_options_set_path(options, TEXT(path), &error), &error);
    must(keylatch_client_open(options, &client, &error), &error);
    keylatch_options_free(options);

    /* The developer's part, once: which app, and where it is. */
    keylatch_integration_ask *what;
    keylatch_integration *integration;
    const char *integration_id;
    must(keylatch_integration_ask_new(&what, &error), &error);
    must(keylatch_integration_ask_set_app(what, TEXT("stripe"), &error), &error);
    must(keylatch_integration_ask_set_base_url(what, TEXT(stripe), &error), &error);
    must(keylatch_integrations_create(client, what, NULL, &integration, &error), &error);
    must(keylatch_integration_id(integration, &integration_id, NULL), NULL);
    keylatch_integration_ask_free(what);

    /* 1 discover: what must the user give? */
    keylatch_expected_params_ask *which;
    keylatch_expected_params *expected;
    size_t count;
    must(keylatch_expected_params_ask_new(&which, &error), &error);
    must(keylatch_expected_params_ask_set_integration_id(which, TEXT(integration_id), &error), &error);
    must(keylatch_get_expected_params_for_user(client, which, &expected, &error), &error);
    must(keylatch_expected_params_field_count(expected, &count), NULL);
    for (size_t i = 0; i < count; i++) {
        keylatch_field *field;
        const char *label;
        must(keylatch_expected_params_field_at(expected, i, &field), NULL);
        must(keylatch_field_name(field, &text, NULL), NULL);
        must(keylatch_field_display_name(field, &label, NULL), NULL);
        printf("1 discover   %s: %s\n", text, label);
        keylatch_field_free(field);
    }
    keylatch_expected_params_free(expected);
    keylatch_expected_params_ask_free(which);

    /* 2 collect: into a buffer that can be wiped. (Yours comes from a form; this one from the environment.) */
    char typed[128];
    keylatch_params *params;
    int wiped = 1;
    snprintf(typed, sizeof typed, "%s", example != NULL ? example : "sk_test_quickstart");
    size_t length = strlen(typed);
    printf("2 collect    %zu characters\n", length);
    must(keylatch_params_new(&params, &error), &error);
    must(keylatch_params_take(params, TEXT("api_key"), typed, length, &error), &error);
    for (size_t i = 0; i < length; i++) wiped = wiped && typed[i] == '\0';

    /* 3 initiate: Stripe is asked, then the key is sealed in the vault. */
    keylatch_initiate_ask *how;
    keylatch_connection_request *made;
    const char *id;
    must(keylatch_initiate_ask_new(&how, &error), &error);
    must(keylatch_initiate_ask_set_entity_id(how, TEXT("user-1"), &error), &error);
    must(keylatch_initiate_ask_set_integration_id(how, TEXT(integration_id), &error), &error);
    must(keylatch_initiate_connection(client, how, params, &made, &error), &error);
    must(keylatch_connection_request_verdict(made, &text, NULL), NULL);
    printf("3 initiate   %s by Stripe, buffer wiped: %s\n", text, wiped ? "yes" : "no");
    keylatch_initiate_ask_free(how);
    keylatch_params_free(params);

    /* 4 active: at once, nothing to redirect to. */
    keylatch_connection *account;
    const char *redirect_url;
    must(keylatch_connection_request_connected_account_id(made, &id, NULL), NULL);
    must(keylatch_connection_request_redirect_url(made, &redirect_url, NULL), NULL);
    must(keylatch_connected_accounts_get(client, TEXT(id), &account, &error), &error);
    must(keylatch_connection_status(account, &text, NULL), NULL);
    printf("4 active     %s, redirect URL %s\n", text, redirect_url != NULL ? redirect_url : "none");
    keylatch_connection_free(account);
    keylatch_connection_request_free(made);

    /* Use it by user and app. The key goes in on the way out; this program never sees it again. */
    keylatch_response *created, *read_back;
    char customer[128], customer_path[160], name[128];
    send_request(client, "POST", "/v1/customers", "name=Ada", &created);
    if (!member(created, "id", customer, sizeof customer)) return 1;
    snprintf(customer_path, sizeof customer_path, "/v1/customers/%s", customer);
    send_request(client, "GET", customer_path, NULL, &read_back);
    if (!member(read_back, "name", name, sizeof name)) return 1;
    printf("use          customer %s created and read back\n", name);
    keylatch_response_free(read_back);
    keylatch_response_free(created);

    keylatch_integration_free(integration);
    keylatch_client_free(client);
    static const char *const files[] = {"", ".key", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/vault.db%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    return 0;
}
