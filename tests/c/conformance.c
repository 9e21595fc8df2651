/* Runs every conformance case of tests/cases through the C interface: `conformance FOLDER [EVERY-NTH]`. */
#include "calls.h"
#include "http.h"
#include "match.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One case while it runs. */
typedef struct world {
    keylatch_client *client;
    const json *options, *apps; /* of the case */
    json *variables;
    char folder[512], name[48];
    buffer why;
} world;

static const char *environment(const char *name) {
    const char *value = getenv(name);
    if (value == NULL) {
        fprintf(stderr, "conformance: %s is not set; start me with tests/servers/run.py\n", name);
        exit(2);
    }
    return value;
}

static bool wrong(world *w, const char *what) {
    buffer_puts(&w->why, what);
    return false;
}

static void fill_in(const char *text, size_t length, buffer *into, void *context) {
    const json *variables = context;
    for (size_t at = 0; at < length; at++) {
        const char *end = strncmp(text + at, "${", 2) == 0 ? strchr(text + at, '}') : NULL;
        if (end != NULL) {
            buffer name = {0};
            buffer_add(&name, text + at + 2, (size_t)(end - text - (long)at) - 2);
            const json *value = json_get(variables, name.data);
            free(name.data);
            if (value != NULL) {
                buffer_add(into, value->text, value->length);
                at = (size_t)(end - text);
                continue;
            }
        }
        buffer_add(into, text + at, 1);
    }
}

/* ---- The provider double ---- */

static bool control(world *w, const char *method, const char *suffix, const json *body, buffer *answer) {
    buffer text = {0}, path = {0};
    if (body != NULL) json_write(body, &text);
    else buffer_add(&text, "", 0);
    buffer_puts(&path, "/_control/");
    buffer_puts(&path, w->name);
    buffer_puts(&path, suffix);
    bool good = http_send(environment("KEYLATCH_TEST_PROVIDER_HTTP"), method, path.data, text.data, answer);
    free(text.data);
    free(path.data);
    return good || wrong(w, "the provider double does not obey");
}

static bool script(world *w, const json *routes) {
    buffer answer = {0};
    json *none = json_new(JSON_OBJECT);
    bool good = control(w, "PUT", "", routes == NULL ? none : routes, &answer);
    json_free(none);
    free(answer.data);
    return good;
}

static outcome received(world *w) {
    outcome out = {0};
    buffer answer = {0};
    if (control(w, "GET", "/requests", NULL, &answer)) out.result = json_parse(answer.data, answer.length);
    if (out.result == NULL) out.mistake = "the double's log cannot be read";
    free(answer.data);
    return out;
}

/* ---- The client ---- */

static keylatch_status set_ca(keylatch_options *options, keylatch_error **error) {
    static char pem[65536];
    FILE *file = fopen(environment("KEYLATCH_TEST_CA"), "rb");
    size_t length = file == NULL ? 0 : fread(pem, 1, sizeof pem, file);
    if (file != NULL) fclose(file);
    return keylatch_options_set_extra_ca_pem(options, pem, length, error);
}

static keylatch_status set_options(keylatch_options *options, const json *given, keylatch_error **error) {
    keylatch_status status = KEYLATCH_OK;
    for (size_t i = 0; given != NULL && i < given->count && status == KEYLATCH_OK; i++) {
        const json *key = given->keys[i], *value = given->items[i];
        char bytes[64] = {0};
        if (json_is(key, "timeout_ms")) {
            status = keylatch_options_set_timeout_ms(options, strtoull(value->text, NULL, 10), error);
        } else if (json_is(key, "max_response_bytes")) {
            status = keylatch_options_set_max_response_bytes(options, strtoull(value->text, NULL, 10), error);
        } else if (json_is(key, "strict_secrets")) {
            status = keylatch_options_set_strict_secrets(options, value->type == JSON_TRUE, error);
        } else if (json_is(key, "key_hex")) {
            size_t length = value->length / 2 < sizeof bytes ? value->length / 2 : sizeof bytes;
            for (size_t at = 0; at < length; at++) {
                unsigned int byte = 0;
                sscanf(value->text + 2 * at, "%2x", &byte);
                bytes[at] = (char)byte;
            }
            status = keylatch_options_take_key(options, bytes, length, error);
        } else if (json_is(key, "passphrase")) {
            memcpy(bytes, value->text, value->length < sizeof bytes ? value->length : sizeof bytes);
            status = keylatch_options_take_passphrase(options, bytes, value->length, error);
        } else {
            fprintf(stderr, "conformance: unknown client option %s\n", key->text);
            exit(2);
        }
    }
    return status;
}

