/* The C host: does what its standard input says, and lets go of each secret as soon as it has passed it on.
 *
 * README.md has the words that are understood. Calls are made by the main thread, or after `start` by a thread of their own. */
#define _GNU_SOURCE
#include "host.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 8, LINE = 1024, NAME = 128 };

/* What a word works on is what the words before it made. */
static struct {
    keylatch_client *client;
    char integration[NAME], account[NAME], field[NAME], entity[NAME];
} here;

/* What a call needs and says. */
typedef struct {
    keylatch_params *params;
    uint32_t verify;
    char said[LINE];
} call;

void read_secret(void *buffer, size_t length) {
    for (size_t done = 0; done < length;) {
        ssize_t got = read(0, (char *)buffer + done, length - done);
        if (got <= 0) exit(0);
        done += (size_t)got;
    }
}

/* The next line, read byte by byte: what stands behind it is a secret, for a buffer of its own. */
static int read_words(char *line, char **words) {
    size_t length = 0;
    for (char byte; read_secret(&byte, 1), byte != '\n';) line[length++] = byte;
    line[length] = 0;
    int count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " ", &rest); word && count < WORDS; word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
    }
    return count;
}

static unsigned long long nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)now.tv_sec * 1000000000 + (unsigned long long)now.tv_nsec;
}

static void say(const char *text) {
    printf("%s\n", text);
    fflush(stdout);
}

/* "ok" and an id, or "error" and its code. Frees the error. */
static void tell(char *said, keylatch_status status, const char *id, keylatch_error *error) {
    const char *what = id;
    if (status != KEYLATCH_OK) keylatch_status_code(status, &what);
    snprintf(said, LINE, "%s %s", status == KEYLATCH_OK ? "ok" : "error", what);
    keylatch_error_free(error);
}

void must(keylatch_status status) {
    if (status == KEYLATCH_OK) return;
    fprintf(stderr, "host.c: status %d where none is expected\n", (int)status);
    exit(2);
}

static uint32_t verify_mode(const char *word) {
    if (strcmp(word, "off") == 0) return KEYLATCH_VERIFY_OFF;
    return strcmp(word, "required") == 0 ? KEYLATCH_VERIFY_REQUIRED : KEYLATCH_VERIFY_AUTO;
}

/* A secret from standard input, straight into the buffer that the library takes. */
static keylatch_params *params_of(const char *form, const char *size) {
    size_t length = strtoul(size, NULL, 10);
    char *typed = malloc(length);
    keylatch_params *params = NULL;
    must(keylatch_params_new(&params, NULL));
    read_secret(typed, length);
    if (strcmp(form, "Secret") == 0) {
        keylatch_secret *secret = NULL;
        must(keylatch_secret_take(typed, length, &secret, NULL));
        must(keylatch_params_secret(params, here.field, strlen(here.field), secret, NULL));
        keylatch_secret_free(secret);
    } else {
        must(keylatch_params_take(params, here.field, strlen(here.field), typed, length, NULL));
    }
    free(typed);
    return params;
}

void set_ca(keylatch_options *options) {
    static char pem[1 << 16];
    FILE *file = fopen(getenv("KEYLATCH_TEST_CA"), "rb");
    if (!file) exit(2);
    size_t length = fread(pem, 1, sizeof pem, file);
    fclose(file);
    must(keylatch_options_set_extra_ca_pem(options, pem, length, NULL));
}

/* Keeps a secret handle. */
static void hold(size_t length) {
    static keylatch_secret *kept;
    char *typed = malloc(length);
    read_secret(typed, length);
    must(keylatch_secret_take(typed, length, &kept, NULL));
    free(typed);
}

