//! The pool of readers and the turns of writers under a thousand orders of their threads: no deadlock, no waiter forgotten,
//! never too many at once, and whoever is told that something was written finds it written.

#[allow(dead_code, reason = "of the store in PostgreSQL")]
#[path = "../src/store/pool.rs"]
mod pool;

#[allow(dead_code, reason = "of the store in SQLite")]
#[path = "../src/store/turns.rs"]
mod turns;

/// Their synchronisation, under a scheduler that decides who goes next.
mod sync {
    pub(crate) use shuttle::sync::atomic::{AtomicUsize, Ordering};
    pub(crate) use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard};
}

use std::cell::RefCell;
use std::convert::Infallible;

use pool::Pool;
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;
use turns::{Turns, Writer};

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

/// A book whose pages are written in transactions. Words: `bad` ones are refused, `fatal` ones end the transaction, and a
/// transaction with a `late` one cannot be committed. `once` is written in one step, and `never` refused in one.
#[derive(Default)]
struct Book {
    written: Arc<shuttle::sync::Mutex<Vec<&'static str>>>,
    commits: Arc<AtomicUsize>,
    draft: RefCell<Option<Draft>>,
}

#[derive(Default)]
struct Draft {
    words: Vec<&'static str>,
    part: usize,
}

impl Book {
    fn write(&self, word: &'static str) -> Result<(), &'static str> {
        thread::yield_now();
        let mut draft = self.draft.borrow_mut();
        let words = &mut draft.as_mut().expect("a transaction has begun").words;
        if word == "never" {
            return Err("never");
        }
        words.push(word);
        match word {
            "bad" => Err("bad"),
            "fatal" => {
                *draft = None;
                Err("fatal")
            }
            _ => Ok(()),
        }
    }
}

impl Writer for Book {
    type Error = &'static str;

    fn begin(&self) -> Result<(), Self::Error> {
        assert!(self.draft.replace(Some(Draft::default())).is_none(), "one transaction at a time");
        Ok(())
    }

    fn commit(&self) -> Result<(), Self::Error> {
        let draft = self.draft.take().expect("a transaction has begun");
        thread::yield_now();
        if draft.words.contains(&"late") {
            return Err("late");
        }
        self.written.lock().expect("nobody panicked").extend(draft.words);
        self.commits.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn roll_back(&self) {
        self.draft.replace(None);
    }

    fn is_open(&self) -> bool {
        self.draft.borrow().is_some()
    }

    fn begin_part(&self) -> Result<(), Self::Error> {
        let mut draft = self.draft.borrow_mut();
        let draft = draft.as_mut().expect("a transaction has begun");
        draft.part = draft.words.len();
        Ok(())
    }

    fn end_part(&self) -> Result<(), Self::Error> {
        Ok(())
    }

    fn take_part_back(&self) {
        let mut draft = self.draft.borrow_mut();
        let draft = draft.as_mut().expect("a transaction has begun");
        draft.words.truncate(draft.part);
    }
}

/// Lets a thread write each of the words; what is told to it must be what is in the book. How many commits that took.
fn written(words: &[&'static str]) -> usize {
    let (written, commits) = (Arc::default(), Arc::default());
    let turns = Arc::new(Turns::default());
    turns.begin_with(Book { written: Arc::clone(&written), commits: Arc::clone(&commits), draft: RefCell::default() });
    let writers: Vec<_> = words
        .iter()
        .map(|word| {
            let (turns, written, word) = (turns.clone(), written.clone(), *word);
            thread::spawn(move || {
                let turn = if word == "last" { turns.last() } else { turns.next() }.expect("nobody closes it");
                let turn = if ["once", "never"].contains(&word) { turn.writing_once() } else { turn };
                let told = turn.write(|| unreachable!(), |book: &Book| book.write(word));
                assert_eq!(told.is_ok(), written.lock().expect("nobody panicked").contains(&word), "{word}: {told:?}");
            })
        })
        .collect();
    for writer in writers {
        writer.join().expect("a writer ends");
    }
    turns.close();
    assert!(turns.next().is_none());
    commits.load(Ordering::SeqCst)
}

#[test]
fn who_is_told_that_it_wrote_finds_it_written() {
    in_many_orders(|| assert!((1..=4).contains(&written(&["a", "b", "last", "c"]))));
}

#[test]
fn what_one_writer_fails_at_the_others_do_not_notice_unless_it_ends_the_transaction() {
    in_many_orders(|| assert!((1..=3).contains(&written(&["a", "bad", "b", "c"]))));
    in_many_orders(|| assert!((1..=3).contains(&written(&["bad", "once", "never", "c"]))));
    in_many_orders(|| assert!(written(&["a", "fatal", "b"]) <= 2));
    in_many_orders(|| assert!(written(&["once", "fatal", "never"]) <= 2));
    in_many_orders(|| assert!(written(&["a", "late", "b", "bad"]) <= 2));
}

#[test]
fn writers_who_wait_share_a_commit() {
    static FEWEST: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(usize::MAX);
    in_many_orders(|| {
        FEWEST.fetch_min(written(&["a", "b", "c", "d"]), std::sync::atomic::Ordering::SeqCst);
    });
    assert_eq!(FEWEST.load(std::sync::atomic::Ordering::SeqCst), 1);
}