/* Opens the case's vault with the case's options and `more`. Null outcome: the client is open. */
static outcome open_client(world *w, const json *more) {
    keylatch_options *options = NULL;
    keylatch_error *error = NULL;
    char key[32], path[600];
    outcome out = {0};
    memset(key, 7, sizeof key);
    snprintf(path, sizeof path, "%s/vault.db", w->folder);
    keylatch_status status = keylatch_options_new(&options, &error);
    if (status == KEYLATCH_OK) status = keylatch_options_set_path(options, path, strlen(path), &error);
    if (status == KEYLATCH_OK) status = keylatch_options_take_key(options, key, sizeof key, &error);
    if (status == KEYLATCH_OK) status = set_ca(options, &error);
    if (status == KEYLATCH_OK) status = set_options(options, w->options, &error);
    if (status == KEYLATCH_OK) status = set_options(options, more, &error);
    if (status == KEYLATCH_OK) status = keylatch_client_open(options, &w->client, &error);
    keylatch_options_free(options);
    if (status != KEYLATCH_OK) return failed(status, error);
    for (size_t i = 0; w->apps != NULL && i < w->apps->count && out.error == NULL && out.mistake == NULL; i++) {
        json *args = json_new(JSON_OBJECT);
        json_put(args, "definition", json_changed(w->apps->items[i], fill_in, w->variables));
        out = make_call(w->client, "apps.register", args, NULL, NULL);
        json_free(out.result);
        out.result = NULL;
        json_free(args);
    }
    if (out.error == NULL && out.mistake == NULL) out.result = json_new(JSON_OBJECT);
    return out;
}

static outcome reopen(world *w, const json *args) {
    keylatch_client_close(w->client, NULL);
    keylatch_client_free(w->client);
    w->client = NULL;
    return open_client(w, args);
}

/* ---- Steps ---- */

static bool judge(world *w, const json *step, outcome *out) {
    const json *expect = json_get(step, "expect"), *error = json_get(step, "error"), *save = json_get(step, "save");
    if (out->mistake != NULL) return wrong(w, out->mistake);
    if (error != NULL) {
        if (out->error == NULL) return wrong(w, "should fail, but worked");
        return error_matches(error, out->error, &w->why);
    }
    if (out->error != NULL) {
        wrong(w, "failed: ");
        json_write(out->error, &w->why);
        return false;
    }
    for (size_t i = 0; save != NULL && i < save->count; i++) {
        json *found = json_at(out->result, json_text(save->items[i]));
        if (json_text(found) == NULL) return wrong(w, "there is no text to save");
        json_put(w->variables, save->keys[i]->text, json_string(found->text, found->length));
    }
    return expect == NULL || matches(expect, out->result, "", &w->why);
}

/* Writes down all that a call says, for the search for credentials (tests/leaks.py). */
static void note(const outcome *out) {
    const char *path = getenv("KEYLATCH_TEST_SAYINGS");
    const json *said[] = {out->result, out->error};
    FILE *file = path == NULL ? NULL : fopen(path, "a");
    if (file == NULL) return;
    for (size_t i = 0; i < 2; i++) {
        buffer text = {0};
        if (said[i] == NULL) continue;
        json_write(said[i], &text);
        fprintf(file, "%s\n", text.data);
        free(text.data);
    }
    fclose(file);
}

static bool run_step(world *w, const json *written) {
    json *step = json_changed(written, fill_in, w->variables);
    const char *call = json_text(json_get(step, "call"));
    const json *args = json_get(step, "args");
    outcome out = {0};
    if (strcmp(call, "provider.script") == 0) {
        if (script(w, args)) out.result = json_new(JSON_OBJECT);
        else out.mistake = "";
    } else if (strcmp(call, "provider.requests") == 0) {
        out = received(w);
    } else if (strcmp(call, "client.reopen") == 0) {
        out = reopen(w, args);
    } else if (strcmp(call, "client.close") == 0) {
        keylatch_error *error = NULL;
        keylatch_status status = keylatch_client_close(w->client, &error);
        if (status != KEYLATCH_OK) out = failed(status, error);
        else out.result = json_new(JSON_OBJECT);
    } else if (w->client == NULL) {
        out.mistake = "there is no client: opening it failed";
    } else {
        out = make_call(w->client, call, args, json_get(step, "params"), json_get(step, "body"));
    }
    if (strncmp(call, "provider.", strlen("provider.")) != 0) note(&out);
    bool good = judge(w, step, &out);
    json_free(out.result);
    json_free(out.error);
    json_free(step);
    return good;
}

static void set_address(world *w, const char *name, const char *from, bool with_namespace) {
    buffer address = {0};
    buffer_puts(&address, environment(from));
    if (with_namespace) {
        buffer_puts(&address, "/");
        buffer_puts(&address, w->name);
    }
    json_put(w->variables, name, json_string(address.data, address.length));
    free(address.data);
}

