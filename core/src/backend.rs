//! The two backends behind one face: the embedded one (catalogue, provider, vault), and Composio's API.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::app::{App, ExpectedParams, Integration, KeyOrigin};
use crate::audit::{Audit, AuditCheck, AuditLog, AuditQuery};
use crate::calls::{
    ActionResult, AppSearch, ConnectionFilter, ExecuteAction, ExpectedParamsQuery, InitiateConnection, NewIntegration,
    Request, Response, UpdateCredentials, VerifyDue,
};
use crate::composio::{self, Composio, Project};
use crate::connection::{Connection, ConnectionRequest, Page, Rechecks, Status, Verification};
use crate::diagnosis::Diagnosis;
use crate::embedded::{self, Embedded};
use crate::error::{Error, ErrorKind, Result};
use crate::io::{Io, Network, tls};
use crate::moving::{Exported, ImportVault, Imported, SealFor};
use crate::options::Options;
use crate::pages::{Pager, Paging, Place};
use crate::rotation::{RotateDataKey, Rotation};
use crate::secret::Secret;
use crate::stream::{Flow, Streaming};
use crate::telemetry;
use crate::vault::{KeySource, Vault};

/// How often a connection that is not ACTIVE yet is looked at.
const PAUSE: Duration = Duration::from_secs(1);

/// What a client calls.
#[allow(clippy::large_enum_variant, reason = "a client has one, behind an Arc")]
pub(crate) enum Backend<I> {
    Embedded(Embedded<I>),
    Composio(Composio<I>),
}

/// What is opened before there is a driver.
pub(crate) enum Opened {
    Vault(Vault),
    Project(Project),
}

/// Checks the options, and opens what they name: waits on the disk, and on Argon2id for a passphrase.
pub(crate) fn open(options: &Options) -> Result<Opened> {
    telemetry::told_now(telemetry::operation!("open"), || open_untold(options))
}

fn open_untold(options: &Options) -> Result<Opened> {
    if let Some(pem) = &options.extra_ca_pem {
        tls::certificates(pem)?;
    }
    if options.timeout.is_zero() {
        return Err(Error::argument("timeout", "timeout must be longer than nothing"));
    }
    if options.proxy.as_ref().is_some_and(|p| reqwest::Proxy::all(p.as_str()).is_err()) {
        return Err(Error::argument("proxy", "proxy must be an address such as http://proxy:3128"));
    }
    match &options.composio {
        Some(_) if options.audit != Audit::Off => Err(composio::no_vault().with_fields(["audit"])),
        Some(project) => Project::open(project).map(Opened::Project),
        None => embedded::open_vault(options).map(Opened::Vault),
    }
}

/// The state of the vault that the options name, whether or not it opens. Nothing is made, and nothing is changed. Waits on the
/// disk, and on Argon2id for a passphrase; takes the longer the more connections there are.
///
/// ```no_run
/// use keylatch::Options;
///
/// # fn main() -> keylatch::Result<()> {
/// for warning in keylatch::diagnose(&Options::default())?.warnings {
///     println!("{warning}");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `invalid_argument` for a path that cannot be, and for a project on Composio's API, which has no vault. What is wrong with the
/// vault is told in the diagnosis.
pub fn diagnose(options: &Options) -> Result<Diagnosis> {
    telemetry::told_now(telemetry::operation!("diagnose"), || match &options.composio {
        Some(_) => Err(composio::no_vault()),
        None => embedded::diagnose(options),
    })
}

/// What the drivers need of the options.
pub(crate) fn network(options: &Options) -> Network {
    Network {
        max_response_bytes: options.max_response_bytes,
        extra_ca_pem: options.extra_ca_pem.clone(),
        proxy: options.proxy.clone(),
        keep_connections: !options.strict_secrets,
    }
}

/// Hands each call on to the backend at hand, as an operation of this name.
macro_rules! delegate {
    ($($operation:literal fn $name:ident(&self $(, $arg:ident: $type:ty)*) -> $out:ty;)*) => {
        $(pub(crate) async fn $name(&self $(, $arg: $type)*) -> $out {
            // Boxed, or copies of a large future would lie on the stack, further down than is overwritten.
            let work = Box::pin(async {
                match self {
                    Self::Embedded(backend) => backend.$name($($arg),*).await,
                    Self::Composio(backend) => backend.$name($($arg),*).await,
                }
            });
            telemetry::told(telemetry::operation!($operation), work).await
        })*
    };
}

impl<I: Io> Backend<I> {
    pub(crate) fn new(io: I, opened: Opened, options: &Options) -> Self {
        match opened {
            Opened::Vault(vault) => Self::Embedded(Embedded::new(io, vault, options)),
            Opened::Project(project) => Self::Composio(Composio::new(io, project, options)),
        }
    }

