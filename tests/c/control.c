/* Mistakes on purpose: the memory checkers must find each, or their silence about the other programs means nothing. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keylatch.h"

int main(int count, char **arguments) {
    const char *mistake = count > 1 ? arguments[1] : "";
    keylatch_error *error = NULL;
    keylatch_options *options = NULL;
    const char *message = "";
    keylatch_client_open(NULL, NULL, &error);
    keylatch_error_message(error, &message, NULL);
    if (strcmp(mistake, "leak") == 0) {
        keylatch_options_new(&options, NULL);
        options = NULL;
    } else if (strcmp(mistake, "read-after-free") == 0) {
        keylatch_error_free(error);
        error = NULL;
        if (message[0] == 'x') puts("x");
    } else if (strcmp(mistake, "overrun") == 0) {
        char *buffer = malloc((size_t)count + 6);
        buffer[count + 6] = 'x';
        if (buffer[count + 6] == 'y') puts("y");
        free(buffer);
    }
    keylatch_error_free(error);
    return 0;
}
