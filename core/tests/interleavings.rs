//! The pool of readers under a thousand orders of its threads: no deadlock, no waiter forgotten, never too many at once.

#[allow(dead_code, reason = "of the store in PostgreSQL")]
#[path = "../src/store/pool.rs"]
mod pool;

/// The pool's synchronisation, under a scheduler that decides who goes next.
mod sync {
    pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
}

use std::convert::Infallible;

use pool::Pool;
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

const MOST: usize = 2;

/// A pool whose things count themselves.
struct Counted {
    pool: Pool<Thing>,
    alive: Arc<AtomicUsize>,
    in_use: AtomicUsize,
}

struct Thing(Arc<AtomicUsize>);

impl Drop for Thing {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Counted {
    fn new() -> Arc<Self> {
        Arc::new(Self { pool: Pool::new(MOST), alive: Arc::default(), in_use: AtomicUsize::new(0) })
    }

    /// Uses a thing; false where the pool was closed.
    fn use_one(&self) -> bool {
        let Some(mut lease) = self.pool.lease() else { return false };
        assert!(self.in_use.fetch_add(1, Ordering::SeqCst) < MOST, "too many at once");
        let made = lease.or_make(|| {
            self.alive.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Infallible>(Thing(self.alive.clone()))
        });
        assert!(made.is_ok());
        thread::yield_now();
        self.in_use.fetch_sub(1, Ordering::SeqCst);
        true
    }
}

fn in_many_orders(test: fn()) {
    shuttle::check_random(test, 500);
    shuttle::check_pct(test, 500, 3);
}

#[test]
fn all_get_their_turn_and_no_more_are_made_than_may_be_used() {
    in_many_orders(|| {
        let counted = Counted::new();
        let users: Vec<_> = (0..4).map(|_| counted.clone()).map(|c| thread::spawn(move || c.use_one())).collect();
        counted.pool.let_go(); // as before a fork
        assert!(users.into_iter().all(|user| user.join().unwrap()));
        assert!(counted.alive.load(Ordering::SeqCst) <= MOST);
    });
}

#[test]
fn closing_wakes_all_who_wait_and_leaves_nothing_open() {
    in_many_orders(|| {
        let counted = Counted::new();
        let users: Vec<_> = (0..4).map(|_| counted.clone()).map(|c| thread::spawn(move || c.use_one())).collect();
        counted.pool.close();
        for user in users {
            user.join().unwrap();
        }
        assert!(!counted.use_one(), "closed");
        assert_eq!(counted.alive.load(Ordering::SeqCst), 0, "something stayed open");
    });
}

#[test]
fn what_cannot_be_made_takes_no_place() {
    in_many_orders(|| {
        let counted = Counted::new();
        let fail = |counted: &Counted| counted.pool.lease().is_some_and(|mut lease| lease.or_make(|| Err(())).is_err());
        let users: Vec<_> = (0..4).map(|_| counted.clone()).map(|c| thread::spawn(move || fail(&c))).collect();
        assert!(users.into_iter().all(|user| user.join().unwrap()));
        assert!(counted.use_one());
    });
}
