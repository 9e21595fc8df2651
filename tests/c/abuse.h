/* What abuse.c and the attempts that abuse.py writes share. */
#ifndef KEYLATCH_TESTS_ABUSE_H
#define KEYLATCH_TESTS_ABUSE_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "keylatch.h"

/* Live handles of every type, and ids that exist. Shared by all threads. */
typedef struct fixtures {
    char folder[96], integration_id[64], connected_account_id[64];
    keylatch_client *client, *closed_client, *own_client;
    keylatch_options *options;
    keylatch_error *error;
    keylatch_secret *secret;
    keylatch_params *params;
    keylatch_action *action;
    keylatch_action_ask *action_ask;
    keylatch_action_result *action_result;
    keylatch_app *app;
    keylatch_app_list *app_list;
    keylatch_app_search_ask *app_search_ask;
    keylatch_key_origin_list *key_origin_list;
    keylatch_scheme *scheme;
    keylatch_field *field;
    keylatch_integration_ask *integration_ask;
    keylatch_integration *integration;
    keylatch_integration_list *integration_list;
    keylatch_expected_params_ask *expected_params_ask;
    keylatch_expected_params *expected_params;
    keylatch_initiate_ask *initiate_ask;
    keylatch_connection_request *connection_request;
    keylatch_connection *connection;
    keylatch_page *page;
    keylatch_list_ask *list_ask;
    keylatch_due_ask *due_ask;
    keylatch_rotate_ask *rotate_ask;
    keylatch_audit_ask *audit_ask;
    keylatch_audit_log *audit_log;
    keylatch_audit_check *audit_check;
    keylatch_export_ask *export_ask;
    keylatch_exported *exported;
    keylatch_import_ask *import_ask;
    keylatch_imported *imported;
    keylatch_update_ask *update_ask;
    keylatch_verification *verification;
    keylatch_rechecks *rechecks;
    keylatch_diagnosis *diagnosis;
    keylatch_rotation *rotation;
    keylatch_request_ask *request_ask;
    keylatch_response *response;
    keylatch_paging *paging;
    keylatch_pages *pages;
    keylatch_streaming *streaming;
    keylatch_stream *stream;
} fixtures;

typedef struct attempt {
    const char *name;
    void (*run)(const fixtures *f);
} attempt;

extern const attempt attempts[];
extern const size_t attempt_count;

/* No status that a function returns. */
#define ANY UINT32_MAX
/* What a place holds that was not cleared. */
#define POISON ((void *)(uintptr_t)0x5a)

void judge(keylatch_status status, keylatch_status expected, const char *function, const char *arguments);
void complain(const char *function, const char *what, const char *arguments);

#endif
