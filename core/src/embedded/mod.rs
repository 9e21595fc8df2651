//! The embedded backend: catalogue, provider and vault in one process, no server.

mod accounts;
mod audit;
mod care;
mod discover;
mod dsn;
mod execute;
mod held;
mod initiate;
mod integrations;
mod opened;
mod request;
mod stream;
mod tokens;
mod verify;

pub(crate) use accounts::{check_limit, missing};
pub(crate) use care::diagnose;
pub(crate) use initiate::check_options as check_initiation;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::asked;
use crate::audit::Audit;
use crate::backend::network;
use crate::catalog::{AppRef, Catalog, FieldDef, SchemeDef};
use crate::error::{Error, Result};
use crate::expired::News;
use crate::input::Values;
use crate::io::Io;
use crate::limits::Limits;
use crate::options::Options;
use crate::provider::{Target, Terms};
use crate::store::{ConnectionRow, IntegrationRow};
use crate::telemetry;
use crate::vault::{Means, Place, Vault};

/// The flows of the embedded backend over the driver `I`.
pub(crate) struct Embedded<I> {
    pub(crate) io: I,
    catalog: Catalog,
    vault: Arc<Vault>,
    tokens: tokens::Tokens,
    limits: Limits,
    held: Arc<held::HeldRecords>,
    audit: Audit,
    pub(crate) news: News,
    timeout: Duration,
    pub(crate) strict_secrets: bool,
    closed: AtomicBool,
}

/// An integration with its app and what the developer fixed.
struct Resolved {
    app: AppRef,
    row: IntegrationRow,
    fixed: Values,
}

impl Resolved {
    fn scheme(&self) -> Result<&SchemeDef> {
        self.app.scheme(Some(&self.row.auth_scheme.as_str().into()))
    }

    /// What users are asked for.
    fn fields(&self) -> Result<Vec<&FieldDef>> {
        Ok(asked::beside(&self.scheme()?.fields, &self.fixed))
    }

    /// Where requests with these values go.
    fn target<I: Io>(&self, io: &I, values: &Values) -> Result<Target> {
        let terms = Terms {
            base_url: self.row.base_url.as_deref(),
            fixed: &self.row.fixed_fields,
            allow: self.row.allow,
            proxied: io.has_proxy(),
        };
        Target::resolve(self.scheme()?, &terms, values)
    }
}

/// A connection ready for a request: its values include what the integration fixes.
struct Opened {
    row: ConnectionRow,
    integration: Resolved,
    values: Values,
}

/// Opens the vault; waits on the disk or on PostgreSQL, and on Argon2id for a passphrase.
pub(crate) fn open_vault(options: &Options) -> Result<Vault> {
    let place = Place::named(options, || network(options))?;
    let mut vault = Vault::open(&place, &options.key, &means(options))?;
    vault.keep_log(options.audit);
    Ok(vault)
}

/// What the vault's key source may use.
fn means(options: &Options) -> Means {
    Means { patience: options.timeout, network: network(options) }
}

impl<I: Io> Embedded<I> {
    pub(crate) fn new(io: I, vault: Vault, options: &Options) -> Self {
        Self {
            io,
            catalog: Catalog::default(),
            vault: Arc::new(vault),
            tokens: tokens::Tokens::default(),
            limits: Limits::default(),
            audit: options.audit,
            held: Arc::new(held::HeldRecords::new(options.hold_for)),
            news: News::new(options.on_expired.clone()),
            timeout: options.timeout,
            strict_secrets: options.strict_secrets,
            closed: AtomicBool::new(false),
        }
    }

    pub(crate) fn close(&self) {
        if !self.closed.swap(true, Ordering::SeqCst) {
            self.io.close();
            self.tokens.forget_all();
            self.held.forget_all();
            self.vault.close();
        }
    }

    /// Whether looking something up asks no server, and writes nothing down.
    pub(crate) fn is_local(&self) -> bool {
        self.vault.store.is_local() && self.audit == Audit::Off
    }

    fn must_be_open(&self) -> Result<()> {
        if self.closed.load(Ordering::SeqCst) { Err(Error::closed()) } else { Ok(()) }
    }

    /// Runs work on the vault where it may wait for the disk.
    async fn vault<T: Send + 'static>(&self, work: impl FnOnce(&Vault) -> Result<T> + Send + 'static) -> Result<T> {
        self.must_be_open()?;
        let vault = self.vault.clone();
        // Where the work is done is another thread, perhaps.
        let span = telemetry::store(vault.store.is_local());
        self.io.run(move || span.in_scope(|| work(&vault))).await
    }

    /// Runs work that changes a connection, which is held no longer then, even where nobody waits for the end of the work.
    async fn change<T: Send + 'static>(
        &self,
        id: &str,
        work: impl FnOnce(&Vault) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (held, id) = (self.held.clone(), id.to_owned());
        self.vault(move |vault| {
            let outcome = work(vault);
            held.forget(&id);
            outcome
        })
        .await
    }
}

/// A name of the application's: not empty, not long, no control characters.
pub(crate) fn check_name(field: &str, name: &str) -> Result<()> {
    let problem = if name.trim().is_empty() {
        "is missing or empty"
    } else if name.len() > 512 {
        "is longer than 512 bytes"
    } else if name.chars().any(char::is_control) {
        "holds a control character"
    } else {
        return Ok(());
    };
    Err(Error::argument(field, format!("`{field}` {problem}")))
}
