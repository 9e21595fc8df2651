//! `Secret` as Python sees it: never shown, never pickled, wiped on request.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString, PyType};

use crate::buffer;

const REDACTED: &str = "[redacted]";

#[pyclass(frozen, module = "keylatch")]
pub(crate) struct Secret(Mutex<Option<keylatch::Secret>>);

impl Secret {
    pub(crate) fn new(secret: keylatch::Secret) -> Self {
        Self(Mutex::new(Some(secret)))
    }

    fn lock(&self) -> MutexGuard<'_, Option<keylatch::Secret>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy for a call to consume; `None` once it is wiped.
    pub(crate) fn duplicate(&self) -> Option<keylatch::Secret> {
        self.lock().as_ref().map(keylatch::Secret::duplicate)
    }
}

#[pymethods]
impl Secret {
    #[new]
    #[pyo3(signature = (value, /))]
    fn from_immutable(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let secret = if let Ok(text) = value.cast::<PyString>() {
            keylatch::Secret::new(text.to_str()?.as_bytes())
        } else if let Ok(bytes) = value.cast::<PyBytes>() {
            keylatch::Secret::new(bytes.as_bytes())
        } else if value.is_instance_of::<PyByteArray>() || value.is_instance_of::<PyMemoryView>() {
            return Err(PyTypeError::new_err("use Secret.take(buffer), which also wipes the buffer"));
        } else {
            return Err(PyTypeError::new_err(format!(
                "a Secret is made of str or bytes, not {}",
                value.get_type().name()?
            )));
        };
        Ok(Self::new(secret))
    }

    #[classmethod]
    #[pyo3(signature = (buffer, /))]
    fn take(_class: &Bound<'_, PyType>, py: Python<'_>, buffer: &Bound<'_, PyAny>) -> PyResult<Self> {
        if buffer.is_instance_of::<PyString>() || buffer.is_instance_of::<PyBytes>() {
            let name = buffer.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "{name} cannot be wiped: use Secret(value), or take a bytearray"
            )));
        }
        let view = PyBuffer::get(buffer)?;
        buffer::take(&view, py)?.map(Self::new).ok_or_else(|| {
            PyTypeError::new_err("this buffer is read-only and cannot be wiped: use Secret(bytes(buffer))")
        })
    }

    fn expose<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        match &*self.lock() {
            Some(secret) => Ok(PyBytes::new(py, secret.expose())), // expose: the caller asked for it by name
            None => Err(PyValueError::new_err("this secret has been wiped")),
        }
    }

    fn wipe(&self) {
        *self.lock() = None;
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyAny>) {
        self.wipe();
    }

    fn __len__(&self) -> usize {
        self.lock().as_ref().map_or(0, keylatch::Secret::len)
    }

    fn __eq__<'py>(slf: &Bound<'py, Self>, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let Ok(other) = other.cast::<Self>() else {
            return Ok(py.NotImplemented().into_bound(py));
        };
        // One lock at a time, so that two threads comparing the same pair crosswise cannot wait for each other.
        let equal = match slf.get().duplicate() {
            Some(mine) => other.get().lock().as_ref().is_some_and(|theirs| mine == *theirs),
            None => false,
        };
        Ok(equal.into_pyobject(py)?.to_owned().into_any())
    }

    fn __repr__(&self) -> &'static str {
        REDACTED
    }

    fn __str__(&self) -> &'static str {
        REDACTED
    }

    #[pyo3(signature = (_spec, /))]
    fn __format__(&self, _spec: &str) -> &'static str {
        REDACTED
    }

    fn __copy__(&self) -> PyResult<()> {
        Err(refusal("copied"))
    }

    #[pyo3(signature = (_memo, /))]
    fn __deepcopy__(&self, _memo: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(refusal("copied"))
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(refusal("pickled"))
    }

    #[pyo3(signature = (_protocol, /))]
    fn __reduce_ex__(&self, _protocol: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(refusal("pickled"))
    }
}

fn refusal(what: &str) -> PyErr {
    PyTypeError::new_err(format!("a Secret cannot be {what}"))
}
