//! The async driver: waits for answers without holding up the thread that polls, and for the store on tokio's blocking
//! threads.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard, oneshot};
use tokio::task::spawn_blocking;

use super::exchange::Exchange;
use super::{Fault, Feed, Incoming, Io, Network, Outgoing, Part, Stream, Streaming};
use crate::error::{Error, ErrorKind, Result};
use crate::memory;

/// Never blocks the thread that polls it.
pub(crate) struct AsyncIo(Arc<Exchange>);

impl AsyncIo {
    pub(crate) fn new(network: Network) -> Self {
        Self(Arc::new(Exchange::new(network)))
    }
}

impl Io for AsyncIo {
    async fn send(&self, outgoing: Outgoing) -> Result<Incoming, Fault> {
        if !self.0.is_alone(&outgoing) {
            return self.0.send_kept(outgoing)?.await.unwrap_or(Err(Fault::Broken));
        }
        let (mut answer, receiver) = oneshot::channel();
        let exchange = self.0.clone();
        spawn_blocking(move || {
            let outcome = exchange.send_alone(outgoing, |cx| answer.poll_closed(cx));
            let _ = answer.send(outcome); // nobody waits any more
        });
        receiver.await.unwrap_or(Err(Fault::Broken))
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        spawn_blocking(move || memory::bleached(work))
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "a store call ended without an answer")))
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    async fn lock<'m, T: Send>(&self, mutex: &'m Mutex<T>) -> MutexGuard<'m, T> {
        mutex.lock().await
    }

    fn stream(&self, request: Streaming) -> Result<Stream, Fault> {
        self.0.stream(request)
    }

    async fn part(&self, of: &mut Stream, feed: &mut Option<Feed>) -> Result<Part, Fault> {
        of.next(feed).await
    }

    fn feed(&self, feed: Feed) -> Option<Feed> {
        spawn_blocking(move || feed.run());
        None
    }

    fn network(&self) -> &Network {
        self.0.network()
    }

    async fn drop_connections(&self) {
        let _ = self.0.drop_connections().await;
    }

    fn close(&self) {
        self.0.close();
    }
}
