//! What the core tells, kept until a call of Python's is over: Python is called on threads of Python's only.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{LazyLock, Mutex, PoisonError};

use keylatch::{FieldValue, LogLevel, LogRecord, OnLog};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::raise;
use crate::runtime::this_process;

/// Records that have not been told. Giving one takes no lock, which a fork might find held.
struct Untold {
    give: Sender<LogRecord>,
    /// Locked by attached threads alone, for one step, as are forks made.
    take: Mutex<Receiver<LogRecord>>,
}

static UNTOLD: LazyLock<Untold> = LazyLock::new(|| {
    let (give, take) = channel();
    Untold { give, take: Mutex::new(take) }
});
/// Whom to tell; locked as above.
static TELL: Mutex<Option<Py<PyAny>>> = Mutex::new(None);
static IS_ON: AtomicBool = AtomicBool::new(false);

thread_local! {
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

/// Whom to tell from now on: a function of level, target, operation, message and fields.
#[pyfunction]
pub(crate) fn set_log(py: Python<'_>, tell: Option<Py<PyAny>>, level: &str) -> PyResult<()> {
    let level = LogLevel::named(level).map_err(|error| raise(py, &error))?;
    self::tell(py); // what came before is for whom was told before
    let is_on = tell.is_some() && level != LogLevel::Off;
    let give = |record: &LogRecord| drop(UNTOLD.give.send(record.clone()));
    py.detach(|| keylatch::set_log(is_on.then(|| OnLog::new(give)), level)).map_err(|error| raise(py, &error))?;
    let before = std::mem::replace(&mut *TELL.lock().unwrap_or_else(PoisonError::into_inner), tell);
    drop(before);
    IS_ON.store(is_on, Ordering::SeqCst);
    Ok(())
}

/// Tells what has come since the last time. To be called when a call is over.
pub(crate) fn tell(py: Python<'_>) {
    if !IS_ON.load(Ordering::Relaxed) || TELLING.replace(true) {
        return;
    }
    // A thread that an ending interpreter stops must not be in here then.
    let stay = this_process().try_stay();
    let host = TELL.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|host| host.clone_ref(py));
    while let Some(record) = next() {
        let Some(host) = host.as_ref().filter(|_| stay.is_some()) else { continue };
        if let Err(raised) = hand_over(py, host, record) {
            raised.write_unraisable(py, None); // the call that is over has its answer
        }
    }
    TELLING.set(false);
}

/// The work of a call, of which nothing is told where whoever is told makes it: that would never end.
pub(crate) fn told<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let is_telling = TELLING.get();
    move || if is_telling { keylatch::unlogged(work) } else { work() }
}

fn next() -> Option<LogRecord> {
    UNTOLD.take.lock().unwrap_or_else(PoisonError::into_inner).try_recv().ok()
}

fn hand_over(py: Python<'_>, host: &Py<PyAny>, record: LogRecord) -> PyResult<()> {
    let fields = PyDict::new(py);
    for (name, value) in record.fields {
        match value {
            FieldValue::Bool(value) => fields.set_item(name, value)?,
            FieldValue::Number(value) => fields.set_item(name, value)?,
            other => fields.set_item(name, other.to_string())?,
        }
    }
    host.call1(py, (record.level.as_str(), record.target, record.operation, record.message, fields)).map(drop)
}
