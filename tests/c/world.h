/* One conformance case while it runs, and what stands around it: its servers and its client. */
#ifndef KEYLATCH_TESTS_WORLD_H
#define KEYLATCH_TESTS_WORLD_H

#include "calls.h"

typedef struct world {
    keylatch_client *client;
    bool composio;        /* the backend: Composio's API, or the embedded one */
    bool registers;       /* whether the client is told of the apps */
    json *options, *apps; /* of the case, filled in */
    json *variables;
    json *expired;        /* connections that the client told of */
    json *logged;         /* what the library told */
    char folder[512], name[48];
    buffer why; /* what went wrong */
} world;

/* Says what went wrong; false. */
bool wrong(world *w, const char *what);
/* A copy with the variables in the place of ${name}; of NULL, an empty object. */
json *filled(const world *w, const json *value);

/* ---- servers.c ---- */

/* The variable, which tests/servers/run.py sets. */
const char *environment(const char *name);
/* Addresses as variables of the case. */
void set_addresses(world *w);
/* The script of the provider double and, on Composio, the case's project. */
bool set_up_servers(world *w, const json *one);
void tear_down_servers(world *w);
/* The runner's own calls to servers. */
bool is_server_call(const char *call);
outcome server_call(world *w, const char *call, const json *args);

/* ---- opening.c ---- */

/* Opens the case's vault or project with the case's options and `more`, and registers the apps. */
outcome open_client(world *w, const json *more);
outcome reopen(world *w, const json *more);
/* The diagnosis that needs no client. */
outcome diagnose_unopened(const world *w, const json *more);
/* Tells the world what the library does, as far as the level in `args`. */
outcome set_log(world *w, const json *args);

#endif
