/* One cell in C: `host fork|busy before|after exit|call|drop`; the same as host.py does. */
#include "client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, FORKS = 5 };

static atomic_bool stop;

static void *calls(void *client) {
    while (!stop) work(client, "busy");
    return NULL;
}

/* Forks. The child does `what`, once `gate` (the end of a pipe) is open where there is one, and ends as programs do. */
static pid_t start(keylatch_client *client, const char *what, const int *gate) {
    pid_t pid = fork();
    if (pid < 0) fail("no fork");
    if (pid > 0) return pid;
    char go;
    if (client == NULL) client = open_client();
    if (gate != NULL && read(gate[0], &go, 1) != 1) fail("the gate is gone");
    if (strcmp(what, "call") == 0) work(client, "child");
    if (strcmp(what, "late") == 0) work(client, "late");
    if (strcmp(what, "drop") == 0) keylatch_client_free(client);
    exit(0);
}

static void end(pid_t pid) {
    int status;
    if (waitpid(pid, &status, 0) != pid || status != 0) fail("the child failed");
}

int main(int count, char **arguments) {
    if (count != 4) fail("which cell?");
    bool busy = strcmp(arguments[1], "busy") == 0, drop = strcmp(arguments[3], "drop") == 0;
    pthread_t threads[THREADS];
    int gate[2];
    pid_t late = 0;
    keylatch_client *client = NULL;
    if (strcmp(arguments[2], "before") == 0) {
        client = open_client();
        work(client, "first");
    }
    for (int i = 0; busy && i < THREADS; i++) pthread_create(&threads[i], NULL, calls, client);
    for (int i = 0; i < (busy ? FORKS : 1); i++) end(start(client, arguments[3], NULL));
    if (drop) {
        if (pipe(gate) != 0) fail("no pipe");
        late = start(client, "late", gate);
    }
    stop = true;
    for (int i = 0; busy && i < THREADS; i++) pthread_join(threads[i], NULL);
    if (client == NULL) client = open_client();
    if (!drop) {
        work(client, "parent");
        return 0;
    }
    keylatch_client_free(client);
    if (write(gate[1], "x", 1) != 1) fail("the child is gone");
    end(late);
    return 0;
}
