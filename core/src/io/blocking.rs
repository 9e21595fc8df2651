//! The blocking driver: waits for answers, and for the store, on the caller's own thread.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, MutexGuard};

use super::callers::Callers;
use super::exchange::Exchange;
use super::{Fault, Feed, Incoming, Io, Network, Outgoing, Part, Stream, Streaming, interrupt};
use crate::error::Result;
use crate::telemetry;

/// Every answer of this driver is there when it returns.
pub(crate) struct BlockingIo {
    exchange: Exchange,
    callers: Callers,
}

impl BlockingIo {
    pub(crate) fn new(network: Network) -> Self {
        Self { exchange: Exchange::new(network), callers: Callers::default() }
    }
}

impl Io for BlockingIo {
    async fn send(&self, outgoing: Outgoing) -> Result<Incoming, Fault> {
        let span = telemetry::request(&outgoing);
        let answer = async {
            if self.exchange.is_alone(&outgoing) {
                return self.exchange.send_alone(outgoing, |_| Poll::Pending);
            }
            self.callers.send(outgoing, &self.exchange)
        };
        telemetry::answered(span, answer).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        work()
    }

    async fn sleep(&self, time: Duration) {
        interrupt::sleep(time);
    }

    async fn lock<'m, T: Send>(&self, mutex: &'m Mutex<T>) -> MutexGuard<'m, T> {
        wait_for(mutex.lock())
    }

    fn stream(&self, request: Streaming) -> Result<Stream, Fault> {
        self.exchange.stream(request)
    }

    async fn part(&self, of: &mut Stream, feed: &mut Option<Feed>) -> Result<Part, Fault> {
        wait_for(of.next(feed))
    }

    fn feed(&self, feed: Feed) -> Option<Feed> {
        Some(feed) // the host's reader is called on the host's own thread
    }

    fn network(&self) -> &Network {
        self.exchange.network()
    }

    async fn drop_connections(&self) {
        self.callers.drop_connections();
    }

    fn close(&self) {
        self.exchange.close();
        self.callers.drop_connections();
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
pub(crate) fn wait_for<F: Future>(future: F) -> F::Output {
    wait(future, None).expect("there is no end to it")
}

/// The same, at most until then.
#[cfg(feature = "postgres")]
pub(crate) fn wait_until<F: Future>(future: F, deadline: Instant) -> Option<F::Output> {
    wait(future, Some(deadline))
}

fn wait<F: Future>(future: F, deadline: Option<Instant>) -> Option<F::Output> {
    // Within a task of tokio's, the future would otherwise stop at the end of the task's share of time and never go on.
    let mut future = pin!(tokio::task::unconstrained(future));
    let waker = Waker::from(Arc::new(Sleeper(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return Some(value),
            Poll::Pending => match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return None,
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            },
        }
    }
}
