//! How an HTTP client is made, and which of them serves which requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, Proxy, redirect, retry};
use rustls::ClientConfig;

use super::{Fault, Network, guard, tls};
use crate::allow::Allow;
use crate::process::PerProcess;

/// How long a connection is kept that nobody uses.
pub(super) const IDLE: Duration = if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(60) };

/// What all clients of a driver have in common.
pub(super) struct Settings {
    pub(super) network: Network,
    /// Made once, so that the system's roots are read at most once; by each process, since another may be at it during a fork.
    tls: PerProcess<Mutex<Option<ClientConfig>>>,
}

impl Settings {
    pub(super) fn new(network: Network) -> Self {
        Self { network, tls: PerProcess::default() }
    }

    /// A client for one request, which keeps no connection.
    pub(super) fn sole(&self, guarded: Option<Allow>) -> Result<Client, Fault> {
        self.client(guarded, 0)
    }

    fn client(&self, guarded: Option<Allow>, most_idle: usize) -> Result<Client, Fault> {
        // With a proxy, the only name that is looked up here is the proxy's, which the developer gave.
        let guarded = guarded.filter(|_| self.network.proxy.is_none());
        let mut builder = Client::builder()
            .tls_backend_preconfigured(self.tls()?)
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .dns_resolver(Arc::new(guard::Resolver::new(guarded)))
            .user_agent(concat!("keylatch/", env!("CARGO_PKG_VERSION")))
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(most_idle);
        if let Some(proxy) = &self.network.proxy {
            builder = builder.proxy(Proxy::all(proxy.as_str()).map_err(|_| Fault::Unreachable("bad proxy"))?);
        }
        builder.build().map_err(|_| Fault::Unreachable("no HTTP client"))
    }

    fn tls(&self) -> Result<ClientConfig, Fault> {
        let mut tls = self.tls.get().lock().unwrap_or_else(PoisonError::into_inner);
        match &*tls {
            Some(config) => Ok(config.clone()),
            None => Ok(tls.insert(tls::config(&self.network)?).clone()),
        }
    }
}

/// Clients that keep connections: for hosts of the developer's, and for those that users typed one for each set of addresses
/// that are allowed, since a connection made under one must not serve another.
#[derive(Default)]
pub(super) struct Kept(HashMap<Option<Allow>, Client>);

impl Kept {
    pub(super) fn client(&mut self, settings: &Settings, guarded: Option<Allow>) -> Result<Client, Fault> {
        let key = guarded.map(guard::of_addresses);
        if let Some(client) = self.0.get(&key) {
            return Ok(client.clone());
        }
        let client = settings.client(guarded, usize::MAX)?;
        self.0.insert(key, client.clone());
        Ok(client)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Drops all connections; those in use when they are no longer.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
