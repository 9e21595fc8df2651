/* The calls of the conformance cases, by name, through the C interface: arguments in, the handles' JSON out. */
#include "calls.h"
#include "known.h"

#include <stdlib.h>
#include <string.h>

typedef keylatch_status read_text(const void *handle, const char **text, size_t *length);

static outcome mistake(const char *what) {
    outcome out = {NULL, NULL, what};
    return out;
}

static outcome result(keylatch_status status, keylatch_error *error, const void *handle, read_text *to_json) {
    const char *text;
    size_t length;
    outcome out = {0};
    if (status != KEYLATCH_OK) return failed(status, error);
    if (error != NULL) return mistake("a call that worked gave an error");
    if (to_json == NULL) {
        out.result = json_new(JSON_OBJECT);
        return out;
    }
    if (to_json(handle, &text, &length) != KEYLATCH_OK || text == NULL || strlen(text) != length) {
        return mistake("the result has no JSON text");
    }
    out.result = json_parse(text, length);
    return out.result == NULL ? mistake("the result's JSON text is not JSON") : out;
}

/* Each handle's JSON getter has its own type; a function of one common type is what can be pointed at. */
#define JSON_OF(noun)                                                                          \
    static keylatch_status noun##_json(const void *handle, const char **text, size_t *length) { \
        return keylatch_##noun##_json(handle, text, length);                                   \
    }
JSON_OF(app)
JSON_OF(app_list)
JSON_OF(integration)
JSON_OF(integration_list)
JSON_OF(expected_params)
JSON_OF(connection_request)
JSON_OF(connection)
JSON_OF(page)
JSON_OF(verification)

static const char *text_arg(const json *args, const char *name, size_t *length) {
    const json *value = json_get(args, name);
    *length = json_text(value) == NULL ? 0 : value->length;
    return json_text(value);
}

/* Puts `params` of a case into `out`; text as literals, so that strict secrets can refuse it. */
static keylatch_status fill(keylatch_params *out, const json *params, keylatch_error **error) {
    keylatch_status status = KEYLATCH_OK;
    for (size_t i = 0; params != NULL && i < params->count && status == KEYLATCH_OK; i++) {
        const char *name = params->keys[i]->text;
        size_t length = params->keys[i]->length;
        const json *value = params->items[i], *bytes = json_get(value, "$bytes");
        if (bytes != NULL) {
            char *copy = malloc(bytes->length + 1);
            memcpy(copy, bytes->text, bytes->length);
            status = keylatch_params_take(out, name, length, copy, bytes->length, error);
            for (size_t at = 0; at < bytes->length; at++) {
                if (copy[at] != '\0') status = KEYLATCH_INTERNAL;
            }
            free(copy);
        } else if (value->type == JSON_STRING) {
            status = keylatch_params_text(out, name, length, value->text, value->length, error);
        } else if (value->type == JSON_NUMBER && strpbrk(value->text, ".eE") == NULL) {
            status = keylatch_params_integer(out, name, length, strtoll(value->text, NULL, 10), error);
        } else if (value->type == JSON_NUMBER) {
            status = keylatch_params_number(out, name, length, strtod(value->text, NULL), error);
        } else if (value->type == JSON_TRUE || value->type == JSON_FALSE) {
            status = keylatch_params_boolean(out, name, length, value->type == JSON_TRUE, error);
        } else {
            const char *kind = value->type == JSON_NULL ? "nothing" : value->type == JSON_ARRAY ? "a list" : "an object";
            status = keylatch_params_other(out, name, length, kind, strlen(kind), error);
        }
    }
    return status;
}

/* In the functions below: set what the case gives, and stop at the first refusal. */
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

static uint32_t verify_number(const char *word) {
    if (strcmp(word, "auto") == 0) return KEYLATCH_VERIFY_AUTO;
    if (strcmp(word, "required") == 0) return KEYLATCH_VERIFY_REQUIRED;
    return strcmp(word, "off") == 0 ? KEYLATCH_VERIFY_OFF : 77;
}

