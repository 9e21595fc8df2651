//! An event loop for hosts that have none of tokio's, on one thread of the process's own, whose stack is ours. Calls run on it from
//! their beginning to their end, with the requests that they make, so that no answer changes threads on its way.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::Fault;
use super::exchange::fault_of_lost;
use super::told::Told;
use crate::error::{Error, ErrorKind, Result};
use crate::memory;
use crate::process::PerProcess;

static LOOP: PerProcess<OnceLock<EventLoop>> = PerProcess::new();

thread_local! {
    static IS_HERE: Cell<bool> = const { Cell::new(false) };
}

/// The event loop of this process, on which [`AsyncClient`](crate::AsyncClient) calls need no runtime of the host's. It waits for
/// nothing itself: what waits for the disk is done on other threads. It never ends; a child of a fork has one of its own.
///
/// ```
/// # fn main() -> keylatch::Result<()> {
/// let (send, answer) = std::sync::mpsc::channel();
/// keylatch::EventLoop::of_this_process()?.spawn(async { 7 }, move |seven| send.send(seven).unwrap());
/// assert_eq!(answer.recv(), Ok(7));
/// # Ok(())
/// # }
/// ```
pub struct EventLoop {
    handle: Handle,
    told: Arc<Told>,
    /// Dropped before the thread, which ends with it.
    _until: oneshot::Sender<()>,
    _thread: memory::Thread,
}

impl EventLoop {
    /// The one of this process, begun at first use.
    ///
    /// # Errors
    /// `internal` where the system gives no thread.
    pub fn of_this_process() -> Result<&'static Self> {
        let place = LOOP.get();
        if place.get().is_none() {
            let begun = Self::begin().map_err(|fault| Error::new(ErrorKind::Internal, fault.reason()))?;
            drop(place.set(begun)); // where another thread was quicker, this one is not needed
        }
        Ok(place.get().expect("it was set"))
    }

    /// Does `work`, and then `done` with what came of it: on the loop's thread, when nothing of the work is left on its stack.
    /// Neither may wait. A panic of the work, and stopping it through the handle, drop `done` uncalled.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        done: impl FnOnce(T) + Send + 'static,
    ) -> AbortHandle {
        let told = self.told.clone();
        // Boxed, so that a runtime's task is not compiled anew for each kind of work.
        let work: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            let outcome = work.await;
            told.add(move || done(outcome));
        });
        self.handle.spawn(work).abort_handle()
    }

    fn begin() -> Result<Self, Fault> {
        let (told, runtime) = Told::with_runtime()?;
        let (handle, ours) = (runtime.handle().clone(), told.clone());
        let (until, ended) = oneshot::channel::<()>();
        let work = move || {
            IS_HERE.set(true);
            memory::bleaches_at_rest();
            let _ = runtime.block_on(ended); // its sender says nothing, and goes
            runtime.shutdown_background();
            ours.tell();
        };
        let thread = memory::Thread::spawn(work).map_err(fault_of_lost)?;
        Ok(Self { handle, told, _until: until, _thread: thread })
    }

    /// Waits until everything that was to be done by now is done; at once on the loop's own thread.
    pub(super) fn rest() {
        if let (false, Some(event_loop)) = (is_here(), LOOP.get().get()) {
            let (send, rested) = std::sync::mpsc::channel();
            event_loop.spawn(tokio::task::yield_now(), move |()| {
                let _ = send.send(());
            });
            let _ = rested.recv();
        }
    }
}

/// Whether this is the loop's thread.
pub(crate) fn is_here() -> bool {
    IS_HERE.get()
}
