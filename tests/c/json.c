/* A small JSON reader and writer for the C tests. */
#include "json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 200 };

static void *grown(void *block, size_t size) {
    void *more = realloc(block, size);
    if (more == NULL) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return more;
}

void buffer_add(buffer *into, const char *data, size_t length) {
    if (into->room < into->length + length + 1) {
        into->room = (into->length + length + 1) * 2;
        into->data = grown(into->data, into->room);
    }
    if (length > 0) memcpy(into->data + into->length, data, length);
    into->length += length;
    into->data[into->length] = '\0';
}

void buffer_puts(buffer *into, const char *text) { buffer_add(into, text, strlen(text)); }

json *json_new(enum json_type type) {
    json *value = grown(NULL, sizeof *value);
    memset(value, 0, sizeof *value);
    value->type = type;
    return value;
}

static json *with_text(enum json_type type, const char *text, size_t length) {
    json *value = json_new(type);
    buffer content = {0};
    buffer_add(&content, text, length);
    value->text = content.data;
    value->length = content.length;
    return value;
}

json *json_string(const char *text, size_t length) { return with_text(JSON_STRING, text, length); }

json *json_number(long number) {
    char text[32];
    int length = snprintf(text, sizeof text, "%ld", number);
    return with_text(JSON_NUMBER, text, (size_t)length);
}

void json_free(json *value) {
    if (value == NULL) return;
    for (size_t i = 0; i < value->count; i++) {
        json_free(value->items[i]);
        if (value->keys != NULL) json_free(value->keys[i]);
    }
    free(value->items);
    free(value->keys);
    free(value->text);
    free(value);
}

static void append(json *whole, json *key, json *value) {
    whole->items = grown(whole->items, (whole->count + 1) * sizeof(json *));
    whole->items[whole->count] = value;
    if (key != NULL) {
        whole->keys = grown(whole->keys, (whole->count + 1) * sizeof(json *));
        whole->keys[whole->count] = key;
    }
    whole->count++;
}

void json_push(json *array, json *value) { append(array, NULL, value); }

void json_put(json *object, const char *key, json *value) {
    for (size_t i = 0; i < object->count; i++) {
        if (json_is(object->keys[i], key)) {
            json_free(object->items[i]);
            object->items[i] = value;
            return;
        }
    }
    append(object, json_string(key, strlen(key)), value);
}

/* ---- Reading ---- */

typedef struct reader {
    const char *at, *end;
    int depth;
} reader;

static void skip_space(reader *in) {
    while (in->at < in->end && strchr(" \t\r\n", *in->at) != NULL && *in->at != '\0') in->at++;
}

static bool take(reader *in, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(in->end - in->at) < length || memcmp(in->at, word, length) != 0) return false;
    in->at += length;
    return true;
}

static bool hex4(reader *in, uint32_t *out) {
    if (in->end - in->at < 4) return false;
    *out = 0;
    for (int i = 0; i < 4; i++) {
        char c = *in->at++;
        uint32_t digit;
        if (c >= '0' && c <= '9') digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f') digit = (uint32_t)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F') digit = (uint32_t)(c - 'A') + 10;
        else return false;
        *out = *out * 16 + digit;
    }
    return true;
}

static void add_code_point(buffer *into, uint32_t code) {
    char bytes[4];
    size_t length = 0;
    if (code < 0x80) {
        bytes[length++] = (char)code;
    } else {
        int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        static const unsigned char first[] = {0, 0xC0, 0xE0, 0xF0};
        bytes[length++] = (char)(first[more] | (code >> (6 * more)));
        while (more-- > 0) bytes[length++] = (char)(0x80 | ((code >> (6 * more)) & 0x3F));
    }
    buffer_add(into, bytes, length);
}

static bool escape(reader *in, buffer *into) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (in->at >= in->end) return false;
    char c = *in->at++;
    const char *found = c == '\0' ? NULL : strchr(from, c);
    if (found != NULL) {
        buffer_add(into, &to[found - from], 1);
        return true;
    }
    uint32_t code, low;
    if (c != 'u' || !hex4(in, &code)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
        if (!take(in, "\\u") || !hex4(in, &low) || low < 0xDC00 || low > 0xDFFF) return false;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
        return false;
    }
    add_code_point(into, code);
    return true;
}

static json *read_string(reader *in) {
    buffer content = {0};
    if (!take(in, "\"")) return NULL;
    buffer_add(&content, "", 0);
    while (in->at < in->end && (unsigned char)*in->at >= 0x20) {
        char c = *in->at++;
        if (c == '"') {
            json *value = json_new(JSON_STRING);
            value->text = content.data;
            value->length = content.length;
            return value;
        }
        if (c != '\\') buffer_add(&content, &c, 1);
        else if (!escape(in, &content)) break;
    }
    free(content.data);
    return NULL;
}

static json *read_number(reader *in) {
    const char *start = in->at;
    while (in->at < in->end && *in->at != '\0' && strchr("+-.0123456789eE", *in->at) != NULL) in->at++;
    json *value = with_text(JSON_NUMBER, start, (size_t)(in->at - start));
    char *rest;
    strtod(value->text, &rest);
    if (value->length > 0 && *rest == '\0') return value;
    json_free(value);
    return NULL;
}

static json *read_value(reader *in);