static outcome create(const keylatch_client *client, const json *args, const json *given) {
    keylatch_integration_ask *ask;
    keylatch_params *params;
    keylatch_integration *made = NULL;
    keylatch_error *error = NULL;
    const char *text;
    size_t length;
    keylatch_status status = keylatch_integration_ask_new(&ask, NULL);
    keylatch_params_new(&params, NULL);
    SET(keylatch_integration_ask_set_app, "app")
    SET(keylatch_integration_ask_set_auth_scheme, "auth_scheme")
    SET(keylatch_integration_ask_set_name, "name")
    SET(keylatch_integration_ask_set_base_url, "base_url")
    SET_TRUTH(keylatch_integration_ask_set_allow_private_hosts, "allow_private_hosts")
    if (status == KEYLATCH_OK) status = fill(params, given, &error);
    if (status == KEYLATCH_OK) status = keylatch_integrations_create(client, ask, params, &made, &error);
    outcome out = result(status, error, made, integration_json);
    keylatch_integration_free(made);
    keylatch_params_free(params);
    keylatch_integration_ask_free(ask);
    return out;
}

static outcome expected(const keylatch_client *client, const json *args) {
    keylatch_expected_params_ask *ask;
    keylatch_expected_params *made = NULL;
    keylatch_error *error = NULL;
    const char *text;
    size_t length;
    keylatch_status status = keylatch_expected_params_ask_new(&ask, NULL);
    SET(keylatch_expected_params_ask_set_app, "app")
    SET(keylatch_expected_params_ask_set_integration_id, "integration_id")
    SET(keylatch_expected_params_ask_set_auth_scheme, "auth_scheme")
    if (status == KEYLATCH_OK) status = keylatch_get_expected_params_for_user(client, ask, &made, &error);
    outcome out = result(status, error, made, expected_params_json);
    keylatch_expected_params_free(made);
    keylatch_expected_params_ask_free(ask);
    return out;
}

static outcome initiate(const keylatch_client *client, const json *args, const json *given) {
    keylatch_initiate_ask *ask;
    keylatch_params *params;
    keylatch_connection_request *made = NULL;
    keylatch_error *error = NULL;
    const char *text;
    size_t length;
    buffer metadata = {0};
    bool empty = false;
    keylatch_status status = keylatch_initiate_ask_new(&ask, NULL);
    keylatch_params_new(&params, NULL);
    SET(keylatch_initiate_ask_set_entity_id, "entity_id")
    SET(keylatch_initiate_ask_set_integration_id, "integration_id")
    SET(keylatch_initiate_ask_set_app_name, "app_name")
    SET(keylatch_initiate_ask_set_auth_scheme, "auth_scheme")
    SET(keylatch_initiate_ask_set_alias, "alias")
    ADD_EACH(keylatch_initiate_ask_add_label, "labels")
    SET_TRUTH(keylatch_initiate_ask_set_allow_multiple, "allow_multiple")
    SET_TRUTH(keylatch_initiate_ask_set_replace, "replace")
    if (status == KEYLATCH_OK && json_get(args, "metadata") != NULL) {
        json_write(json_get(args, "metadata"), &metadata);
        status = keylatch_initiate_ask_set_metadata(ask, metadata.data, metadata.length, &error);
    }
    if (status == KEYLATCH_OK && (text = text_arg(args, "verify", &length)) != NULL) {
        status = keylatch_initiate_ask_set_verify(ask, verify_number(text), &error);
    }
    if (status == KEYLATCH_OK) status = fill(params, given, &error);
    if (status == KEYLATCH_OK) {
        status = keylatch_initiate_connection(client, ask, params, &made, &error);
        keylatch_params_is_empty(params, &empty);
    } else {
        empty = true;
    }
    outcome out = empty ? result(status, error, made, connection_request_json) : mistake("the params were not emptied");
    keylatch_connection_request_free(made);
    keylatch_params_free(params);
    keylatch_initiate_ask_free(ask);
    free(metadata.data);
    return out;
}

static outcome update(const keylatch_client *client, const json *args, const json *given) {
    keylatch_update_ask *ask;
    keylatch_params *params;
    keylatch_connection_request *made = NULL;
    keylatch_error *error = NULL;
    const char *text;
    size_t length;
    keylatch_status status = keylatch_update_ask_new(&ask, NULL);
    keylatch_params_new(&params, NULL);
    SET(keylatch_update_ask_set_connected_account_id, "connected_account_id")
    if (status == KEYLATCH_OK && (text = text_arg(args, "verify", &length)) != NULL) {
        status = keylatch_update_ask_set_verify(ask, verify_number(text), &error);
    }
    if (status == KEYLATCH_OK) status = fill(params, given, &error);
    if (status == KEYLATCH_OK) {
        status = keylatch_connected_accounts_update_credentials(client, ask, params, &made, &error);
    }
    outcome out = result(status, error, made, connection_request_json);
    keylatch_connection_request_free(made);
    keylatch_params_free(params);
    keylatch_update_ask_free(ask);
    return out;
}

