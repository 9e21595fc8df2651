//! The async driver: `reqwest` on the caller's tokio runtime, store calls on its blocking threads.

use std::time::Duration;

use reqwest::{Client, Request, Response};
use tokio::sync::{Mutex, MutexGuard};

use super::clients::{Clients, configure};
use super::{Fault, Incoming, Io, Network, Outgoing, fault_of, headers};
use crate::error::{Error, ErrorKind, Result};

/// Never blocks the thread that polls it.
pub(crate) struct AsyncIo {
    clients: Clients<Client>,
}

impl AsyncIo {
    pub(crate) fn new(network: Network) -> Self {
        Self { clients: Clients::new(network) }
    }

    async fn read(&self, mut response: Response) -> Result<Incoming, Fault> {
        let status = response.status().as_u16();
        let headers = headers(response.headers());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| fault_of(&e))? {
            if body.len() + chunk.len() > self.clients.network.max_response_bytes {
                return Err(Fault::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Incoming { status, headers, body })
    }
}

impl Io for AsyncIo {
    async fn send(&self, outgoing: Outgoing) -> Result<Incoming, Fault> {
        let (guarded, alone) = (outgoing.guarded, outgoing.alone);
        let client = self
            .clients
            .get(guarded, alone, |network, tls| Ok(configure!(Client::builder(), network, tls, guarded, alone)))?;
        let mut request = Request::try_from(outgoing.request).map_err(|_| Fault::Unreachable("no valid request"))?;
        if request.body().and_then(|body| body.as_bytes()).is_some_and(<[u8]>::is_empty) {
            *request.body_mut() = None; // an empty one would be announced, which only POST and its like expect
        }
        *request.timeout_mut() = Some(outgoing.timeout);
        let response = client.execute(request).await.map_err(|e| fault_of(&e))?;
        self.read(response).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "a store call ended without an answer")))
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    async fn lock<'m, T: Send>(&self, mutex: &'m Mutex<T>) -> MutexGuard<'m, T> {
        mutex.lock().await
    }

    fn network(&self) -> &Network {
        &self.clients.network
    }

    fn drop_connections(&self) {
        self.clients.drop_kept();
    }
}
