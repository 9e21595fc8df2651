//! The async client: every call is an awaitable, none occupies a thread of Python's.

use keylatch::{Error, ErrorKind, Payload};
use pyo3::prelude::*;

use crate::client::answer;
use crate::options::Options;
use crate::params::params;
use crate::settle::awaitable;
use crate::stream::{AsyncStream, AsyncUpload};

#[pyclass(frozen, module = "keylatch._native")]
pub(crate) struct AsyncClient(keylatch::AsyncClient);

#[pymethods]
impl AsyncClient {
    #[staticmethod]
    fn open<'py>(py: Python<'py>, options: &Bound<'py, Options>) -> PyResult<Bound<'py, PyAny>> {
        let options = options.get().consume(py)?;
        let open = keylatch::AsyncClient::open(options);
        awaitable(py, open, |py, client| Ok(Py::new(py, Self(client))?.into_any()))
    }

    #[pyo3(signature = (name, json, values=None, body=None))]
    fn call<'py>(
        &self,
        py: Python<'py>,
        name: String,
        json: String,
        values: Option<&Bound<'py, PyAny>>,
        body: Option<&[u8]>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let payload = Payload { params: params(values)?, body: body.unwrap_or_default().to_vec() };
        let client = self.0.clone();
        let work = async move {
            if client.is_brief(&name) {
                client.call_here(&name, &json, payload) // another thread would take longer
            } else {
                client.call(&name, &json, payload).await
            }
        };
        awaitable(py, work, |py, reply| Ok(answer(py, reply).into_pyobject(py)?.into_any().unbind()))
    }

    #[pyo3(signature = (json, body=None, upload=None))]
    fn stream<'py>(
        &self,
        py: Python<'py>,
        json: String,
        body: Option<&[u8]>,
        upload: Option<&Bound<'py, AsyncUpload>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let upload = upload.and_then(|upload| upload.get().take());
        let (client, body) = (self.0.clone(), body.unwrap_or_default().to_vec());
        let work = async move { client.call_stream(&json, body, upload).await };
        awaitable(py, work, |py, stream| Ok(Py::new(py, AsyncStream::new(stream))?.into_any()))
    }

    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let client = self.0.clone();
        // Closing waits for writes that are under way.
        let work = async move {
            tokio::task::spawn_blocking(move || client.close())
                .await
                .map_err(|_| Error::new(ErrorKind::Internal, "closing ended without an answer"))
        };
        awaitable(py, work, |py, ()| Ok(py.None()))
    }
}
