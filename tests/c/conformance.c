/* Runs every conformance case of tests/cases through the C interface: `conformance FOLDER [EVERY-NTH [BACKEND]]`. */
#include "match.h"
#include "telling.h"
#include "world.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Puts variables in the place of ${name}; `context` is the object of the variables. */
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

json *filled(const world *w, const json *value) {
    return value == NULL ? json_new(JSON_OBJECT) : json_changed(value, fill_in, w->variables);
}

bool wrong(world *w, const char *what) {
    buffer_puts(&w->why, what);
    return false;
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

/* Writes down all that handles told, for the search for credentials (tests/leaks.py), unless it is to be forgotten. */
static void note(bool forget) {
    const char *path = getenv("KEYLATCH_TEST_SAYINGS");
    FILE *file = path == NULL || forget ? NULL : fopen(path, "a");
    if (file != NULL && told.length > 0) fwrite(told.data, 1, told.length, file);
    if (file != NULL) fclose(file);
    told.length = 0;
}

/* What must be found: an error that quotes what it was given. */
static void note_control(const world *w) {
    static const char name[] = "keylatch-control-canary-c";
    keylatch_app *app = NULL;
    keylatch_error *error = NULL;
    keylatch_status status = keylatch_apps_get(w->client, name, strlen(name), &app, &error);
    outcome out = failed(status, error);
    json_free(out.error);
    note(false);
}

static bool run_step(world *w, const json *written) {
    json *step = filled(w, written);
    const char *call = json_text(json_get(step, "call"));
    const json *args = json_get(step, "args");
    outcome out = {0};
    if (is_server_call(call)) {
        out = server_call(w, call, args);
    } else if (strcmp(call, "client.reopen") == 0) {
        out = reopen(w, args);
    } else if (strcmp(call, "client.diagnose") == 0) {
        out = diagnose_unopened(w, args);
    } else if (strcmp(call, "client.close") == 0) {
        keylatch_error *error = NULL;
        keylatch_status status = keylatch_client_close(w->client, &error);
        if (status != KEYLATCH_OK) out = failed(status, error);
        else out.result = json_new(JSON_OBJECT);
    } else if (strcmp(call, "client.expired") == 0) {
        out.result = json_new(JSON_OBJECT);
        json_put(out.result, "items", w->expired);
        w->expired = json_new(JSON_ARRAY);
    } else if (strcmp(call, "client.log") == 0) {
        out = set_log(w, args);
    } else if (strcmp(call, "client.logged") == 0) {
        out.result = json_new(JSON_OBJECT);
        json_put(out.result, "items", w->logged);
        w->logged = json_new(JSON_ARRAY);
    } else if (w->client == NULL) {
        out.mistake = "there is no client: opening it failed";
    } else {
        out = make_call(w->client, call, args, json_get(step, "params"), json_get(step, "body"),
                        json_get(step, "pieces"));
    }
    /* What the app says through Composio may echo its credential (echo-not-masked in docs/backends.md). */
    bool uses = strncmp(call, "request", 7) == 0 || strcmp(call, "execute_action") == 0;
    bool may_echo = w->composio && uses;
    note(may_echo && out.result != NULL);
    bool good = judge(w, step, &out);
    json_free(out.result);
    json_free(out.error);
    json_free(step);
    return good;
}

/* ---- Cases ---- */

static void forget(world *w) {
    static const char *const files[] = {"vault.db",  "vault.db-wal",  "vault.db-shm",
                                        "backup.db", "backup.db-wal", "backup.db-shm", "other.db",
                                        "moved.export"};
    char path[600];
    keylatch_client_free(w->client);
    /* tests/leaks.py keeps the vaults, to look into them. */
    for (size_t i = 0; getenv("KEYLATCH_TEST_KEEP") == NULL && i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", w->folder, files[i]);
        unlink(path);
    }
    rmdir(w->folder);
    json_free(w->options);
    json_free(w->apps);
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
        if (definition != NULL) json_push(all, filled(w, definition));
    }
    return all;
}

static void begin(world *w, const char *door, int number) {
    const char *kept = getenv("KEYLATCH_TEST_KEEP");
    snprintf(w->folder, sizeof w->folder, "%s/keylatch-c-XXXXXX", kept == NULL ? "/tmp" : kept);
    snprintf(w->name, sizeof w->name, "%s-%ld-%d", door, (long)getpid(), number);
    if (mkdtemp(w->folder) == NULL) {
        perror("conformance: no temporary folder");
        exit(2);
    }
    w->variables = json_new(JSON_OBJECT);
    json_put(w->variables, "folder", json_string(w->folder, strlen(w->folder)));
    set_addresses(w);
}

