//! The async driver: waits for answers without holding up the thread that polls, and for the store on tokio's blocking
//! threads.

use std::cell::Cell;
use std::sync::{Arc, Mutex as Lock, MutexGuard as Locked, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard, oneshot};
use tokio::task::spawn_blocking;

use super::blocking::wait_for;
use super::clients::Kept;
use super::event_loop::{self, EventLoop};
use super::exchange::Exchange;
use super::keeper::Keeping;
use super::{Fault, Feed, Incoming, Io, Network, Outgoing, Part, Stream, Streaming};
use crate::error::{Error, ErrorKind, Result};
use crate::memory;
use crate::process::PerProcess;
use crate::telemetry;

/// Never blocks the thread that polls it.
pub(crate) struct AsyncIo {
    exchange: Arc<Exchange>,
    /// For calls on a runtime of the host's.
    keeping: Keeping,
    /// For calls on the event loop of ours.
    kept: PerProcess<Lock<Kept>>,
}

impl AsyncIo {
    pub(crate) fn new(network: Network) -> Self {
        Self { exchange: Arc::new(Exchange::new(network)), keeping: Keeping::default(), kept: PerProcess::default() }
    }
}

thread_local! {
    /// Whether this thread may wait for the disk.
    static HERE: Cell<bool> = const { Cell::new(false) };
}

impl AsyncIo {
    fn kept(&self) -> Locked<'_, Kept> {
        self.kept.get().lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, outgoing: Outgoing) -> Result<Incoming, Fault> {
        if !self.exchange.is_alone(&outgoing) {
            if event_loop::is_here() {
                memory::bleach_briefly();
                let client = self.kept().client(&self.exchange.settings, outgoing.guarded)?;
                return self.exchange.send_by(client, outgoing).await;
            }
            return self.keeping.send(outgoing, &self.exchange)?.await.unwrap_or(Err(Fault::Broken));
        }
        let (mut answer, receiver) = oneshot::channel();
        let exchange = self.exchange.clone();
        spawn_blocking(move || {
            let outcome = exchange.send_alone(outgoing, |cx| answer.poll_closed(cx));
            let _ = answer.send(outcome); // nobody waits any more
        });
        receiver.await.unwrap_or(Err(Fault::Broken))
    }
}

/// Runs a flow on this thread, and the store's work with it.
pub(crate) fn here<F: Future>(flow: F) -> F::Output {
    struct Until;
    impl Drop for Until {
        fn drop(&mut self) {
            HERE.set(false);
        }
    }
    HERE.set(true);
    let _until = Until;
    wait_for(flow)
}

impl Io for AsyncIo {
    async fn send(&self, outgoing: Outgoing) -> Result<Incoming, Fault> {
        telemetry::answered(telemetry::request(&outgoing), self.answer(outgoing)).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        if HERE.get() {
            return work();
        }
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
        self.exchange.stream(request)
    }

    async fn part(&self, of: &mut Stream, feed: &mut Option<Feed>) -> Result<Part, Fault> {
        of.next(feed).await
    }

    fn feed(&self, feed: Feed) -> Option<Feed> {
        spawn_blocking(move || feed.run());
        None
    }

    fn network(&self) -> &Network {
        self.exchange.network()
    }

    async fn drop_connections(&self) {
        self.kept().clear();
        let _ = self.keeping.drop_connections().await;
    }

    fn close(&self) {
        self.exchange.close();
        self.keeping.end();
        let kept = std::mem::take(&mut *self.kept());
        if !kept.is_empty() {
            drop(kept);
            EventLoop::rest();
        }
    }
}
