//! The blocking driver: `reqwest::blocking`, and store calls on the caller's own thread.

use std::io::Read as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use reqwest::blocking::{Client, Request, Response};
use tokio::sync::{Mutex, MutexGuard};

use super::clients::{Clients, configure};
use super::{Fault, Incoming, Io, Network, Outgoing, fault_of, headers};
use crate::error::Result;

/// Sends on the caller's thread.
pub(crate) struct BlockingIo {
    clients: Clients<Client>,
}

impl BlockingIo {
    pub(crate) fn new(network: Network) -> Self {
        Self { clients: Clients::new(network) }
    }

    fn send_now(&self, outgoing: Outgoing) -> Result<Incoming, Fault> {
        let (guarded, alone) = (outgoing.guarded, outgoing.alone);
        let client = self.clients.get(guarded, alone, |network, tls| {
            Ok(configure!(Client::builder().timeout(None), network, tls, guarded, alone))
        })?;
        let mut request = Request::try_from(outgoing.request).map_err(|_| Fault::Unreachable("no valid request"))?;
        if request.body().and_then(|body| body.as_bytes()).is_some_and(<[u8]>::is_empty) {
            *request.body_mut() = None; // an empty one would be announced, which only POST and its like expect
        }
        *request.timeout_mut() = Some(outgoing.timeout);
        let response = client.execute(request).map_err(|e| fault_of(&e))?;
        self.read(response)
    }

    fn read(&self, response: Response) -> Result<Incoming, Fault> {
        let limit = self.clients.network.max_response_bytes;
        let status = response.status().as_u16();
        let headers = headers(response.headers());
        let mut body = Vec::new();
        response.take(limit as u64 + 1).read_to_end(&mut body).map_err(|e| {
            let cause = e.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>());
            match cause {
                Some(error) => fault_of(error),
                None if e.kind() == std::io::ErrorKind::TimedOut => Fault::Timeout,
                None => Fault::Broken,
            }
        })?;
        if body.len() > limit { Err(Fault::TooLarge) } else { Ok(Incoming { status, headers, body }) }
    }
}

impl Io for BlockingIo {
    async fn send(&self, request: Outgoing) -> Result<Incoming, Fault> {
        self.send_now(request)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        work()
    }

    async fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    async fn lock<'m, T: Send>(&self, mutex: &'m Mutex<T>) -> MutexGuard<'m, T> {
        wait_for(mutex.lock())
    }

    fn network(&self) -> &Network {
        &self.clients.network
    }

    fn drop_connections(&self) {
        self.clients.drop_kept();
    }
}

/// Wakes a thread that waits.
struct Sleeper(Thread);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread until the future is ready.
fn wait_for<F: Future>(future: F) -> F::Output {
    // Within a task of tokio's, the future would otherwise stop at the end of the task's share of time and never go on.
    let mut future = pin!(tokio::task::unconstrained(future));
    let waker = Waker::from(Arc::new(Sleeper(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