static void forget(world *w) {
    static const char *const files[] = {"vault.db", "vault.db-wal", "vault.db-shm", "vault.db.key", "vault.db-journal"};
    char path[600];
    keylatch_client_free(w->client);
    /* tests/leaks.py keeps the vaults, to look into them. */
    for (size_t i = 0; getenv("KEYLATCH_TEST_KEEP") == NULL && i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", w->folder, files[i]);
        unlink(path);
    }
    rmdir(w->folder);
    json_free(w->variables);
    free(w->why.data);
}

/* The definitions that the case names, from the file or its own. */
static json *definitions(const world *w, const json *file, const json *one) {
    json *all = json_new(JSON_ARRAY);
    const json *named = json_get(one, "apps");
    for (size_t i = 0; named != NULL && i < named->count; i++) {
        const char *slug = json_text(named->items[i]);
        const json *definition = slug == NULL ? named->items[i] : json_get(json_get(file, "apps"), slug);
        /* What is missing is found by tests/cases/check.py. */
        if (definition != NULL) json_push(all, json_changed(definition, fill_in, w->variables));
    }
    return all;
}

static bool run_case(const json *file, const json *one, int number) {
    world w = {0};
    buffer deleted = {0};
    const json *steps = json_get(one, "steps");
    const char *kept = getenv("KEYLATCH_TEST_KEEP");
    snprintf(w.folder, sizeof w.folder, "%s/keylatch-c-XXXXXX", kept == NULL ? "/tmp" : kept);
    snprintf(w.name, sizeof w.name, "c-%ld-%d", (long)getpid(), number);
    if (mkdtemp(w.folder) == NULL) {
        perror("conformance: no temporary folder");
        exit(2);
    }
    w.variables = json_new(JSON_OBJECT);
    set_address(&w, "provider", "KEYLATCH_TEST_PROVIDER_HTTPS", true);
    set_address(&w, "provider_http", "KEYLATCH_TEST_PROVIDER_HTTP", true);
    set_address(&w, "other", "KEYLATCH_TEST_OTHER", true);
    set_address(&w, "misnamed", "KEYLATCH_TEST_MISNAMED", true);
    set_address(&w, "untrusted", "KEYLATCH_TEST_UNTRUSTED", true);
    set_address(&w, "dead", "KEYLATCH_TEST_DEAD", false);

    json *apps = definitions(&w, file, one);
    json *none = json_new(JSON_OBJECT);
    json *routes = json_changed(json_get(one, "provider") == NULL ? none : json_get(one, "provider"), fill_in, w.variables);
    w.options = json_get(one, "client");
    w.apps = apps;
    bool good = script(&w, routes);
    outcome opened = good ? open_client(&w, NULL) : (outcome){0};
    if (opened.error != NULL) json_write(opened.error, &w.why);
    good = good && opened.result != NULL;
    size_t at = 0;
    while (good && at < steps->count) good = run_step(&w, steps->items[at++]);
    if (!good) {
        printf("FAILED %s\n       step %zu: %s\n", json_text(json_get(one, "name")), at, w.why.data);
        fflush(stdout);
    }
    control(&w, "DELETE", "", NULL, &deleted);
    free(deleted.data);
    json_free(opened.result);
    json_free(opened.error);
    json_free(routes);
    json_free(none);
    json_free(apps);
    forget(&w);
    return good;
}

/* ---- Files ---- */

static json *read_file(const char *folder, const char *name) {
    buffer path = {0}, text = {0};
    char part[4096];
    size_t length;
    buffer_puts(&path, folder);
    buffer_puts(&path, "/");
    buffer_puts(&path, name);
    FILE *file = fopen(path.data, "rb");
    while (file != NULL && (length = fread(part, 1, sizeof part, file)) > 0) buffer_add(&text, part, length);
    if (file != NULL) fclose(file);
    json *content = text.data == NULL ? NULL : json_parse(text.data, text.length);
    free(path.data);
    free(text.data);
    return content;
}

static int case_file(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

int main(int count, char **arguments) {
    struct dirent **files;
    int every = count > 2 ? atoi(arguments[2]) : 1;
    int found = count > 1 ? scandir(arguments[1], &files, case_file, alphasort) : -1;
    int number = 0, passed = 0, failures = 0;
    if (found <= 0 || every < 1) {
        fputs("usage: conformance FOLDER-WITH-CASES [EVERY-NTH]\n", stderr);
        return 2;
    }
    for (int f = 0; f < found; f++) {
        json *file = read_file(arguments[1], files[f]->d_name);
        const json *cases = json_get(file, "cases");
        if (cases == NULL) {
            printf("FAILED %s cannot be read\n", files[f]->d_name);
            failures++;
        }
        for (size_t i = 0; cases != NULL && i < cases->count; i++) {
            if (number++ % every != 0) continue;
            if (run_case(file, cases->items[i], number)) passed++;
            else failures++;
        }
        json_free(file);
        free(files[f]);
    }
    free(files);
    printf("conformance c: %d passed, %d failed\n", passed, failures);
    return failures == 0 && passed > 0 ? 0 : 1;
}
