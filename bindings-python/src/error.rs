//! Errors and panics of the core as exceptions of `keylatch.errors`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use keylatch::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// The exception for an error, built by `keylatch.errors.from_json`.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    static FROM_JSON: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let built = FROM_JSON
        .import(py, "keylatch.errors", "from_json")
        .and_then(|from_json: &Bound<'_, PyAny>| from_json.call1((error.to_json(),)));
    match built {
        Ok(exception) => PyErr::from_value(exception),
        Err(broken) => broken,
    }
}

pub(crate) fn invalid(py: Python<'_>, message: impl Into<String>) -> PyErr {
    raise(py, &Error::new(ErrorKind::InvalidArgument, message))
}

/// Runs `work`; a panic in it becomes an error, since `except Exception` would miss pyo3's own exception for it.
pub(crate) fn guarded<T>(work: impl FnOnce() -> keylatch::Result<T>) -> keylatch::Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(defect()))
}

/// What a panic becomes. Its text is not shown: it may quote what it stumbled over.
pub(crate) fn defect() -> Error {
    Error::new(ErrorKind::Internal, "a defect in Keylatch ended this call; please report what led to it")
}
