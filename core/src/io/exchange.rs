//! What both drivers do alike with HTTP: requests that stand alone, each on a connection and a thread of its own, whose stack is
//! ours; streams; and how an answer is read.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use reqwest::{Body, Client, Request, Response};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::clients::Settings;
use super::{CLOSED, Fault, Incoming, Network, Outgoing, Stream, Streaming, fault_of, headers, interrupt};
use crate::memory::{self, Lost};
use crate::process::PerProcess;

pub(super) type Answer = Result<Incoming, Fault>;

/// The HTTP side of a driver.
pub(super) struct Exchange {
    pub(super) settings: Arc<Settings>,
    closing: PerProcess<Closing>,
    closed: AtomicBool,
}

/// Tells the streams that the client is closed.
struct Closing(watch::Sender<bool>);

impl Default for Closing {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Exchange {
    pub(super) fn new(network: Network) -> Self {
        Self {
            settings: Arc::new(Settings::new(network)),
            closing: PerProcess::default(),
            closed: AtomicBool::new(false),
        }
    }

    pub(super) fn network(&self) -> &Network {
        &self.settings.network
    }

    /// Whether a request gets a thread and a connection for itself.
    pub(super) fn is_alone(&self, outgoing: &Outgoing) -> bool {
        outgoing.alone || !self.network().keep_connections
    }

    /// Sends on a connection and a thread of its own, and waits for the answer. Whoever no longer wants it says so.
    pub(super) fn send_alone(
        &self,
        outgoing: Outgoing,
        unwanted: impl FnMut(&mut Context<'_>) -> Poll<()> + Send,
    ) -> Answer {
        let send = || {
            let runtime = runtime(&mut Builder::new_current_thread())?;
            let answer = interrupt::wait_on(&runtime, async {
                let client = self.settings.sole(outgoing.guarded)?;
                let answer = answer(client, outgoing, self.network().max_response_bytes);
                unless(unwanted, answer).await.unwrap_or(Err(Fault::Broken))
            });
            runtime.shutdown_background(); // a look-up that still runs is not waited for
            answer
        };
        if interrupt::is_possible() {
            return memory::bleached(send); // on this thread, the only one where the host can be asked
        }
        memory::run(send).unwrap_or_else(|lost| Err(fault_of_lost(lost)))
    }

    /// Begins a request on a thread of its own, whose answer comes in pieces.
    pub(super) fn stream(&self, request: Streaming) -> Result<Stream, Fault> {
        let closing = self.closing.get().0.subscribe();
        if self.is_closed() {
            return Err(Fault::Unreachable(CLOSED));
        }
        Stream::begin(self.settings.clone(), request, closing)
    }

    /// Sends by this client, unless ours is closed meanwhile. Whoever calls has overwritten the stack before getting the client:
    /// what the request was made of may be there still, and what is kept from now on would take it along into the heap.
    pub(super) async fn send_by(&self, client: Client, outgoing: Outgoing) -> Answer {
        let mut closing = pin!(self.closing());
        let answer = answer(client, outgoing, self.network().max_response_bytes);
        unless(|cx| closing.as_mut().poll(cx), answer).await.unwrap_or(Err(Fault::Broken))
    }

    /// Whether the client is closed.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Ends streams; nothing new begins.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.closing.get().0.send_replace(true);
    }

    /// Ready when the client is closed.
    async fn closing(&self) {
        let _ = self.closing.get().0.subscribe().wait_for(|closed| *closed).await;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.close();
    }
}

pub(super) fn runtime(builder: &mut Builder) -> Result<Runtime, Fault> {
    builder.enable_all().build().map_err(|_| Fault::Unreachable("this system gives no event loop"))
}

/// What comes of `work`, which is dropped when nobody wants it any more.
pub(super) async fn unless<T>(
    mut unwanted: impl FnMut(&mut Context<'_>) -> Poll<()>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|cx| match unwanted(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(cx).map(Some),
    })
    .await
}

/// Sends, and reads the whole answer.
pub(super) async fn answer(client: Client, outgoing: Outgoing, limit: usize) -> Answer {
    let mut request = ready(outgoing.request.map(Body::from))?;
    *request.timeout_mut() = Some(outgoing.timeout);
    let response = client.execute(request).await.map_err(|e| fault_of(&e))?;
    read(response, limit).await
}

/// The request as it is sent.
pub(super) fn ready(request: http::Request<Body>) -> Result<Request, Fault> {
    let mut request = Request::try_from(request).map_err(|_| Fault::Unreachable("no valid request"))?;
    if request.body().and_then(Body::as_bytes).is_some_and(<[u8]>::is_empty) {
        *request.body_mut() = None; // an empty one would be announced, which only POST and its like expect
    }
    if memory::ending() { Err(Fault::Unreachable("the process ends")) } else { Ok(request) }
}

async fn read(mut response: Response, limit: usize) -> Answer {
    let status = response.status().as_u16();
    let headers = headers(response.headers());
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|e| fault_of(&e))? {
        if body.len() + chunk.len() > limit {
            return Err(Fault::TooLarge);
        }
        append(&mut body, &chunk);
    }
    Ok(Incoming { status, headers, body: std::mem::take(&mut body) })
}

/// Adds bytes to a buffer that may hold an echo: the block that it grows out of is wiped.
fn append(body: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    if body.capacity() - body.len() < chunk.len() {
        let mut larger = Zeroizing::new(Vec::with_capacity((body.len() + chunk.len()).next_power_of_two()));
        larger.extend_from_slice(body);
        *body = larger;
    }
    body.extend_from_slice(chunk);
}

pub(super) fn fault_of_lost(lost: Lost) -> Fault {
    match lost {
        Lost::NotStarted => Fault::Unreachable("this system gives no thread"),
        Lost::Panicked => Fault::Broken,
    }
}