static outcome list(const keylatch_client *client, const json *args) {
    keylatch_list_ask *ask;
    keylatch_page *made = NULL;
    keylatch_error *error = NULL;
    const char *text;
    size_t length;
    keylatch_status status = keylatch_list_ask_new(&ask, NULL);
    SET(keylatch_list_ask_set_entity_id, "entity_id")
    SET(keylatch_list_ask_set_app, "app")
    SET(keylatch_list_ask_set_integration_id, "integration_id")
    ADD_EACH(keylatch_list_ask_add_status, "statuses")
    ADD_EACH(keylatch_list_ask_add_label, "labels")
    SET_NUMBER(keylatch_list_ask_set_limit, "limit", uint32_t)
    SET(keylatch_list_ask_set_cursor, "cursor")
    if (status == KEYLATCH_OK) status = keylatch_connected_accounts_list(client, ask, &made, &error);
    outcome out = result(status, error, made, page_json);
    keylatch_page_free(made);
    keylatch_list_ask_free(ask);
    return out;
}

/* {status, headers: {name: value}, text, json?}, as the cases compare it. */
static json *response_json(const keylatch_response *response) {
    json *whole = json_new(JSON_OBJECT), *headers = json_new(JSON_OBJECT);
    uint32_t status = 0;
    size_t count = 0, length = 0;
    const uint8_t *body = NULL;
    keylatch_response_status(response, &status);
    keylatch_response_header_count(response, &count);
    for (size_t i = 0; i < count; i++) {
        const char *name = "", *value = "";
        size_t value_length = 0;
        keylatch_response_header_name(response, i, &name, NULL);
        keylatch_response_header_value(response, i, &value, &value_length);
        json_put(headers, name, json_string(value, value_length));
    }
    keylatch_response_body(response, &body, &length);
    json_put(whole, "status", json_number((long)status));
    json_put(whole, "headers", headers);
    json_put(whole, "text", json_string((const char *)body, length));
    json *parsed = json_parse((const char *)body, length);
    if (parsed != NULL) json_put(whole, "json", parsed);
    return whole;
}

static keylatch_status add_pairs(keylatch_request_ask *ask, const json *pairs, bool query, keylatch_error **error) {
    keylatch_status status = KEYLATCH_OK;
    for (size_t i = 0; pairs != NULL && i < pairs->count && status == KEYLATCH_OK; i++) {
        bool object = pairs->type == JSON_OBJECT;
        const json *name = object ? pairs->keys[i] : pairs->items[i]->items[0];
        const json *value = object ? pairs->items[i] : pairs->items[i]->items[1];
        status = (query ? keylatch_request_ask_add_query : keylatch_request_ask_add_header)(
            ask, name->text, name->length, value->text, value->length, error);
    }
    return status;
}

static outcome request(const keylatch_client *client, const json *args, const json *body) {
    keylatch_request_ask *ask;
    keylatch_response *made = NULL;
    keylatch_error *error = NULL;
    const char *text;
    size_t length;
    keylatch_status status = keylatch_request_ask_new(&ask, NULL);
    SET(keylatch_request_ask_set_connected_account_id, "connected_account_id")
    SET(keylatch_request_ask_set_entity_id, "entity_id")
    SET(keylatch_request_ask_set_app, "app")
    SET(keylatch_request_ask_set_method, "method")
    SET(keylatch_request_ask_set_path, "path")
    SET_NUMBER(keylatch_request_ask_set_timeout_ms, "timeout_ms", uint64_t)
    if (status == KEYLATCH_OK) status = add_pairs(ask, json_get(args, "query"), true, &error);
    if (status == KEYLATCH_OK) status = add_pairs(ask, json_get(args, "headers"), false, &error);
    if (status == KEYLATCH_OK && body != NULL) {
        status = keylatch_request_ask_set_body(ask, body->text, body->length, &error);
    }
    if (status == KEYLATCH_OK) status = keylatch_request(client, ask, &made, &error);
    outcome out = result(status, error, NULL, NULL);
    if (made != NULL) {
        json_free(out.result);
        out.result = response_json(made);
    }
    keylatch_response_free(made);
    keylatch_request_ask_free(ask);
    return out;
}

