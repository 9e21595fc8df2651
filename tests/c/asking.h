/* What the functions that make the calls of the conformance cases share. */
#ifndef KEYLATCH_TESTS_ASKING_H
#define KEYLATCH_TESTS_ASKING_H

#include "calls.h"
#include "telling.h"

typedef keylatch_status read_text(const void *handle, const char **text, size_t *length);

outcome mistake(const char *what);
/* The outcome of a call: its error, or its handle's JSON text; an empty object where there is no `to_json`. */
outcome result(keylatch_status status, keylatch_error *error, const void *handle, read_text *to_json);
/* The argument of this name where it is a text, else NULL. */
const char *text_arg(const json *args, const char *name, size_t *length);

/* The calls of use.c. */
outcome execute(const keylatch_client *client, const json *args);
outcome request(const keylatch_client *client, const json *args, const json *body);
outcome request_pages(const keylatch_client *client, const json *args, const json *body);
outcome request_stream(const keylatch_client *client, const json *args, const json *body, const json *texts);

/* The calls of vault.c. */
outcome change_key(const keylatch_client *client, const json *args, const json *params);
outcome rotate_data_key(const keylatch_client *client, const json *args);
outcome audit_log(const keylatch_client *client, const json *args);
outcome check_audit(const keylatch_client *client, const json *args);
outcome export_vault(const keylatch_client *client, const json *args, const json *params);
outcome import_vault(const keylatch_client *client, const json *args, const json *params);
outcome diagnose(const keylatch_client *client);

/* Each handle's JSON getter has its own type; a function of one common type is what can be pointed at. */
#define JSON_OF(noun)                                                                          \
    static keylatch_status noun##_json(const void *handle, const char **text, size_t *length) { \
        if (handle != NULL) tell_##noun(handle);                                                \
        return keylatch_##noun##_json(handle, text, length);                                   \
    }

/* Where `ask`, `args`, `status`, `error`, `text`, `length` are: set what the case gives, stop at the first refusal. */
#define SET(setter, name)                                                                  \
    if (status == KEYLATCH_OK && (text = text_arg(args, name, &length)) != NULL)           \
        status = setter(ask, text, length, &error);
#define SET_TRUTH(setter, name)                                                            \
    if (status == KEYLATCH_OK && json_get(args, name) != NULL)                             \
        status = setter(ask, json_get(args, name)->type == JSON_TRUE, &error);
#define SET_NUMBER(setter, name, type)                                                     \
    if (status == KEYLATCH_OK && json_get(args, name) != NULL)                             \
        status = setter(ask, (type)strtoull(json_get(args, name)->text, NULL, 10), &error);
#define ADD_EACH(setter, name)                                                             \
    for (size_t i = 0; json_get(args, name) != NULL && i < json_get(args, name)->count; i++) \
        if (status == KEYLATCH_OK)                                                         \
            status = setter(ask, json_get(args, name)->items[i]->text, json_get(args, name)->items[i]->length, &error);

#endif
