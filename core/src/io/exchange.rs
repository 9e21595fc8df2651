//! HTTP on threads whose stacks are ours: one that keeps connections, and another for each request that stands alone.
//! Nothing that is sent is left on a stack of the host's, or of a runtime's.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use reqwest::{Body, Client, Request, Response};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot, watch};
use zeroize::Zeroizing;

use super::clients::{Kept, Settings};
use super::{CLOSED, Fault, Incoming, Network, Outgoing, Stream, Streaming, fault_of, headers};
use crate::memory::{self, Lost};
use crate::process::PerProcess;

pub(super) type Answer = Result<Incoming, Fault>;

/// The HTTP side of a driver.
pub(super) struct Exchange {
    settings: Arc<Settings>,
    keeper: PerProcess<Mutex<Option<Keeper>>>,
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

/// The thread that keeps connections.
struct Keeper {
    orders: mpsc::UnboundedSender<Order>,
    /// Dropped last: it ends when there are no more orders to come.
    _thread: memory::Thread,
}

enum Order {
    Send(Box<Outgoing>, oneshot::Sender<Answer>),
    DropConnections(oneshot::Sender<()>),
}

/// What is told to those who wait, once nothing is left of it on the keeper's stack and in connections that it drops: when
/// there is nothing else to do, or there are many.
#[derive(Default)]
struct Told(Mutex<Vec<Telling>>);

enum Telling {
    Answer(oneshot::Sender<Answer>, Answer),
    Dropped(oneshot::Sender<()>),
}

/// So many answers do not wait for a moment without work.
const MANY: usize = 32;

impl Exchange {
    pub(super) fn new(network: Network) -> Self {
        Self {
            settings: Arc::new(Settings::new(network)),
            keeper: PerProcess::default(),
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
        let sent = memory::run(|| {
            let runtime = runtime(&mut Builder::new_current_thread())?;
            let answer = runtime.block_on(async {
                let client = self.settings.sole(outgoing.guarded)?;
                let answer = answer(client, outgoing, self.network().max_response_bytes);
                unless(unwanted, answer).await.unwrap_or(Err(Fault::Broken))
            });
            runtime.shutdown_background(); // a look-up that still runs is not waited for
            answer
        });
        sent.unwrap_or_else(|lost| Err(fault_of_lost(lost)))
    }

    /// Sends on a kept connection, or one that is kept from now on. Who drops the receiver ends the request.
    pub(super) fn send_kept(&self, outgoing: Outgoing) -> Result<oneshot::Receiver<Answer>, Fault> {
        let (answer, receiver) = oneshot::channel();
        let mut keeper = self.keeper();
        if self.closed.load(Ordering::SeqCst) {
            return Err(Fault::Unreachable(CLOSED));
        }
        let keeper = match &mut *keeper {
            Some(keeper) => keeper,
            none => none.insert(Keeper::begin(self.settings.clone())?),
        };
        keeper.orders.send(Order::Send(Box::new(outgoing), answer)).map_err(|_| Fault::Broken)?;
        Ok(receiver)
    }

    /// Begins a request on a thread of its own, whose answer comes in pieces.
    pub(super) fn stream(&self, request: Streaming) -> Result<Stream, Fault> {
        let closing = self.closing.get().0.subscribe();
        if self.closed.load(Ordering::SeqCst) {
            return Err(Fault::Unreachable(CLOSED));
        }
        Stream::begin(self.settings.clone(), request, closing)
    }

    /// Drops kept connections. The receiver hears of it, also by there being no sender where there are none.
    pub(super) fn drop_connections(&self) -> oneshot::Receiver<()> {
        let (dropped, receiver) = oneshot::channel();
        if let Some(keeper) = &*self.keeper() {
            let _ = keeper.orders.send(Order::DropConnections(dropped)); // one that has ended keeps none
        }
        receiver
    }

    /// Ends the threads, and with them what is under way on them.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.closing.get().0.send_replace(true);
        let keeper = self.keeper().take();
        drop(keeper); // waits for the thread, not under the lock
    }

    /// This process's own: a child of `fork` does not have the thread of the other.
    fn keeper(&self) -> MutexGuard<'_, Option<Keeper>> {
        self.keeper.get().lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.close();
    }
}

impl Keeper {
    fn begin(settings: Arc<Settings>) -> Result<Self, Fault> {
        let (orders, mut queue) = mpsc::unbounded_channel();
        let work = move || {
            let told = Arc::new(Told::default());
            let at_rest = told.clone();
            let Ok(runtime) = runtime(Builder::new_current_thread().on_thread_park(move || at_rest.tell())) else {
                return;
            };
            runtime.block_on(async {
                let mut kept = Kept::default();
                while let Some(order) = queue.recv().await {
                    match order {
                        Order::Send(outgoing, answer) => {
                            let client = kept.client(&settings, outgoing.guarded);
                            let limit = settings.network.max_response_bytes;
                            tokio::spawn(serve(client, *outgoing, limit, answer, told.clone()));
                        }
                        Order::DropConnections(dropped) => {
                            kept.clear();
                            told.add(Telling::Dropped(dropped));
                        }
                    }
                }
            });
            runtime.shutdown_background();
            told.tell();
        };
        let thread = memory::Thread::spawn(work).map_err(fault_of_lost)?;
        Ok(Self { orders, _thread: thread })
    }
}

pub(super) fn runtime(builder: &mut Builder) -> Result<Runtime, Fault> {
    builder.enable_all().build().map_err(|_| Fault::Unreachable("this system gives no event loop"))
}

impl Told {
    fn add(&self, telling: Telling) {
        let mut waiting = self.waiting();
        waiting.push(telling);
        let many = waiting.len() >= MANY;
        drop(waiting);
        if many {
            self.tell();
        }
    }

    fn tell(&self) {
        memory::bleach();
        for telling in std::mem::take(&mut *self.waiting()) {
            // Who waits no longer does not hear it.
            match telling {
                Telling::Answer(to, answer) => drop(to.send(answer)),
                Telling::Dropped(to) => drop(to.send(())),
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Telling>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(
    client: Result<Client, Fault>,
    outgoing: Outgoing,
    limit: usize,
    mut answer: oneshot::Sender<Answer>,
    told: Arc<Told>,
) {
    let outcome = match client {
        Ok(client) => unless(|cx| answer.poll_closed(cx), self::answer(client, outgoing, limit)).await,
        Err(fault) => Some(Err(fault)),
    };
    if let Some(outcome) = outcome {
        told.add(Telling::Answer(answer, outcome));
    }
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

async fn answer(client: Client, outgoing: Outgoing, limit: usize) -> Answer {
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
