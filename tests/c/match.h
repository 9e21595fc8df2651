/* Whether a value is as a conformance case expects it. */
#ifndef KEYLATCH_TESTS_MATCH_H
#define KEYLATCH_TESTS_MATCH_H

#include "json.h"

/* As tests/cases/README.md says; `value` is NULL where it is absent. Says where and why not in `why`. */
bool matches(const json *expected, const json *value, const char *path, buffer *why);

/* The `error` of a step against an error's JSON. */
bool error_matches(const json *expected, const json *error, buffer *why);

#endif
