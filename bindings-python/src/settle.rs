//! Awaitables: asyncio futures of any event loop, settled from our runtime.

use std::sync::OnceLock;

use keylatch::{Error, ErrorKind, EventLoop};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tokio::task::AbortHandle;

use crate::error::{defect, raise};
use crate::inbox::{AskedBy, Inbox, Outcome};
use crate::runtime::{self, Process};

/// Turns a result into a Python object, on the event loop's thread.
pub(crate) type Convert<T> = fn(Python<'_>, T) -> PyResult<Py<PyAny>>;

/// Starts `work` on our runtime and gives an asyncio future of its result. Cancelling that future stops the work.
pub(crate) fn awaitable<'py, T: Send + 'static>(
    py: Python<'py>,
    work: impl Future<Output = keylatch::Result<T>> + Send + 'static,
    convert: Convert<T>,
) -> PyResult<Bound<'py, PyAny>> {
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let event_loop = RUNNING_LOOP.import(py, "asyncio", "get_running_loop")?.call0()?;
    let future = event_loop.call_method0(intern!(py, "create_future"))?;
    let process = runtime::this_process();
    let of_ours = EventLoop::of_this_process().map_err(|error| raise(py, &error))?;
    if process.is_ending() {
        return Err(raise(py, &Error::new(ErrorKind::Closed, "the interpreter is ending; no call starts any more")));
    }
    let inbox = Inbox::of(process, &event_loop)?;
    // An interrupt may have come between the event loop and what it was to take: at the latest now it has that.
    inbox.get().deliver(py)?;
    let stop = Bound::new(py, Stop(OnceLock::new()))?;
    future.call_method1(intern!(py, "add_done_callback"), (&stop,))?;
    let asked_by = AskedBy { future: future.clone().unbind(), stop: stop.clone().into_any().unbind() };
    let settle = Settle { process, inbox: inbox.unbind(), asked_by: Some(asked_by) };
    let started = of_ours.spawn(work, move |result| settle.send(result, convert));
    stop.get().0.get_or_init(|| started);
    Ok(future)
}

/// Hands one result to one future. Dropped unsent (the work panicked), it hands over an error: nobody waits for ever.
struct Settle {
    process: &'static Process,
    inbox: Py<Inbox>,
    /// Not there once it was handed over.
    asked_by: Option<AskedBy>,
}

impl Settle {
    fn send<T: Send + 'static>(mut self, result: keylatch::Result<T>, convert: Convert<T>) {
        self.hand_over(move |py| match result {
            Ok(value) => convert(py, value),
            Err(error) => Err(raise(py, &error)),
        });
    }

    fn hand_over(&mut self, finish: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send + 'static) {
        // Where there is no interpreter any more, nobody is left to be told.
        if let (Some(asked_by), Some(_stay)) = (self.asked_by.take(), self.process.stay()) {
            Inbox::put(&self.inbox, Outcome { finish: Box::new(finish), asked_by });
        }
    }
}

impl Drop for Settle {
    fn drop(&mut self) {
        self.hand_over(|py| Err(raise(py, &defect())));
    }
}

/// Called by the event loop when the future is done without us: the work is to end then.
#[pyclass(frozen, module = "keylatch._native")]
struct Stop(OnceLock<AbortHandle>);

#[pymethods]
impl Stop {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        if let Some(started) = self.0.get() {
            started.abort();
        }
    }
}
