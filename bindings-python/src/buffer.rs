//! Bytes out of Python's buffers, and blanks into them.

use keylatch::Secret;
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use zeroize::Zeroizing;

/// Copies a writable buffer of bytes and fills it with zeros; `None` where it cannot be written.
pub(crate) fn take(buffer: &PyBuffer<u8>, py: Python<'_>) -> PyResult<Option<Secret>> {
    if buffer.readonly() {
        return Ok(None);
    }
    let secret = copy(buffer, py)?;
    buffer.copy_from_slice(py, &vec![0; buffer.item_count()])?;
    Ok(Some(secret))
}

/// Copies a buffer of bytes, leaving it as it is.
pub(crate) fn copy(buffer: &PyBuffer<u8>, py: Python<'_>) -> PyResult<Secret> {
    let mut bytes = Zeroizing::new(vec![0; buffer.item_count()]);
    buffer.copy_to_slice(py, &mut bytes)?;
    Ok(Secret::new(&bytes))
}
