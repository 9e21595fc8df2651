//! The arguments of a call as JSON, where they are as plain as they mostly are.

use std::fmt::Write as _;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyList, PyString};

/// What of `args` was given, which is all but None, as JSON, without what Python's encoder takes to begin. None where some
/// of it is neither text, a truth, a signed integer of 64 bits, nor a list of texts: that encoder knows all there is.
#[pyfunction]
pub(crate) fn plain_json(args: &Bound<'_, PyDict>) -> Option<String> {
    let mut json = String::from("{");
    for (name, value) in args.iter().filter(|(_, value)| !value.is_none()) {
        if json.len() > 1 {
            json.push(',');
        }
        json += &text(&name)?;
        json.push(':');
        if let Ok(truth) = value.cast_exact::<PyBool>() {
            json += if truth.is_true() { "true" } else { "false" };
        } else if let Ok(number) = value.cast_exact::<PyInt>() {
            write!(json, "{}", number.extract::<i64>().ok()?).ok()?;
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            let texts: Vec<_> = list.iter().map(|item| text(&item)).collect::<Option<_>>()?;
            write!(json, "[{}]", texts.join(",")).ok()?;
        } else {
            json += &text(&value)?;
        }
    }
    json.push('}');
    Some(json)
}

fn text(value: &Bound<'_, PyAny>) -> Option<String> {
    serde_json::to_string(value.cast_exact::<PyString>().ok()?.to_str().ok()?).ok()
}
