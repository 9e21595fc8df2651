//! Use with bodies in pieces.

use std::time::{Duration, Instant};

use super::request::{describe_for, named};
use super::tokens::Held;
use super::{Embedded, Opened};
use crate::audit::Action;
use crate::calls::Request;
use crate::error::{Error, Result};
use crate::io::{self, Fault, Feed, Incoming, Io, Part, Sending};
use crate::limits::wait;
use crate::provider::{HostRequest, Target, needs_whole_body, prepare};
use crate::retry::Tries;
use crate::scrub::{Mask, PieceMask};
use crate::stream::{Flow, Head, Streaming};

/// A stream on its way to its answer.
struct Asking<'a> {
    opened: &'a Opened,
    target: &'a Target,
    host: HostRequest<'a>,
    tries: Tries,
    /// For all of it, to the last byte.
    deadline: Option<Instant>,
    limit: u64,
    sending: Option<Sending>,
    feed: Option<Feed>,
}

impl Asking<'_> {
    /// Whether it can be sent as if for the first time.
    fn is_untouched(&self) -> bool {
        self.sending.as_ref().is_none_or(Sending::is_untouched)
    }
}

/// An answer whose body is yet to come.
struct Begun {
    status: u16,
    headers: Vec<(String, String)>,
    stream: io::Stream,
}

impl<I: Io> Embedded<I> {
    pub(crate) async fn request_stream(&self, ask: Request, streaming: Streaming) -> Result<Flow> {
        self.must_be_open()?;
        let Streaming { upload, content_length, max_response_bytes } = streaming;
        let time = ask.timeout_ms.map(Duration::from_millis);
        let mut tries = Tries::new(&ask.method, ask.retry, time.unwrap_or(self.timeout))?;
        if upload.is_some() {
            tries = tries.only_untouched();
            if !ask.body.is_empty() {
                return Err(Error::argument("body", "give a whole body or one in pieces, not both"));
            }
        } else if content_length.is_some() {
            let message = "content_length is for a body in pieces; that of a whole one is known";
            return Err(Error::argument("content_length", message));
        }
        let (opened, target) = self.usable(&ask).await?;
        if upload.is_some() && needs_whole_body(opened.integration.scheme()?) {
            let app = &opened.integration.app.name;
            let message =
                format!("{app} takes its credential in the body, or a signature over it: give the body as a whole");
            return Err(Error::argument("body", message).with_connection(&opened.row.id));
        }
        let path = target.below(&ask.path)?;
        let host = HostRequest {
            method: &ask.method,
            path: &path,
            query: &ask.query,
            headers: &ask.headers,
            body: ask.body.into(),
        };
        self.limits.await_rest(&self.io, &opened.row.id, &tries).await?;
        self.note_use(Action::Stream, &opened.row).await?;
        let (sending, feed) = upload.map(|upload| upload.begin(&self.io, content_length)).unzip();
        let limit = match max_response_bytes {
            Some(0) => u64::MAX,
            Some(limit) => limit,
            None => self.io.network().max_response_bytes as u64,
        };
        let deadline = time.map(|time| Instant::now() + time);
        let feed = feed.flatten();
        let mut asking = Asking { opened: &opened, target: &target, host, tries, deadline, limit, sending, feed };
        let begun = self.begin(&mut asking).await?;
        let (tries, feed) = (asking.tries.made(), asking.feed);
        tracing::debug!("keylatch.connection.id" = %opened.row.id, "http.response.status_code" = begun.status, "keylatch.tries" = tries, "stream opened");
        let (app, id) = named(&opened);
        let failed = Box::new(move |fault| describe_for(fault, &app, &id));
        let head = Head { status: begun.status, headers: begun.headers, tries };
        Ok(Flow::new(head, begun.stream, feed, failed))
    }

    /// As `send` for whole bodies: with a new token where a kept one is no longer taken, and a look at the connection after 401.
    async fn begin(&self, asking: &mut Asking<'_>) -> Result<Begun> {
        let mut held = self.held_token(asking.opened, asking.target, None).await?;
        let mut begun = self.begin_with(asking, held.as_ref()).await?;
        if begun.status == 401
            && let Some(old) = held.filter(|held| held.kept)
        {
            held = self.held_token(asking.opened, asking.target, Some(old.number)).await?;
            if asking.is_untouched() {
                begun = self.begin_with(asking, held.as_ref()).await?;
            }
        }
        if begun.status == 401 {
            self.doubt(asking.opened).await;
        }
        Ok(begun)
    }

    async fn begin_with(&self, asking: &mut Asking<'_>, held: Option<&Held>) -> Result<Begun> {
        let opened = asking.opened;
        let values = held.map_or(&opened.values, |held| &held.values);
        loop {
            let (request, mask) = prepare(opened.integration.scheme()?, asking.target, values, asking.host.clone())?;
            asking.tries.begin();
            let streaming = io::Streaming {
                request,
                sending: asking.sending.clone(),
                guarded: asking.target.guarded,
                idle: self.timeout,
                deadline: asking.deadline,
                limit: asking.limit,
                mask: PieceMask::new(mask.duplicate()),
            };
            match self.head(streaming, &mut asking.feed, &mask).await {
                Ok(begun) => {
                    self.limits.learn(&opened.row.id, begun.status, &begun.headers);
                    let wants = wait(&begun.headers);
                    if !asking.tries.after_answer(&self.io, begun.status, wants).await {
                        return Ok(begun);
                    }
                }
                Err(Fault::Forbidden(kinds)) => return Err(asking.target.forbidden(kinds)),
                Err(fault) => {
                    let acted = fault == Fault::Broken || !asking.is_untouched();
                    if !fault.may_pass() || !asking.tries.after_failure(&self.io, acted, None).await {
                        let (app, id) = named(opened);
                        return Err(describe_for(fault, &app, &id));
                    }
                }
            }
        }
    }

    /// Sends, and waits for the head of the answer.
    async fn head(&self, streaming: io::Streaming, feed: &mut Option<Feed>, mask: &Mask) -> Result<Begun, Fault> {
        let mut stream = self.io.stream(streaming)?;
        match self.io.part(&mut stream, feed).await? {
            Part::Head { status, headers } => {
                let mut head = Incoming { status, headers, body: Vec::new() };
                mask.apply(&mut head);
                Ok(Begun { status, headers: head.headers, stream })
            }
            Part::Piece(_) | Part::End => Err(Fault::Broken),
        }
    }
}
