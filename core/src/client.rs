//! The public face: a blocking and an async client with the same calls, in the order of the flow.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::app::{App, ExpectedParams, Integration, KeyOrigin};
use crate::audit::{AuditCheck, AuditLog, AuditQuery};
use crate::backend::{self, Backend};
use crate::by_name::{Payload, Reply};
use crate::calls::{
    ActionResult, AppSearch, ConnectionFilter, ExecuteAction, ExpectedParamsQuery, InitiateConnection, NewIntegration,
    Request, Response, UpdateCredentials, VerifyDue,
};
use crate::connection::{Connection, ConnectionRequest, Page, Rechecks, Verification};
use crate::diagnosis::Diagnosis;
use crate::error::{Error, ErrorKind, Result};
use crate::io::{AsyncIo, BlockingIo, here, interrupt, run_now};
use crate::memory::{self, Bleached};
use crate::moving::{Exported, ImportVault, Imported, SealFor};
use crate::options::Options;
use crate::rotation::{RotateDataKey, Rotation};
use crate::secret::Secret;
use crate::vault::KeySource;

/// A client that waits for its answers on the caller's thread. Cheap to clone, and safe to share between threads; one that
/// was made before a fork works on both sides. On a thread that drives async tasks use [`AsyncClient`]: a call here would
/// hold them all up.
///
/// ```no_run
/// use keylatch::{Client, ExpectedParamsQuery, InitiateConnection, Options, Params, Request};
///
/// # fn main() -> keylatch::Result<()> {
/// let client = Client::open(Options::default())?;
/// let ask = ExpectedParamsQuery { app: Some("stripe".into()), ..Default::default() };
/// for field in client.get_expected_params_for_user(ask)?.expected_params {
///     println!("{}: {}", field.display_name, field.description);
/// }
/// let mut typed = *b"sk_test_123";
/// let user = client.entity("user-1");
/// let made = user.initiate_connection(InitiateConnection::to_app("stripe", Params::new().take("api_key", &mut typed)))?;
/// println!("{} {}", made.connected_account_id, made.connection_status);
/// let balance = user.request(Request {
///     app: Some("stripe".into()),
///     method: "GET".into(),
///     path: "/v1/balance".into(),
///     ..Default::default()
/// })?;
/// println!("{}", balance.status);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Backend<BlockingIo>>);

/// A client that never blocks the thread that polls it; runs on the caller's tokio runtime. Cheap to clone. A fork leaves
/// that runtime's threads behind: make a runtime in the child, where the same client works on it, and leak the inherited one.
///
/// The calls are those of [`Client`].
#[derive(Clone)]
pub struct AsyncClient(pub(crate) Arc<Backend<AsyncIo>>);

/// One of the application's users, seen through a [`Client`].
#[derive(Clone)]
pub struct Entity {
    pub(crate) client: Client,
    pub(crate) id: String,
}

/// One of the application's users, seen through an [`AsyncClient`].
#[derive(Clone)]
pub struct AsyncEntity {
    pub(crate) client: AsyncClient,
    pub(crate) id: String,
}

impl Client {
    /// Opens the vault, making it on first use; or, where the options name a project on Composio's API, stands for that
    /// (nothing is sent yet).
    ///
    /// # Errors
    /// `wrong_key`, `vault_locked`, `storage`; `invalid_argument` for options that cannot be.
    pub fn open(mut options: Options) -> Result<Self> {
        let opened = memory::bleached(|| {
            let opened = backend::open(&options);
            options.forget_url();
            opened
        })?;
        Ok(Self(Arc::new(Backend::new(BlockingIo::new(backend::network(&options)), opened, &options))))
    }

    /// Whether the call of this name waits for nobody, neither for a server nor for others who write to the vault: it takes as
    /// long as this machine's disk does, usually some microseconds.
    #[must_use]
    pub fn is_brief(&self, name: &str) -> bool {
        self.0.is_brief(name) // leaves nothing on the stack
    }

    /// Whether [`call_until`](Self::call_until) can end every call: on Composio's API, where all waiting is for the network. In a vault,
    /// calls wait for the disk too, and for others who write.
    #[must_use]
    pub fn can_end_calls(&self) -> bool {
        matches!(*self.0, Backend::Composio(_))
    }

