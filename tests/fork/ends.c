/* Signals, threads and ends of a C program with calls under way: `ends CASE`, in the world that the environment names. */
#include "client.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void nothing(int number) { (void)number; }

/* Every wait of the system's is cut short, again and again: the handlers do not ask for it to go on by itself. */
static int signals(void) {
    struct sigaction action = {.sa_handler = nothing};
    struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    keylatch_client *client = open_client();
    sigaction(SIGALRM, &action, NULL);
    sigaction(SIGCHLD, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 5; i++) {
        pid_t pid = fork();
        if (pid == 0) _exit(0);
        work(client, "first");
        while (waitpid(pid, NULL, 0) < 0) continue;
    }
    keylatch_client_free(client);
    setitimer(ITIMER_REAL, &never, NULL);
    return 0;
}

static void *ask_for_ever(void *client) {
    ask_what_hangs(client);
    fail("what hangs was answered");
    return NULL;
}

static int detached(void) {
    keylatch_client *client = open_client();
    pthread_t thread;
    work(client, "first");
    pthread_create(&thread, NULL, ask_for_ever, client);
    pthread_detach(thread);
    wait_until_it_hangs();
    return 0;
}

enum { THREADS = 4 };

static atomic_int left = THREADS;

static void *work_and_exit(void *client) {
    work(client, "thread");
    if (atomic_fetch_sub(&left, 1) == 1) keylatch_client_free(client);
    pthread_exit(NULL);
}

/* The process ends with its last thread; the client, which has one too, is freed before. */
static int exit_every_thread(void) {
    keylatch_client *client = open_client();
    work(client, "first");
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, work_and_exit, client);
        pthread_detach(thread);
    }
    pthread_exit(NULL);
}

static void *fork_here(void *client) {
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        work(client, "child");
        keylatch_client_free(client);
        exit(0);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0) fail("the child failed");
    return NULL;
}

static int fork_in_thread(void) {
    keylatch_client *client = open_client();
    pthread_t thread;
    work(client, "first");
    pthread_create(&thread, NULL, fork_here, client);
    pthread_join(thread, NULL);
    work(client, "later");
    keylatch_client_free(client);
    return 0;
}

int main(int count, char **arguments) {
    const char *which = count == 2 ? arguments[1] : "";
    if (strcmp(which, "signals") == 0) return signals();
    if (strcmp(which, "detached") == 0) return detached();
    if (strcmp(which, "pthread_exit") == 0) return exit_every_thread();
    if (strcmp(which, "fork_in_thread") == 0) return fork_in_thread();
    fail("which case?");
    return 1;
}
