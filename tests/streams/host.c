/* Streams bodies through the C door: `host c URL BYTES`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keylatch.h"

#define PIECE 65536

static void must(keylatch_status status, keylatch_error *error, const char *what) {
    if (status == KEYLATCH_OK) return;
    const char *message = "";
    keylatch_error_message(error, &message, NULL);
    fprintf(stderr, "%s: %s\n", what, message);
    exit(1);
}

/* Peak of memory in KiB. */
static long peak(void) {
    char line[256];
    long found = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmHWM: %ld", &found) == 1) break;
    }
    if (file != NULL) fclose(file);
    return found;
}

static int64_t give(void *user_data, void *buffer, size_t capacity) {
    uint64_t *left = user_data;
    size_t length = *left < capacity ? (size_t)*left : capacity;
    memset(buffer, 'x', length);
    *left -= length;
    return (int64_t)length;
}

static keylatch_request_ask *ask_for(const char *method, const char *path) {
    keylatch_request_ask *ask = NULL;
    keylatch_error *error = NULL;
    must(keylatch_request_ask_new(&ask, &error), error, "ask");
    must(keylatch_request_ask_set_entity_id(ask, "user-1", 6, &error), error, "entity");
    must(keylatch_request_ask_set_app(ask, "stripe", 6, &error), error, "app");
    must(keylatch_request_ask_set_method(ask, method, strlen(method), &error), error, "method");
    must(keylatch_request_ask_set_path(ask, path, strlen(path), &error), error, "path");
    return ask;
}

/* Reads an answer of any size: to its end, or one piece of it. How it begins is left in `first`. */
static uint64_t stream(const keylatch_client *client, const char *method, const char *path, uint64_t size, bool to_end,
                       char *first) {
    keylatch_request_ask *ask = ask_for(method, path);
    keylatch_streaming *streaming = NULL;
    keylatch_stream *answer = NULL;
    keylatch_error *error = NULL;
    static char piece[PIECE];
    uint64_t whole = 0;
    size_t length = 0;
    must(keylatch_streaming_new(&streaming, &error), error, "streaming");
    must(keylatch_streaming_set_max_response_bytes(streaming, 0, &error), error, "any size");
    if (size > 0) must(keylatch_streaming_set_upload(streaming, give, &size, &error), error, "upload");
    must(keylatch_request_stream(client, ask, streaming, &answer, &error), error, "stream");
    do {
        must(keylatch_stream_read(answer, piece, sizeof piece, &length, &error), error, "read");
        for (size_t i = 0; i < length && whole + i < 31; i++) {
            first[whole + i] = piece[i];
            first[whole + i + 1] = '\0';
        }
        whole += length;
    } while (length > 0 && to_end);
    keylatch_stream_free(answer);
    keylatch_streaming_free(streaming);
    keylatch_request_ask_free(ask);
    return whole;
}

static uint64_t download(const keylatch_client *client, uint64_t size, bool to_end) {
    char path[64], first[32];
    snprintf(path, sizeof path, "/bytes/%" PRIu64, size);
    return stream(client, "GET", path, 0, to_end, first);
}

static uint64_t upload(const keylatch_client *client, uint64_t size) {
    char first[32];
    stream(client, "PUT", "/count", size, true, first);
    return strtoull(first, NULL, 10);
}

static void connect(const keylatch_client *client, const char *url) {
    keylatch_integration_ask *ask = NULL;
    keylatch_integration *made = NULL;
    keylatch_initiate_ask *how = NULL;
    keylatch_params *params = NULL;
    keylatch_connection_request *connected = NULL;
    keylatch_error *error = NULL;
    const char *id = NULL;
    char key[] = "sk_test_good_0001";
    must(keylatch_integration_ask_new(&ask, &error), error, "integration");
    must(keylatch_integration_ask_set_app(ask, "stripe", 6, &error), error, "app");
    must(keylatch_integration_ask_set_base_url(ask, url, strlen(url), &error), error, "base_url");
    must(keylatch_integrations_create(client, ask, NULL, &made, &error), error, "create");
    keylatch_integration_id(made, &id, NULL);
    must(keylatch_initiate_ask_new(&how, &error), error, "initiate");
    must(keylatch_initiate_ask_set_entity_id(how, "user-1", 6, &error), error, "entity");
    must(keylatch_initiate_ask_set_integration_id(how, id, strlen(id), &error), error, "integration");
    must(keylatch_initiate_ask_set_verify(how, KEYLATCH_VERIFY_OFF, &error), error, "verify");
    must(keylatch_params_new(&params, &error), error, "params");
    must(keylatch_params_take(params, "api_key", 7, key, strlen(key), &error), error, "take");
    must(keylatch_initiate_connection(client, how, params, &connected, &error), error, "connect");
    keylatch_connection_request_free(connected);
    keylatch_params_free(params);
    keylatch_initiate_ask_free(how);
    keylatch_integration_free(made);
    keylatch_integration_ask_free(ask);
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    const uint64_t size = strtoull(arguments[3], NULL, 10);
    char folder[] = "/tmp/keylatch-streams-XXXXXX", path[64], key[] = "keylatch-vault-key-of-the-runner", first[32];
    keylatch_options *options = NULL;
    keylatch_client *client = NULL;
    keylatch_error *error = NULL;
    if (mkdtemp(folder) == NULL) return 1;
    snprintf(path, sizeof path, "%s/vault.db", folder);
    must(keylatch_options_new(&options, &error), error, "options");
    must(keylatch_options_set_path(options, path, strlen(path), &error), error, "path");
    must(keylatch_options_take_key(options, key, strlen(key), &error), error, "key");
    must(keylatch_client_open(options, &client, &error), error, "open");
    connect(client, arguments[2]);
    download(client, 1 << 20, true);
    upload(client, 1 << 20);
    const long before = peak();
    const uint64_t down = download(client, size, true), up = upload(client, size);
    download(client, INT64_MAX, false);
    stream(client, "GET", "/cut", 0, true, first);
    printf("{\"down\": %" PRIu64 ", \"up\": %" PRIu64 ", \"cut\": %s, \"grown_kib\": %ld}\n", down, up, first,
           peak() - before);
    keylatch_client_free(client);
    keylatch_options_free(options);
    for (int i = 0; i < 3; i++) {
        const char *endings[] = {"", "-wal", "-shm"};
        snprintf(path, sizeof path, "%s/vault.db%s", folder, endings[i]);
        remove(path);
    }
    return rmdir(folder) == 0 ? 0 : 1;
}
