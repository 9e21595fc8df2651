//! Runs a call so that a panic or the caller's wish to stop ends as an error, never as the end of the process.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use keylatch::{Error, ErrorKind, Result};
use napi_derive::napi;
use tokio::sync::Notify;

/// Stops one call. A call that is stopped answers `cancelled`; what it had already sent may still act.
#[napi]
#[derive(Default)]
pub struct NativeCancel(Arc<Notify>);

#[napi]
impl NativeCancel {
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the call now, or as soon as it starts.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        // Keeps a permit where nobody waits yet, so that the order does not matter.
        self.0.notify_one();
    }

    pub(crate) fn signal(&self) -> Arc<Notify> {
        self.0.clone()
    }
}

/// The work's answer; `cancelled` once `cancel` is signalled before there is one; `internal` where the work panics.
pub(crate) async fn guarded<T>(work: impl Future<Output = Result<T>>, cancel: Arc<Notify>) -> Result<T> {
    let mut work = pin!(work);
    let mut cancelled = pin!(cancel.notified());
    poll_fn(|context| {
        // An answer that is there counts, even if the caller gave up at the same moment.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Pending) => cancelled.as_mut().poll(context).map(|()| Err(stopped())),
            Ok(ready) => ready,
            Err(_) => Poll::Ready(Err(panicked())),
        }
    })
    .await
}

/// The answer of work that is done on this thread; `internal` where it panics.
pub(crate) fn at_once<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(panicked()))
}

fn panicked() -> Error {
    // The panic's own text is not shown: nobody can say what is in it.
    Error::new(ErrorKind::Internal, "a defect in Keylatch ended this call")
}

fn stopped() -> Error {
    Error::new(ErrorKind::Cancelled, "the call was cancelled; a request that was already sent may still have acted")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(work: impl Future<Output = Result<T>>, cancel: &NativeCancel) -> Result<T> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().build().expect("a runtime without I/O always starts");
        runtime.block_on(guarded(work, cancel.signal()))
    }

    #[test]
    fn an_answer_goes_through() {
        let cancel = NativeCancel::new();
        cancel.cancel();
        assert_eq!(run(async { Ok(7) }, &cancel).ok(), Some(7));
    }

    #[test]
    fn a_panic_is_an_internal_error_without_its_text() {
        let error = run::<()>(async { panic!("sk_test_canary") }, &NativeCancel::new()).expect_err("it panicked");
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(!error.to_json().contains("canary"));
    }

    #[test]
    fn cancelling_before_the_start_counts() {
        let cancel = NativeCancel::new();
        cancel.cancel();
        let error = run::<()>(std::future::pending(), &cancel).expect_err("it was cancelled");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
    }
}