    /// Whether looking something up waits for this machine's disk alone.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self, Self::Embedded(backend) if backend.is_local())
    }

    /// Tells the host what the call that ends has found out.
    pub(crate) fn tell(&self) {
        if let Self::Embedded(backend) = self {
            backend.news.tell();
        }
    }

    pub(crate) fn close(&self) {
        match self {
            Self::Embedded(backend) => backend.close(),
            Self::Composio(backend) => backend.close(),
        }
    }

    pub(crate) fn register_app(&self, definition: &Value) -> Result<App> {
        telemetry::told_now(telemetry::operation!("apps.register"), || match self {
            Self::Embedded(backend) => backend.register_app(definition),
            Self::Composio(backend) => backend.register_app(definition),
        })
    }

    pub(crate) fn identify(&self, value: Secret) -> Result<Vec<KeyOrigin>> {
        telemetry::told_now(telemetry::operation!("apps.identify"), || match self {
            Self::Embedded(backend) => backend.identify(value),
            Self::Composio(backend) => backend.identify(value),
        })
    }

    /// Whether text that cannot be wiped is refused.
    pub(crate) fn strict_secrets(&self) -> bool {
        match self {
            Self::Embedded(backend) => backend.strict_secrets,
            Self::Composio(backend) => backend.strict_secrets,
        }
    }

    async fn sleep(&self, time: Duration) {
        match self {
            Self::Embedded(backend) => backend.io.sleep(time).await,
            Self::Composio(backend) => backend.io.sleep(time).await,
        }
    }

    delegate! {
        "apps.list" fn apps(&self) -> Result<Vec<App>>;
        "apps.search" fn search_apps(&self, ask: AppSearch) -> Result<Vec<App>>;
        "apps.get" fn app(&self, name: &str) -> Result<App>;
        "integrations.create" fn create_integration(&self, ask: NewIntegration) -> Result<Integration>;
        "integrations.get" fn integration(&self, id: &str) -> Result<Integration>;
        "integrations.list" fn integrations(&self, app: Option<&str>) -> Result<Vec<Integration>>;
        "integrations.delete" fn delete_integration(&self, id: &str) -> Result<()>;
        "get_expected_params_for_user" fn get_expected_params_for_user(&self, ask: ExpectedParamsQuery) -> Result<ExpectedParams>;
        "initiate_connection" fn initiate_connection(&self, ask: InitiateConnection) -> Result<ConnectionRequest>;
        "connected_accounts.get" fn connected_account(&self, id: &str) -> Result<Connection>;
        "connected_accounts.list" fn connected_accounts(&self, filter: ConnectionFilter) -> Result<Page<Connection>>;
        "connected_accounts.verify" fn verify_connection(&self, id: &str) -> Result<Verification>;
        "connected_accounts.verify_due" fn verify_due(&self, ask: VerifyDue) -> Result<Rechecks>;
        "connected_accounts.update_credentials" fn update_credentials(&self, ask: UpdateCredentials) -> Result<ConnectionRequest>;
        "connected_accounts.enable" fn enable_connection(&self, id: &str) -> Result<Connection>;
        "connected_accounts.disable" fn disable_connection(&self, id: &str) -> Result<Connection>;
        "connected_accounts.set_alias" fn set_alias(&self, id: &str, alias: Option<&str>) -> Result<Connection>;
        "connected_accounts.dsn" fn dsn(&self, id: &str) -> Result<Secret>;
        "connected_accounts.delete" fn delete_connection(&self, id: &str, revoke: bool) -> Result<()>;
        "get_connection" fn get_connection(&self, entity_id: &str, app: &str) -> Result<Connection>;
        "execute_action" fn execute_action(&self, ask: ExecuteAction) -> Result<ActionResult>;
        "backup" fn backup(&self, path: &Path) -> Result<()>;
        "change_key" fn change_key(&self, to: KeySource) -> Result<()>;
        "rotate_data_key" fn rotate_data_key(&self, ask: RotateDataKey) -> Result<Rotation>;
        "export_vault" fn export_vault(&self, path: &Path, seal: SealFor) -> Result<Exported>;
        "import_vault" fn import_vault(&self, ask: ImportVault) -> Result<Imported>;
        "diagnose" fn diagnose(&self) -> Result<Diagnosis>;
        "audit_log" fn audit_log(&self, ask: AuditQuery) -> Result<AuditLog>;
        "check_audit" fn check_audit(&self, head: Option<&str>) -> Result<AuditCheck>;
        "request" fn request_at(&self, ask: Request, place: &Place) -> Result<(Response, String)>;
        "request_stream" fn request_stream(&self, ask: Request, streaming: Streaming) -> Result<Flow>;
    }

    pub(crate) async fn request(&self, ask: Request) -> Result<Response> {
        self.request_at(ask, &Place::Start).await.map(|(response, _)| response)
    }

    /// One page of an app's list, and the cursor of the next.
    pub(crate) async fn request_page(
        &self,
        mut ask: Request,
        paging: Paging,
        cursor: Option<&str>,
    ) -> Result<(Response, Option<String>)> {
        let work = Box::pin(async {
            let pager = Pager::new(paging, cursor)?;
            let place = pager.place(&mut ask)?;
            let (response, path) = self.request_at(ask, &place).await?;
            let next = pager.next(&path, &response)?;
            Ok((response, next))
        });
        telemetry::told(telemetry::operation!("request_page"), work).await
    }

    /// Fetches until ACTIVE; a status that waiting does not change ends it at once.
    pub(crate) async fn wait_until_active(&self, id: &str, limit: Duration) -> Result<Connection> {
        let span = telemetry::operation!("connected_accounts.wait_until_active");
        telemetry::told(span, Box::pin(self.look_until_active(id, limit))).await
    }

    async fn look_until_active(&self, id: &str, limit: Duration) -> Result<Connection> {
        let begun = std::time::Instant::now();
        loop {
            let connection = self.connected_account(id).await?;
            let status = &connection.status;
            if *status == Status::Active {
                return Ok(connection);
            }
            if matches!(status, Status::Failed | Status::Expired | Status::Revoked | Status::Inactive) {
                let message = format!("the connection is {status}, which waiting does not change");
                return Err(Error::argument("connected_account_id", message).with_connection(id));
            }
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let message = format!("the connection is still {status}");
                return Err(Error::new(ErrorKind::Timeout, message).with_connection(id));
            }
            self.sleep(left.min(PAUSE)).await;
        }
    }
}
