//! Bodies in pieces: what Python gives to be sent, and what it reads of an answer.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keylatch::{AsyncResponseStream, Error, ErrorKind, ResponseStream, Upload, UploadSender};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::{defect, guarded, raise};
use crate::log;
use crate::settle::awaitable;
use crate::waiting::{SLICE, waiting};

/// What a thread that works for another one tells that.
enum Told {
    /// It wants the next piece of the body.
    Wanting,
    Done,
}

/// Reads a body that another thread has: the one that made the call, on which alone Python is asked for pieces.
struct Reader {
    tell: SyncSender<Told>,
    pieces: Receiver<Option<Vec<u8>>>,
    rest: io::Cursor<Vec<u8>>,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.position() == self.rest.get_ref().len() as u64 {
            let failed = || io::Error::other("the body could not be had");
            self.tell.send(Told::Wanting).map_err(|_| failed())?;
            // Nobody is there any more, or the host's own reader failed.
            let piece = self.pieces.recv().ok().flatten().ok_or_else(failed)?;
            self.rest = io::Cursor::new(piece);
        }
        self.rest.read(buffer)
    }
}

/// The other side of a [`Reader`].
struct Body {
    /// A function that gives pieces of bytes, and none of them at the end.
    next: Py<PyAny>,
    tell: SyncSender<Told>,
    told: Receiver<Told>,
    pieces: Sender<Option<Vec<u8>>>,
}

impl Body {
    fn new(next: Py<PyAny>) -> (Self, Reader) {
        let ((tell, told), (pieces, taken)) = (sync_channel(1), channel());
        let reader = Reader { tell: tell.clone(), pieces: taken, rest: io::Cursor::default() };
        (Self { next, tell, told, pieces }, reader)
    }

    /// Runs `work` on another thread and gives it pieces meanwhile. What Python raises for one comes out as it is.
    fn waiting<T: Send + 'static>(
        self,
        py: Python<'_>,
        work: impl FnOnce() -> keylatch::Result<T> + Send + 'static,
    ) -> PyResult<(T, Self)> {
        let (give, outcome) = channel();
        let tell = self.tell.clone();
        let work = log::told(move || guarded(work));
        let worker = move || {
            drop(give.send(work()));
            drop(tell.send(Told::Done));
        };
        if std::thread::Builder::new().name("keylatch-call".to_owned()).spawn(worker).is_err() {
            return Err(raise(py, &defect()));
        }
        let (mut told, mut failure) = (self.told, None);
        loop {
            let (heard, back) = py.detach(move || (told.recv_timeout(SLICE), told));
            told = back;
            match heard {
                Ok(Told::Wanting) => {
                    let piece = piece_of(&self.next, py).map_err(|raised| failure = Some(raised)).ok();
                    drop(self.pieces.send(piece)); // who no longer reads says so in its own answer
                }
                Ok(Told::Done) => break log::tell(py),
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                Err(RecvTimeoutError::Disconnected) => return Err(raise(py, &defect())),
            }
        }
        if let Some(raised) = failure {
            return Err(raised);
        }
        let done = outcome.recv().unwrap_or_else(|_| Err(defect())).map_err(|error| raise(py, &error))?;
        Ok((done, Self { told, ..self }))
    }
}

/// What a function of Python's gives next.
fn piece_of(next: &Py<PyAny>, py: Python<'_>) -> PyResult<Vec<u8>> {
    Ok(next.bind(py).call0()?.extract::<&[u8]>()?.to_vec())
}

/// An answer that is read piece by piece.
#[pyclass(frozen, module = "keylatch._native")]
pub(crate) struct Stream {
    head: String,
    /// Not there while a thread reads, and once it is closed.
    open: Mutex<Option<Open>>,
    closed: AtomicBool,
}

struct Open {
    stream: ResponseStream,
    /// Of which there may be more to send.
    body: Option<Body>,
}

/// Opens a stream. `next` gives the pieces of the body that is to be sent.
pub(crate) fn open(
    py: Python<'_>,
    client: keylatch::Client,
    json: String,
    body: Vec<u8>,
    next: Option<Py<PyAny>>,
) -> PyResult<Stream> {
    let (stream, body) = match next.map(Body::new) {
        Some((giving, reader)) => {
            let work = move || client.call_stream(&json, body, Some(Upload::new(reader)));
            giving.waiting(py, work).map(|(stream, giving)| (stream, Some(giving)))?
        }
        None => (waiting(py, move || client.call_stream(&json, body, None))?, None),
    };
    let head = stream.head_json();
    Ok(Stream { head, open: Mutex::new(Some(Open { stream, body })), closed: AtomicBool::new(false) })
}