    /// As [`call`](Self::call), for a host with a thread that must hear of signals. While the call waits for the network, `stop` is asked
    /// every 50 ms, on this thread. Once it says so, the call ends, with the error of whatever could not be done any more: what was
    /// sent may have acted. Where [all calls can be ended](Self::can_end_calls), `stop` may make calls itself; in a vault, other
    /// calls may have to wait for this one.
    ///
    /// ```no_run
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use keylatch::{Client, Composio, Options, Payload};
    ///
    /// static ENOUGH: AtomicBool = AtomicBool::new(false); // set by the handler of a signal
    ///
    /// # fn main() -> keylatch::Result<()> {
    /// let client = Client::open(Options { composio: Some(Composio::default()), ..Options::default() })?;
    /// let one = r#"{"connected_account_id": "ca_1"}"#;
    /// let found = client.call_until("connected_accounts.get", one, Payload::default(), || ENOUGH.load(Ordering::SeqCst));
    /// # drop(found);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the call.
    pub fn call_until(&self, name: &str, json: &str, payload: Payload, stop: fn() -> bool) -> Result<Reply> {
        interrupt::until(stop, || self.call(name, json, payload))
    }

    /// The user of this id.
    #[must_use]
    pub fn entity(&self, id: &str) -> Entity {
        Entity { client: self.clone(), id: id.to_owned() }
    }
}

impl AsyncClient {
    /// As [`Client::open`].
    ///
    /// # Errors
    /// `wrong_key`, `vault_locked`, `storage`; `invalid_argument` for options that cannot be.
    pub async fn open(mut options: Options) -> Result<Self> {
        let opening = tokio::task::spawn_blocking(move || {
            let opened = memory::bleached(|| {
                let opened = backend::open(&options);
                options.forget_url();
                opened
            });
            opened.map(|opened| (opened, options))
        });
        let (opened, options) = opening
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "opening the vault ended without an answer")))?;
        Ok(Self(Arc::new(Backend::new(AsyncIo::new(backend::network(&options)), opened, &options))))
    }

    /// As [`call`](Self::call), on this thread: for calls that are [brief](Self::is_brief), on a thread that may wait for the disk.
    ///
    /// # Errors
    /// Those of the call.
    pub fn call_here(&self, name: &str, json: &str, payload: Payload) -> Result<Reply> {
        let answer = memory::bleached(|| here(self.0.call(name, json, payload)));
        self.0.tell();
        answer
    }

    /// Whether the call of this name waits for nobody, neither for a server nor for others who write to the vault: it takes as
    /// long as this machine's disk does, usually some microseconds.
    #[must_use]
    pub fn is_brief(&self, name: &str) -> bool {
        self.0.is_brief(name) // leaves nothing on the stack
    }

    /// The user of this id.
    #[must_use]
    pub fn entity(&self, id: &str) -> AsyncEntity {
        AsyncEntity { client: self.clone(), id: id.to_owned() }
    }
}

