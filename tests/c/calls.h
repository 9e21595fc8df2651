/* The calls of the conformance cases, by name, through the C interface. */
#ifndef KEYLATCH_TESTS_CALLS_H
#define KEYLATCH_TESTS_CALLS_H

#include "json.h"
#include "keylatch.h"

/* What a call came to: a result, or the library's error, or a mistake in the case (or here) in words. */
typedef struct outcome {
    json *result;
    json *error;
    const char *mistake;
} outcome;

outcome make_call(const keylatch_client *client, const char *name, const json *args, const json *params,
                  const json *body, const json *pieces);

/* The Transit key that a case names, with its token, which may be NULL. */
keylatch_status set_transit(keylatch_options *options, const json *transit, const json *token, keylatch_error **error);

/* The error as JSON, after checking that its getters say the same; frees it. */
outcome failed(keylatch_status status, keylatch_error *error);

#endif
