//! The kept connections of the async driver, on one thread whose stack is ours, with an event loop that overwrites it whenever
//! it has nothing to do: nothing that is sent is left on a stack of a runtime's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Client;
use tokio::sync::{mpsc, oneshot};

use super::clients::{Kept, Settings};
use super::exchange::{Answer, Exchange, fault_of_lost, unless};
use super::told::Told;
use super::{CLOSED, Fault, Outgoing};
use crate::memory;
use crate::process::PerProcess;

/// The thread that keeps connections, begun at first use. A child of `fork` does not have that of the other.
#[derive(Default)]
pub(super) struct Keeping(PerProcess<Mutex<Option<Keeper>>>);

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

impl Keeping {
    /// Sends on a kept connection, or one that is kept from now on. Who drops the receiver ends the request.
    pub(super) fn send(&self, outgoing: Outgoing, exchange: &Exchange) -> Result<oneshot::Receiver<Answer>, Fault> {
        let (answer, receiver) = oneshot::channel();
        let mut keeper = self.keeper();
        if exchange.is_closed() {
            return Err(Fault::Unreachable(CLOSED));
        }
        let keeper = match &mut *keeper {
            Some(keeper) => keeper,
            none => none.insert(Keeper::begin(exchange.settings.clone())?),
        };
        keeper.orders.send(Order::Send(Box::new(outgoing), answer)).map_err(|_| Fault::Broken)?;
        Ok(receiver)
    }

    /// Drops kept connections. The receiver hears of it, also by there being no sender where there are none.
    pub(super) fn drop_connections(&self) -> oneshot::Receiver<()> {
        let (dropped, receiver) = oneshot::channel();
        if let Some(keeper) = &*self.keeper() {
            let _ = keeper.orders.send(Order::DropConnections(dropped)); // one that has ended keeps none
        }
        receiver
    }

    /// Ends the thread, and with it what is under way on it.
    pub(super) fn end(&self) {
        let keeper = self.keeper().take();
        drop(keeper); // waits for the thread, not under the lock
    }

    fn keeper(&self) -> MutexGuard<'_, Option<Keeper>> {
        self.0.get().lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.end();
    }
}

impl Keeper {
    fn begin(settings: Arc<Settings>) -> Result<Self, Fault> {
        let (orders, mut queue) = mpsc::unbounded_channel();
        let work = move || {
            let Ok((told, runtime)) = Told::with_runtime() else { return };
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
                            told.add(move || {
                                let _ = dropped.send(());
                            });
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

async fn serve(
    client: Result<Client, Fault>,
    outgoing: Outgoing,
    limit: usize,
    mut answer: oneshot::Sender<Answer>,
    told: Arc<Told>,
) {
    let outcome = match client {
        Ok(client) => unless(|cx| answer.poll_closed(cx), super::exchange::answer(client, outgoing, limit)).await,
        Err(fault) => Some(Err(fault)),
    };
    if let Some(outcome) = outcome {
        told.add(move || drop(answer.send(outcome))); // who waits no longer does not hear it
    }
}
