/* What the two files of the C host share. */
#ifndef HOST_H
#define HOST_H

#include <stddef.h>

/* Reads exactly this many bytes of standard input; ends the program where that has ended. */
void read_secret(void *buffer, size_t length);

/* Leaves a copy of a secret where the scan must find it. */
void plant(const char *kind, size_t length);

#endif
