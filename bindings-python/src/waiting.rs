//! Calls on the thread that makes them, which may be the main one: it alone handles signals, and Ctrl-C ends its waiting.

use std::cell::Cell;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use keylatch::{Payload, Reply};
use pyo3::prelude::*;

use crate::beside::Beside;
use crate::error::{defect, guarded, raise};
use crate::log;

/// How long Ctrl-C may have to wait.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

thread_local! {
    /// What the handler of a signal raised during a call.
    static RAISED: Cell<Option<PyErr>> = const { Cell::new(None) };
}

/// Makes a call that [can be ended](keylatch::Client::can_end_calls), while other Python threads go on. On the main thread it ends when the
/// handler of a signal raises something, which comes out of this.
pub(crate) fn until_raised(
    py: Python<'_>,
    client: &keylatch::Client,
    name: &str,
    json: &str,
    payload: Payload,
) -> PyResult<Reply> {
    fn has_raised() -> bool {
        let raised = Python::attach(|py| py.check_signals()).err();
        let has = raised.is_some();
        RAISED.set(raised);
        has
    }
    if !on_main_thread(py)? {
        return at_once(py, || client.call(name, json, payload));
    }
    let outcome = at_once(py, || client.call_until(name, json, payload, has_raised));
    RAISED.take().map_or(outcome, Err)
}

/// Runs `work` while other Python threads go on. Signals are handled by the main thread alone: there the work runs
/// beside it, so that Ctrl-C ends the waiting at once (what was under way comes to its end unseen).
pub(crate) fn waiting<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> keylatch::Result<T> + Send + 'static,
) -> PyResult<T> {
    if !on_main_thread(py)? {
        return at_once(py, work);
    }
    let Some(beside) = Beside::take() else { return Err(raise(py, &defect())) };
    let (send, mut receive) = sync_channel(1);
    let work = log::told(move || guarded(work));
    beside.run(Box::new(move || drop(send.send(work()))));
    loop {
        let (heard, back) = py.detach(move || (receive.recv_timeout(SLICE), receive));
        receive = back;
        match heard {
            Ok(done) => {
                beside.keep();
                log::tell(py);
                return done.map_err(|e| raise(py, &e));
            }
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => return Err(raise(py, &defect())),
        }
    }
}

/// Runs `work` on this thread, while other Python threads go on.
pub(crate) fn at_once<T: Send>(py: Python<'_>, work: impl FnOnce() -> keylatch::Result<T> + Send) -> PyResult<T> {
    let done = py.detach(log::told(|| guarded(work)));
    log::tell(py);
    done.map_err(|e| raise(py, &e))
}

/// Whether this is the thread that handles signals; a fork makes another one that.
fn on_main_thread(py: Python<'_>) -> PyResult<bool> {
    thread_local! {
        static KNOWN: Cell<Option<(u32, bool)>> = const { Cell::new(None) };
    }
    let pid = std::process::id();
    if let Some((_, is_main)) = KNOWN.get().filter(|(of, _)| *of == pid) {
        return Ok(is_main);
    }
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    let is_main = main.eq(threading.call_method0("get_ident")?)?;
    KNOWN.set(Some((pid, is_main)));
    Ok(is_main)
}
