/* The provider double and the Composio server of a conformance case: addresses, scripts, logs. */
#include "http.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char PROVIDER[] = "KEYLATCH_TEST_PROVIDER_HTTP", COMPOSIO[] = "KEYLATCH_TEST_COMPOSIO";

const char *environment(const char *name) {
    const char *value = getenv(name);
    if (value == NULL) {
        fprintf(stderr, "conformance: %s is not set; start me with tests/servers/run.py\n", name);
        exit(2);
    }
    return value;
}

static void set_address(world *w, const char *name, const char *before, const char *after) {
    buffer address = {0};
    buffer_puts(&address, before);
    buffer_puts(&address, after);
    json_put(w->variables, name, json_string(address.data, address.length));
    free(address.data);
}

void set_addresses(world *w) {
    char space[64];
    snprintf(space, sizeof space, "/%s", w->name);
    set_address(w, "provider", environment("KEYLATCH_TEST_PROVIDER_HTTPS"), space);
    set_address(w, "provider_http", environment(PROVIDER), space);
    set_address(w, "other", environment("KEYLATCH_TEST_OTHER"), space);
    set_address(w, "misnamed", environment("KEYLATCH_TEST_MISNAMED"), space);
    set_address(w, "untrusted", environment("KEYLATCH_TEST_UNTRUSTED"), space);
    set_address(w, "dead", environment("KEYLATCH_TEST_DEAD"), "");
    set_address(w, "composio", environment(COMPOSIO), "");
    set_address(w, "composio_https", environment("KEYLATCH_TEST_COMPOSIO_HTTPS"), "");
    set_address(w, "api_key", "ak_", w->name);
    if (getenv("KEYLATCH_TEST_POSTGRES") != NULL) set_address(w, "postgres", getenv("KEYLATCH_TEST_POSTGRES"), "");
}

/* Sends to a server's control address of this case; the answer is the result of what is asked. */
static outcome control(const world *w, const char *server, const char *method, const char *suffix, const json *body) {
    buffer text = {0}, path = {0}, answer = {0};
    outcome out = {0};
    if (body != NULL) json_write(body, &text);
    else buffer_puts(&text, "{}");
    buffer_puts(&path, "/_control/");
    buffer_puts(&path, w->name);
    buffer_puts(&path, suffix);
    if (!http_send(environment(server), method, path.data, text.data, &answer)) {
        out.mistake = "a test server does not obey";
    } else if (strcmp(method, "GET") != 0) {
        out.result = json_new(JSON_OBJECT);
    } else {
        out.result = answer.data == NULL ? NULL : json_parse(answer.data, answer.length);
        if (out.result == NULL) out.mistake = "what a test server says cannot be read";
    }
    free(answer.data);
    free(path.data);
    free(text.data);
    return out;
}

static bool done(world *w, outcome out) {
    json_free(out.result);
    return out.mistake == NULL || wrong(w, out.mistake);
}

static bool set_up_project(world *w, const json *one) {
    json *project = filled(w, json_get(one, "composio"));
    if (json_get(project, "toolkits") == NULL) json_put(project, "toolkits", filled(w, w->apps));
    bool good = done(w, control(w, COMPOSIO, "PUT", "", project));
    json_free(project);
    return good;
}

bool set_up_servers(world *w, const json *one) {
    json *routes = filled(w, json_get(one, "provider"));
    bool good = done(w, control(w, PROVIDER, "PUT", "", routes));
    json_free(routes);
    return good && (!w->composio || set_up_project(w, one));
}

void tear_down_servers(world *w) {
    done(w, control(w, PROVIDER, "DELETE", "", NULL));
    if (w->composio) done(w, control(w, COMPOSIO, "DELETE", "", NULL));
}

bool is_server_call(const char *call) {
    return strncmp(call, "provider.", strlen("provider.")) == 0 || strncmp(call, "composio.", strlen("composio.")) == 0;
}

outcome server_call(world *w, const char *call, const json *args) {
    outcome none = {NULL, NULL, "there is no such call of the runner"};
    if (strcmp(call, "provider.script") == 0) return control(w, PROVIDER, "PUT", "", args);
    if (strcmp(call, "provider.requests") == 0) return control(w, PROVIDER, "GET", "/requests", NULL);
    if (strcmp(call, "provider.keys") == 0) return control(w, PROVIDER, "GET", "/keys", NULL);
    if (strcmp(call, "composio.requests") == 0) return control(w, COMPOSIO, "GET", "/requests", NULL);
    if (strcmp(call, "composio.accounts") == 0) return control(w, COMPOSIO, "GET", "/accounts", NULL);
    if (strcmp(call, "composio.faults") == 0) return control(w, COMPOSIO, "POST", "/faults", args);
    return none;
}