static void open_client(char **words) {
    const char *where = words[2];
    keylatch_options *options = NULL;
    must(keylatch_options_new(&options, NULL));
    must(keylatch_options_set_timeout_ms(options, strtoull(words[3], NULL, 10), NULL));
    must(keylatch_options_set_strict_secrets(options, strcmp(words[4], "strict") == 0, NULL));
    set_ca(options);
    size_t length = strtoul(words[5], NULL, 10);
    char *key = malloc(length);
    read_secret(key, length);
    if (strcmp(words[1], "vault") == 0) {
        must(keylatch_options_set_path(options, where, strlen(where), NULL));
        must(keylatch_options_take_key(options, key, length, NULL));
    } else {
        must(keylatch_options_set_composio_base_url(options, where, strlen(where), NULL));
        must(keylatch_options_take_composio_api_key(options, key, length, NULL));
    }
    free(key);
    must(keylatch_client_open(options, &here.client, NULL));
    keylatch_options_free(options);
    say("ok");
}

static void integrate(char **words, int count) {
    keylatch_integration_ask *ask = NULL;
    keylatch_integration *integration = NULL;
    const char *id;
    size_t length;
    must(keylatch_integration_ask_new(&ask, NULL));
    must(keylatch_integration_ask_set_app(ask, words[1], strlen(words[1]), NULL));
    must(keylatch_integration_ask_set_base_url(ask, words[2], strlen(words[2]), NULL));
    keylatch_params *fixed = NULL;
    must(keylatch_params_new(&fixed, NULL));
    if (count == 6) {
        must(keylatch_params_text(fixed, words[4], strlen(words[4]), words[5], strlen(words[5]), NULL));
    }
    must(keylatch_integrations_create(here.client, ask, fixed, &integration, NULL));
    keylatch_params_free(fixed);
    must(keylatch_integration_id(integration, &id, &length));
    snprintf(here.integration, NAME, "%.*s", (int)length, id);
    snprintf(here.field, NAME, "%s", words[3]);
    keylatch_integration_free(integration);
    keylatch_integration_ask_free(ask);
    say("ok");
}

/* Says what a request for a connection came to, and notes its account. */
static void told(call *c, keylatch_status status, keylatch_connection_request *made, keylatch_error *error) {
    const char *id = "";
    size_t length = 0;
    if (made) must(keylatch_connection_request_connected_account_id(made, &id, &length));
    if (made) snprintf(here.account, NAME, "%.*s", (int)length, id);
    tell(c->said, status, here.account, error);
    keylatch_connection_request_free(made);
    keylatch_params_free(c->params);
}

static void *initiate(void *given) {
    call *c = given;
    keylatch_initiate_ask *ask = NULL;
    keylatch_connection_request *made = NULL;
    keylatch_error *error = NULL;
    must(keylatch_initiate_ask_new(&ask, NULL));
    must(keylatch_initiate_ask_set_entity_id(ask, here.entity, strlen(here.entity), NULL));
    must(keylatch_initiate_ask_set_integration_id(ask, here.integration, strlen(here.integration), NULL));
    must(keylatch_initiate_ask_set_verify(ask, c->verify, NULL));
    keylatch_status status = keylatch_initiate_connection(here.client, ask, c->params, &made, &error);
    keylatch_initiate_ask_free(ask);
    told(c, status, made, error);
    return NULL;
}

static void update(call *c) {
    keylatch_update_ask *ask = NULL;
    keylatch_connection_request *made = NULL;
    keylatch_error *error = NULL;
    must(keylatch_update_ask_new(&ask, NULL));
    must(keylatch_update_ask_set_connected_account_id(ask, here.account, strlen(here.account), NULL));
    must(keylatch_update_ask_set_verify(ask, c->verify, NULL));
    keylatch_status status =
        keylatch_connected_accounts_update_credentials(here.client, ask, c->params, &made, &error);
    keylatch_update_ask_free(ask);
    told(c, status, made, error);
}

static void verify(call *c) {
    keylatch_verification *made = NULL;
    keylatch_error *error = NULL;
    keylatch_status status =
        keylatch_connected_accounts_verify(here.client, here.account, strlen(here.account), &made, &error);
    tell(c->said, status, "", error);
    keylatch_verification_free(made);
}

