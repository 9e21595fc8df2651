//! Sends calls for one operation: one deadline, one mask over all that comes back, repeats where repeating is safe.

use std::time::{Duration, Instant};

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::Value;

use super::call::{Call, Repeat};
use super::project::Project;
use super::refusal;
use crate::catalog::FieldDef;
use crate::error::{Error, ErrorKind, Result};
use crate::input::Values;
use crate::io::{Fault, Incoming, Io, Outgoing};
use crate::limits::retry_after;
use crate::provider::sensitive;
use crate::retry::backoff;
use crate::scrub::{Mask, Scrubbed};

/// How often a call is repeated at most.
const REPEATS: u32 = 2;
/// A pause that a server asks for is kept up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One operation of the host's on Composio's API.
pub(super) struct Session<'c, I> {
    io: &'c I,
    project: &'c Project,
    deadline: Instant,
    mask: Mask,
}

/// An answer of 2xx.
pub(super) struct Answer {
    pub(super) json: Value,
    /// The server's clock, where it tells.
    pub(super) date: Option<jiff::Timestamp>,
}

/// What is known of a call that brought no good answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Doubt {
    /// It did not act.
    None,
    /// It may have acted, and is over.
    Settled,
    /// It may have acted, or may do so yet.
    Open,
}

/// Why there is no good answer.
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) doubt: Doubt,
    /// Whether the same call may go better later, and when the server wants it.
    pub(super) again: Option<Option<Duration>>,
    pub(super) status: Option<u16>,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl<'c, I: Io> Session<'c, I> {
    pub(super) fn new(io: &'c I, project: &'c Project, time: Duration) -> Self {
        let mut mask = Mask::default();
        mask.hide(&project.api_key);
        Self { io, project, deadline: Instant::now() + time, mask }
    }

    /// One whose answers may echo the secrets among these values.
    pub(super) fn hiding(mut self, fields: &[FieldDef], values: &Values) -> Self {
        let secrets = fields.iter().filter(|f| f.secret).filter_map(|f| values.get(&f.name));
        secrets.for_each(|value| self.mask.hide(value));
        self
    }

    /// One that has this much time from now on.
    pub(super) fn with_time(&self, time: Duration) -> Self {
        Self { io: self.io, project: self.project, deadline: Instant::now() + time, mask: self.mask.duplicate() }
    }

    /// Text of the server's, without credentials, short, on one line.
    pub(super) fn scrub(&self, text: &str) -> Scrubbed {
        self.mask.scrub(text)
    }

    /// Sends, and repeats where that is safe: what surely did not act, or what may act twice unharmed.
    pub(super) async fn call(&self, call: Call) -> Result<Answer, Failure> {
        let (mut repeats, mut may_have_acted) = (0, false);
        loop {
            let failure = match self.send(&call).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if may_have_acted && call.method == Method::DELETE && failure.status == Some(404) {
                return Ok(Answer { json: Value::Null, date: None }); // the try before has deleted it
            }
            may_have_acted |= failure.doubt != Doubt::None;
            let safe = match call.repeat {
                Repeat::Unharmed => true,
                Repeat::Undone => failure.doubt == Doubt::None,
                Repeat::Never => false,
            };
            match failure.again {
                Some(wanted) if safe && repeats < REPEATS && self.pause(wanted, repeats).await => repeats += 1,
                _ => return Err(failure),
            }
        }
    }

    /// Waits before repeat `n`; false where the time does not suffice.
    pub(super) async fn pause(&self, wanted: Option<Duration>, n: u32) -> bool {
        let pause = wanted.filter(|time| *time < LONGEST_PAUSE).unwrap_or_else(|| backoff(n));
        if wanted.is_some_and(|time| time >= LONGEST_PAUSE) || Instant::now() + pause >= self.deadline {
            return false;
        }
        self.io.sleep(pause).await;
        true
    }

    async fn send(&self, call: &Call) -> Result<Answer, Failure> {
        let request = self.request(call)?;
        let timeout = self.deadline.saturating_duration_since(Instant::now());
        if timeout.is_zero() {
            return Err(failure_of(Fault::Timeout, Doubt::None));
        }
        let outgoing = Outgoing { request, timeout, guarded: None, alone: call.alone };
        let mut incoming = self.io.send(outgoing).await.map_err(|fault| match fault {
            Fault::Timeout | Fault::Interrupted | Fault::Broken => failure_of(fault, Doubt::Open),
            Fault::TooLarge => failure_of(fault, Doubt::Settled),
            _ => failure_of(fault, Doubt::None),
        })?;
        if self.mask.apply(&mut incoming) {
            // The echo is in the kept connection's buffers too.
            self.io.drop_connections().await;
        }
        tracing::debug!("http.request.method" = %call.method, "keylatch.route" = call.path.first(), "http.response.status_code" = incoming.status, "composio answered");
        self.read(&incoming, &call.id)
    }

    fn request(&self, call: &Call) -> Result<http::Request<bytes::Bytes>, Failure> {
        let unfit = || Failure::of(Error::new(ErrorKind::Internal, "a request could not be written"), Doubt::None);
        let mut url = self.project.base.clone();
        url.path_segments_mut().map_err(|()| unfit())?.extend(&call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let key = sensitive(self.project.api_key.lent()).map_err(|_| unfit())?;
        let mut request = http::Request::builder()
            .method(&call.method)
            .uri(url.as_str())
            .header("x-api-key", key)
            .header("x-request-id", &call.id)
            .header(ACCEPT, "application/json");
        if call.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(call.body.clone().unwrap_or_default()).map_err(|_| unfit())
    }

    fn read(&self, incoming: &Incoming, id: &str) -> Result<Answer, Failure> {
        let mut json: Option<Value> = serde_json::from_slice(&incoming.body).ok();
        if let Some(json) = json.as_mut().filter(|_| incoming.body.contains(&b'\\')) {
            self.mask.apply_json(json); // an escape such as `\/` may have hidden an echo before
        }
        let status = incoming.status;
        if (200..300).contains(&status) {
            // An answer that has nothing to say may be empty.
            let json = json.or_else(|| incoming.body.is_empty().then_some(Value::Null)).ok_or_else(|| {
                let message = "Composio's answer is not JSON; check base_url, or what stands between here and there";
                Failure { status: Some(status), ..Failure::of(Error::new(ErrorKind::Server, message), Doubt::Settled) }
            })?;
            let date = header(incoming, "date")
                .and_then(|d| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(d).ok());
            return Ok(Answer { json, date });
        }
        let wanted = header(incoming, "retry-after-ms")
            .and_then(|ms| ms.parse::<f64>().ok())
            .and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok())
            .or_else(|| retry_after(&incoming.headers));
        let again = match header(incoming, "x-should-retry") {
            Some("true") => true,
            Some("false") => false,
            _ => matches!(status, 408 | 429 | 500..),
        };
        let doubt = match status {
            408 | 502 | 504 => Doubt::Open,
            501 => Doubt::None,
            500.. => Doubt::Settled,
            _ => Doubt::None,
        };
        let error = refusal::read(status, json.as_ref(), header(incoming, "x-request-id"), id, &self.mask);
        let error = error.with_retry_after(wanted);
        Err(Failure { error, doubt, again: again.then_some(wanted), status: Some(status) })
    }
}

