//! The HTTP clients of a driver: made when first needed, kept where keeping is allowed.

use std::sync::{Mutex, PoisonError};

use rustls::ClientConfig;

use super::{Fault, Network, tls};

/// Clients of type `C`, blocking or async.
pub(super) struct Clients<C> {
    pub(super) network: Network,
    /// Shared by all of them, so that the system's roots are read once.
    tls: Mutex<Option<ClientConfig>>,
    /// For hosts of the developer's, and for those that users typed.
    kept: Mutex<[Option<C>; 2]>,
}

impl<C: Clone> Clients<C> {
    pub(super) fn new(network: Network) -> Self {
        Self { network, tls: Mutex::default(), kept: Mutex::new([None, None]) }
    }

    /// The client for this kind of request; a new one where it must stand alone.
    pub(super) fn get(
        &self,
        guarded: bool,
        alone: bool,
        build: impl FnOnce(&Network, ClientConfig) -> Result<C, Fault>,
    ) -> Result<C, Fault> {
        if alone || !self.network.keep_connections {
            return build(&self.network, self.tls()?);
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match &kept[usize::from(guarded)] {
            Some(client) => Ok(client.clone()),
            None => Ok(kept[usize::from(guarded)].insert(build(&self.network, self.tls()?)?).clone()),
        }
    }

    pub(super) fn drop_kept(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = [None, None];
    }

    fn tls(&self) -> Result<ClientConfig, Fault> {
        let mut tls = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        match &*tls {
            Some(config) => Ok(config.clone()),
            None => Ok(tls.insert(tls::config(&self.network)?).clone()),
        }
    }
}

/// Applies the settings that both of reqwest's builders know by the same names.
macro_rules! configure {
    ($builder:expr, $network:expr, $tls:expr, $guarded:expr, $alone:expr) => {{
        let mut builder = $builder
            .tls_backend_preconfigured($tls)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .dns_resolver(std::sync::Arc::new($crate::io::guard::Resolver { public_only: $guarded }))
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