/* Calls that take one or two texts, which stand in the arguments under these names. */
#define CALL(call_name, function, noun, arg)                                          \
    if (strcmp(name, call_name) == 0) {                                               \
        keylatch_##noun *made = NULL;                                                 \
        text = text_arg(args, arg, &length);                                          \
        status = function(client, text, length, &made, &error);                       \
        outcome out = result(status, error, made, noun##_json);                       \
        keylatch_##noun##_free(made);                                                 \
        return out;                                                                   \
    }
#define ACT(call_name, function, arg)                                                 \
    if (strcmp(name, call_name) == 0) {                                               \
        text = text_arg(args, arg, &length);                                          \
        status = function(client, text, length, &error);                              \
        return result(status, error, NULL, NULL);                                     \
    }

outcome make_call(const keylatch_client *client, const char *name, const json *args, const json *params,
                  const json *body) {
    keylatch_error *error = NULL;
    keylatch_status status;
    const char *text, *app;
    size_t length, app_length;
    if (!is_known_call(name, args)) return mistake("there is no such call, or it does not take all of the arguments");
    if (strcmp(name, "apps.list") == 0) {
        keylatch_app_list *made = NULL;
        status = keylatch_apps_list(client, &made, &error);
        outcome out = result(status, error, made, app_list_json);
        keylatch_app_list_free(made);
        return out;
    }
    if (strcmp(name, "apps.register") == 0) {
        keylatch_app *made = NULL;
        buffer definition = {0};
        if (json_get(args, "definition") == NULL) return mistake("no definition");
        json_write(json_get(args, "definition"), &definition);
        status = keylatch_apps_register(client, definition.data, definition.length, &made, &error);
        outcome out = result(status, error, made, app_json);
        keylatch_app_free(made);
        free(definition.data);
        return out;
    }
    if (strcmp(name, "get_connection") == 0) {
        keylatch_connection *made = NULL;
            text = text_arg(args, "entity_id", &length);
        app = text_arg(args, "app", &app_length);
        status = keylatch_get_connection(client, text, length, app, app_length, &made, &error);
        outcome out = result(status, error, made, connection_json);
        keylatch_connection_free(made);
        return out;
    }
    CALL("apps.get", keylatch_apps_get, app, "app")
    CALL("integrations.get", keylatch_integrations_get, integration, "integration_id")
    CALL("integrations.list", keylatch_integrations_list, integration_list, "app")
    ACT("integrations.delete", keylatch_integrations_delete, "integration_id")
    CALL("connected_accounts.get", keylatch_connected_accounts_get, connection, "connected_account_id")
    CALL("connected_accounts.verify", keylatch_connected_accounts_verify, verification, "connected_account_id")
    CALL("connected_accounts.enable", keylatch_connected_accounts_enable, connection, "connected_account_id")
    CALL("connected_accounts.disable", keylatch_connected_accounts_disable, connection, "connected_account_id")
    ACT("connected_accounts.delete", keylatch_connected_accounts_delete, "connected_account_id")
    if (strcmp(name, "integrations.create") == 0) return create(client, args, params);
    if (strcmp(name, "get_expected_params_for_user") == 0) return expected(client, args);
    if (strcmp(name, "initiate_connection") == 0) return initiate(client, args, params);
    if (strcmp(name, "connected_accounts.update_credentials") == 0) return update(client, args, params);
    if (strcmp(name, "connected_accounts.list") == 0) return list(client, args);
    return request(client, args, body);
}

outcome failed(keylatch_status status, keylatch_error *error) {
    outcome out = {0};
    keylatch_status own = 0;
    const char *text = NULL, *code = NULL, *expected_code = NULL;
    size_t length = 0;
    if (error == NULL) return mistake("a call that failed gave no error");
    keylatch_error_status(error, &own);
    keylatch_error_code(error, &code, NULL);
    keylatch_status_code(status, &expected_code);
    if (own != status || strcmp(code, expected_code) != 0) {
        keylatch_error_free(error);
        return mistake("status, number and code of an error differ");
    }
    keylatch_error_json(error, &text, &length);
    out.error = json_parse(text, length);
    keylatch_error_free(error);
    return out.error == NULL ? mistake("the error's JSON text is not JSON") : out;
}
