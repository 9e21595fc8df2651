//! Credential values out of a Python mapping.

use keylatch::{Input, Params, Secret};
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyMapping, PyString};

use crate::buffer;
use crate::error;
use crate::secret::Secret as PySecret;

/// Takes every value out of `given`; mutable buffers are blank afterwards. What no field takes is left to the core,
/// which reports it with everything else.
pub(crate) fn params(given: Option<&Bound<'_, PyAny>>) -> PyResult<Params> {
    let mut params = Params::new();
    let Some(given) = given else { return Ok(params) };
    let py = given.py();
    let Ok(mapping) = given.cast::<PyMapping>() else {
        return Err(error::invalid(py, format!("the values must be a dict by field name, not {}", described(given)?)));
    };
    for item in mapping.items()? {
        let (name, value) = item.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
        match name.cast::<PyString>().map(|name| name.to_str().map(str::to_owned)) {
            Ok(Ok(name)) => params.insert(&name, input(&value)?),
            _ => return Err(error::invalid(py, "the names of the values must be text")),
        }
    }
    Ok(params)
}

fn input(value: &Bound<'_, PyAny>) -> PyResult<Input> {
    let py = value.py();
    Ok(if let Ok(secret) = value.cast::<PySecret>() {
        match secret.get().duplicate() {
            Some(value) => Input::Text { value, wipeable: true },
            None => Input::Unfit("a Secret that has been wiped".to_owned()),
        }
    } else if let Ok(text) = value.cast::<PyString>() {
        match text.to_str() {
            Ok(text) => Input::Text { value: Secret::new(text.as_bytes()), wipeable: false },
            Err(_) => Input::Unfit("text with half a character in it".to_owned()),
        }
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        Input::Text { value: Secret::new(bytes.as_bytes()), wipeable: false }
    } else if let Ok(truth) = value.cast::<PyBool>() {
        Input::Scalar(truth.is_true().to_string())
    } else if value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>() {
        // Python refuses to write integers of thousands of digits.
        match value.repr().and_then(|text| text.extract::<String>()) {
            Ok(text) => Input::Scalar(text),
            Err(_) => Input::Unfit("a number of that size".to_owned()),
        }
    } else if let Ok(view) = PyBuffer::<u8>::get(value) {
        match buffer::take(&view, py)? {
            Some(value) => Input::Text { value, wipeable: true },
            None => Input::Text { value: buffer::copy(&view, py)?, wipeable: false },
        }
    } else {
        Input::Unfit(described(value)?)
    })
}

/// The type in Python's words: `a list`, `an object`, `nothing` for None.
fn described(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_none() {
        return Ok("nothing".to_owned());
    }
    let name = value.get_type().name()?.to_string();
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    Ok(format!("{article} {name}"))
}
