//! Outcomes on their way to an asyncio event loop: those that come together are handed over in one go.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};

use crate::log;
use crate::runtime::Process;

/// What has come for one event loop and was not taken yet. It is called by the loop to take all.
#[pyclass(frozen, weakref, module = "keylatch._native")]
pub(crate) struct Inbox {
    process: &'static Process,
    event_loop: Py<PyAny>,
    /// Locked for one step each, in which Python does nothing.
    come: Mutex<Vec<Outcome>>,
}

thread_local! {
    /// That of the event loop which ran here last: it lives as long as calls are under way, and keeps the loop that long.
    static LAST: Cell<Option<Py<PyWeakrefReference>>> = const { Cell::new(None) };
}

impl Inbox {
    /// The one of this event loop, which is the running one.
    pub(crate) fn of<'py>(process: &'static Process, event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let py = event_loop.py();
        let last = LAST.take();
        if let Some(inbox) = last.as_ref().and_then(|last| last.bind(py).upgrade_as::<Self>().ok().flatten()) {
            let Self { process: of_process, event_loop: of_loop, .. } = inbox.get();
            // A child of a fork takes nothing over: what its parent's threads had locked is locked for ever.
            if std::ptr::eq(*of_process, process) && of_loop.is(event_loop) {
                LAST.set(last);
                return Ok(inbox);
            }
        }
        let inbox = Bound::new(py, Self { process, event_loop: event_loop.clone().unbind(), come: Mutex::default() })?;
        LAST.set(Some(PyWeakrefReference::new(&inbox)?.unbind()));
        Ok(inbox)
    }

    /// Leaves an outcome for the event loop, which is told of the first one since it took all, and finds the others there. To be
    /// called while the interpreter stays.
    pub(crate) fn put(this: &Py<Self>, outcome: Outcome) {
        let inbox = this.get();
        let is_first = {
            let mut come = inbox.come();
            come.push(outcome);
            come.len() == 1
        };
        if is_first && !Self::tell(this) {
            drop(inbox.take());
        }
    }

    /// False where the event loop is closed: there is nobody to be told.
    fn tell(this: &Py<Self>) -> bool {
        let tell = |py: Python<'_>| {
            this.get().event_loop.call_method1(py, intern!(py, "call_soon_threadsafe"), (this,)).is_ok()
        };
        Python::try_attach(tell).unwrap_or(false)
    }

    /// Settles the futures of all that has come, on the event loop's thread. Gives the first failure, which stops none of them.
    pub(crate) fn deliver(&self, py: Python<'_>) -> PyResult<()> {
        let taken = self.take();
        if !taken.is_empty() {
            log::tell(py);
        }
        let mut done = Ok(());
        for outcome in taken {
            done = done.and(outcome.settle(py));
        }
        done
    }

    fn take(&self) -> Vec<Outcome> {
        std::mem::take(&mut *self.come())
    }

    fn come(&self) -> MutexGuard<'_, Vec<Outcome>> {
        self.come.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Inbox {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        if self.process.is_this() { self.deliver(py) } else { Ok(()) }
    }

    /// Lets Python clear away an event loop that was dropped with outcomes on their way: it holds this, which holds futures of it.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        if self.process.is_this() {
            self.come().iter().try_for_each(|outcome| outcome.asked_by.visited(&visit))?;
        }
        Ok(())
    }
}

/// Makes what the future gets, on the event loop's thread.
type Finish = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// What came of a call, and who asked for it.
pub(crate) struct Outcome {
    pub(crate) finish: Finish,
    pub(crate) asked_by: AskedBy,
}

impl Outcome {
    fn settle(self, py: Python<'_>) -> PyResult<()> {
        let AskedBy { future, stop } = self.asked_by;
        let future = future.bind(py);
        if future.call_method0(intern!(py, "done"))?.is_truthy()? {
            return Ok(()); // it was cancelled
        }
        // There is nothing left to stop, and for each callback the event loop takes another turn.
        future.call_method1(intern!(py, "remove_done_callback"), (stop,))?;
        match (self.finish)(py) {
            Ok(value) => future.call_method1(intern!(py, "set_result"), (value,))?,
            Err(error) => future.call_method1(intern!(py, "set_exception"), (error,))?,
        };
        Ok(())
    }
}

/// The future that waits, and its callback that stops the work when it is done without us.
pub(crate) struct AskedBy {
    pub(crate) future: Py<PyAny>,
    pub(crate) stop: Py<PyAny>,
}

impl AskedBy {
    fn visited(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.future)?;
        visit.call(&self.stop)
    }
}