/// Calls that answer at once, on both clients.
macro_rules! immediate {
    ($($(#[$doc:meta])* fn $name:ident(&self $(, $arg:ident: $type:ty)*) -> $out:ty;)*) => {
        impl Client {
            $($(#[$doc])* pub fn $name(&self $(, $arg: $type)*) -> $out { memory::bleached(|| self.0.$name($($arg),*)) })*
        }
        impl AsyncClient {
            $($(#[$doc])* pub fn $name(&self $(, $arg: $type)*) -> $out { memory::bleached(|| self.0.$name($($arg),*)) })*
        }
    };
}

/// Calls that may wait, on both clients.
macro_rules! operations {
    ($($(#[$doc:meta])* fn $name:ident(&self $(, $arg:ident: $type:ty)*) -> $out:ty;)*) => {
        impl Client {
            $($(#[$doc])* pub fn $name(&self $(, $arg: $type)*) -> $out {
                let answer = memory::bleached(|| run_now(self.0.$name($($arg),*)));
                self.0.tell();
                answer
            })*
        }
        impl AsyncClient {
            $($(#[$doc])* pub async fn $name(&self $(, $arg: $type)*) -> $out {
                let answer = Bleached::new(self.0.$name($($arg),*)).await;
                self.0.tell();
                answer
            })*
        }
    };
}

immediate! {
    /// Registers an app of your own, in the catalogue's format, for as long as this client lives.
    ///
    /// # Errors
    /// `invalid_argument` with a problem for every mistake; `already_exists` for the slug of a built-in app.
    fn register_app(&self, definition: &Value) -> Result<App>;

    /// The apps that a credential could be of, by its form alone, the most specific form first: local on both backends,
    /// nothing is asked or kept. Of forms that many share, such as 32 hexadecimal digits, nothing is said.
    ///
    /// # Errors
    /// `closed`.
    fn identify(&self, value: Secret) -> Result<Vec<KeyOrigin>>;

    /// Lets go of the vault and of all connections. Calls that are under way finish or fail; later ones are `closed`.
    fn close(&self) -> ();
}

operations! {
    /// Every app, by slug.
    ///
    /// # Errors
    /// `closed`.
    fn apps(&self) -> Result<Vec<App>>;

    /// The apps that a person's words mean, best first: by slug, name or a part of one, also misspelt, and by category.
    ///
    /// # Errors
    /// `invalid_argument` for a category that there is not, with near ones, and for a limit that cannot be.
    fn search_apps(&self, ask: AppSearch) -> Result<Vec<App>>;

    /// The app of this name, compared without regard to case.
    ///
    /// # Errors
    /// `unknown_app` with near names.
    fn app(&self, name: &str) -> Result<App>;

    /// Stores a configuration of an app.
    ///
    /// # Errors
    /// `unknown_app`, `unsupported_scheme`, `invalid_argument` for the base URL, and those of the fixed values.
    fn create_integration(&self, ask: NewIntegration) -> Result<Integration>;

    /// The integration of this id.
    ///
    /// # Errors
    /// `not_found`.
    fn integration(&self, id: &str) -> Result<Integration>;

    /// All integrations, or those of one app; newest first.
    ///
    /// # Errors
    /// `unknown_app`.
    fn integrations(&self, app: Option<&str>) -> Result<Vec<Integration>>;

    /// Deletes an integration that no connection uses.
    ///
    /// # Errors
    /// `not_found`; `invalid_argument` while connections use it.
    fn delete_integration(&self, id: &str) -> Result<()>;

    /// What a user must give to connect. Names an integration: the one asked for, else the newest of the app that
    /// fits, else a default one that this call makes.
    ///
    /// # Errors
    /// `unknown_app`, `unsupported_scheme`, `not_found`, `invalid_argument`.
    fn get_expected_params_for_user(&self, ask: ExpectedParamsQuery) -> Result<ExpectedParams>;

    /// Checks the input, asks the provider, stores the credentials and answers ACTIVE.
    ///
    /// # Errors
    /// All problems of the input at once; `already_exists`; `credentials_rejected`, `provider_unreachable`,
    /// `forbidden_host`. Nothing is stored then.
    fn initiate_connection(&self, ask: InitiateConnection) -> Result<ConnectionRequest>;

    /// The connection of this id.
    ///
    /// # Errors
    /// `not_found`.
    fn connected_account(&self, id: &str) -> Result<Connection>;

    /// Connections that fit, newest first, page by page.
    ///
    /// # Errors
    /// `invalid_argument` for a limit or cursor that cannot be.
    fn connected_accounts(&self, filter: ConnectionFilter) -> Result<Page<Connection>>;

    /// Asks the provider again: a refusal makes the connection EXPIRED, an acceptance ACTIVE again.
    ///
    /// # Errors
    /// `not_found`, `corrupt_record`, `forbidden_host`.
    fn verify_connection(&self, id: &str) -> Result<Verification>;

    /// Asks the providers again about ACTIVE and EXPIRED connections that were not verified lately, longest ago first, one
    /// after the other with a pause between two at the same app. An app that asks to come back later is left alone, for as
    /// long as it says. A call checks a batch of 20 at most and takes about a second; go on with its `next_cursor`.
    ///
    /// # Errors
    /// `invalid_argument` for a limit, pause or cursor that cannot be. A connection that cannot be checked is `skipped`.
    fn verify_due(&self, ask: VerifyDue) -> Result<Rechecks>;

    /// Puts new credentials in the place of the present ones. Fields that are not given keep their values.
    ///
    /// # Errors
    /// As `initiate_connection`; the present credentials stay then.
    fn update_credentials(&self, ask: UpdateCredentials) -> Result<ConnectionRequest>;

    /// Switches a connection on.
    ///
    /// # Errors
    /// `not_found`; `invalid_argument` where it is neither ACTIVE nor INACTIVE.
    fn enable_connection(&self, id: &str) -> Result<Connection>;

    /// Switches a connection off: it stays, but is not used.
    ///
    /// # Errors
    /// `not_found`.
    fn disable_connection(&self, id: &str) -> Result<Connection>;

    /// Fetches the connection until it is ACTIVE: with keys and tokens at once. Waits `limit` at most.
    ///
    /// # Errors
    /// `timeout`; `not_found`; `invalid_argument` at once where it is FAILED, EXPIRED, REVOKED or INACTIVE, which waiting
    /// does not change.
    fn wait_until_active(&self, id: &str, limit: Duration) -> Result<Connection>;

    /// Gives a connection another alias, or none.
    ///
    /// # Errors
    /// `not_found`; `already_exists` where another connection of the entity to the app has it.
    fn set_alias(&self, id: &str, alias: Option<&str>) -> Result<Connection>;

    /// The connection's credentials as a connection string, such as `postgresql://…`, for a driver. What it holds is the
    /// caller's to guard. Only where the integration allows `reveal`.
    ///
    /// # Errors
    /// `not_found`; `invalid_argument` where the integration does not allow it, where drivers of the app take no such
    /// thing, and on Composio's API, which does not give credentials back; `credentials_rejected` (EXPIRED).
    fn dsn(&self, id: &str) -> Result<Secret>;

    /// Deletes a connection and its credentials; with `revoke`, withdraws them at the provider too, which only Composio's
    /// API can.
    ///
    /// # Errors
    /// `not_found`; `invalid_argument` for `revoke` on a vault.
    fn delete_connection(&self, id: &str, revoke: bool) -> Result<()>;

    /// The one active connection of this user to this app.
    ///
    /// # Errors
    /// `not_found`; `ambiguous` with the candidates where there are several.
    fn get_connection(&self, entity_id: &str, app: &str) -> Result<Connection>;

    /// Does one of an app's actions with a user's connection.
    ///
    /// # Errors
    /// `invalid_argument` for an action that is not known; `missing_fields` and the like for its params; `action_failed`
    /// where the app did not do it; `not_found`, `ambiguous`, and those of `request`.
    fn execute_action(&self, ask: ExecuteAction) -> Result<ActionResult>;

    /// Sends a request to the app with the user's credential in it, again where that is safe (see [`Request::retry`]), and
    /// not before a limit of the app's is over that an earlier answer told of. A 401 that the app's check confirms makes
    /// the connection EXPIRED; the answer is returned all the same.
    ///
    /// # Errors
    /// `not_found`, `ambiguous`, `forbidden_host`, `credentials_rejected` (EXPIRED), `provider_unreachable`, `timeout`;
    /// `rate_limited` with the time to wait, where that limit outlasts the request's time: the app was not asked.
    fn request(&self, ask: Request) -> Result<Response>;

    /// Writes the vault as it is at this moment to a new file, while this and other clients go on: whole and on disk when the
    /// call returns, or not there. The backup opens as a vault, with the same key; a key file is not copied.
    ///
    /// # Errors
    /// `already_exists` where there is a file; `storage`; `invalid_argument` where the folder is not there, and on Composio's
    /// API, where there is no vault.
    fn backup(&self, path: &Path) -> Result<()>;

    /// Gives the vault another key: its data keys are sealed with that, all at once, and no record is touched. A key file that is
    /// not there is made; the one in use gets a new key in the place of its own. Other clients that have the vault open go on
    /// until they need a data key that came later, then `wrong_key` tells them to open it again. Backups keep their key.
    ///
    /// # Errors
    /// `wrong_key` where another client has changed the key since this one opened the vault; `vault_locked` for a source without
    /// a key; `invalid_argument` for the key that the vault has already, and on Composio's API, where there is no vault.
    fn change_key(&self, to: KeySource) -> Result<()>;

    /// Gives the vault a new data key, and seals every record with it, a batch a call, while this and other clients read and
    /// write. Go on with `next_cursor`; or without it, also after a kill and from another process: a rotation that was broken off
    /// goes on. The last batch deletes the older data keys, in a transaction that finds no record sealed with them. A record that
    /// does not open stays as it is, and its key with it: the answers name both.
    ///
    /// # Errors
    /// `wrong_key` as [`change_key`](Self::change_key); `storage`; `invalid_argument` for a limit or cursor that cannot be, and on
    /// Composio's API, where there is no vault.
    fn rotate_data_key(&self, ask: RotateDataKey) -> Result<Rotation>;

    /// Writes all integrations and connections to a new file, sealed for a passphrase or a recipient, from which another vault,
    /// in a file or in PostgreSQL, can import them. Each is in it as it is when the export comes by, while this and other clients
    /// go on. The file is whole and on disk when the call returns, or not there. Reads every record once, in memory that does not
    /// grow with their number. A record that does not open is left out, and named in the answer.
    ///
    /// # Errors
    /// `already_exists` where there is a file; `storage`; `invalid_argument` for a recipient that is none, where the folder is
    /// not there, and on Composio's API, where there is no vault.
    fn export_vault(&self, path: &Path, seal: SealFor) -> Result<Exported>;

    /// Stores what an export holds and this vault does not, under the same ids, sealed with this vault's keys, for this client's
    /// tenant. Nothing is overwritten: what is there with the same values is counted, and what is there with others is named. The
    /// whole file is checked before anything is stored; then each transaction stores up to 500 connections. After a crash or an
    /// error, import the same file again: it goes on.
    ///
    /// # Errors
    /// `wrong_key` for a passphrase or identity that does not open the file; `corrupt_record` for a file that is damaged, cut, or
    /// of a later version; `storage`; `invalid_argument` where there is no such file or it is no export, and on Composio's API,
    /// where there is no vault. Of these, only `storage` may come after something was stored.
    fn import_vault(&self, ask: ImportVault) -> Result<Imported>;

    /// The state of the vault: its file, format, key and records, and what to do about what is wrong. Looks at every record, and
    /// gives no credential away. [`diagnose`](crate::diagnose) does the same for a vault that does not open.
    ///
    /// # Errors
    /// `invalid_argument` on Composio's API, where there is no vault. What is wrong with the vault is told in the diagnosis.
    fn diagnose(&self) -> Result<Diagnosis>;

    /// The vault's audit log, oldest entry first, a page a call: who connected, used, verified or deleted what, and when. With an
    /// id, the entries about that user or connection. Works whether or not this client writes the log.
    ///
    /// # Errors
    /// `corrupt_record` for an id where the log's key does not open; `invalid_argument` for a limit that cannot be, and on
    /// Composio's API, where there is no vault.
    fn audit_log(&self, ask: AuditQuery) -> Result<AuditLog>;

    /// Reads the whole audit log and says what is not as it was written: entries that are gone, changed or not in their place.
    /// `head` is one that this or `audit_log` returned earlier and that was kept elsewhere: only with it a log whose end was cut
    /// off shows.
    ///
    /// # Errors
    /// `invalid_argument` for a head that is none, and on Composio's API, where there is no vault.
    fn check_audit(&self, head: Option<&str>) -> Result<AuditCheck>;

    /// Makes a call by its name with JSON arguments, as `docs/calls.md` lists them. For hosts with dynamic values;
    /// credentials go in `payload`, never in `json`.
    ///
    /// # Errors
    /// Those of the call; `invalid_argument` for unknown calls and arguments.
    fn call(&self, name: &str, json: &str, payload: Payload) -> Result<Reply>;
}

/// The calls of an entity, on both kinds.
macro_rules! entity_operations {
    ($($entity:ident { $($await:tt)* } { $($async:tt)* })*) => {
        $(impl $entity {
            /// The user's id.
            #[must_use]
            pub fn id(&self) -> &str {
                &self.id
            }

            /// As the client's `initiate_connection`, for this user whatever `entity_id` says.
            ///
            /// # Errors
            /// Those of the client's call.
            pub $($async)* fn initiate_connection(&self, ask: InitiateConnection) -> Result<ConnectionRequest> {
                self.client.initiate_connection(InitiateConnection { entity_id: self.id.clone(), ..ask })$($await)*
            }

            /// This user's one active connection to the app.
            ///
            /// # Errors
            /// `not_found`; `ambiguous` with the candidates where there are several.
            pub $($async)* fn get_connection(&self, app: &str) -> Result<Connection> {
                self.client.get_connection(&self.id, app)$($await)*
            }

            /// This user's connections.
            ///
            /// # Errors
            /// Those of the client's call.
            pub $($async)* fn connected_accounts(&self, filter: ConnectionFilter) -> Result<Page<Connection>> {
                self.client.connected_accounts(ConnectionFilter { entity_id: Some(self.id.clone()), ..filter })$($await)*
            }

            /// As the client's `execute_action`, with a connection of this user.
            ///
            /// # Errors
            /// Those of the client's call.
            pub $($async)* fn execute_action(&self, ask: ExecuteAction) -> Result<ActionResult> {
                self.client.execute_action(ExecuteAction { entity_id: Some(self.id.clone()), ..ask })$($await)*
            }

            /// As the client's `request`, over a connection of this user.
            ///
            /// # Errors
            /// Those of the client's call.
            pub $($async)* fn request(&self, ask: Request) -> Result<Response> {
                self.client.request(Request { entity_id: Some(self.id.clone()), ..ask })$($await)*
            }
        })*
    };
}

entity_operations! {
    Entity {} {}
    AsyncEntity { .await } { async }
}
