/* The matchers of the conformance cases. */
#include "match.h"

#include <stdlib.h>
#include <string.h>

static void show(const json *value, buffer *into) {
    if (value == NULL) buffer_puts(into, "nothing");
    else json_write(value, into);
}

static bool no(const char *path, const json *expected, const json *value, buffer *why) {
    buffer_puts(why, path[0] == '\0' ? "the result" : path);
    buffer_puts(why, " should match ");
    show(expected, why);
    buffer_puts(why, " but is ");
    show(value, why);
    return false;
}

static bool is_type(const json *value, const char *type) {
    static const char *const names[] = {"null", "boolean", "boolean", "number", "string", "array", "object"};
    return strcmp(names[value == NULL ? JSON_NULL : value->type], type) == 0;
}

static bool found_in(const json *value, const char *text) {
    buffer written = {0};
    if (value == NULL) return false;
    if (json_text(value) != NULL) return strstr(json_text(value), text) != NULL;
    json_write(value, &written);
    bool found = strstr(written.data, text) != NULL;
    free(written.data);
    return found;
}

static bool contains(const json *expected, const json *value, const char *path) {
    bool found = false;
    for (size_t i = 0; value != NULL && value->type == JSON_ARRAY && i < value->count && !found; i++) {
        buffer unsaid = {0};
        found = matches(expected, value->items[i], path, &unsaid);
        free(unsaid.data);
    }
    return found;
}

static bool absent(const json *value) { return value == NULL || value->type == JSON_NULL; }

/* One matcher: an object whose only key begins with `$`. */
static bool matcher(const char *name, const json *wanted, const json *value, const char *path, buffer *why) {
    if (strcmp(name, "$type") == 0) return is_type(value, json_text(wanted));
    if (strcmp(name, "$has") == 0) return found_in(value, json_text(wanted));
    if (strcmp(name, "$lacks") == 0) return !found_in(value, json_text(wanted));
    if (strcmp(name, "$contains") == 0) return contains(wanted, value, path);
    if (strcmp(name, "$absent") == 0) return absent(value);
    if (strcmp(name, "$not") == 0) return !absent(value) && !json_equal(wanted, value);
    if (strcmp(name, "$len") == 0) {
        if (value == NULL) return false;
        size_t length = value->type == JSON_STRING ? value->length : value->count;
        return (double)length == strtod(wanted->text, NULL);
    }
    if (strcmp(name, "$min") == 0) {
        return is_type(value, "number") && strtod(value->text, NULL) >= strtod(wanted->text, NULL);
    }
    if (strcmp(name, "$all") == 0) {
        for (size_t i = 0; i < wanted->count; i++) {
            if (!matches(wanted->items[i], value, path, why)) return false;
        }
        return true;
    }
    buffer_puts(why, "unknown matcher: ");
    return false;
}

static bool below(const json *expected, const json *value, const char *path, const char *step, buffer *why) {
    buffer longer = {0};
    buffer_puts(&longer, path);
    buffer_puts(&longer, "/");
    buffer_puts(&longer, step);
    bool good = matches(expected, value, longer.data, why);
    free(longer.data);
    return good;
}

bool matches(const json *expected, const json *value, const char *path, buffer *why) {
    if (expected->type == JSON_OBJECT) {
        if (expected->count == 1 && expected->keys[0]->text[0] == '$' && !json_is(expected->keys[0], "$schema")) {
            size_t said = why->length;
            bool good = matcher(expected->keys[0]->text, expected->items[0], value, path, why);
            return good || (why->length > said ? false : no(path, expected, value, why));
        }
        if (value == NULL || value->type != JSON_OBJECT) return no(path, expected, value, why);
        for (size_t i = 0; i < expected->count; i++) {
            const char *key = expected->keys[i]->text;
            if (!below(expected->items[i], json_get(value, key), path, key, why)) return false;
        }
        return true;
    }
    if (expected->type == JSON_ARRAY) {
        if (value == NULL || value->type != JSON_ARRAY || value->count != expected->count) {
            return no(path, expected, value, why);
        }
        for (size_t i = 0; i < expected->count; i++) {
            char step[2] = {(char)('0' + i % 10), '\0'};
            if (!below(expected->items[i], value->items[i], path, step, why)) return false;
        }
        return true;
    }
    if (expected->type == JSON_NULL) return absent(value) || no(path, expected, value, why);
    return (value != NULL && json_equal(expected, value)) || no(path, expected, value, why);
}

static bool same_set(const json *one, const json *other) {
    if (one == NULL || other == NULL || one->count != other->count) return false;
    for (size_t i = 0; i < one->count; i++) {
        if (!contains(one->items[i], other, "")) return false;
    }
    return true;
}

bool error_matches(const json *expected, const json *error, buffer *why) {
    for (size_t i = 0; i < expected->count; i++) {
        const char *key = expected->keys[i]->text;
        const json *wanted = expected->items[i], *value = json_get(error, key);
        if (strcmp(key, "message_has") == 0) {
            for (size_t at = 0; at < wanted->count; at++) {
                const json *message = json_get(error, "message");
                if (!found_in(message, wanted->items[at]->text)) return no("message", wanted, message, why);
            }
        } else if (strcmp(key, "fields") == 0 && wanted->type == JSON_ARRAY) {
            if (!same_set(wanted, value)) return no("fields", wanted, value, why);
        } else if (!below(wanted, value, "error", key, why)) {
            return false;
        }
    }
    return true;
}