static json *read_members(reader *in, enum json_type type, const char *close) {
    json *whole = json_new(type);
    skip_space(in);
    if (take(in, close)) return whole;
    for (;;) {
        json *key = NULL;
        skip_space(in);
        if (type == JSON_OBJECT) {
            key = read_string(in);
            skip_space(in);
            if (key == NULL || !take(in, ":")) {
                json_free(key);
                break;
            }
        }
        json *value = read_value(in);
        if (value == NULL) {
            json_free(key);
            break;
        }
        append(whole, key, value);
        skip_space(in);
        if (take(in, close)) return whole;
        if (!take(in, ",")) break;
    }
    json_free(whole);
    return NULL;
}

static json *read_value(reader *in) {
    json *value = NULL;
    if (++in->depth > DEEPEST) return NULL;
    skip_space(in);
    if (take(in, "null")) value = json_new(JSON_NULL);
    else if (take(in, "true")) value = json_new(JSON_TRUE);
    else if (take(in, "false")) value = json_new(JSON_FALSE);
    else if (take(in, "[")) value = read_members(in, JSON_ARRAY, "]");
    else if (take(in, "{")) value = read_members(in, JSON_OBJECT, "}");
    else if (in->at < in->end && *in->at == '"') value = read_string(in);
    else if (in->at < in->end) value = read_number(in);
    in->depth--;
    return value;
}

json *json_parse(const char *text, size_t length) {
    reader in = {text, text + length, 0};
    json *value = read_value(&in);
    skip_space(&in);
    if (value != NULL && in.at == in.end) return value;
    json_free(value);
    return NULL;
}

/* ---- Asking and writing ---- */

json *json_get(const json *object, const char *key) {
    if (object == NULL || object->type != JSON_OBJECT) return NULL;
    for (size_t i = 0; i < object->count; i++) {
        if (json_is(object->keys[i], key)) return object->items[i];
    }
    return NULL;
}

json *json_at(json *value, const char *pointer) {
    while (value != NULL && *pointer == '/') {
        buffer part = {0};
        buffer_add(&part, "", 0);
        for (pointer++; *pointer != '\0' && *pointer != '/'; pointer++) {
            char c = *pointer;
            if (c == '~' && (pointer[1] == '0' || pointer[1] == '1')) c = *++pointer == '0' ? '~' : '/';
            buffer_add(&part, &c, 1);
        }
        if (value->type == JSON_ARRAY) {
            char *rest;
            unsigned long index = strtoul(part.data, &rest, 10);
            value = part.length > 0 && *rest == '\0' && index < value->count ? value->items[index] : NULL;
        } else {
            value = json_get(value, part.data);
        }
        free(part.data);
    }
    return value;
}

const char *json_text(const json *value) { return value != NULL && value->type == JSON_STRING ? value->text : NULL; }

bool json_is(const json *value, const char *text) {
    return json_text(value) != NULL && value->length == strlen(text) && memcmp(value->text, text, value->length) == 0;
}

bool json_equal(const json *one, const json *other) {
    if (one->type != other->type || one->count != other->count) return false;
    if (one->type == JSON_NUMBER) return strtod(one->text, NULL) == strtod(other->text, NULL);
    if (one->type == JSON_STRING) return one->length == other->length && memcmp(one->text, other->text, one->length) == 0;
    for (size_t i = 0; i < one->count; i++) {
        const json *match = one->type == JSON_OBJECT ? json_get(other, one->keys[i]->text) : other->items[i];
        if (match == NULL || !json_equal(one->items[i], match)) return false;
    }
    return true;
}

static void write_string(const json *value, buffer *into) {
    buffer_puts(into, "\"");
    for (size_t i = 0; i < value->length; i++) {
        unsigned char c = (unsigned char)value->text[i];
        char escaped[8];
        if (c < 0x20) {
            snprintf(escaped, sizeof escaped, "\\u%04x", c);
            buffer_puts(into, escaped);
        } else {
            if (c == '"' || c == '\\') buffer_puts(into, "\\");
            buffer_add(into, &value->text[i], 1);
        }
    }
    buffer_puts(into, "\"");
}

void json_write(const json *value, buffer *into) {
    static const char *const words[] = {"null", "false", "true"};
    if (value->type <= JSON_TRUE) {
        buffer_puts(into, words[value->type]);
    } else if (value->type == JSON_NUMBER) {
        buffer_add(into, value->text, value->length);
    } else if (value->type == JSON_STRING) {
        write_string(value, into);
    } else {
        buffer_puts(into, value->type == JSON_ARRAY ? "[" : "{");
        for (size_t i = 0; i < value->count; i++) {
            if (i > 0) buffer_puts(into, ",");
            if (value->type == JSON_OBJECT) {
                write_string(value->keys[i], into);
                buffer_puts(into, ":");
            }
            json_write(value->items[i], into);
        }
        buffer_puts(into, value->type == JSON_ARRAY ? "]" : "}");
    }
}

json *json_changed(const json *value, json_change *change, void *context) {
    json *copy = json_new(value->type);
    if (value->type == JSON_STRING || value->type == JSON_NUMBER) {
        buffer content = {0};
        buffer_add(&content, "", 0);
        if (value->type == JSON_STRING) change(value->text, value->length, &content, context);
        else buffer_add(&content, value->text, value->length);
        copy->text = content.data;
        copy->length = content.length;
    }
    for (size_t i = 0; i < value->count; i++) {
        json *key = value->type == JSON_OBJECT ? json_changed(value->keys[i], change, context) : NULL;
        append(copy, key, json_changed(value->items[i], change, context));
    }
    return copy;
}
