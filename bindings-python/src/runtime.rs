//! The tokio runtime behind the async client: one in each process, also after a fork, and quiet when the interpreter ends.

use std::io;
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard};

use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

/// One process's runtime. A fork inherits the list, but no threads: the child finds none of its own pid, appends one and
/// leaves the others alone, since dropping an inherited runtime would wait for threads that are not there.
pub(crate) struct Process {
    pid: u32,
    runtime: Runtime,
    /// Whether the interpreter has ended. Read by threads for as long as they are in it.
    ended: RwLock<bool>,
    next: OnceLock<Box<Process>>,
}

static FIRST: OnceLock<Box<Process>> = OnceLock::new();

impl Process {
    pub(crate) fn handle(&self) -> &Handle {
        self.runtime.handle()
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

/// This process's runtime, started at first use. To be called while attached to the interpreter: a fork happens on an
/// attached thread, hence never while a place is being filled.
pub(crate) fn this_process() -> io::Result<&'static Process> {
    let mut place = &FIRST;
    loop {
        match place.get() {
            Some(process) if process.pid == std::process::id() => return Ok(process),
            Some(process) => place = &process.next,
            None => {
                // Free-threaded interpreters may get here twice at once; the loser goes on with the winner's.
                if let Err(late) = place.set(Box::new(started()?)) {
                    late.runtime.shutdown_background();
                }
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

fn started() -> io::Result<Process> {
    // The workers only wait and hand over; what computes, touches the disk or resolves names goes to the blocking pool,
    // which is bounded so that a burst of calls does not become a burst of threads.
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(32)
        .thread_name("keylatch-io")
        .enable_all()
        .build()?;
    Ok(Process { pid: std::process::id(), runtime, ended: RwLock::new(false), next: OnceLock::new() })
}
