//! A client whose requests are answered by a function: nothing is dialled, nothing waits.

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use crate::allow::Allow;
use crate::backend::{self, Backend};
use crate::by_name::{Payload, Reply};
use crate::error::Result;
use crate::io::{Fault, Feed, Incoming, Io, Network, Outgoing, Part, Stream, Streaming, run_now};
use crate::options::Options;

/// A client on the embedded backend or on Composio's, as the options say.
pub struct Scripted(Backend<ScriptedIo>);

/// A request that would have gone out.
pub struct Sent {
    /// HTTP method.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// What is allowed of the host, where a user named it.
    pub guarded: Option<Allow>,
}

/// What comes back; none is a connection that broke.
pub type Answer = Option<(u16, Vec<(String, String)>, Vec<u8>)>;

type Script = Box<dyn Fn(Sent) -> Answer + Send + Sync>;

impl Scripted {
    /// Opens a client whose every request goes to `script`.
    ///
    /// # Errors
    /// As for `Client::open`.
    pub fn open(options: &Options, script: Script) -> Result<Self> {
        // Logins dial for themselves, and do not where there is a proxy.
        let network = Network { proxy: Some("http://127.0.0.1:1".into()), ..backend::network(options) };
        Ok(Self(Backend::new(ScriptedIo { script, network }, backend::open(options)?, options)))
    }

    /// As `Client::call`.
    ///
    /// # Errors
    /// Those of the call.
    pub fn call(&self, name: &str, args: &str, payload: Payload) -> Result<Reply> {
        run_now(self.0.call(name, args, payload))
    }
}

struct ScriptedIo {
    script: Script,
    network: Network,
}

impl Io for ScriptedIo {
    async fn send(&self, outgoing: Outgoing) -> Result<Incoming, Fault> {
        let (parts, body) = outgoing.request.into_parts();
        let header =
            |(name, value): (&http::HeaderName, &http::HeaderValue)| (name.to_string(), value.as_bytes().to_vec());
        let sent = Sent {
            method: parts.method.to_string(),
            url: parts.uri.to_string(),
            headers: parts.headers.iter().map(header).collect(),
            body: body.to_vec(),
            guarded: outgoing.guarded,
        };
        let (status, headers, body) = (self.script)(sent).ok_or(Fault::Broken)?;
        Ok(Incoming { status, headers, body })
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        work()
    }

    async fn sleep(&self, _time: Duration) {}

    async fn lock<'m, T: Send>(&self, mutex: &'m Mutex<T>) -> MutexGuard<'m, T> {
        mutex.lock().await // nobody else has it
    }

    fn stream(&self, _request: Streaming) -> Result<Stream, Fault> {
        Err(Fault::Broken) // no call by name has one
    }

    async fn part(&self, of: &mut Stream, feed: &mut Option<Feed>) -> Result<Part, Fault> {
        of.next(feed).await
    }

    fn feed(&self, _feed: Feed) -> Option<Feed> {
        None
    }

    fn network(&self) -> &Network {
        &self.network
    }

    fn has_proxy(&self) -> bool {
        false
    }

    async fn drop_connections(&self) {}

    fn close(&self) {}
}
