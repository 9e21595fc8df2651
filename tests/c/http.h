/* Plain HTTP to the test servers' control addresses, over a socket. */
#ifndef KEYLATCH_TESTS_HTTP_H
#define KEYLATCH_TESTS_HTTP_H

#include "json.h"

/* Sends one request to `base` (http://host:port) and appends the answer's body. False where it was no success. */
bool http_send(const char *base, const char *method, const char *path, const char *body, buffer *answer);

#endif
