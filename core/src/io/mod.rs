//! The only place that touches sockets, clocks and other threads. Flows are written once over [`Io`]; the blocking
//! driver answers at once, the async driver awaits.

pub(crate) mod addresses;
mod blocking;
mod callers;
mod clients;
mod event_loop;
mod exchange;
pub(crate) mod guard;
pub(crate) mod interrupt;
mod keeper;
mod nonblocking;
mod stream;
pub(crate) mod tls;
mod told;
mod upload;
pub(crate) mod wire;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

#[cfg(feature = "postgres")]
pub(crate) use blocking::wait_until;
pub(crate) use blocking::{BlockingIo, wait_for};
use bytes::Bytes;
pub use event_loop::EventLoop;
pub(crate) use nonblocking::{AsyncIo, here};
pub(crate) use stream::{Part, Stream, Streaming};
use tokio::sync::{Mutex, MutexGuard};
pub(crate) use upload::{Feed, Sending, SendingEnd};

use crate::allow::Allow;
use crate::error::Result;

/// A request to a provider.
pub(crate) struct Outgoing {
    pub(crate) request: http::Request<Bytes>,
    pub(crate) timeout: Duration,
    /// The user named the host: dial public addresses only, and those that this allows.
    pub(crate) guarded: Option<Allow>,
    /// Use a connection of its own and drop it before the call returns.
    pub(crate) alone: bool,
}

/// A provider's whole answer.
pub(crate) struct Incoming {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer. Nothing of what was sent or said is in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// No address or no connection: nothing was sent.
    Unreachable(&'static str),
    /// The connection broke after it was made: what was sent may have acted.
    Broken,
    /// Longer than allowed.
    Timeout,
    /// Whoever called waits no longer: what was sent may have acted.
    Interrupted,
    /// The name leads nowhere.
    NoSuchHost,
    /// What answered is another: the certificate is not its own, or it does not speak the protocol.
    WrongHost,
    /// The name leads only to addresses that may not be dialled unless these are allowed.
    Forbidden(Allow),
    /// More bytes than allowed.
    TooLarge,
    /// The host did not give the whole body.
    Unsent(&'static str),
}

/// Nobody took the connection.
pub(crate) const NO_CONNECTION: &str = "no connection";
/// It was closed meanwhile.
pub(crate) const CLOSED: &str = "the client is closed";

impl Fault {
    /// Whether the same request may soon fare better.
    pub(crate) fn may_pass(self) -> bool {
        matches!(self, Self::Broken | Self::Unreachable(NO_CONNECTION))
    }

    /// The kind, for spans.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Unsent(_) => "unsent",
            Self::Broken => "broken",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
            Self::NoSuchHost => "no_such_host",
            Self::WrongHost => "wrong_host",
            Self::Forbidden(_) => "forbidden_host",
            Self::TooLarge => "too_large",
        }
    }

    /// The reason for people.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Unreachable(why) | Self::Unsent(why) => why,
            Self::Broken => "the connection broke",
            Self::Timeout => "no answer in time",
            Self::Interrupted => "the caller waits no longer",
            Self::NoSuchHost => "the host has no address",
            Self::WrongHost => "what answered is another: its certificate or its protocol",
            Self::Forbidden(_) => "the address may not be dialled",
            Self::TooLarge => "the answer is larger than allowed",
        }
    }
}

/// What a flow may do to the outside.
pub(crate) trait Io: Send + Sync + 'static {
    /// Sends a request and reads the answer.
    fn send(&self, request: Outgoing) -> impl Future<Output = Result<Incoming, Fault>> + Send;

    /// Runs work that waits on the disk or the processor, off the threads that must not wait.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send;

    /// Waits.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;

    /// Waits until this lock is free.
    fn lock<'m, T: Send>(&self, mutex: &'m Mutex<T>) -> impl Future<Output = MutexGuard<'m, T>> + Send;

    /// Begins a request whose answer comes in pieces.
    fn stream(&self, request: Streaming) -> Result<Stream, Fault>;

    /// What comes next of a stream.
    fn part(&self, of: &mut Stream, feed: &mut Option<Feed>) -> impl Future<Output = Result<Part, Fault>> + Send;

    /// Sees to it that a body gets from the host to where it is sent; what is left to do by whoever waits for the stream.
    fn feed(&self, feed: Feed) -> Option<Feed>;

    /// How providers are reached.
    fn network(&self) -> &Network;

    /// Whether requests go through a proxy, which looks names up itself.
    fn has_proxy(&self) -> bool {
        self.network().proxy.is_some()
    }

    /// Drops kept connections; the next request makes a new one.
    fn drop_connections(&self) -> impl Future<Output = ()> + Send;

    /// Ends what keeps connections, and with it what is under way; nothing is sent that way any more.
    fn close(&self);
}

/// How a driver reaches providers.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) max_response_bytes: usize,
    pub(crate) extra_ca_pem: Option<Vec<u8>>,
    pub(crate) proxy: Option<String>,
    pub(crate) keep_connections: bool,
}

/// Runs a flow over the blocking driver, whose every answer is ready at once: one poll is the whole run.
pub(crate) fn run_now<F: Future>(flow: F) -> F::Output {
    match pin!(flow).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("the blocking driver never waits"),
    }
}

/// The present, to the millisecond, as RFC 3339 in UTC.
pub(crate) fn now() -> String {
    let now = jiff::Timestamp::now();
    format!("{now:.3}")
}

/// Sorts a transport error without keeping any of its text, which may hold the request.
fn fault_of(error: &reqwest::Error) -> Fault {
    if let Some(fault) = buried_fault(error) {
        return fault;
    }
    if error.is_timeout() {
        Fault::Timeout
    } else if error.is_connect() {
        Fault::Unreachable(NO_CONNECTION)
    } else {
        Fault::Broken
    }
}

/// The first fault that can be named in the chain of causes.
pub(crate) fn buried_fault(error: &(dyn std::error::Error + 'static)) -> Option<Fault> {
    use rustls::{CertificateError, Error as Tls};
    if let Some(refusal) = error.downcast_ref::<guard::Refusal>() {
        return Some(refusal.0);
    }
    if let Some(tls) = error.downcast_ref::<Tls>() {
        return Some(match tls {
            Tls::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => Fault::WrongHost,
            Tls::InvalidCertificate(_) => Fault::Unreachable("the certificate is not trusted"),
            _ => Fault::Unreachable("no TLS connection"),
        });
    }
    // An io::Error's source skips the error that it wraps.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.and_then(|inner| buried_fault(inner)).or_else(|| error.source().and_then(buried_fault))
}

fn headers(map: &http::HeaderMap) -> Vec<(String, String)> {
    map.iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}
