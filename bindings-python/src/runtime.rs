//! The tokio runtime behind the async client: one in each process, also after a fork.

use std::io;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

/// One process's runtime. A fork inherits the list, but no threads: the child finds no slot of its own pid, appends
/// one and leaves the others alone, since dropping an inherited runtime would wait for threads that are not there.
struct Slot {
    pid: u32,
    runtime: Runtime,
    next: OnceLock<Box<Slot>>,
}

static FIRST: OnceLock<Box<Slot>> = OnceLock::new();

/// This process's runtime, started at first use. To be called while attached to the interpreter: a fork happens on an
/// attached thread, hence never while a slot is being filled.
pub(crate) fn this_process() -> io::Result<Handle> {
    let pid = std::process::id();
    let mut place = &FIRST;
    loop {
        let slot = match place.get() {
            Some(slot) => slot,
            None => {
                let slot = Box::new(Slot { pid, runtime: started()?, next: OnceLock::new() });
                // Free-threaded interpreters may get here twice at once; the loser goes on with the winner's.
                if let Err(late) = place.set(slot) {
                    late.runtime.shutdown_background();
                }
                continue;
            }
        };
        if slot.pid == pid {
            return Ok(slot.runtime.handle().clone());
        }
        place = &slot.next;
    }
}

fn started() -> io::Result<Runtime> {
    // The workers only wait and hand over; what computes, touches the disk or resolves names goes to the blocking pool,
    // which is bounded so that a burst of calls does not become a burst of threads.
    Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(32)
        .thread_name("keylatch-io")
        .enable_all()
        .build()
}