impl Failure {
    pub(super) fn of(error: Error, doubt: Doubt) -> Self {
        Self { error, doubt, again: None, status: None }
    }
}

fn header<'i>(incoming: &'i Incoming, name: &str) -> Option<&'i str> {
    incoming.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

fn failure_of(fault: Fault, doubt: Doubt) -> Failure {
    let (kind, message) = match fault {
        Fault::Timeout => (ErrorKind::Timeout, "Composio did not answer in time".to_owned()),
        Fault::Interrupted => (ErrorKind::Timeout, fault.reason().to_owned()),
        Fault::TooLarge => (ErrorKind::Server, "Composio answered with more than max_response_bytes allows".to_owned()),
        Fault::Broken => (ErrorKind::Server, "the connection to Composio broke before its answer".to_owned()),
        Fault::WrongHost => (ErrorKind::Server, "the certificate of what answered is not Composio's".to_owned()),
        Fault::NoSuchHost => (ErrorKind::Server, "Composio's host has no address; check base_url".to_owned()),
        Fault::Unreachable(why) | Fault::Unsent(why) => {
            (ErrorKind::Server, format!("Composio could not be reached: {why}"))
        }
        Fault::Forbidden(_) => (ErrorKind::ForbiddenHost, "Composio's host may not be dialled".to_owned()),
    };
    let again = matches!(fault, Fault::Broken | Fault::Unreachable(_)).then_some(None);
    Failure { error: Error::new(kind, message), doubt, again, status: None }
}
