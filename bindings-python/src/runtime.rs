//! Threads of ours and the interpreter's end: what each process keeps, also after a fork, so that calls are quiet when it ends.

use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard};

use pyo3::prelude::*;

/// One process's side of the interpreter. A fork inherits the list: the child finds none of its own pid, and appends one.
pub(crate) struct Process {
    pid: u32,
    /// Whether the interpreter has ended. Read by threads for as long as they are in it.
    ended: RwLock<bool>,
    next: OnceLock<Box<Process>>,
}

static FIRST: OnceLock<Box<Process>> = OnceLock::new();

impl Process {
    /// Whether it is the one that runs this: not in a child of a fork.
    pub(crate) fn is_this(&self) -> bool {
        self.pid == std::process::id()
    }

    /// Whether calls are too late. Does not wait: the caller may be what the end waits for.
    pub(crate) fn is_ending(&self) -> bool {
        self.ended.try_read().map_or(true, |ended| *ended)
    }

    /// As [`stay`](Self::stay), for threads that are in the interpreter: not where it is about to end, since that may wait for them.
    pub(crate) fn try_stay(&self) -> Option<RwLockReadGuard<'_, bool>> {
        self.ended.try_read().ok().filter(|ended| !**ended)
    }

    /// Keeps the interpreter from ending meanwhile; `None` where it has. Threads that an ending interpreter finds in it
    /// are stopped where they are, which Rust cannot bear.
    pub(crate) fn stay(&self) -> Option<RwLockReadGuard<'_, bool>> {
        let ended = self.ended.read().unwrap_or_else(PoisonError::into_inner);
        (!*ended).then_some(ended)
    }
}

/// This process's, begun at first use. To be called while attached to the interpreter: a fork happens on an
/// attached thread, hence never while a place is being filled.
pub(crate) fn this_process() -> &'static Process {
    let mut place = &FIRST;
    loop {
        match place.get() {
            Some(process) if process.is_this() => return process,
            Some(process) => place = &process.next,
            None => {
                let pid = std::process::id();
                let this = Process { pid, ended: RwLock::new(false), next: OnceLock::new() };
                // Free-threaded interpreters may get here twice at once; the loser goes on with the winner's.
                drop(place.set(Box::new(this)));
            }
        }
    }
}

/// What Python calls when the program is over and the interpreter is still whole: results that come from now on are nobody's.
#[pyfunction]
pub(crate) fn end(py: Python<'_>) {
    let mut place = &FIRST;
    while let Some(process) = place.get() {
        if process.is_this() {
            // Threads that are about to hand over a result need the interpreter for that.
            py.detach(|| *process.ended.write().unwrap_or_else(PoisonError::into_inner) = true);
        }
        place = &process.next;
    }
}
