/*
 * Keylatch from C, on the server BENCH_SERVER with the integration BENCH_INTEGRATION. Orders and answers are those of
 * bench/peers/src/lib.rs; the one operation is to initiate a connection and to get it.
 */
#define _GNU_SOURCE /* clock_gettime, getline */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <keylatch.h>

/* A text and its length, as all functions take them. */
#define TEXT(text) (text), strlen(text)

static keylatch_client *client;
static const char *integration;
static atomic_long entities, taken;
static long count;
static long long *times;

static void must(keylatch_status status, keylatch_error *const *error) {
    const char *message = "no details";
    if (status == KEYLATCH_OK) return;
    if (error != NULL) keylatch_error_message(*error, &message, NULL);
    fprintf(stderr, "status %u: %s\n", (unsigned)status, message);
    exit(1);
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void pair(void) {
    keylatch_error *error;
    keylatch_params *params;
    keylatch_initiate_ask *ask;
    keylatch_connection_request *made;
    keylatch_connection *connection;
    const char *id;
    char entity[64], key[] = "sk_test_0123456789abcdefghijklmn";
    snprintf(entity, sizeof entity, "user-%ld-%08ld", (long)getpid(), atomic_fetch_add(&entities, 1));
    must(keylatch_params_new(&params, &error), &error);
    must(keylatch_params_take(params, TEXT("api_key"), key, sizeof key - 1, &error), &error);
    must(keylatch_initiate_ask_new(&ask, &error), &error);
    must(keylatch_initiate_ask_set_entity_id(ask, TEXT(entity), &error), &error);
    must(keylatch_initiate_ask_set_integration_id(ask, TEXT(integration), &error), &error);
    must(keylatch_initiate_ask_set_verify(ask, KEYLATCH_VERIFY_OFF, &error), &error);
    must(keylatch_initiate_connection(client, ask, params, &made, &error), &error);
    must(keylatch_connection_request_connected_account_id(made, &id, NULL), NULL);
    must(keylatch_connected_accounts_get(client, TEXT(id), &connection, &error), &error);
    keylatch_connection_free(connection);
    keylatch_connection_request_free(made);
    keylatch_initiate_ask_free(ask);
    keylatch_params_free(params);
}

static void *some(void *unused) {
    (void)unused;
    for (long turn; (turn = atomic_fetch_add(&taken, 1)) < count;) {
        long long begun = now();
        pair();
        times[turn] = now() - begun;
    }
    return NULL;
}

static void with_threads(long at_once) {
    pthread_t *threads = calloc((size_t)at_once, sizeof *threads);
    if (threads == NULL) exit(1);
    for (long i = 0; i < at_once; i++) {
        if (pthread_create(&threads[i], NULL, some, NULL) != 0) exit(1);
    }
    for (long i = 0; i < at_once; i++) pthread_join(threads[i], NULL);
    free(threads);
}

static void open_client(const char *server) {
    keylatch_error *error;
    keylatch_options *options;
    char api_key[] = "ak_bench";
    must(keylatch_options_new(&options, &error), &error);
    must(keylatch_options_take_composio_api_key(options, api_key, sizeof api_key - 1, &error), &error);
    must(keylatch_options_set_composio_base_url(options, TEXT(server), &error), &error);
    must(keylatch_client_open(options, &client, &error), &error);
    keylatch_options_free(options);
}

int main(void) {
    const char *server = getenv("BENCH_SERVER");
    char operation[16];
    long at_once;
    integration = getenv("BENCH_INTEGRATION");
    if (server == NULL || integration == NULL) return 2;
    open_client(server);
    puts("ready");
    fflush(stdout);
    while (scanf("%15s %ld %ld", operation, &count, &at_once) == 3) {
        times = calloc((size_t)count, sizeof *times);
        if (times == NULL || strcmp(operation, "pair") != 0) return 1;
        atomic_store(&taken, 0);
        long long begun = now();
        at_once == 1 ? (void)some(NULL) : with_threads(at_once);
        printf("%lld", now() - begun);
        for (long i = 0; i < count; i++) printf(" %lld", times[i]);
        putchar('\n');
        fflush(stdout);
        free(times);
    }
    keylatch_client_free(client);
    return 0;
}
