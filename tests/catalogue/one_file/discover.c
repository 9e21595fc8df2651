/* Prints the names of an app's fields: discover VAULT APP. */
#include <stdio.h>
#include <string.h>

#include <keylatch.h>

int main(int count, char **args) {
    keylatch_options *options;
    keylatch_client *client;
    keylatch_expected_params_ask *ask;
    keylatch_expected_params *expected;
    size_t fields = 0;
    if (count != 3 || keylatch_options_new(&options, NULL) != KEYLATCH_OK) return 2;
    if (keylatch_options_set_path(options, args[1], strlen(args[1]), NULL) != KEYLATCH_OK) return 3;
    if (keylatch_client_open(options, &client, NULL) != KEYLATCH_OK) return 4;
    if (keylatch_expected_params_ask_new(&ask, NULL) != KEYLATCH_OK) return 5;
    if (keylatch_expected_params_ask_set_app(ask, args[2], strlen(args[2]), NULL) != KEYLATCH_OK) return 6;
    if (keylatch_get_expected_params_for_user(client, ask, &expected, NULL) != KEYLATCH_OK) return 7;
    if (keylatch_expected_params_field_count(expected, &fields) != KEYLATCH_OK) return 8;
    for (size_t i = 0; i < fields; i++) {
        keylatch_field *field;
        const char *name;
        if (keylatch_expected_params_field_at(expected, i, &field) != KEYLATCH_OK) return 9;
        if (keylatch_field_name(field, &name, NULL) != KEYLATCH_OK) return 10;
        puts(name);
        keylatch_field_free(field);
    }
    keylatch_expected_params_free(expected);
    keylatch_expected_params_ask_free(ask);
    keylatch_client_free(client);
    keylatch_options_free(options);
    return 0;
}
