//! A pool of things that are costly to make: so many at once at most, made when there is none to spare, kept until it closes.
//!
//! `tests/interleavings.rs` runs it under every order of its threads, with another `sync`.

use std::sync::PoisonError;

use super::sync::{Condvar, Mutex, MutexGuard};

pub(crate) struct Pool<T> {
    most: usize,
    state: Mutex<State<T>>,
    is_free: Condvar,
}

struct State<T> {
    idle: Vec<T>,
    busy: usize,
    waiting: usize,
    closed: bool,
}

/// The right to use one thing. It goes back to the pool with this.
pub(crate) struct Lease<'p, T> {
    pool: &'p Pool<T>,
    item: Option<T>,
}

impl<T> Pool<T> {
    pub(crate) fn new(most: usize) -> Self {
        let state = State { idle: Vec::new(), busy: 0, waiting: 0, closed: false };
        Self { most, state: Mutex::new(state), is_free: Condvar::new() }
    }

    /// Waits until fewer than `most` are in use; `None` where the pool is closed.
    pub(crate) fn lease(&self) -> Option<Lease<'_, T>> {
        let mut state = self.state();
        while state.busy == self.most && !state.closed {
            state.waiting += 1;
            state = self.is_free.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        if state.closed {
            return None;
        }
        state.busy += 1;
        Some(Lease { pool: self, item: state.idle.pop() })
    }

    /// Drops what is idle; it is made anew when it is needed.
    pub(crate) fn let_go(&self) {
        self.state().idle.clear();
    }

    /// Drops what is idle. What is in use goes when its lease does.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.idle.clear();
        drop(state);
        self.is_free.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Lease<'_, T> {
    /// The thing, made where none was to spare.
    pub(crate) fn or_make<E>(&mut self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        Ok(match &mut self.item {
            Some(item) => item,
            none => none.insert(make()?),
        })
    }
}

#[cfg(feature = "postgres")]
impl<T> Lease<'_, T> {
    /// The thing, where there is one yet.
    pub(crate) fn get(&self) -> Option<&T> {
        self.item.as_ref()
    }

    /// Does not give the thing back: it is of no more use.
    pub(crate) fn discard(&mut self) {
        self.item = None;
    }
}

impl<T> Drop for Lease<'_, T> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.busy -= 1;
        if !state.closed {
            state.idle.extend(self.item.take());
        }
        let is_awaited = state.waiting > 0; // telling nobody is a system call too
        drop(state);
        if is_awaited {
            self.pool.is_free.notify_one();
        }
    }
}
