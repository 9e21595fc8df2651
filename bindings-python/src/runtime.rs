//! The event loop behind the async client: one in each process, also after a fork, and quiet when the interpreter ends.

use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard};

use keylatch::EventLoop;
use pyo3::prelude::*;

/// One process's event loop. A fork inherits the list: the child finds none of its own pid, and appends one.
pub(crate) struct Process {
    pid: u32,
    event_loop: &'static EventLoop,
    /// Whether the interpreter has ended. Read by threads for as long as they are in it.
    ended: RwLock<bool>,
    next: OnceLock<Box<Process>>,
}

static FIRST: OnceLock<Box<Process>> = OnceLock::new();

impl Process {
    pub(crate) fn event_loop(&self) -> &'static EventLoop {
        self.event_loop
    }

    /// Whether calls are too late. Does not wait: the caller may be what the end waits for.
    pub(crate) fn is_ending(&self) -> bool {
        self.ended.try_read().map_or(true, |ended| *ended)
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
pub(crate) fn this_process() -> keylatch::Result<&'static Process> {
    let mut place = &FIRST;
    loop {
        match place.get() {
            Some(process) if process.pid == std::process::id() => return Ok(process),
            Some(process) => place = &process.next,
            None => {
                let event_loop = EventLoop::of_this_process()?;
                let pid = std::process::id();
                let this = Process { pid, event_loop, ended: RwLock::new(false), next: OnceLock::new() };
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
        if process.pid == std::process::id() {
            // Threads that are about to hand over a result need the interpreter for that.
            py.detach(|| *process.ended.write().unwrap_or_else(PoisonError::into_inner) = true);
        }
        place = &process.next;
    }
}
