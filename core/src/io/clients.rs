//! The HTTP clients of a driver: made when first needed, kept where keeping is allowed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rustls::ClientConfig;

use super::{Fault, Network, guard, tls};
use crate::allow::Allow;
use crate::process::PerProcess;

/// Clients of type `C`, blocking or async.
pub(super) struct Clients<C> {
    pub(super) network: Network,
    /// A child makes its own: what answers the parent's is a thread that it does not have.
    kept: PerProcess<Kept<C>>,
}

/// Those of one process.
struct Kept<C> {
    /// Shared by all of them, so that the system's roots are read once.
    tls: Mutex<Option<ClientConfig>>,
    /// For hosts of the developer's, and for those that users typed: one for each set of addresses that are allowed, since
    /// a connection made under one must not serve another.
    clients: Mutex<HashMap<Option<Allow>, C>>,
}

impl<C> Default for Kept<C> {
    fn default() -> Self {
        Self { tls: Mutex::default(), clients: Mutex::default() }
    }
}

impl<C: Clone> Clients<C> {
    pub(super) fn new(network: Network) -> Self {
        Self { network, kept: PerProcess::default() }
    }

    /// The client for this kind of request; a new one where it must stand alone.
    pub(super) fn get(
        &self,
        guarded: Option<Allow>,
        alone: bool,
        build: impl FnOnce(&Network, ClientConfig) -> Result<C, Fault>,
    ) -> Result<C, Fault> {
        if alone || !self.network.keep_connections {
            return build(&self.network, self.tls()?);
        }
        let mut clients = self.kept.get().clients.lock().unwrap_or_else(PoisonError::into_inner);
        let key = guarded.map(guard::of_addresses);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let client = build(&self.network, self.tls()?)?;
        clients.insert(key, client.clone());
        Ok(client)
    }

    pub(super) fn drop_kept(&self) {
        self.kept.get().clients.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn tls(&self) -> Result<ClientConfig, Fault> {
        let mut tls = self.kept.get().tls.lock().unwrap_or_else(PoisonError::into_inner);
        match &*tls {
            Some(config) => Ok(config.clone()),
            None => Ok(tls.insert(tls::config(&self.network)?).clone()),
        }
    }
}

/// Applies the settings that both of reqwest's builders know by the same names.
macro_rules! configure {
    ($builder:expr, $network:expr, $tls:expr, $guarded:expr, $alone:expr) => {{
        // With a proxy, the only name that is looked up here is the proxy's, which the developer gave.
        let guarded = $guarded.filter(|_| $network.proxy.is_none());
        let mut builder = $builder
            .tls_backend_preconfigured($tls)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .dns_resolver(std::sync::Arc::new($crate::io::guard::Resolver::new(guarded)))
            .user_agent(concat!("keylatch/", env!("CARGO_PKG_VERSION")))
            .pool_idle_timeout(std::time::Duration::from_secs(60));
        if $alone {
            builder = builder.pool_max_idle_per_host(0);
        }
        if let Some(proxy) = &$network.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy.as_str()).map_err(|_| Fault::Unreachable("bad proxy"))?);
        }
        builder.build().map_err(|_| Fault::Unreachable("no HTTP client"))?
    }};
}
pub(super) use configure;