static void request(call *c, const char *path) {
    keylatch_request_ask *ask = NULL;
    keylatch_response *made = NULL;
    keylatch_error *error = NULL;
    must(keylatch_request_ask_new(&ask, NULL));
    must(keylatch_request_ask_set_connected_account_id(ask, here.account, strlen(here.account), NULL));
    must(keylatch_request_ask_set_method(ask, "GET", 3, NULL));
    must(keylatch_request_ask_set_path(ask, path, strlen(path), NULL));
    keylatch_status status = keylatch_request(here.client, ask, &made, &error);
    tell(c->said, status, "", error);
    keylatch_response_free(made);
    keylatch_request_ask_free(ask);
}

/* Reads an answer in pieces, to its end. */
static void stream(call *c, const char *path) {
    keylatch_request_ask *ask = NULL;
    keylatch_stream *made = NULL;
    keylatch_error *error = NULL;
    char piece[64];
    size_t length = 1;
    must(keylatch_request_ask_new(&ask, NULL));
    must(keylatch_request_ask_set_connected_account_id(ask, here.account, strlen(here.account), NULL));
    must(keylatch_request_ask_set_method(ask, "GET", 3, NULL));
    must(keylatch_request_ask_set_path(ask, path, strlen(path), NULL));
    keylatch_status status = keylatch_request_stream(here.client, ask, NULL, &made, &error);
    while (status == KEYLATCH_OK && length > 0) {
        status = keylatch_stream_read(made, piece, sizeof piece, &length, &error);
    }
    tell(c->said, status, "", error);
    keylatch_stream_free(made);
    keylatch_request_ask_free(ask);
}

/* `export …` and `import …`. */
static void move(call *c, char **words) {
    keylatch_error *error = NULL;
    keylatch_status status = strcmp(words[0], "export") == 0 ? export_vault(here.client, words, &error)
                                                             : import_vault(here.client, words, &error);
    tell(c->said, status, "", error);
}

/* The call that `initiate FORM VERIFY ENTITY SIZE` and `start …` describe. */
static call initiation(char **words) {
    snprintf(here.entity, NAME, "%s", words[3]);
    return (call){.params = params_of(words[1], words[4]), .verify = verify_mode(words[2])};
}

int main(void) {
    static char line[LINE];
    static char *words[WORDS];
    static call c, under_way;
    pthread_t thread;
    for (;;) {
        int count = read_words(line, words);
        unsigned long long begun = nanoseconds();
        if (strcmp(words[0], "open") == 0) {
            open_client(words);
            continue;
        }
        if (strcmp(words[0], "integrate") == 0) {
            integrate(words, count);
            continue;
        }
        c = (call){.said = "ok"};
        if (strcmp(words[0], "initiate") == 0) {
            c = initiation(words);
            initiate(&c);
        } else if (strcmp(words[0], "update") == 0) {
            c = (call){.params = params_of(words[1], words[3]), .verify = verify_mode(words[2])};
            update(&c);
        } else if (strcmp(words[0], "verify") == 0) {
            verify(&c);
        } else if (strcmp(words[0], "request") == 0) {
            request(&c, words[1]);
        } else if (strcmp(words[0], "stream") == 0) {
            stream(&c, words[1]);
        } else if (strcmp(words[0], "start") == 0) {
            under_way = initiation(words);
            if (pthread_create(&thread, NULL, initiate, &under_way) != 0) exit(2);
            say("ok");
            continue;
        } else if (strcmp(words[0], "finish") == 0) {
            pthread_join(thread, NULL);
            c = under_way;
        } else if (strcmp(words[0], "close") == 0) {
            must(keylatch_client_close(here.client, NULL));
        } else if (strcmp(words[0], "transit") == 0) {
            here.client = open_by_transit(words);
        } else if (strcmp(words[0], "export") == 0 || strcmp(words[0], "import") == 0) {
            move(&c, words);
        } else if (strcmp(words[0], "hold") == 0) {
            hold(strtoul(words[1], NULL, 10));
        } else if (strcmp(words[0], "plant") == 0) {
            plant(words[1], strtoul(words[3], NULL, 10));
        } else {
            fprintf(stderr, "host.c: unknown word %s\n", words[0]);
            return 2;
        }
        // How long it took, for bench/.
        printf("%s %llu\n", c.said, nanoseconds() - begun);
        fflush(stdout);
    }
}
