/* The calls that use a connection: actions, and requests to the app. */
#include "asking.h"

#include <stdlib.h>
#include <string.h>

JSON_OF(action_result)

outcome execute(const keylatch_client *client, const json *args) {
    keylatch_action_ask *ask;
    keylatch_action_result *made = NULL;
    keylatch_error *error = NULL;
    const char *text;
    size_t length;
    buffer params = {0};
    keylatch_status status = keylatch_action_ask_new(&ask, NULL);
    SET(keylatch_action_ask_set_action, "action")
    SET(keylatch_action_ask_set_connected_account_id, "connected_account_id")
    SET(keylatch_action_ask_set_entity_id, "entity_id")
    SET_NUMBER(keylatch_action_ask_set_timeout_ms, "timeout_ms", uint64_t)
    if (status == KEYLATCH_OK && json_get(args, "params") != NULL) {
        json_write(json_get(args, "params"), &params);
        status = keylatch_action_ask_set_params(ask, params.data, params.length, &error);
    }
    if (status == KEYLATCH_OK) status = keylatch_execute_action(client, ask, &made, &error);
    outcome out = result(status, error, made, action_result_json);
    keylatch_action_result_free(made);
    keylatch_action_ask_free(ask);
    free(params.data);
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

outcome request(const keylatch_client *client, const json *args, const json *body) {
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
        tell_response(made);
    }
    keylatch_response_free(made);
    keylatch_request_ask_free(ask);
    return out;
}
