/* The calls of the conformance cases, by name, through the C interface: arguments in, the handles' JSON out. */
#include "asking.h"
#include "known.h"

#include <stdlib.h>
#include <string.h>

outcome mistake(const char *what) {
    outcome out = {NULL, NULL, what};
    return out;
}

outcome result(keylatch_status status, keylatch_error *error, const void *handle, read_text *to_json) {
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

JSON_OF(app)
JSON_OF(app_list)
JSON_OF(key_origin_list)
JSON_OF(integration)
JSON_OF(integration_list)
JSON_OF(expected_params)
JSON_OF(connection_request)
JSON_OF(connection)
JSON_OF(page)
JSON_OF(verification)
JSON_OF(rechecks)

const char *text_arg(const json *args, const char *name, size_t *length) {
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
    ADD_EACH(keylatch_integration_ask_add_allow, "allow")
    if (status == KEYLATCH_OK) status = fill(params, given, &error);
    if (status == KEYLATCH_OK) status = keylatch_integrations_create(client, ask, params, &made, &error);
    outcome out = result(status, error, made, integration_json);
    keylatch_integration_free(made);
    keylatch_params_free(params);
    keylatch_integration_ask_free(ask);
    return out;
}

static outcome search(const keylatch_client *client, const json *args) {
    keylatch_app_search_ask *ask;
    keylatch_app_list *made = NULL;
    keylatch_error *error = NULL;
    const char *text;
    size_t length;
    keylatch_status status = keylatch_app_search_ask_new(&ask, NULL);
    SET(keylatch_app_search_ask_set_query, "query")
    SET(keylatch_app_search_ask_set_category, "category")
    SET_NUMBER(keylatch_app_search_ask_set_limit, "limit", uint32_t)
    if (status == KEYLATCH_OK) status = keylatch_apps_search(client, ask, &made, &error);
    outcome out = result(status, error, made, app_list_json);
    keylatch_app_list_free(made);
    keylatch_app_search_ask_free(ask);
    return out;
}

static outcome identify(const keylatch_client *client, const json *params) {
    keylatch_secret *secret = NULL;
    keylatch_key_origin_list *made = NULL;
    keylatch_error *error = NULL;
    const json *value = json_get(params, "value"), *bytes = json_get(value, "$bytes");
    if (bytes != NULL) value = bytes;
    if (json_text(value) == NULL) return mistake("no value to identify");
    char *copy = malloc(value->length + 1);
    memcpy(copy, value->text, value->length);
    keylatch_status status = keylatch_secret_take(copy, value->length, &secret, &error);
    free(copy);
    if (status == KEYLATCH_OK) status = keylatch_apps_identify(client, secret, &made, &error);
    outcome out = result(status, error, made, key_origin_list_json);
    keylatch_key_origin_list_free(made);
    keylatch_secret_free(secret);
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
    SET(keylatch_initiate_ask_set_callback_url, "callback_url")
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

static outcome wait_until_active(const keylatch_client *client, const json *args) {
    keylatch_connection *made = NULL;
    keylatch_error *error = NULL;
    size_t length;
    const char *id = text_arg(args, "connected_account_id", &length);
    const json *limit = json_get(args, "timeout_ms");
    uint64_t timeout_ms = limit == NULL ? 60000 : strtoull(limit->text, NULL, 10);
    keylatch_status status =
        keylatch_connected_accounts_wait_until_active(client, id, length, timeout_ms, &made, &error);
    outcome out = result(status, error, made, connection_json);
    keylatch_connection_free(made);
    return out;
}

static outcome set_alias(const keylatch_client *client, const json *args) {
    keylatch_connection *made = NULL;
    keylatch_error *error = NULL;
    size_t length, alias_length;
    const char *id = text_arg(args, "connected_account_id", &length);
    const char *alias = text_arg(args, "alias", &alias_length);
    const json *given = json_get(args, "alias");
    if (alias == NULL && given != NULL && given->type != JSON_NULL) {
        /* What is no text cannot be given in C; bytes that are no UTF-8 come closest. */
        alias = "\xff";
        alias_length = 1;
    }
    keylatch_status status =
        keylatch_connected_accounts_set_alias(client, id, length, alias, alias_length, &made, &error);
    outcome out = result(status, error, made, connection_json);
    keylatch_connection_free(made);
    return out;
}

static outcome verify_due(const keylatch_client *client, const json *args) {
    keylatch_due_ask *ask;
    keylatch_rechecks *made = NULL;
    keylatch_error *error = NULL;
    const char *text;
    size_t length;
    keylatch_status status = keylatch_due_ask_new(&ask, NULL);
    SET_NUMBER(keylatch_due_ask_set_older_than_ms, "older_than_ms", uint64_t)
    SET(keylatch_due_ask_set_entity_id, "entity_id")
    SET(keylatch_due_ask_set_app, "app")
    SET_NUMBER(keylatch_due_ask_set_limit, "limit", uint32_t)
    SET_NUMBER(keylatch_due_ask_set_pause_ms, "pause_ms", uint64_t)
    SET(keylatch_due_ask_set_cursor, "cursor")
    if (status == KEYLATCH_OK) status = keylatch_connected_accounts_verify_due(client, ask, &made, &error);
    outcome out = result(status, error, made, rechecks_json);
    keylatch_rechecks_free(made);
    keylatch_due_ask_free(ask);
    return out;
}

static outcome dsn(const keylatch_client *client, const json *args) {
    keylatch_secret *made = NULL;
    keylatch_error *error = NULL;
    size_t length;
    const char *id = text_arg(args, "connected_account_id", &length);
    keylatch_status status = keylatch_connected_accounts_dsn(client, id, length, &made, &error);
    if (status != KEYLATCH_OK) return result(status, error, NULL, NULL);
    const void *bytes = NULL;
    keylatch_secret_expose(made, &bytes, &length); /* compared with the case */
    outcome out = result(status, error, NULL, NULL);
    json_put(out.result, "secret", json_string(bytes, length));
    keylatch_secret_free(made);
    return out;
}

static outcome delete(const keylatch_client *client, const json *args) {
    keylatch_error *error = NULL;
    size_t length;
    const char *id = text_arg(args, "connected_account_id", &length);
    const json *revoke = json_get(args, "revoke");
    keylatch_status status = keylatch_connected_accounts_delete(
        client, id, length, revoke != NULL && revoke->type == JSON_TRUE, &error);
    return result(status, error, NULL, NULL);
}

/* Calls that take one text, which stands in the arguments under this name. */
#define CALL(call_name, function, noun, arg)                                          \
    if (strcmp(name, call_name) == 0) {                                               \
        keylatch_##noun *made = NULL;                                                 \
        text = text_arg(args, arg, &length);                                          \
        status = function(client, text, length, &made, &error);                       \
        outcome out = result(status, error, made, noun##_json);                       \
        keylatch_##noun##_free(made);                                                 \
        return out;                                                                   \
    }

outcome make_call(const keylatch_client *client, const char *name, const json *args, const json *params,
                  const json *body, const json *pieces) {
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
    if (strcmp(name, "integrations.delete") == 0) {
        text = text_arg(args, "integration_id", &length);
        status = keylatch_integrations_delete(client, text, length, &error);
        return result(status, error, NULL, NULL);
    }
    if (strcmp(name, "backup") == 0) {
        text = text_arg(args, "path", &length);
        status = keylatch_client_backup(client, text, length, &error);
        return result(status, error, NULL, NULL);
    }
    if (strcmp(name, "change_key") == 0) return change_key(client, args, params);
    if (strcmp(name, "rotate_data_key") == 0) return rotate_data_key(client, args);
    if (strcmp(name, "audit_log") == 0) return audit_log(client, args);
    if (strcmp(name, "check_audit") == 0) return check_audit(client, args);
    if (strcmp(name, "export_vault") == 0) return export_vault(client, args, params);
    if (strcmp(name, "import_vault") == 0) return import_vault(client, args, params);
    if (strcmp(name, "diagnose") == 0) return diagnose(client);
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
    CALL("connected_accounts.get", keylatch_connected_accounts_get, connection, "connected_account_id")
    CALL("connected_accounts.verify", keylatch_connected_accounts_verify, verification, "connected_account_id")
    CALL("connected_accounts.enable", keylatch_connected_accounts_enable, connection, "connected_account_id")
    CALL("connected_accounts.disable", keylatch_connected_accounts_disable, connection, "connected_account_id")
    if (strcmp(name, "connected_accounts.wait_until_active") == 0) return wait_until_active(client, args);
    if (strcmp(name, "connected_accounts.set_alias") == 0) return set_alias(client, args);
    if (strcmp(name, "connected_accounts.verify_due") == 0) return verify_due(client, args);
    if (strcmp(name, "connected_accounts.dsn") == 0) return dsn(client, args);
    if (strcmp(name, "connected_accounts.delete") == 0) return delete(client, args);
    if (strcmp(name, "apps.search") == 0) return search(client, args);
    if (strcmp(name, "apps.identify") == 0) return identify(client, params);
    if (strcmp(name, "integrations.create") == 0) return create(client, args, params);
    if (strcmp(name, "get_expected_params_for_user") == 0) return expected(client, args);
    if (strcmp(name, "initiate_connection") == 0) return initiate(client, args, params);
    if (strcmp(name, "connected_accounts.update_credentials") == 0) return update(client, args, params);
    if (strcmp(name, "connected_accounts.list") == 0) return list(client, args);
    if (strcmp(name, "execute_action") == 0) return execute(client, args);
    if (strcmp(name, "request_pages") == 0) return request_pages(client, args, body);
    if (strcmp(name, "request_stream") == 0) return request_stream(client, args, body, pieces);
    return request(client, args, body);
}

outcome failed(keylatch_status status, keylatch_error *error) {
    outcome out = {0};
    keylatch_status own = 0;
    const char *text = NULL, *code = NULL, *expected_code = NULL;
    size_t length = 0;
    if (error == NULL) return mistake("a call that failed gave no error");
    tell_error(error);
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
