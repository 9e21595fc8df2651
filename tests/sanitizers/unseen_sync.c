/*
 * Tells the thread sanitizer what it cannot see. The standard library comes without instrumentation: where a lock is
 * waited for, the library's own code takes it, and to the sanitizer the lock was never taken. The linker (--wrap) puts these
 * functions around the library's, whose names run.py finds and gives.
 *
 * Nor does it know that two descriptors may be one epoll, as tokio's are: who has added a socket by one, and who hears
 * of it by the other, have nothing in common to it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define JOINED(before, name) before##name
#define REAL(name) JOINED(__real_, name)
#define WRAP(name) JOINED(__wrap_, name)

/* Mutex::lock and RwLock::read and write where another thread is in the way. */
#define TAKEN(name)                  \
    void REAL(name)(void *lock);     \
    void WRAP(name)(void *lock);     \
    void WRAP(name)(void *lock) {    \
        REAL(name)(lock);            \
        __tsan_acquire(lock);        \
    }
TAKEN(MUTEX_LOCK)
TAKEN(RWLOCK_READ)
TAKEN(RWLOCK_WRITE)

/* Condvar::wait gives the mutex back and takes it again. */
void REAL(CONDVAR_WAIT)(void *condvar, void *mutex);
void WRAP(CONDVAR_WAIT)(void *condvar, void *mutex);
void WRAP(CONDVAR_WAIT)(void *condvar, void *mutex) {
    __tsan_release(mutex);
    REAL(CONDVAR_WAIT)(condvar, mutex);
    __tsan_acquire(mutex);
}

bool REAL(CONDVAR_WAIT_TIMEOUT)(void *condvar, void *mutex, uint64_t seconds, uint32_t nanoseconds);
bool WRAP(CONDVAR_WAIT_TIMEOUT)(void *condvar, void *mutex, uint64_t seconds, uint32_t nanoseconds);
bool WRAP(CONDVAR_WAIT_TIMEOUT)(void *condvar, void *mutex, uint64_t seconds, uint32_t nanoseconds) {
    bool in_time;
    __tsan_release(mutex);
    in_time = REAL(CONDVAR_WAIT_TIMEOUT)(condvar, mutex, seconds, nanoseconds);
    __tsan_acquire(mutex);
    return in_time;
}

/* Once::call does the work, or waits for it; `work` is a reference and a table of functions. */
void REAL(ONCE_CALL)(void *once, bool again, void *work, const void *table, const void *caller);
void WRAP(ONCE_CALL)(void *once, bool again, void *work, const void *table, const void *caller);
void WRAP(ONCE_CALL)(void *once, bool again, void *work, const void *table, const void *caller) {
    REAL(ONCE_CALL)(once, again, work, table, caller);
    __tsan_release(once);
    __tsan_acquire(once);
}

/* What was done before a socket was added to an epoll is done where one is waited for: for all of them as one. */
static char epolls;

int REAL(epoll_ctl)(int epoll, int operation, int descriptor, struct epoll_event *event);
int WRAP(epoll_ctl)(int epoll, int operation, int descriptor, struct epoll_event *event);
int WRAP(epoll_ctl)(int epoll, int operation, int descriptor, struct epoll_event *event) {
    __tsan_release(&epolls);
    return REAL(epoll_ctl)(epoll, operation, descriptor, event);
}

int REAL(epoll_wait)(int epoll, struct epoll_event *events, int most, int milliseconds);
int WRAP(epoll_wait)(int epoll, struct epoll_event *events, int most, int milliseconds);
int WRAP(epoll_wait)(int epoll, struct epoll_event *events, int most, int milliseconds) {
    const int count = REAL(epoll_wait)(epoll, events, most, milliseconds);
    __tsan_acquire(&epolls);
    return count;
}
