//! Answers that are read piece by piece, whatever their size.

use std::io::{self, Read};

use crate::by_name::{Head as JsonHead, stream_arguments};
use crate::calls::Request;
use crate::client::{AsyncClient, AsyncEntity, Client, Entity};
use crate::error::{Error, Result};
use crate::io::{Fault, Feed, Part, Stream, run_now, wait_for};
use crate::memory::{self, Bleached};
use crate::upload::Upload;

/// What a request in pieces takes beside the arguments of an ordinary one.
#[derive(Debug, Default)]
pub struct Streaming {
    /// What to send in the place of [`Request::body`]. Default: that body.
    pub upload: Option<Upload>,
    /// How many bytes the upload has, as some apps demand; more or fewer fail the request. Default: it goes in chunks of HTTP's.
    pub content_length: Option<u64>,
    /// Most bytes of the answer; 0 is any number. Default: the client's `max_response_bytes`.
    pub max_response_bytes: Option<u64>,
}

/// The beginning of an answer.
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) tries: u32,
}

pub(crate) type Failed = Box<dyn Fn(Fault) -> Error + Send + Sync>;

/// An answer whose body comes in pieces, for both kinds of client.
pub(crate) struct Flow {
    head: Head,
    stream: Stream,
    feed: Option<Feed>,
    /// Makes the error of a fault.
    failed: Failed,
    over: bool,
}

impl Flow {
    pub(crate) fn new(head: Head, stream: Stream, feed: Option<Feed>, failed: Failed) -> Self {
        Self { head, stream, feed, failed, over: false }
    }

    /// The next piece, never empty; `None` after the last one, and after an error.
    async fn piece(&mut self) -> Result<Option<Vec<u8>>> {
        while !self.over {
            match self.stream.next(&mut self.feed).await {
                Ok(Part::Piece(piece)) if piece.is_empty() => {} // it is held back yet
                Ok(Part::Piece(piece)) => return Ok(Some(piece)),
                Ok(Part::End | Part::Head { .. }) => self.over = true,
                Err(fault) => {
                    self.over = true;
                    return Err((self.failed)(fault));
                }
            }
        }
        Ok(None)
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    fn head_json(&self) -> String {
        let Head { status, headers, tries } = &self.head;
        let head = JsonHead { status: *status, headers, tries: *tries, next_cursor: None };
        serde_json::to_string(&head).unwrap_or_default()
    }
}

/// What the app answers, read piece by piece by the thread that wants it. Dropped before the end, it closes its connection.
/// Where the app echoes the credential, `*` stands in its place.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let client = keylatch::Client::open(keylatch::Options::default())?;
/// use keylatch::{Request, Streaming};
///
/// let ask = Request { app: Some("github".into()), method: "GET".into(), path: "/repos/o/r/zipball".into(), ..Request::default() };
/// let any_size = Streaming { max_response_bytes: Some(0), ..Streaming::default() };
/// let mut answer = client.entity("user-1").request_stream(ask, any_size)?;
/// std::io::copy(&mut answer, &mut std::fs::File::create("repository.zip")?)?;
/// # Ok(())
/// # }
/// ```
pub struct ResponseStream {
    flow: Flow,
    /// What has come and is not read yet.
    rest: Vec<u8>,
    read: usize,
}

/// As [`ResponseStream`], on an [`AsyncClient`].
pub struct AsyncResponseStream {
    flow: Flow,
}

impl ResponseStream {
    fn new(flow: Flow) -> Self {
        Self { flow, rest: Vec::new(), read: 0 }
    }

    /// The next piece, of the size in which it came; `None` after the last one.
    ///
    /// # Errors
    /// `provider_unreachable`, `timeout`, `closed`; `invalid_argument` where the upload fails.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>> {
        if self.read < self.rest.len() {
            let rest = self.rest.split_off(self.read);
            self.read = self.rest.len();
            return Ok(Some(rest));
        }
        wait_for(self.flow.piece())
    }

