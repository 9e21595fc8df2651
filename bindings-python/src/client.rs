//! The blocking client.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use keylatch::{Payload, Reply};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyBytes;

use crate::beside::Beside;
use crate::error::{defect, guarded, raise};
use crate::log;
use crate::options::Options;
use crate::params::params;
use crate::secret::Secret;
use crate::stream::{self, Stream};

/// How long Ctrl-C may have to wait.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

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
        let brief = client.is_brief(&name);
        let work = move || client.call(&name, &json, payload);
        let reply = if brief { at_once(py, work) } else { waiting(py, work) }?;
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

/// Runs `work` while other Python threads go on. Signals are handled by the main thread alone: there the work runs
/// beside it, so that Ctrl-C ends the waiting at once (what was under way comes to its end unseen).
pub(crate) fn waiting<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> keylatch::Result<T> + Send + 'static,
) -> PyResult<T> {
    if !on_main_thread(py)? {
        return at_once(py, work);
    }
    let Some(beside) = Beside::take() else { return Err(raise(py, &defect())) };
    let (send, mut receive) = sync_channel(1);
    let work = log::told(move || guarded(work));
    beside.run(Box::new(move || drop(send.send(work()))));
    loop {
        let (heard, back) = py.detach(move || (receive.recv_timeout(SLICE), receive));
        receive = back;
        match heard {
            Ok(done) => {
                beside.keep();
                log::tell(py);
                return done.map_err(|e| raise(py, &e));
            }
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => return Err(raise(py, &defect())),
        }
    }
}

/// Runs `work` on this thread, while other Python threads go on.
fn at_once<T: Send>(py: Python<'_>, work: impl FnOnce() -> keylatch::Result<T> + Send) -> PyResult<T> {
    let done = py.detach(log::told(|| guarded(work)));
    log::tell(py);
    done.map_err(|e| raise(py, &e))
}

fn on_main_thread(py: Python<'_>) -> PyResult<bool> {
    static MAIN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static IDENT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let main: &Bound<'_, PyAny> = MAIN.import(py, "threading", "main_thread")?;
    let ident: &Bound<'_, PyAny> = IDENT.import(py, "threading", "get_ident")?;
    main.call0()?.getattr("ident")?.eq(ident.call0()?)
}
