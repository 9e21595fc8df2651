//! The backend on Composio's API: the same calls over the routes and bodies of its v3.1, and of v1 for servers that still
//! speak it.

mod accounts;
mod call;
mod create;
mod discover;
mod execute;
mod initiate;
mod integrations;
mod model;
mod project;
mod refusal;
mod rotate;
mod routes;
mod session;
mod v1;
mod v3;
mod verify;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::app::{App, KeyOrigin};
use crate::audit::{AuditCheck, AuditLog, AuditQuery};
use crate::catalog::Catalog;
use crate::diagnosis::Diagnosis;
use crate::error::{Error, ErrorKind, Result};
use crate::input::{Completeness, Rules, Values};
use crate::io::Io;
use crate::limits::Limits;
use crate::moving::{Exported, ImportVault, Imported, SealFor};
use crate::options::Options;
use crate::process::Lock;
use crate::rotation::{RotateDataKey, Rotation};
use crate::secret::Secret;
use crate::vault::KeySource;
use model::{AuthConfig, Toolkit};
pub(crate) use project::Project;
use session::Session;

/// The answer to what is asked of a vault.
pub(crate) fn no_vault() -> Error {
    let message = "Composio keeps the credentials of this client: there is no vault to copy, to look into, to audit or to give another \
         key";
    Error::new(ErrorKind::InvalidArgument, message)
}

/// The flows on Composio's API over the driver `I`.
pub(crate) struct Composio<I> {
    pub(crate) io: I,
    project: Project,
    /// What Keylatch itself knows of apps, to ask providers about credentials.
    catalog: Catalog,
    /// What the server has told lately; no credential is in it.
    configs: Lock<HashMap<String, Arc<AuthConfig>>>,
    toolkits: Lock<HashMap<String, (Instant, Arc<Toolkit>)>>,
    limits: Limits,
    timeout: Duration,
    pub(crate) strict_secrets: bool,
    closed: AtomicBool,
}

impl<I: Io> Composio<I> {
    pub(crate) fn new(io: I, project: Project, options: &Options) -> Self {
        Self {
            io,
            project,
            catalog: Catalog::default(),
            configs: Lock::default(),
            toolkits: Lock::default(),
            limits: Limits::default(),
            timeout: options.timeout,
            strict_secrets: options.strict_secrets,
            closed: AtomicBool::new(false),
        }
    }

    pub(crate) fn close(&self) {
        if !self.closed.swap(true, Ordering::SeqCst) {
            self.io.close();
        }
    }

    /// Registers an app for this client's own checks of credentials; what can be connected is Composio's to say.
    pub(crate) fn register_app(&self, definition: &Value) -> Result<App> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::closed());
        }
        self.catalog.register(definition).map(|app| app.view())
    }

    /// Without asking anybody: a credential of unknown origin is nobody's to see.
    pub(crate) fn identify(&self, value: Secret) -> Result<Vec<KeyOrigin>> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::closed());
        }
        Ok(self.catalog.origins(&value))
    }

    pub(crate) async fn backup(&self, _to: &Path) -> Result<()> {
        self.session()?;
        Err(no_vault())
    }

    pub(crate) async fn change_key(&self, _to: KeySource) -> Result<()> {
        self.session()?;
        Err(no_vault())
    }

    pub(crate) async fn rotate_data_key(&self, _ask: RotateDataKey) -> Result<Rotation> {
        self.session()?;
        Err(no_vault())
    }

    pub(crate) async fn export_vault(&self, _to: &Path, _seal: SealFor) -> Result<Exported> {
        self.session()?;
        Err(no_vault())
    }

    pub(crate) async fn import_vault(&self, _ask: ImportVault) -> Result<Imported> {
        self.session()?;
        Err(no_vault())
    }

    pub(crate) async fn audit_log(&self, _ask: AuditQuery) -> Result<AuditLog> {
        self.session()?;
        Err(no_vault())
    }

    pub(crate) async fn check_audit(&self, _head: Option<&str>) -> Result<AuditCheck> {
        self.session()?;
        Err(no_vault())
    }

    pub(crate) async fn diagnose(&self) -> Result<Diagnosis> {
        self.session()?;
        Err(no_vault())
    }

    /// How values for this app are checked. Its fields have no conditions, so nothing else decides what is asked for.
    fn input_rules<'a>(&'a self, completeness: Completeness<'a>, app: &'a str) -> Rules<'a> {
        let fixed = const { &Values::new() };
        Rules { completeness, fixed, app, catalog: &self.catalog, strict_secrets: self.strict_secrets }
    }

    /// One operation, with the client's own time.
    fn session(&self) -> Result<Session<'_, I>> {
        self.session_for(None)
    }

    fn session_for(&self, time: Option<Duration>) -> Result<Session<'_, I>> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::closed());
        }
        Ok(Session::new(&self.io, &self.project, time.unwrap_or(self.timeout)))
    }
}
