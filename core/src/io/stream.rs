//! Requests whose bodies go and come in pieces: each on a thread and a connection of its own, which end with it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::Body;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio::time::{timeout, timeout_at};

use super::clients::Settings;
use super::exchange::{fault_of_lost, ready, runtime, unless};
use super::upload::{Feed, Sending};
use super::{CLOSED, Fault, fault_of, headers};
use crate::allow::Allow;
use crate::memory;
use crate::process::Own;
use crate::scrub::PieceMask;

/// How many pieces wait for the host at most.
const WAITING: usize = 2;

/// A request to a provider, its answer wanted in pieces.
pub(crate) struct Streaming {
    pub(crate) request: http::Request<Bytes>,
    /// What to send instead of the request's own body.
    pub(crate) sending: Option<Sending>,
    /// As in `Outgoing`.
    pub(crate) guarded: Option<Allow>,
    /// How long the app may let nothing move.
    pub(crate) idle: Duration,
    /// When all must be over.
    pub(crate) deadline: Option<Instant>,
    /// Most bytes of the answer.
    pub(crate) limit: u64,
    pub(crate) mask: PieceMask,
}

/// What comes of a stream: the head first, then pieces, then the end.
pub(crate) enum Part {
    Head { status: u16, headers: Vec<(String, String)> },
    Piece(Vec<u8>),
    End,
}

/// The host's end of a stream. Dropped, it ends the request and waits until nothing is left of it.
pub(crate) struct Stream(Own<Parts>);

struct Parts {
    /// Dropped first, which ends the thread.
    coming: mpsc::Receiver<Result<Part, Fault>>,
    closing: watch::Receiver<bool>,
    _thread: Option<memory::Thread>,
}

impl Stream {
    pub(super) fn begin(
        settings: Arc<Settings>,
        request: Streaming,
        closing: watch::Receiver<bool>,
    ) -> Result<Self, Fault> {
        let (parts, coming) = mpsc::channel(WAITING);
        let watching = closing.clone();
        let work = move || carry(&settings, request, &parts, watching);
        let thread = memory::Thread::spawn(work).map_err(fault_of_lost)?;
        Ok(Self(Own::new(Parts { coming, closing, _thread: Some(thread) })))
    }

    /// One whose answer is there.
    #[cfg(test)]
    pub(crate) fn over(answer: super::Incoming) -> Self {
        let (parts, coming) = mpsc::channel(3);
        let head = Part::Head { status: answer.status, headers: answer.headers };
        for part in [head, Part::Piece(answer.body), Part::End] {
            drop(parts.try_send(Ok(part)));
        }
        Self(Own::new(Parts { coming, closing: watch::channel(false).1, _thread: None }))
    }

    /// What comes next. Meanwhile the host's reader is read, on the thread that polls.
    pub(crate) async fn next(&mut self, feed: &mut Option<Feed>) -> Result<Part, Fault> {
        let Some(parts) = self.0.get_mut() else {
            return Err(Fault::Unreachable("a stream belongs to the process that opened it"));
        };
        loop {
            let Some(reading) = feed.take() else { return parts.next().await };
            match either(parts.next(), reading.wanted()).await {
                Either::First(part) => {
                    *feed = Some(reading);
                    return part;
                }
                Either::Second(Ok(place)) => *feed = reading.give(place),
                Either::Second(Err(())) => {} // no more of it is wanted
            }
        }
    }
}

impl Parts {
    async fn next(&mut self) -> Result<Part, Fault> {
        match self.coming.recv().await {
            Some(part) => part,
            None if *self.closing.borrow() => Err(Fault::Unreachable(CLOSED)),
            None => Err(Fault::Broken),
        }
    }
}

enum Either<A, B> {
    First(A),
    Second(B),
}

/// What is ready first; the first one where both are.
async fn either<A, B>(first: impl Future<Output = A>, second: impl Future<Output = B>) -> Either<A, B> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|cx| match first.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Either::First(done)),
        Poll::Pending => second.as_mut().poll(cx).map(Either::Second),
    })
    .await
}

/// What the thread does: all of it, or as much as somebody wants.
fn carry(
    settings: &Settings,
    request: Streaming,
    parts: &mpsc::Sender<Result<Part, Fault>>,
    mut closing: watch::Receiver<bool>,
) {
    let runtime = match runtime(&mut Builder::new_current_thread()) {
        Ok(runtime) => runtime,
        Err(fault) => return drop(parts.blocking_send(Err(fault))),
    };
    runtime.block_on(async {
        let mut gone = pin!(either(parts.closed(), closing.wait_for(|closing| *closing)));
        let work = async {
            let deadline = request.deadline;
            let exchange = exchange(settings, request, parts);
            let outcome = match deadline {
                Some(at) => timeout_at(at.into(), exchange).await.unwrap_or(Err(Fault::Timeout)),
                None => exchange.await,
            };
            let _ = parts.send(outcome.map(|()| Part::End)).await; // who is gone does not hear it
        };
        unless(|cx| gone.as_mut().poll(cx).map(drop), work).await;
    });
    runtime.shutdown_background(); // a look-up that still runs is not waited for
}

async fn exchange(
    settings: &Settings,
    request: Streaming,
    parts: &mpsc::Sender<Result<Part, Fault>>,
) -> Result<(), Fault> {
    let Streaming { request, sending, guarded, idle, limit, mut mask, .. } = request;
    let sending = sending.as_ref();
    let fault = |error: &reqwest::Error| sending.and_then(Sending::fault).unwrap_or_else(|| fault_of(error));
    let tell = async |part| parts.send(Ok(part)).await.map_err(|_| Fault::Broken);
    let request = ready(request.map(|whole| match sending {
        Some(sending) => Body::wrap(sending.body()),
        None => Body::from(whole),
    }))?;
    let client = settings.sole(guarded)?;
    let mut response = moving(idle, sending, client.execute(request)).await?.map_err(|e| fault(&e))?;
    tell(Part::Head { status: response.status().as_u16(), headers: headers(response.headers()) }).await?;
    let mut left = limit;
    while let Some(piece) = moving(idle, sending, response.chunk()).await?.map_err(|e| fault(&e))? {
        left = left.checked_sub(piece.len() as u64).ok_or(Fault::TooLarge)?;
        tell(Part::Piece(mask.push(&piece))).await?;
    }
    tell(Part::Piece(mask.finish())).await
}

/// Waits for this work, as long as something moves or the host is waited for.
async fn moving<T>(idle: Duration, sending: Option<&Sending>, work: impl Future<Output = T>) -> Result<T, Fault> {
    let mut work = pin!(work);
    let begun = Instant::now();
    loop {
        let moved = sending.map_or(Some(begun), Sending::moved).map_or_else(Instant::now, |moved| moved.max(begun));
        let left = idle.saturating_sub(moved.elapsed());
        if left.is_zero() {
            return Err(Fault::Timeout);
        }
        if let Ok(done) = timeout(left, &mut work).await {
            return Ok(done);
        }
    }
}
