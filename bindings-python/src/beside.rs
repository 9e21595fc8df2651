//! A thread beside the main one, on which the main one's calls on a vault run, so that Ctrl-C can end the waiting. It is kept for the next
//! call: beginning a thread takes longer than most of what a vault is asked.

use std::cell::Cell;
use std::mem::forget;
use std::sync::mpsc::{Sender, channel};
use std::thread;

pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// The thread's end of the queue, of the process that began it: a child of `fork` has no such thread.
pub(crate) struct Beside {
    pid: u32,
    queue: Sender<Work>,
}

thread_local! {
    static KEPT: Cell<Option<Beside>> = const { Cell::new(None) };
}

impl Beside {
    /// The kept thread, or a new one; `None` where the system gives none. Dropped, it ends once it has done its work.
    pub(crate) fn take() -> Option<Self> {
        match KEPT.take() {
            Some(kept) if kept.pid == std::process::id() => Some(kept),
            inherited => {
                forget(inherited); // what it locks may be locked for ever
                Self::begin()
            }
        }
    }

    fn begin() -> Option<Self> {
        let (queue, works) = channel::<Work>();
        let run = move || works.into_iter().for_each(|work| work());
        thread::Builder::new().name("keylatch-call".to_owned()).spawn(run).ok()?;
        Some(Self { pid: std::process::id(), queue })
    }

    /// Begins work, which must not panic.
    pub(crate) fn run(&self, work: Work) {
        let _ = self.queue.send(work); // the thread ends with this, never before
    }

    /// Keeps it for the next call, now that its work is done.
    pub(crate) fn keep(self) {
        KEPT.set(Some(self));
    }
}
