//! Awaitables: asyncio futures of any event loop, settled from our runtime.

use std::sync::{Mutex, PoisonError};

use keylatch::{Error, ErrorKind, EventLoop};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tokio::task::AbortHandle;

use crate::error::{defect, raise};
use crate::log;
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
    let future = event_loop.call_method0("create_future")?;
    let process = runtime::this_process();
    let of_ours = EventLoop::of_this_process().map_err(|error| raise(py, &error))?;
    if process.is_ending() {
        return Err(raise(py, &Error::new(ErrorKind::Closed, "the interpreter is ending; no call starts any more")));
    }
    let settle = Settle { process, event_loop: event_loop.unbind(), future: future.clone().unbind(), sent: false };
    let stop = of_ours.spawn(work, move |result| settle.send(result, convert));
    future.call_method1("add_done_callback", (Stop(stop),))?;
    Ok(future)
}

/// Hands one result to one future. Dropped unsent (the work panicked), it hands over an error: nobody waits for ever.
struct Settle {
    process: &'static Process,
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
    sent: bool,
}

impl Settle {
    fn send<T: Send + 'static>(mut self, result: keylatch::Result<T>, convert: Convert<T>) {
        self.sent = true;
        self.hand_over(move |py| match result {
            Ok(value) => convert(py, value),
            Err(error) => Err(raise(py, &error)),
        });
    }

    fn hand_over(&self, outcome: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send + 'static) {
        // No interpreter any more, or a closed event loop: nobody is left to be told.
        let Some(_stay) = self.process.stay() else { return };
        let _ = Python::try_attach(|py| {
            let outcome = Outcome(Mutex::new(Some(Box::new(outcome))));
            let arguments = (outcome, self.future.clone_ref(py));
            self.event_loop.call_method1(py, "call_soon_threadsafe", arguments).map(drop)
        });
    }
}

impl Drop for Settle {
    fn drop(&mut self) {
        if !self.sent {
            self.hand_over(|py| Err(raise(py, &defect())));
        }
    }
}

type Waiting = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// Called by the event loop with the future to settle.
#[pyclass(frozen, module = "keylatch._native")]
struct Outcome(Mutex<Option<Waiting>>);

#[pymethods]
impl Outcome {
    fn __call__(&self, py: Python<'_>, future: &Bound<'_, PyAny>) -> PyResult<()> {
        let outcome = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(outcome) = outcome else { return Ok(()) };
        log::tell(py);
        if future.call_method0("done")?.is_truthy()? {
            return Ok(());
        }
        match outcome(py) {
            Ok(value) => future.call_method1("set_result", (value,))?,
            Err(error) => future.call_method1("set_exception", (error,))?,
        };
        Ok(())
    }
}

/// Called by the event loop when the future is done, in whatever way; the work has ended then, or is to end.
#[pyclass(frozen, module = "keylatch._native")]
struct Stop(AbortHandle);

#[pymethods]
impl Stop {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        self.0.abort();
    }
}
