//! What a host gives to be sent piece by piece.

use std::fmt;
use std::io::Read;
use std::sync::{Mutex, PoisonError};

use crate::io::{Feed, Io, Sending, SendingEnd};

/// A body that is sent piece by piece, so that it is never in memory as a whole. It is sent once.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::fs::File;
///
/// use keylatch::{Streaming, Upload};
///
/// let file = File::open("backup.tar")?;
/// let content_length = Some(file.metadata()?.len());
/// let streaming = Streaming { upload: Some(Upload::new(file)), content_length, ..Streaming::default() };
/// # drop(streaming);
/// # Ok(())
/// # }
/// ```
pub struct Upload {
    sending: Sending,
    reader: Mutex<Option<(Box<dyn Read + Send>, SendingEnd)>>,
}

impl Upload {
    /// What `reader` gives to its end; a failure of its own fails the request. With a [`Client`](crate::Client) it is read on the
    /// thread that waits for the answer, with an [`AsyncClient`](crate::AsyncClient) on one of tokio's blocking threads.
    #[must_use]
    pub fn new(reader: impl Read + Send + 'static) -> Self {
        let (end, sending) = Sending::channel();
        Self { sending, reader: Mutex::new(Some((Box::new(reader), end))) }
    }

    /// What is put in at the other end while the request is under way.
    #[must_use]
    pub fn channel() -> (UploadSender, Self) {
        let (end, sending) = Sending::channel();
        (UploadSender(end), Self { sending, reader: Mutex::new(None) })
    }

    /// The end to send from, and the reader that whoever waits has to read.
    pub(crate) fn begin<I: Io>(self, io: &I, length: Option<u64>) -> (Sending, Option<Feed>) {
        let reader = self.reader.into_inner().unwrap_or_else(PoisonError::into_inner);
        let feed = reader.and_then(|(reader, end)| io.feed(Feed::new(reader, end)));
        (self.sending.with_length(length), feed)
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upload(…)")
    }
}

/// Where the pieces of an [`Upload::channel`] go in. Dropped without [`end`](Self::end), it fails the request.
pub struct UploadSender(SendingEnd);

impl UploadSender {
    /// Hands a piece over as soon as there is room; false where the request takes no more, which its answer explains.
    pub async fn send(&self, piece: Vec<u8>) -> bool {
        self.0.send(Some(piece.into())).await.is_ok()
    }

    /// Says that this was all.
    pub async fn end(self) -> bool {
        self.0.send(None).await.is_ok()
    }
}

impl fmt::Debug for UploadSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UploadSender(…)")
    }
}
