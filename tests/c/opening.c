/* Opens the client of a conformance case: options, certificate authority, apps. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef keylatch_status take_bytes(keylatch_options *options, void *buffer, size_t length, keylatch_error **error);

/* Gives a copy of a text, which the library takes and wipes. */
static keylatch_status take(take_bytes *taker, keylatch_options *options, const json *value, keylatch_error **error) {
    char *copy = malloc(value->length + 1);
    memcpy(copy, value->text, value->length);
    keylatch_status status = taker(options, copy, value->length, error);
    free(copy);
    return status;
}

static keylatch_status take_hex_key(keylatch_options *options, const json *value, keylatch_error **error) {
    char bytes[64];
    size_t length = value->length / 2 < sizeof bytes ? value->length / 2 : sizeof bytes;
    for (size_t at = 0; at < length; at++) {
        unsigned int byte = 0;
        sscanf(value->text + 2 * at, "%2x", &byte);
        bytes[at] = (char)byte;
    }
    return keylatch_options_take_key(options, bytes, length, error);
}

/* In PostgreSQL all cases share one place, each as a tenant of its own. */
static keylatch_status set_tenant(const world *w, keylatch_options *options, const char *name, keylatch_error **error) {
    char own[600];
    if (getenv("KEYLATCH_TEST_POSTGRES") == NULL || *name == '\0') snprintf(own, sizeof own, "%s", name);
    else snprintf(own, sizeof own, "%s-%s", w->name, name);
    return keylatch_options_set_tenant(options, own, strlen(own), error);
}

/* One option of a case; those of the other backend mean nothing. */
static keylatch_status set_option(const world *w, keylatch_options *options, const json *key, const json *value,
                                  keylatch_error **error) {
    bool vault = !w->composio;
    if (json_is(key, "timeout_ms")) {
        return keylatch_options_set_timeout_ms(options, strtoull(value->text, NULL, 10), error);
    }
    if (json_is(key, "max_response_bytes")) {
        return keylatch_options_set_max_response_bytes(options, strtoull(value->text, NULL, 10), error);
    }
    if (json_is(key, "hold_for_ms")) {
        return vault ? keylatch_options_set_hold_for_ms(options, strtoull(value->text, NULL, 10), error) : KEYLATCH_OK;
    }
    if (json_is(key, "audit")) return keylatch_options_set_audit(options, value->text, value->length, error);
    if (json_is(key, "strict_secrets")) {
        return keylatch_options_set_strict_secrets(options, value->type == JSON_TRUE, error);
    }
    if (json_is(key, "path")) {
        return vault ? keylatch_options_set_path(options, value->text, value->length, error) : KEYLATCH_OK;
    }
    if (json_is(key, "tenant")) return vault ? set_tenant(w, options, value->text, error) : KEYLATCH_OK;
    if (json_is(key, "key_hex")) return vault ? take_hex_key(options, value, error) : KEYLATCH_OK;
    if (json_is(key, "key_file")) {
        return vault ? keylatch_options_set_key_file(options, value->text, value->length, error) : KEYLATCH_OK;
    }
    if (json_is(key, "passphrase")) {
        return vault ? take(keylatch_options_take_passphrase, options, value, error) : KEYLATCH_OK;
    }
    if (json_is(key, "transit")) {
        return vault ? set_transit(options, value, json_get(value, "token"), error) : KEYLATCH_OK;
    }
    if (json_is(key, "api_key")) {
        return vault ? KEYLATCH_OK : take(keylatch_options_take_composio_api_key, options, value, error);
    }
    if (json_is(key, "base_url")) {
        return vault ? KEYLATCH_OK
                     : keylatch_options_set_composio_base_url(options, value->text, value->length, error);
    }
    if (json_is(key, "api_version")) {
        return vault ? KEYLATCH_OK
                     : keylatch_options_set_composio_api_version(options, value->text, value->length, error);
    }
    fprintf(stderr, "conformance: unknown client option %s\n", key->text);
    exit(2);
}

static keylatch_status set_all(const world *w, keylatch_options *options, const json *given, keylatch_error **error) {
    keylatch_status status = KEYLATCH_OK;
    for (size_t i = 0; given != NULL && i < given->count && status == KEYLATCH_OK; i++) {
        status = set_option(w, options, given->keys[i], given->items[i], error);
    }
    return status;
}

static keylatch_status set_ca(keylatch_options *options, keylatch_error **error) {
    static char pem[65536];
    FILE *file = fopen(environment("KEYLATCH_TEST_CA"), "rb");
    size_t length = file == NULL ? 0 : fread(pem, 1, sizeof pem, file);
    if (file != NULL) fclose(file);
    return keylatch_options_set_extra_ca_pem(options, pem, length, error);
}

