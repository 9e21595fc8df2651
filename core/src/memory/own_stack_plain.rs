//! Threads with the system's own stacks, where stacks of ours are not used.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};

/// Why work on a stack of its own has no result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lost {
    /// The system gave no thread: nothing was done.
    NotStarted,
    Panicked,
}

/// Does `work` on another thread. Panics are caught.
pub(crate) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Lost> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, work).map_err(|_| Lost::NotStarted)?;
        thread.join().map_err(|_| Lost::Panicked)
    })
}

/// A thread, waited for when this is dropped.
pub(crate) struct Thread(Option<JoinHandle<()>>);

impl Thread {
    /// Begins `work`, whose panics end it quietly.
    pub(crate) fn spawn(work: impl FnOnce() + Send + 'static) -> Result<Self, Lost> {
        let work = || drop(catch_unwind(AssertUnwindSafe(work)));
        thread::Builder::new().spawn(work).map(|thread| Self(Some(thread))).map_err(|_| Lost::NotStarted)
    }

    /// Waits until the thread has ended.
    #[allow(dead_code, reason = "of tests")]
    pub(crate) fn join(self) {}
}

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}
