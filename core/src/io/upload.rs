//! A body on its way from the host to the thread that sends it, piece by piece.

use std::fmt;
use std::io::{ErrorKind, Read};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc::{self, OwnedPermit, Receiver, Sender};

use super::Fault;

/// How much is read of the host's reader at once.
const PIECE: usize = 64 * 1024;
/// How many pieces wait to be sent at most.
const WAITING: usize = 2;

/// Where the host puts pieces in; `None` is the end of the body. Dropped before that, it fails the request.
pub(crate) type SendingEnd = Sender<Option<Bytes>>;

/// The other end. A copy is of the same body: whoever reads first has it.
#[derive(Clone)]
pub(crate) struct Sending {
    shared: Arc<Mutex<Shared>>,
    length: Option<u64>,
}

struct Shared {
    /// There until somebody reads.
    pieces: Option<Receiver<Option<Bytes>>>,
    /// When something moved last; nothing while the host is waited for.
    moved: Option<Instant>,
    fault: Option<Fault>,
}

impl Sending {
    pub(crate) fn channel() -> (SendingEnd, Self) {
        let (end, pieces) = mpsc::channel(WAITING);
        let shared = Shared { pieces: Some(pieces), moved: Some(Instant::now()), fault: None };
        (end, Self { shared: Arc::new(Mutex::new(shared)), length: None })
    }

    /// The same body, its length announced.
    pub(crate) fn with_length(self, length: Option<u64>) -> Self {
        Self { length, ..self }
    }

    /// Whether nobody has read of it.
    pub(crate) fn is_untouched(&self) -> bool {
        self.shared().pieces.is_some()
    }

    /// When something moved last; nothing while the host is waited for.
    pub(super) fn moved(&self) -> Option<Instant> {
        self.shared().moved
    }

    /// What went wrong with the body itself.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.shared().fault
    }

    pub(super) fn body(&self) -> OnItsWay {
        OnItsWay { of: self.clone(), pieces: None, sent: 0 }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body as the request that sends it reads it.
pub(super) struct OnItsWay {
    of: Sending,
    pieces: Option<Receiver<Option<Bytes>>>,
    sent: u64,
}

/// The body is not whole; its fault says why.
#[derive(Debug)]
pub(super) struct Unsent;

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body is not whole")
    }
}

impl std::error::Error for Unsent {}

impl OnItsWay {
    /// Whether this piece, or the end, is one that the announced length leads to.
    fn fits(&mut self, piece: Option<&Bytes>) -> bool {
        self.sent += piece.map_or(0, |piece| piece.len() as u64);
        self.of.length.is_none_or(|length| if piece.is_some() { self.sent <= length } else { self.sent == length })
    }

    fn fail(&self, why: &'static str) -> Poll<Option<Result<Frame<Bytes>, Unsent>>> {
        self.of.shared().fault = Some(Fault::Unsent(why));
        Poll::Ready(Some(Err(Unsent)))
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.of.shared().moved = Some(Instant::now()); // the host is no longer waited for
    }
}

impl Body for OnItsWay {
    type Data = Bytes;
    type Error = Unsent;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Unsent>>> {
        let this = self.get_mut();
        if this.pieces.is_none() {
            this.pieces = this.of.shared().pieces.take();
        }
        let Some(pieces) = &mut this.pieces else { return this.fail("the body was sent already") };
        let polled = pieces.poll_recv(cx);
        this.of.shared().moved = polled.is_ready().then(Instant::now);
        match ready!(polled) {
            None => this.fail("the body ended before it was whole, so the request was broken off"),
            Some(piece) if this.fits(piece.as_ref()) => Poll::Ready(piece.map(|piece| Ok(Frame::data(piece)))),
            Some(_) => this.fail("the body is not as long as content_length says, so the request was broken off"),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.of.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A reader of the host's, whose pieces go to where they are sent.
pub(crate) struct Feed {
    reader: Box<dyn Read + Send>,
    to: SendingEnd,
}

impl Feed {
    pub(crate) fn new(reader: Box<dyn Read + Send>, to: SendingEnd) -> Self {
        Self { reader, to }
    }

    /// Reads to the end, on a thread that may wait.
    pub(super) fn run(mut self) {
        while let Some(piece) = self.read() {
            let is_end = piece.is_none();
            if self.to.blocking_send(piece).is_err() || is_end {
                return;
            }
        }
    }

    /// Waits until a piece is wanted. An error where none is any more.
    pub(super) fn wanted(&self) -> impl Future<Output = Result<OwnedPermit<Option<Bytes>>, ()>> + Send + use<> {
        let to = self.to.clone();
        async move { to.reserve_owned().await.map_err(drop) }
    }

    /// Reads a piece. Nothing is left of the feed at the end, and where the reader fails.
    pub(super) fn give(mut self, place: OwnedPermit<Option<Bytes>>) -> Option<Self> {
        let piece = self.read()?;
        let goes_on = piece.is_some();
        place.send(piece);
        goes_on.then_some(self)
    }

    /// The next piece, `None` in its place at the end; nothing where the reader fails.
    #[expect(clippy::option_option, reason = "what goes through the channel, or nothing")]
    fn read(&mut self) -> Option<Option<Bytes>> {
        let mut piece = vec![0; PIECE];
        let length = loop {
            match self.reader.read(&mut piece) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read.ok()?,
            }
        };
        piece.truncate(length);
        Some((length > 0).then(|| piece.into()))
    }
}
