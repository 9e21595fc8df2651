/* What the files of the C host share. */
#ifndef HOST_H
#define HOST_H

#include <stddef.h>

#include "keylatch.h"

/* Reads exactly this many bytes of standard input; ends the program where that has ended. */
void read_secret(void *buffer, size_t length);

/* Ends the program where a call failed that never should. */
void must(keylatch_status status);

/* Trusts the authority of the test servers. */
void set_ca(keylatch_options *options);

/* `transit PATH URL SIZE`, `export PATH SIZE` and `import PATH SIZE`. */
keylatch_client *open_by_transit(char **words);
keylatch_status export_vault(const keylatch_client *client, char **words, keylatch_error **error);
keylatch_status import_vault(const keylatch_client *client, char **words, keylatch_error **error);

/* Leaves a copy of a secret where the scan must find it. */
void plant(const char *kind, size_t length);

#endif
