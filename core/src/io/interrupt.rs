//! The end of a call that waits on its own thread, where the host says so: a program whose user has pressed Ctrl-C.

use std::cell::Cell;
use std::pin::pin;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, Runtime};
use tokio::time::timeout;

use super::Fault;

/// How often the host is asked.
const SLICE: Duration = Duration::from_millis(50);

/// Whether to stop.
pub(crate) type Stop = fn() -> bool;

#[derive(Clone, Copy)]
enum Asking {
    /// There is nobody who would say so.
    Nobody,
    Host(Stop),
    /// The host has said so: nothing waits any more.
    Over,
}

thread_local! {
    static ASKING: Cell<Asking> = const { Cell::new(Asking::Nobody) };
}

/// Does `work`, whose waiting on this thread ends once the host says so: with [`Fault::Interrupted`].
pub(crate) fn until<T>(stop: Stop, work: impl FnOnce() -> T) -> T {
    struct Before(Asking);
    impl Drop for Before {
        fn drop(&mut self) {
            ASKING.set(self.0);
        }
    }
    let _before = Before(ASKING.replace(Asking::Host(stop)));
    work()
}

/// Whether the host may end the waiting. Not within a task of tokio's, which may turn no loop itself.
pub(super) fn is_possible() -> bool {
    !matches!(ASKING.get(), Asking::Nobody) && Handle::try_current().is_err()
}

/// Whether it has ended it. The host is asked.
fn is_over() -> bool {
    if let Asking::Host(stop) = ASKING.get()
        && stop()
    {
        ASKING.set(Asking::Over);
    }
    matches!(ASKING.get(), Asking::Over)
}

/// Waits for work on this event loop. The host is asked while nobody turns that, since it may make calls itself.
pub(super) fn wait_on<T>(runtime: &Runtime, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    if !is_possible() {
        return runtime.block_on(work);
    }
    let mut work = pin!(work);
    while !matches!(ASKING.get(), Asking::Over) {
        if let Ok(outcome) = runtime.block_on(async { timeout(SLICE, work.as_mut()).await }) {
            return outcome;
        }
        is_over();
    }
    Err(Fault::Interrupted)
}

/// Sleeps so long, or until the host ends it.
pub(super) fn sleep(time: Duration) {
    let end = Instant::now() + time;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || is_over() {
            return;
        }
        thread::sleep(if is_possible() { left.min(SLICE) } else { left });
    }
}
