/* Which calls there are for conformance cases, and which arguments each takes. */
#ifndef KEYLATCH_TESTS_KNOWN_H
#define KEYLATCH_TESTS_KNOWN_H

#include "json.h"

/* Whether the call exists and takes all of these arguments: one that is passed over would seem to pass. */
bool is_known_call(const char *name, const json *args);

#endif
