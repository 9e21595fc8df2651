//! The thread that carries the connections' bytes, on a stack of ours: the password passes there, and no host's runtime is needed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout_at;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config};

use super::address::Address;
use super::failure::{self, Trouble};
use super::tls::Tls;
use crate::catalog::protocol::TlsMode;
use crate::error::{Error, ErrorKind};
use crate::io::{Network, tls, wait_until};
use crate::memory;

/// After so long without a word from the server, the system asks whether it is still there.
const IDLE: Duration = Duration::from_secs(30);
/// How long connections have to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

pub(super) struct Keeper {
    /// There until dropped.
    dialler: Option<Dialler>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<memory::Thread>,
}

/// What makes connections on the keeper's thread.
#[derive(Clone)]
pub(super) struct Dialler {
    runtime: Handle,
    tls: Arc<ClientConfig>,
    /// Each connection has one; the thread ends when all are gone.
    alive: mpsc::Sender<()>,
}

impl Keeper {
    pub(super) fn begin(network: &Network, mode: TlsMode) -> Result<Self, Trouble> {
        let no_tls = |_| Error::argument("extra_ca_pem", "the certificates for TLS with PostgreSQL cannot be used");
        let tls = Arc::new(tls::for_mode(network, mode, None).map_err(no_tls)?);
        let none = |_| Error::new(ErrorKind::Storage, "this system gives no thread or event loop for PostgreSQL");
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|_| none(()))?;
        let (alive, mut gone) = mpsc::channel(1);
        let (stop, stopped) = oneshot::channel();
        let handle = runtime.handle().clone();
        let work = move || {
            runtime.block_on(async {
                let _ = stopped.await; // also by there being no sender any more
                let _ = tokio::time::timeout(GOODBYE, gone.recv()).await; // nobody sends: it ends with the last connection
            });
            runtime.shutdown_background();
        };
        let thread = memory::Thread::spawn(work).map_err(|_| none(()))?;
        let dialler = Dialler { runtime: handle, tls, alive };
        Ok(Self { dialler: Some(dialler), stop: Some(stop), thread: Some(thread) })
    }

    pub(super) fn dialler(&self) -> Dialler {
        self.dialler.clone().expect("there until dropped")
    }
}

impl Dialler {
    /// A new connection, which ends when the client is dropped.
    pub(super) fn connect(self, address: &Address, deadline: Instant) -> Result<Client, Trouble> {
        let (config, tls, alive) = (config(address, deadline), Tls(self.tls), self.alive);
        let connecting = self.runtime.spawn(async move {
            let (client, connection) = timeout_at(deadline.into(), config.connect(tls))
                .await
                .map_err(|_| Trouble::timeout())?
                .map_err(|error| failure::trouble(&error))?;
            drop(config);
            tokio::spawn(async move {
                let _ = connection.await; // who waits for an answer hears of it
                drop(alive);
            });
            Ok(client)
        });
        match wait_until(connecting, deadline + GOODBYE) {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) | None => Err(Trouble::timeout()),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.dialler.take());
        drop(self.stop.take());
        drop(self.thread.take()); // waits for the thread
    }
}

fn config(address: &Address, deadline: Instant) -> Config {
    let left = deadline.saturating_duration_since(Instant::now());
    let mut config = Config::new();
    for (host, port) in &address.hosts {
        config.host(host).port(*port);
    }
    config
        .user(&address.user)
        .dbname(&address.database)
        .application_name(&address.application_name)
        .ssl_mode(if address.tls == TlsMode::Off { SslMode::Disable } else { SslMode::Require })
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .connect_timeout(left)
        .keepalives_idle(IDLE);
    if let Some(password) = &address.password {
        config.password(password.expose()); // expose: the driver proves it to the server
    }
    config
}
