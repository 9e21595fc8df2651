//! An outside in which operations fail as planned: requests get answers from a function, store calls run at once.

use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::allow::{Allow, Permission};
use crate::error::{Error, ErrorKind, Result};
use crate::io::{Fault, Feed, Incoming, Io, Network, Outgoing, Part, Stream, Streaming};

/// What answers requests.
pub(super) trait World: Send + Sync + 'static {
    fn answer(&self, request: &http::Request<Bytes>) -> Incoming;
}

/// What a flow does to the outside and can fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operation {
    Send,
    Run,
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Failing {
    /// A request brings no answer.
    NoAnswer { fault: Fault, acted: bool },
    /// A request brings this status and nothing that can be read.
    Answer { status: u16, acted: bool },
    /// Work on the store brings an error.
    Run { done: bool },
}

impl Failing {
    /// Every way in which such an operation fails.
    pub(super) fn all(operation: Operation) -> Vec<Self> {
        if operation == Operation::Run {
            return [false, true].map(|done| Self::Run { done }).to_vec();
        }
        let without = [
            Fault::Unreachable("no connection"),
            Fault::Broken,
            Fault::Timeout,
            Fault::NoSuchHost,
            Fault::WrongHost,
            Fault::Forbidden(Allow::from([Permission::Private])),
            Fault::TooLarge,
        ];
        let done = [Fault::Broken, Fault::Timeout, Fault::TooLarge];
        let refused = [429, 500, 501, 503].map(|status| (status, false));
        let garbled = [200, 408, 500, 502, 504].map(|status| (status, true));
        let no_answer = |acted| move |fault| Self::NoAnswer { fault, acted };
        let mut all: Vec<Self> = without.into_iter().map(no_answer(false)).collect();
        all.extend(done.into_iter().map(no_answer(true)));
        all.extend(refused.into_iter().chain(garbled).map(|(status, acted)| Self::Answer { status, acted }));
        all
    }

    pub(super) fn acted(self) -> bool {
        match self {
            Self::NoAnswer { acted, .. } | Self::Answer { acted, .. } | Self::Run { done: acted } => acted,
        }
    }
}

/// Which operation of a run fails, counted from 0, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) at: usize,
    pub(super) failing: Failing,
    /// All later ones of the kind fail too.
    pub(super) ever_after: bool,
}

pub(super) struct Outside<W> {
    pub(super) world: W,
    network: Network,
    plan: Option<Plan>,
    /// Whether others get a turn before each operation.
    takes_turns: bool,
    done: Mutex<Vec<Operation>>,
}

impl<W> Outside<W> {
    pub(super) fn new(world: W, plan: Option<Plan>) -> Self {
        let network = Network { max_response_bytes: 1 << 20, extra_ca_pem: None, proxy: None, keep_connections: true };
        Self { world, network, plan, takes_turns: false, done: Mutex::default() }
    }

    /// One where nothing fails, and every operation waits for its turn.
    pub(super) fn taking_turns(world: W) -> Self {
        Self { takes_turns: true, ..Self::new(world, None) }
    }

    /// The operations so far, in order.
    pub(super) fn operations(&self) -> Vec<Operation> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn turn(&self) {
        let mut waited = !self.takes_turns;
        let turn =
            |_: &mut Context<'_>| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending };
        std::future::poll_fn(turn).await;
    }

    /// Counts an operation, and says whether it fails.
    fn next(&self, operation: Operation) -> Option<Failing> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let number = done.len();
        done.push(operation);
        let plan = self.plan.filter(|plan| number == plan.at || plan.ever_after && number > plan.at)?;
        let kind = if matches!(plan.failing, Failing::Run { .. }) { Operation::Run } else { Operation::Send };
        (operation == kind).then_some(plan.failing)
    }
}

impl<W: World> Outside<W> {
    fn sent(&self, request: &http::Request<Bytes>) -> Result<Incoming, Fault> {
        let failing = self.next(Operation::Send);
        let answer = failing.is_none_or(Failing::acted).then(|| self.world.answer(request));
        match failing {
            Some(Failing::NoAnswer { fault, .. }) => Err(fault),
            Some(Failing::Answer { status, .. }) => {
                Ok(Incoming { status, headers: Vec::new(), body: b"<html>".to_vec() })
            }
            _ => Ok(answer.expect("it acted")),
        }
    }
}

impl<W: World> Io for Outside<W> {
    async fn send(&self, outgoing: Outgoing) -> Result<Incoming, Fault> {
        self.turn().await;
        self.sent(&outgoing.request)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        self.turn().await;
        match self.next(Operation::Run) {
            Some(Failing::Run { done: false }) => Err(Error::new(ErrorKind::Storage, "planned, before")),
            Some(_) => work().and_then(|_| Err(Error::new(ErrorKind::Internal, "planned, afterwards"))),
            None => work(),
        }
    }

    async fn sleep(&self, _: Duration) {}

    async fn lock<'m, T: Send>(&self, mutex: &'m tokio::sync::Mutex<T>) -> tokio::sync::MutexGuard<'m, T> {
        mutex.lock().await
    }

    fn stream(&self, request: Streaming) -> Result<Stream, Fault> {
        Ok(Stream::over(self.sent(&request.request)?))
    }

    async fn part(&self, of: &mut Stream, feed: &mut Option<Feed>) -> Result<Part, Fault> {
        of.next(feed).await
    }

    fn feed(&self, _: Feed) -> Option<Feed> {
        None
    }

    fn network(&self) -> &Network {
        &self.network
    }

    async fn drop_connections(&self) {}

    fn close(&self) {}
}
