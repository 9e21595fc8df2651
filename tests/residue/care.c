/* The C host's care of its vault: opening it by Transit, and moving what it holds. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

#define TEXT(text) text, strlen(text)

/* A secret from standard input, in a buffer for the library to take. */
static char *typed(const char *size, size_t *length) {
    *length = strtoul(size, NULL, 10);
    char *buffer = malloc(*length);
    read_secret(buffer, *length);
    return buffer;
}

keylatch_client *open_by_transit(char **words) {
    keylatch_client *client = NULL;
    keylatch_options *options = NULL;
    size_t length;
    char *token = typed(words[3], &length);
    must(keylatch_options_new(&options, NULL));
    set_ca(options);
    must(keylatch_options_set_path(options, TEXT(words[1]), NULL));
    must(keylatch_options_set_transit(options, TEXT(words[2]), TEXT("app"), NULL));
    must(keylatch_options_take_transit_token(options, token, length, NULL));
    free(token);
    must(keylatch_client_open(options, &client, NULL));
    keylatch_options_free(options);
    return client;
}

keylatch_status export_vault(const keylatch_client *client, char **words, keylatch_error **error) {
    keylatch_export_ask *ask = NULL;
    keylatch_exported *made = NULL;
    size_t length;
    char *passphrase = typed(words[2], &length);
    must(keylatch_export_ask_new(&ask, NULL));
    must(keylatch_export_ask_set_path(ask, TEXT(words[1]), NULL));
    must(keylatch_export_ask_take_passphrase(ask, passphrase, length, NULL));
    free(passphrase);
    keylatch_status status = keylatch_client_export_vault(client, ask, &made, error);
    keylatch_exported_free(made);
    keylatch_export_ask_free(ask);
    return status;
}

keylatch_status import_vault(const keylatch_client *client, char **words, keylatch_error **error) {
    keylatch_import_ask *ask = NULL;
    keylatch_imported *made = NULL;
    size_t length;
    char *passphrase = typed(words[2], &length);
    must(keylatch_import_ask_new(&ask, NULL));
    must(keylatch_import_ask_set_path(ask, TEXT(words[1]), NULL));
    must(keylatch_import_ask_take_passphrase(ask, passphrase, length, NULL));
    free(passphrase);
    keylatch_status status = keylatch_client_import_vault(client, ask, &made, error);
    keylatch_imported_free(made);
    keylatch_import_ask_free(ask);
    return status;
}