impl Stream {
    fn place(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Stream {
    /// Status, headers and tries as JSON text.
    fn head(&self) -> &str {
        &self.head
    }

    /// The next piece; no bytes are the end.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let taken = self.place().take();
        let Some(Open { mut stream, body }) = taken else {
            return Err(raise(py, &Error::new(ErrorKind::Closed, "the stream is closed, or another thread reads it")));
        };
        let work = move || stream.next_piece().map(|piece| (piece, stream));
        let ((piece, stream), body) = match body {
            Some(body) => body.waiting(py, work).map(|(done, body)| (done, Some(body)))?,
            None => (waiting(py, work)?, None),
        };
        let open = Open { stream, body: body.filter(|_| piece.is_some()) };
        if self.closed.load(Ordering::SeqCst) {
            py.detach(|| drop(open));
        } else {
            *self.place() = Some(open);
        }
        Ok(PyBytes::new(py, &piece.unwrap_or_default()))
    }

    fn close(&self, py: Python<'_>) {
        self.closed.store(true, Ordering::SeqCst);
        let taken = self.place().take();
        py.detach(|| drop(taken));
    }
}

/// A body that is put in piece by piece while the request is under way.
#[pyclass(frozen, module = "keylatch._native")]
pub(crate) struct AsyncUpload {
    sender: Arc<tokio::sync::Mutex<Option<UploadSender>>>,
    upload: Mutex<Option<Upload>>,
}

impl AsyncUpload {
    pub(crate) fn take(&self) -> Option<Upload> {
        self.upload.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[pymethods]
impl AsyncUpload {
    #[new]
    fn new() -> Self {
        let (sender, upload) = Upload::channel();
        Self { sender: Arc::new(tokio::sync::Mutex::new(Some(sender))), upload: Mutex::new(Some(upload)) }
    }

    /// Hands a piece over; false where no more is taken.
    fn send<'py>(&self, py: Python<'py>, piece: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let (held, piece) = (self.sender.clone(), piece.to_vec());
        let work = async move {
            match &*held.lock().await {
                Some(sender) => Ok(sender.send(piece).await),
                None => Ok(false),
            }
        };
        awaitable(py, work, |py, taken| Ok(taken.into_pyobject(py)?.to_owned().into_any().unbind()))
    }

    /// Says that this was all, or, where it was not `whole`, that there is no more.
    fn end<'py>(&self, py: Python<'py>, whole: bool) -> PyResult<Bound<'py, PyAny>> {
        let held = self.sender.clone();
        let work = async move {
            if let Some(sender) = held.lock().await.take().filter(|_| whole) {
                sender.end().await;
            }
            Ok(())
        };
        awaitable(py, work, |py, ()| Ok(py.None()))
    }
}

/// As [`Stream`], for the async client.
#[pyclass(frozen, module = "keylatch._native")]
pub(crate) struct AsyncStream {
    head: String,
    stream: Arc<tokio::sync::Mutex<Option<AsyncResponseStream>>>,
}

impl AsyncStream {
    pub(crate) fn new(stream: AsyncResponseStream) -> Self {
        Self { head: stream.head_json(), stream: Arc::new(tokio::sync::Mutex::new(Some(stream))) }
    }
}

#[pymethods]
impl AsyncStream {
    /// Status, headers and tries as JSON text.
    fn head(&self) -> &str {
        &self.head
    }

    /// The next piece; no bytes are the end.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let held = self.stream.clone();
        let work = async move {
            match &mut *held.lock().await {
                Some(stream) => stream.next().await,
                None => Err(Error::new(ErrorKind::Closed, "the stream is closed")),
            }
        };
        awaitable(py, work, |py, piece| Ok(PyBytes::new(py, &piece.unwrap_or_default()).into_any().unbind()))
    }

    /// Ends the request, once nobody reads.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let held = self.stream.clone();
        let work = async move {
            drop(held.lock().await.take());
            Ok(())
        };
        awaitable(py, work, |py, ()| Ok(py.None()))
    }
}
