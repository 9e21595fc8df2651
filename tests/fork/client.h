/* What the C programs of this folder do with a client, in the world that the environment names (see run.py). */
#ifndef KEYLATCH_FORK_CLIENT_H
#define KEYLATCH_FORK_CLIENT_H

#include <keylatch.h>

/* A client on the world's vault, or on its project. Ends the process where that fails. */
keylatch_client *open_client(void);

/* Connects a user, asks the app something for them, reads the connection back, and prints `did USER`; `role` is how the
 * user's name begins. Ends the process where something is not as it should be. May be called on any thread. */
void work(const keylatch_client *client, const char *role);

/* Connects a user and asks the app something that it never answers. */
void ask_what_hangs(const keylatch_client *client);

/* Waits until that question has come to the app. */
void wait_until_it_hangs(void);

/* Says why, and ends the process at once. */
void fail(const char *why);

#endif
