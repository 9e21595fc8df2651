/* Secrets left behind in the ways in which programs leave them: the scan must find each. */
#define _GNU_SOURCE
#include "host.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Where the secret is read to; blank again when `plant` returns. */
static char typed[256];
static void *leaked;

/* Keeps the compiler from seeing that nobody reads the copy. */
static void keep(void *copy) { __asm__ volatile("" : : "r"(copy) : "memory"); }

/* A local variable of a function that has returned. */
static __attribute__((noinline)) void on_the_stack(size_t length) {
    // Below the frames of what is called until the scan.
    char deep[1 << 14];
    memcpy(deep, typed, length);
    keep(deep);
}

static void *on_a_thread(void *length) {
    on_the_stack((size_t)(uintptr_t)length);
    return NULL;
}

static void on_the_heap(size_t length) {
    leaked = malloc(length);
    memcpy(leaked, typed, length);
    keep(leaked);
}

/* A large block lies between smaller ones, so that it is neither unmapped nor at the end that is given back. */
static void freed(size_t length) {
    static void *above;
    char *copy = malloc(4096);
    above = malloc(64);
    memcpy(copy + 1024, typed, length);
    keep(above);
    free(copy);
}

void plant(const char *kind, size_t length) {
    if (length > sizeof typed) exit(2);
    read_secret(typed, length);
    if (strcmp(kind, "stack") == 0) {
        on_the_stack(length);
    } else if (strcmp(kind, "leaked") == 0) {
        on_the_heap(length);
    } else if (strcmp(kind, "freed") == 0) {
        freed(length);
    } else if (strcmp(kind, "thread") == 0) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, on_a_thread, (void *)(uintptr_t)length) != 0) exit(2);
        pthread_join(thread, NULL);
    } else if (strcmp(kind, "part") == 0) {
        on_the_heap(20);
    } else if (strcmp(kind, "shred") == 0) {
        on_the_heap(12);
    } else {
        exit(2);
    }
    explicit_bzero(typed, sizeof typed);
}
