/* A small JSON reader and writer for the C tests: whole documents in memory, order kept, numbers kept as written. */
#ifndef KEYLATCH_TESTS_JSON_H
#define KEYLATCH_TESTS_JSON_H

#include <stdbool.h>
#include <stddef.h>

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

typedef struct json json;
struct json {
    enum json_type type;
    char *text;    /* string content, or the number as written; NUL-terminated */
    size_t length; /* of text */
    json **items;  /* array items, or object values */
    json **keys;   /* object keys, each a string */
    size_t count;
};

/* A text that grows. */
typedef struct buffer {
    char *data; /* NUL-terminated once anything was added */
    size_t length, room;
} buffer;

void buffer_add(buffer *into, const char *data, size_t length);
void buffer_puts(buffer *into, const char *text);

/* NULL where the text is not one JSON document. The caller frees it with json_free, which takes NULL. */
json *json_parse(const char *text, size_t length);
void json_free(json *value);

json *json_string(const char *text, size_t length);
json *json_new(enum json_type type);
json *json_number(long number);
/* These take ownership of `value`. A key that is there already keeps its place and gets the new value. */
void json_push(json *array, json *value);
void json_put(json *object, const char *key, json *value);

/* The member of this name, or NULL; also for NULL and for what is no object. Borrowed. */
json *json_get(const json *object, const char *key);
/* What a JSON pointer (RFC 6901) points at, or NULL. Borrowed. */
json *json_at(json *value, const char *pointer);
/* The content where it is a string, else NULL. */
const char *json_text(const json *value);
bool json_is(const json *value, const char *text);

/* Same type and content; numbers by value, objects without regard to order. */
bool json_equal(const json *one, const json *other);
void json_write(const json *value, buffer *into);

/* A deep copy in which each string, keys included, has gone through `change` (which appends to `into`). */
typedef void json_change(const char *text, size_t length, buffer *into, void *context);
json *json_changed(const json *value, json_change *change, void *context);

#endif