    /// Reads into this buffer, as much as there is; waits where there is nothing. 0 is the end, where the buffer is not empty.
    ///
    /// # Errors
    /// `provider_unreachable`, `timeout`, `closed`; `invalid_argument` where the upload fails.
    pub fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.read == self.rest.len() && !buffer.is_empty() {
            (self.rest, self.read) = (wait_for(self.flow.piece())?.unwrap_or_default(), 0);
        }
        let length = buffer.len().min(self.rest.len() - self.read);
        buffer[..length].copy_from_slice(&self.rest[self.read..self.read + length]);
        self.read += length;
        Ok(length)
    }
}

/// The errors are those of [`read_some`](ResponseStream::read_some), each inside an [`io::Error`].
impl Read for ResponseStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_some(buffer).map_err(io::Error::other)
    }
}

impl AsyncResponseStream {
    fn new(flow: Flow) -> Self {
        Self { flow }
    }

    /// The next piece; `None` after the last one. Nothing is lost where this is dropped before it is ready.
    ///
    /// # Errors
    /// `provider_unreachable`, `timeout`, `closed`; `invalid_argument` where the upload fails.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        self.flow.piece().await
    }
}

/// What both kinds of answers tell, and the calls of clients and entities that give them.
macro_rules! request_stream {
    ($($client:ident, $entity:ident { $($await:tt)* } { $($async:tt)* } $run:ident -> $stream:ident;)*) => {
        $(impl $stream {
            /// HTTP status.
            #[must_use]
            pub fn status(&self) -> u16 {
                self.flow.head.status
            }

            /// Names in lower case; a name may stand several times.
            #[must_use]
            pub fn headers(&self) -> &[(String, String)] {
                &self.flow.head.headers
            }

            /// How often the request was sent until this answer came.
            #[must_use]
            pub fn tries(&self) -> u32 {
                self.flow.head.tries
            }

            /// Status, headers and tries as JSON text.
            #[must_use]
            pub fn head_json(&self) -> String {
                self.flow.head_json()
            }
        }

        impl $client {
            /// As `request`, for bodies of any size: they come and go in pieces, on a connection of their own. The client's
            /// `timeout` is how long the app may let nothing move; [`Request::timeout_ms`], where it is given, is for all of it, to
            /// the last byte. What has an upload is sent once, unless nothing of it was read and the app had no connection.
            ///
            /// # Errors
            /// As `request`; `invalid_argument` where the app takes its credential in the body or signs it and there is an upload,
            /// where the upload fails, and on Composio's API, whose proxy passes whole bodies only.
            pub $($async)* fn request_stream(&self, ask: Request, streaming: Streaming) -> Result<$stream> {
                let flow = request_stream!($run self.0.request_stream(ask, streaming));
                self.0.tell();
                flow.map($stream::new)
            }

            /// As `request_stream`, with the arguments as JSON beside the body, for hosts with dynamic values.
            ///
            /// # Errors
            /// Those of the call; `invalid_argument` for unknown arguments.
            pub $($async)* fn call_stream(&self, json: &str, body: Vec<u8>, upload: Option<Upload>) -> Result<$stream> {
                let (ask, streaming) = stream_arguments(json, body, upload)?;
                self.request_stream(ask, streaming)$($await)*
            }
        }

        impl $entity {
            /// As the client's `request_stream`, over a connection of this user.
            ///
            /// # Errors
            /// Those of the client's call.
            pub $($async)* fn request_stream(&self, ask: Request, streaming: Streaming) -> Result<$stream> {
                self.client.request_stream(Request { entity_id: Some(self.id.clone()), ..ask }, streaming)$($await)*
            }
        })*
    };
    (now $call:expr) => { memory::bleached(|| run_now($call)) };
    (later $call:expr) => { Bleached::new($call).await };
}

request_stream! {
    Client, Entity {} {} now -> ResponseStream;
    AsyncClient, AsyncEntity { .await } { async } later -> AsyncResponseStream;
}
