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

/* {status, tries, headers: {name: value}, text, json?}, as the cases compare it. */
static json *answer_json(uint32_t status, uint32_t tries, json *headers, const char *body, size_t length) {
    json *whole = json_new(JSON_OBJECT);
    json_put(whole, "status", json_number((long)status));
    json_put(whole, "tries", json_number((long)tries));
    json_put(whole, "headers", headers);
    json_put(whole, "text", json_string(body, length));
    json *parsed = json_parse(body, length);
    if (parsed != NULL) json_put(whole, "json", parsed);
    return whole;
}

static json *response_json(const keylatch_response *response) {
    json *headers = json_new(JSON_OBJECT);
    uint32_t status = 0, tries = 0;
    size_t count = 0, length = 0;
    const uint8_t *body = NULL;
    keylatch_response_status(response, &status);
    keylatch_response_tries(response, &tries);
    keylatch_response_header_count(response, &count);
    for (size_t i = 0; i < count; i++) {
        const char *name = "", *value = "";
        size_t value_length = 0;
        keylatch_response_header_name(response, i, &name, NULL);
        keylatch_response_header_value(response, i, &value, &value_length);
        json_put(headers, name, json_string(value, value_length));
    }
    keylatch_response_body(response, &body, &length);
    return answer_json(status, tries, headers, (const char *)body, length);
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

/* Sets all that the case gives. */
static keylatch_status fill_ask(keylatch_request_ask *ask, const json *args, const json *body, keylatch_error **out) {
    keylatch_error *error = NULL;
    const char *text;
    size_t length;
    keylatch_status status = KEYLATCH_OK;
    SET(keylatch_request_ask_set_connected_account_id, "connected_account_id")
    SET(keylatch_request_ask_set_entity_id, "entity_id")
    SET(keylatch_request_ask_set_app, "app")
    SET(keylatch_request_ask_set_method, "method")
    SET(keylatch_request_ask_set_path, "path")
    SET_NUMBER(keylatch_request_ask_set_timeout_ms, "timeout_ms", uint64_t)
    SET_NUMBER(keylatch_request_ask_set_retry, "retry", uint32_t)
    if (status == KEYLATCH_OK) status = add_pairs(ask, json_get(args, "query"), true, &error);
    if (status == KEYLATCH_OK) status = add_pairs(ask, json_get(args, "headers"), false, &error);
    if (status == KEYLATCH_OK && body != NULL) {
        status = keylatch_request_ask_set_body(ask, body->text, body->length, &error);
    }
    *out = error;
    return status;
}

outcome request(const keylatch_client *client, const json *args, const json *body) {
    keylatch_request_ask *ask;
    keylatch_response *made = NULL;
    keylatch_error *error = NULL;
    keylatch_request_ask_new(&ask, NULL);
    keylatch_status status = fill_ask(ask, args, body, &error);
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

static keylatch_status fill_paging(keylatch_paging *ask, const json *args, keylatch_error **out) {
    keylatch_error *error = NULL;
    size_t length;
    const char *text = text_arg(args, "by", &length);
    keylatch_status status = KEYLATCH_OK;
    bool pages = text != NULL && strcmp(text, "page") == 0;
    if (pages || (text != NULL && strcmp(text, "offset") == 0)) {
        const json *first = json_get(args, "first");
        uint64_t number = first == NULL ? (pages ? 1 : 0) : strtoull(first->text, NULL, 10);
        status = (pages ? keylatch_paging_by_page : keylatch_paging_by_offset)(ask, number, &error);
    }
    SET(keylatch_paging_by_cursor, "next")
    SET(keylatch_paging_set_query, "query")
    SET(keylatch_paging_set_items, "items")
    SET(keylatch_paging_set_more, "more")
    SET_NUMBER(keylatch_paging_set_max_pages, "max_pages", uint32_t)
    *out = error;
    return status;
}

/* Every page that there is. */
outcome request_pages(const keylatch_client *client, const json *args, const json *body) {
    keylatch_request_ask *ask;
    keylatch_paging *paging = NULL;
    keylatch_pages *pages = NULL;
    keylatch_response *made = NULL;
    keylatch_error *error = NULL;
    json *items = json_new(JSON_ARRAY);
    keylatch_request_ask_new(&ask, NULL);
    keylatch_status status = fill_ask(ask, args, body, &error);
    if (status == KEYLATCH_OK && json_get(args, "paging") != NULL) {
        keylatch_paging_new(&paging, NULL);
        status = fill_paging(paging, json_get(args, "paging"), &error);
    }
    if (status == KEYLATCH_OK) status = keylatch_request_pages(client, ask, paging, &pages, &error);
    while (status == KEYLATCH_OK) {
        status = keylatch_pages_next(pages, &made, &error);
        if (status != KEYLATCH_OK || made == NULL) break;
        tell_response(made);
        json_push(items, response_json(made));
        keylatch_response_free(made);
    }
    outcome out = result(status, error, NULL, NULL);
    if (out.result != NULL) json_put(out.result, "items", items);
    else json_free(items);
    keylatch_pages_free(pages);
    keylatch_paging_free(paging);
    keylatch_request_ask_free(ask);
    return out;
}

/* The pieces of a case's body that are yet to be sent. */
typedef struct {
    const json *texts;
    size_t next;
} pieces;

static int64_t next_piece(void *user_data, void *buffer, size_t capacity) {
    pieces *left = user_data;
    while (left->next < left->texts->count) {
        const json *piece = left->texts->items[left->next++];
        if (piece->length > capacity) return -1;
        memcpy(buffer, piece->text, piece->length);
        if (piece->length > 0) return (int64_t)piece->length;
    }
    return 0;
}

static keylatch_status fill_streaming(keylatch_streaming *ask, const json *args, pieces *body, keylatch_error **out) {
    keylatch_error *error = NULL;
    keylatch_status status = KEYLATCH_OK;
    SET_NUMBER(keylatch_streaming_set_content_length, "content_length", uint64_t)
    SET_NUMBER(keylatch_streaming_set_max_response_bytes, "max_response_bytes", uint64_t)
    if (status == KEYLATCH_OK && body->texts != NULL) {
        status = keylatch_streaming_set_upload(ask, next_piece, body, &error);
    }
    *out = error;
    return status;
}

static json *stream_json(const keylatch_stream *stream, const buffer *body) {
    json *headers = json_new(JSON_OBJECT);
    uint32_t status = 0, tries = 0;
    size_t count = 0;
    keylatch_stream_status(stream, &status);
    keylatch_stream_tries(stream, &tries);
    keylatch_stream_header_count(stream, &count);
    for (size_t i = 0; i < count; i++) {
        const char *name = "", *value = "";
        size_t value_length = 0;
        keylatch_stream_header_name(stream, i, &name, NULL);
        keylatch_stream_header_value(stream, i, &value, &value_length);
        json_put(headers, name, json_string(value, value_length));
    }
    return answer_json(status, tries, headers, body->data == NULL ? "" : body->data, body->length);
}

/* An answer in pieces, put together. */
outcome request_stream(const keylatch_client *client, const json *args, const json *body, const json *texts) {
    keylatch_request_ask *ask;
    keylatch_streaming *streaming;
    keylatch_stream *stream = NULL;
    keylatch_error *error = NULL;
    pieces sent = {texts, 0};
    buffer whole = {0};
    char piece[7];
    size_t length = 0;
    keylatch_request_ask_new(&ask, NULL);
    keylatch_streaming_new(&streaming, NULL);
    keylatch_status status = fill_ask(ask, args, body, &error);
    if (status == KEYLATCH_OK) status = fill_streaming(streaming, args, &sent, &error);
    if (status == KEYLATCH_OK) status = keylatch_request_stream(client, ask, streaming, &stream, &error);
    while (status == KEYLATCH_OK) {
        status = keylatch_stream_read(stream, piece, sizeof piece, &length, &error);
        if (status != KEYLATCH_OK || length == 0) break;
        buffer_add(&whole, piece, length);
    }
    outcome out = result(status, error, NULL, NULL);
    if (status == KEYLATCH_OK) {
        json_free(out.result);
        out.result = stream_json(stream, &whole);
        tell_stream(stream);
    }
    keylatch_stream_free(stream);
    keylatch_streaming_free(streaming);
    keylatch_request_ask_free(ask);
    free(whole.data);
    return out;
}