static keylatch_status name_vault(const world *w, keylatch_options *options, keylatch_error **error) {
    /* Of every runner's vaults; tests/leaks.py looks for it. */
    char key[] = "keylatch-vault-key-of-the-runner", path[600];
    const char *url = getenv("KEYLATCH_TEST_POSTGRES");
    snprintf(path, sizeof path, "%s/vault.db", w->folder);
    if (url == NULL) url = path;
    keylatch_status status = keylatch_options_set_path(options, url, strlen(url), error);
    if (status == KEYLATCH_OK && url != path) status = set_tenant(w, options, "default", error);
    return status == KEYLATCH_OK ? keylatch_options_take_key(options, key, strlen(key), error) : status;
}

static keylatch_status name_project(const world *w, keylatch_options *options, keylatch_error **error) {
    const json *base_url = json_get(w->variables, "composio"), *api_key = json_get(w->variables, "api_key");
    keylatch_status status = keylatch_options_set_composio_base_url(options, base_url->text, base_url->length, error);
    return status == KEYLATCH_OK ? take(keylatch_options_take_composio_api_key, options, api_key, error) : status;
}

static outcome register_apps(const world *w) {
    outcome out = {0};
    for (size_t i = 0; i < w->apps->count && out.error == NULL && out.mistake == NULL; i++) {
        json *args = json_new(JSON_OBJECT);
        json_put(args, "definition", filled(w, w->apps->items[i]));
        out = make_call(w->client, "apps.register", args, NULL, NULL, NULL);
        json_free(out.result);
        out.result = NULL;
        json_free(args);
    }
    return out;
}

/* The options of the case with `more`. The caller frees them also where this fails. */
static keylatch_status all_options(const world *w, const json *more, keylatch_options **options,
                                   keylatch_error **error) {
    keylatch_status status = keylatch_options_new(options, error);
    if (status == KEYLATCH_OK) status = (w->composio ? name_project : name_vault)(w, *options, error);
    if (status == KEYLATCH_OK) status = set_ca(*options, error);
    if (status == KEYLATCH_OK) status = set_all(w, *options, w->options, error);
    if (status == KEYLATCH_OK) status = set_all(w, *options, more, error);
    return status;
}

static void note_expired(void *user_data, const char *connected_account_id, const char *entity_id, const char *app,
                         const char *previous_status) {
    world *w = user_data;
    json *told = json_new(JSON_OBJECT);
    json_put(told, "connected_account_id", json_string(connected_account_id, strlen(connected_account_id)));
    json_put(told, "entity_id", json_string(entity_id, strlen(entity_id)));
    json_put(told, "app", json_string(app, strlen(app)));
    json_put(told, "previous_status", json_string(previous_status, strlen(previous_status)));
    json_push(w->expired, told);
}

outcome open_client(world *w, const json *more) {
    keylatch_options *options = NULL;
    keylatch_error *error = NULL;
    outcome out = {0};
    keylatch_status status = all_options(w, more, &options, &error);
    if (status == KEYLATCH_OK) status = keylatch_options_set_on_expired(options, note_expired, w, &error);
    if (status == KEYLATCH_OK) status = keylatch_client_open(options, &w->client, &error);
    keylatch_options_free(options);
    if (status != KEYLATCH_OK) return failed(status, error);
    if (w->registers) out = register_apps(w);
    if (out.error == NULL && out.mistake == NULL) out.result = json_new(JSON_OBJECT);
    return out;
}

static void note_log(void *user_data, const char *level, const char *target, const char *operation,
                     const char *message, const char *fields_json) {
    world *w = user_data;
    json *record = json_new(JSON_OBJECT);
    json_put(record, "level", json_string(level, strlen(level)));
    json_put(record, "target", json_string(target, strlen(target)));
    if (operation != NULL) json_put(record, "operation", json_string(operation, strlen(operation)));
    json_put(record, "message", json_string(message, strlen(message)));
    json_put(record, "fields", json_parse(fields_json, strlen(fields_json)));
    json_push(w->logged, record);
}

outcome set_log(world *w, const json *args) {
    const json *level = json_get(args, "level");
    keylatch_error *error = NULL;
    outcome out = {0};
    keylatch_status status = keylatch_set_log(note_log, w, level->text, level->length, &error);
    if (status != KEYLATCH_OK) return failed(status, error);
    out.result = json_new(JSON_OBJECT);
    return out;
}

outcome reopen(world *w, const json *more) {
    keylatch_client_close(w->client, NULL);
    keylatch_client_free(w->client);
    w->client = NULL;
    return open_client(w, more);
}

outcome diagnose_unopened(const world *w, const json *more) {
    keylatch_options *options = NULL;
    keylatch_diagnosis *made = NULL;
    keylatch_error *error = NULL;
    const char *text = NULL;
    size_t length = 0;
    outcome out = {0};
    keylatch_status status = all_options(w, more, &options, &error);
    if (status == KEYLATCH_OK) status = keylatch_diagnose(options, &made, &error);
    if (status != KEYLATCH_OK) out = failed(status, error);
    else if (keylatch_diagnosis_json(made, &text, &length) == KEYLATCH_OK) out.result = json_parse(text, length);
    keylatch_diagnosis_free(made);
    keylatch_options_free(options);
    return out;
}