static bool run_case(const json *file, const json *one, const char *door, bool composio, int number) {
    world w = {0};
    const json *steps = json_get(one, "steps"), *known = json_get(one, "register");
    size_t at = 0;
    w.composio = composio;
    w.expired = json_new(JSON_ARRAY);
    w.logged = json_new(JSON_ARRAY);
    begin(&w, door, number);
    w.options = filled(&w, json_get(one, "client"));
    w.apps = definitions(&w, file, one);
    w.registers = !composio || known == NULL || known->type != JSON_FALSE;
    bool good = set_up_servers(&w, one);
    outcome opened = good ? open_client(&w, NULL) : (outcome){0};
    if (opened.error != NULL) json_write(opened.error, &w.why);
    if (opened.mistake != NULL) wrong(&w, opened.mistake);
    good = good && opened.result != NULL;
    if (good && number == 1) note_control(&w);
    while (good && at < steps->count) good = run_step(&w, steps->items[at++]);
    if (!good) {
        const char *why = w.why.data == NULL ? "" : w.why.data;
        printf("FAILED %s: %s\n       step %zu: %s\n", door, json_text(json_get(one, "name")), at, why);
        fflush(stdout);
    }
    tear_down_servers(&w);
    json_free(opened.result);
    json_free(opened.error);
    forget(&w);
    keylatch_set_log(NULL, NULL, "off", 3, NULL);
    json_free(w.expired);
    json_free(w.logged);
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

/* Whether the case says that it is for this backend; by default it is for a vault and for Composio's API. */
static bool names(const json *one, const char *backend) {
    const json *backends = json_get(one, "backends");
    for (size_t i = 0; backends != NULL && i < backends->count; i++) {
        if (json_is(backends->items[i], backend)) return true;
    }
    return backends == NULL && strcmp(backend, "postgres") != 0;
}

/* Whether the case runs on this backend, where "embedded" is a vault in a file. */
static bool is_for(const json *one, const char *backend) {
    bool postgres = strcmp(backend, "postgres") == 0;
    return names(one, backend) || (postgres && names(one, "embedded") && json_get(one, "file_only") == NULL);
}

typedef struct tally {
    int number, passed, failures;
} tally;

/* `backend` is its name and the name that its counts go by. */
static void run_file(const char *folder, const char *name, const char *const backend[2], int every, tally *sum) {
    bool composio = strcmp(backend[0], "composio") == 0;
    json *file = read_file(folder, name);
    const json *cases = json_get(file, "cases");
    if (cases == NULL) {
        printf("FAILED %s cannot be read\n", name);
        sum->failures++;
    }
    for (size_t i = 0; cases != NULL && i < cases->count; i++) {
        if (!is_for(cases->items[i], backend[0]) || sum->number++ % every != 0) continue;
        if (run_case(file, cases->items[i], backend[1], composio, sum->number)) sum->passed++;
        else sum->failures++;
    }
    json_free(file);
}

int main(int count, char **arguments) {
    static const char *const everywhere[][2] = {{"embedded", "c"}, {"composio", "c-composio"}, {NULL, NULL}};
    static const char *const in_postgres[][2] = {{"postgres", "c-postgres"}, {NULL, NULL}};
    const char *const(*backend)[2] = getenv("KEYLATCH_TEST_POSTGRES") == NULL ? everywhere : in_postgres;
    struct dirent **files;
    int every = count > 2 ? atoi(arguments[2]) : 1;
    int found = count > 1 ? scandir(arguments[1], &files, case_file, alphasort) : -1;
    bool good = true;
    if (found <= 0 || every < 1) {
        fputs("usage: conformance FOLDER-WITH-CASES [EVERY-NTH [BACKEND]]\n", stderr);
        return 2;
    }
    for (; (*backend)[0] != NULL; backend++) {
        tally sum = {0};
        if (count > 3 && strcmp(arguments[3], (*backend)[0]) != 0) continue;
        for (int f = 0; f < found; f++) run_file(arguments[1], files[f]->d_name, *backend, every, &sum);
        printf("conformance %s: %d passed, %d failed\n", (*backend)[1], sum.passed, sum.failures);
        good = good && sum.failures == 0 && sum.passed > 0;
    }
    for (int f = 0; f < found; f++) free(files[f]);
    free(files);
    free(told.data);
    return good ? 0 : 1;
}
