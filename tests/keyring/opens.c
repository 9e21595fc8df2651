/* The C side of `tests/keyring/run.py`: opens a vault by the keyring, and sees that signals stay as they were. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <keylatch.h>

#define TEXT(text) (text), strlen(text)

static void must(int fine, const char *what) {
    if (fine) return;
    fprintf(stderr, "failed: %s\n", what);
    exit(1);
}

static void say(const keylatch_client *client) {
    keylatch_diagnosis *found;
    const char *source;
    uint64_t connections;
    bool known;
    size_t damaged;
    must(keylatch_client_diagnose(client, &found, NULL) == KEYLATCH_OK, "diagnose");
    keylatch_diagnosis_key_source(found, &source, NULL);
    must(keylatch_diagnosis_connections(found, &known, &connections) == KEYLATCH_OK && known, "connections");
    keylatch_diagnosis_damaged_connection_count(found, &damaged);
    printf("ok %s %d\n", source, (int)(connections - damaged));
    keylatch_diagnosis_free(found);
}

int main(int count, char **arguments) {
    keylatch_error *error;
    keylatch_options *options;
    keylatch_client *client = NULL;
    struct sigaction signals;
    must(count == 4, "three arguments");
    must(keylatch_options_new(&options, NULL) == KEYLATCH_OK, "options");
    must(keylatch_options_set_path(options, TEXT(arguments[1]), NULL) == KEYLATCH_OK, "path");
    must(keylatch_options_set_keyring(options, TEXT(arguments[2]), NULL) == KEYLATCH_OK, "keyring");
    must(keylatch_options_set_timeout_ms(options, strtoull(arguments[3], NULL, 10), NULL) == KEYLATCH_OK, "timeout");
    if (keylatch_client_open(options, &client, &error) == KEYLATCH_OK) {
        say(client);
    } else {
        const char *code, *message;
        keylatch_error_code(error, &code, NULL);
        keylatch_error_message(error, &message, NULL);
        printf("%s: %s\n", code, message);
        keylatch_error_free(error);
    }
    must(sigaction(SIGPIPE, NULL, &signals) == 0 && signals.sa_handler == SIG_DFL, "SIGPIPE is as it was");
    keylatch_client_free(client);
    keylatch_options_free(options);
    return 0;
}
