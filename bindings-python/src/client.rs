//! The blocking client.

use keylatch::{Payload, Reply};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::{guarded, raise};
use crate::options::Options;
use crate::params::params;
use crate::secret::Secret;
use crate::stream::{self, Stream};
use crate::waiting::{at_once, until_raised, waiting};

#[pyclass(frozen, module = "keylatch._native")]
pub(crate) struct Client(keylatch::Client);

/// The result as JSON text, the body of the app's answer to a `request`, and what `connected_accounts.dsn` gives out.
pub(crate) type Answer<'py> = (String, Option<Bound<'py, PyBytes>>, Option<Secret>);

pub(crate) fn answer(py: Python<'_>, reply: Reply) -> Answer<'_> {
    (reply.json, reply.body.map(|body| PyBytes::new(py, &body)), reply.secret.map(Secret::new))
}

#[pymethods]
impl Client {
    #[staticmethod]
    fn open(py: Python<'_>, options: &Bound<'_, Options>) -> PyResult<Self> {
        let options = options.get().consume(py)?;
        waiting(py, move || keylatch::Client::open(options)).map(Self)
    }

    #[pyo3(signature = (name, json, values=None, body=None))]
    fn call<'py>(
        &self,
        py: Python<'py>,
        name: String,
        json: String,
        values: Option<&Bound<'py, PyAny>>,
        body: Option<&[u8]>,
    ) -> PyResult<Answer<'py>> {
        let payload = Payload { params: params(values)?, body: body.unwrap_or_default().to_vec() };
        let client = self.0.clone();
        let reply = if client.is_brief(&name) {
            at_once(py, move || client.call(&name, &json, payload))
        } else if client.can_end_calls() {
            until_raised(py, &client, &name, &json, payload)
        } else {
            waiting(py, move || client.call(&name, &json, payload))
        }?;
        Ok(answer(py, reply))
    }

    /// Opens a stream; `next` gives the pieces of the body that is to be sent, on this thread.
    #[pyo3(signature = (json, body=None, next=None))]
    fn stream(&self, py: Python<'_>, json: String, body: Option<&[u8]>, next: Option<Py<PyAny>>) -> PyResult<Stream> {
        stream::open(py, self.0.clone(), json, body.unwrap_or_default().to_vec(), next)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let client = self.0.clone();
        py.detach(|| {
            guarded(|| {
                client.close();
                Ok(())
            })
        })
        .map_err(|e| raise(py, &e))
    }
}

/// The state of a vault that may not open, as JSON text.
#[pyfunction]
pub(crate) fn diagnose(py: Python<'_>, options: &Bound<'_, Options>) -> PyResult<String> {
    let options = options.get().consume(py)?;
    waiting(py, move || keylatch::diagnose(&options).map(|found| found.to_json()))
}
