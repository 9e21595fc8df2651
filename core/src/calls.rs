//! What each call takes, and the way to make a call by its name, which hosts with dynamic values use.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::allow::{Allow, Permission};
use crate::app::AuthScheme;
use crate::backend::Backend;
use crate::connection::Status;
use crate::error::{Error, ErrorKind, Result};
use crate::input::Params;
use crate::io::Io;
use crate::moving::{ImportVault, OpenWith, SealFor};
use crate::pages::Paging;
use crate::secret::Secret;
use crate::stream::Streaming;
use crate::upload::Upload;
use crate::vault::KeySource;

/// How long `wait_until_active` waits where the caller does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);

/// Whether and how hard to ask the provider about a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Ask where the app has a check; refuse what the provider rejects and what is not the provider; take the rest
    /// with its verdict.
    #[default]
    Auto,
    /// Take only what the provider has accepted (`accepted` or `under_scoped`).
    Required,
    /// Do not ask.
    Off,
}

/// Which fields are wanted: those of an integration, or of an app (and scheme).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExpectedParamsQuery {
    /// Slug of the app, in any case.
    pub app: Option<String>,
    /// Id of an integration.
    pub integration_id: Option<String>,
    /// The auth scheme; by default the integration's, or the one that the app prefers.
    pub auth_scheme: Option<AuthScheme>,
}

/// Which apps are wanted; all that is given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppSearch {
    /// A slug, a name or a part of one, which may be misspelt. Without it the apps come by slug.
    pub query: Option<String>,
    /// A category, in any case.
    pub category: Option<String>,
    /// How many at most, 1 to 500. Default: 50.
    pub limit: Option<u32>,
}

/// A developer's configuration to be stored.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewIntegration {
    /// Slug of the app, in any case.
    pub app: String,
    /// By default the scheme that the app prefers.
    pub auth_scheme: Option<AuthScheme>,
    /// By default the app's name.
    pub name: Option<String>,
    /// Where requests go instead of the app's own base URL; may hold `{field}` placeholders. HTTPS, or HTTP on loopback
    /// or where `unencrypted` is allowed.
    pub base_url: Option<String>,
    /// Exceptions from the network rules for its hosts. Default: none, so that users can name public ones only.
    pub allow: Allow,
    /// Values that the developer fixes, so that users are not asked for them; sealed in the vault.
    #[serde(skip)]
    pub fixed_values: Params,
}

/// A user's credentials to be checked and stored.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InitiateConnection {
    /// The application's user.
    pub entity_id: String,
    /// The integration; or name the app.
    pub integration_id: Option<String>,
    /// The app, whose newest fitting integration is taken, or a default one made.
    pub app_name: Option<String>,
    /// The auth scheme, where the app has several.
    pub auth_scheme: Option<AuthScheme>,
    /// Whether to ask the provider. Default: `Auto`.
    pub verify: Verify,
    /// The application's name for the connection, unique per entity and app.
    pub alias: Option<String>,
    /// The application's labels, to list by.
    pub labels: Vec<String>,
    /// The application's own JSON, at most 64 KiB.
    pub metadata: Value,
    /// Make another connection although the entity has an active one with the integration.
    pub allow_multiple: bool,
    /// Put the credentials in the place of those of the entity's connection with the integration, if there is one.
    pub replace: bool,
    /// Where the user's browser would go after a redirect. Keys and tokens need none, so only Composio's API is told.
    pub callback_url: Option<String>,
    /// What the user typed, by wire name.
    #[serde(skip)]
    pub connected_account_params: Params,
}

impl InitiateConnection {
    /// To this app, with the integration found or made.
    #[must_use]
    pub fn to_app(app_name: &str, connected_account_params: Params) -> Self {
        Self { app_name: Some(app_name.to_owned()), connected_account_params, ..Self::default() }
    }

    /// To this integration.
    #[must_use]
    pub fn to_integration(integration_id: &str, connected_account_params: Params) -> Self {
        Self { integration_id: Some(integration_id.to_owned()), connected_account_params, ..Self::default() }
    }
}

/// Which connections to list; all that is given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionFilter {
    /// Of this user.
    pub entity_id: Option<String>,
    /// To this app.
    pub app: Option<String>,
    /// With this integration.
    pub integration_id: Option<String>,
    /// In one of these states; empty means any.
    pub statuses: Vec<Status>,
    /// With all of these labels.
    pub labels: Vec<String>,
    /// How many at most, 1 to 500. Default: 50.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Which connections to check again, and how fast; all that is given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VerifyDue {
    /// Only those that were verified longer ago than this many milliseconds, or never. Default: 0, all.
    pub older_than_ms: Option<u64>,
    /// Of this user.
    pub entity_id: Option<String>,
    /// To this app.
    pub app: Option<String>,
    /// How many to come by in the whole round, 1 to 100 000. Default: 1 000.
    pub limit: Option<u32>,
    /// The pause between two checks at the same app in milliseconds, at most 60 000. Default: 200.
    pub pause_ms: Option<u64>,
    /// `next_cursor` of the batch before; `older_than_ms` and `limit` are then as they were at the first.
    pub cursor: Option<String>,
}

/// New credentials for a connection. Fields that are not given keep their values.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpdateCredentials {
    /// The connection.
    pub connected_account_id: String,
    /// Whether to ask the provider. Default: `Auto`.
    pub verify: Verify,
    /// What the user typed, by wire name.
    #[serde(skip)]
    pub connected_account_params: Params,
}

/// A request to the app, into which the core puts the credential.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// The connection to use; or name entity and app.
    pub connected_account_id: Option<String>,
    /// Whose connection to use.
    pub entity_id: Option<String>,
    /// To which app.
    pub app: Option<String>,
    /// HTTP method.
    pub method: String,
    /// Below the connection's base URL; a whole URL is taken if it is on the connection's own origin.
    pub path: String,
    /// Query parameters.
    #[serde(deserialize_with = "pairs")]
    pub query: Vec<(String, String)>,
    /// Headers; not those that carry the credential.
    #[serde(deserialize_with = "pairs")]
    pub headers: Vec<(String, String)>,
    /// Longest time in milliseconds, with all retries and waits. Default: the client's `timeout`.
    pub timeout_ms: Option<u64>,
    /// How often to send again at most, 0 to 10. Default: 2. GET, HEAD and OPTIONS are sent again after 429, 502, 503, 504
    /// and broken connections, any method where there was no connection. 0 also means not to wait for a limit of the app's.
    pub retry: Option<u32>,
    /// What to send.
    #[serde(skip)]
    pub body: Vec<u8>,
}

/// An action of an app, to be done with a user's connection.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExecuteAction {
    /// The action's name, such as `STRIPE_RETRIEVE_BALANCE`, in any case.
    pub action: String,
    /// What it takes, as a JSON object.
    pub params: Value,
    /// The connection to use; or name the entity.
    pub connected_account_id: Option<String>,
    /// Whose connection to the action's app to use.
    pub entity_id: Option<String>,
    /// Longest time in milliseconds. Default: the client's `timeout`.
    pub timeout_ms: Option<u64>,
}

/// What an action brought.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ActionResult {
    /// The app's answer; what is not a JSON object stands in one, as `value`.
    pub data: Value,
    /// Always true: an action that failed is an error.
    pub successful: bool,
    /// Composio's id for what it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_id: Option<String>,
}

/// What the app answered. Where it echoed the credential, `*` stands in its place.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case; a name may stand several times.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How often the request was sent until this answer came.
    pub tries: u32,
}

impl Response {
    /// The body as JSON, if it is.
    ///
    /// # Errors
    /// `server` where it is not JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).map_err(|_| Error::new(ErrorKind::Server, "the app's answer is not JSON"))
    }
}

/// Pairs as an object (`{"limit": "3"}`, scalars allowed) or as a list of pairs.
fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    use serde::de::Error as _;
    let text = |value: Value| match value {
        Value::String(text) => Ok(text),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(D::Error::custom("a value must be text, a number or a boolean")),
    };
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(Vec::new()),
        Value::Object(map) => map.into_iter().map(|(name, value)| Ok((name, text(value)?))).collect(),
        Value::Array(items) => items
            .into_iter()
            .map(|item| match <[Value; 2]>::try_from(item.as_array().cloned().unwrap_or_default()) {
                Ok([Value::String(name), value]) => Ok((name, text(value)?)),
                _ => Err(D::Error::custom("each item must be a pair of name and value")),
            })
            .collect(),
        _ => Err(D::Error::custom("must be an object or a list of pairs")),
    }
}

/// What a call by name answers.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reply {
    /// The result as JSON text; it never holds a credential.
    pub json: String,
    /// The body of the app's answer, for `request`.
    pub body: Option<Vec<u8>>,
    /// What `connected_accounts.dsn` gives out.
    pub secret: Option<Secret>,
}

/// What a call by name takes beside its JSON arguments.
#[derive(Debug, Default)]
pub struct Payload {
    /// Credential values: `connected_account_params`, `fixed_values` of an integration, the `value` to identify, or the vault's
    /// next `key` or `passphrase`.
    pub params: Params,
    /// The body of a `request`.
    pub body: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppName {
    app: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MaybeApp {
    app: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    definition: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IntegrationId {
    integration_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectionId {
    connected_account_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wait {
    connected_account_id: String,
    #[serde(default)]
    timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alias {
    connected_account_id: String,
    #[serde(default)]
    alias: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delete {
    connected_account_id: String,
    #[serde(default)]
    revoke: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntityAndApp {
    entity_id: String,
    app: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    path: PathBuf,
}

/// The vault's next key, where it is not given beside the arguments, as `key` or `passphrase`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct KeyPlace {
    key_file: Option<PathBuf>,
    key_env: Option<String>,
    keyring: Option<String>,
}

impl KeyPlace {
    fn source(self, params: Params, strict_secrets: bool) -> Result<KeySource> {
        let named = [self.key_file.is_some(), self.key_env.is_some(), self.keyring.is_some()];
        let given = named.into_iter().chain([params.has("key"), params.has("passphrase")]);
        if given.filter(|given| *given).count() > 1 {
            let message = "give at most one of key, key_env, key_file, passphrase and keyring";
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let keyring = || self.keyring.map(KeySource::Keyring);
        let named = self.key_file.map(KeySource::File).or(self.key_env.map(KeySource::Environment)).or_else(keyring);
        Ok(match named {
            Some(source) if params.is_empty() => source,
            None if params.is_empty() => KeySource::FileBesideVault,
            _ if params.has("passphrase") => KeySource::Passphrase(params.sole("passphrase", strict_secrets)?),
            _ => KeySource::Bytes(params.sole("key", strict_secrets)?),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exporting {
    path: PathBuf,
    #[serde(default)]
    recipient: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Importing {
    path: PathBuf,
    #[serde(default)]
    dry_run: bool,
}

/// Whom an export is for: the recipient that the arguments name, or the passphrase beside them.
fn seal_for(recipient: Option<String>, params: Params, strict_secrets: bool) -> Result<SealFor> {
    match recipient {
        Some(recipient) if params.is_empty() => Ok(SealFor::Recipient(recipient)),
        None if !params.is_empty() => params.sole("passphrase", strict_secrets).map(SealFor::Passphrase),
        _ => Err(Error::new(ErrorKind::InvalidArgument, "give either a passphrase or a recipient")),
    }
}

/// What opens an export, given beside the arguments.
fn open_with(params: Params, strict_secrets: bool) -> Result<OpenWith> {
    match (params.has("passphrase"), params.has("identity")) {
        (true, false) => params.sole("passphrase", strict_secrets).map(OpenWith::Passphrase),
        (false, true) => params.sole("identity", strict_secrets).map(OpenWith::Identity),
        _ => Err(Error::new(ErrorKind::InvalidArgument, "give either the passphrase or the identity")),
    }
}

/// What `request_page` takes beside the arguments of `request`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Page {
    paging: Paging,
    cursor: Option<String>,
}

/// What `request_stream` takes beside the arguments of `request`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct InPieces {
    max_response_bytes: Option<u64>,
    content_length: Option<u64>,
}

/// The arguments of `request_stream`.
pub(crate) fn stream_arguments(json: &str, body: Vec<u8>, upload: Option<Upload>) -> Result<(Request, Streaming)> {
    let (ask, more) = request_and("request_stream", json, &["max_response_bytes", "content_length"])?;
    let InPieces { max_response_bytes, content_length } = more;
    Ok((Request { body, ..ask }, Streaming { upload, content_length, max_response_bytes }))
}

/// The arguments of a request, and others of these names.
fn request_and<T: DeserializeOwned>(call: &str, json: &str, names: &[&str]) -> Result<(Request, T)> {
    let others = arguments(call, json)?;
    let mut rest: serde_json::Map<String, Value> = arguments(call, json)?;
    names.iter().for_each(|name| drop(rest.remove(*name)));
    Ok((arguments(call, &Value::Object(rest).to_string())?, others))
}

fn arguments<T: DeserializeOwned>(call: &str, json: &str) -> Result<T> {
    let json = if json.is_empty() { "{}" } else { json };
    // Serde would take a list too, value by value.
    if json.trim_start().starts_with('[') {
        return Err(Error::argument("args", format!("{call}: the arguments must be a JSON object")));
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let field = path.split(['.', '[']).next().unwrap_or_default();
        // Serde's sentence quotes the input only behind `invalid type: ` and the like; what it expected is ours.
        let sentence = error.inner().to_string();
        if let Some(name) = sentence.strip_prefix("missing field `").and_then(|s| s.split('`').next()) {
            return Error::argument(name, format!("{call}: `{name}` is missing"));
        }
        let unknown = sentence.starts_with("unknown field");
        let expected = sentence.split_once("expected ").map(|(_, e)| e.split(" at line").next().unwrap_or(e));
        let message = match (unknown, expected) {
            (true, _) => format!("{call}: `{field}` is not an argument of this call"),
            (false, Some(expected)) => format!("{call}: `{field}` must be {expected}"),
            (false, None) => format!("{call}: `{field}` is not as this call takes it"),
        };
        Error::argument(field, message)
    })
}

/// Refuses names in `allow` that there are not, with near ones, which serde could not give.
fn known_exceptions(json: &str) -> Result<()> {
    #[derive(Deserialize)]
    struct Names {
        allow: Vec<String>,
    }
    let named = serde_json::from_str::<Names>(json).map(|names| names.allow).unwrap_or_default();
    named.iter().try_for_each(|name| Permission::named(name).map(drop))
}

fn reply(result: &impl Serialize) -> Result<Reply> {
    let json = serde_json::to_string(result)
        .map_err(|_| Error::new(ErrorKind::Internal, "a result could not be written as JSON"))?;
    Ok(Reply { json, body: None, secret: None })
}

#[derive(Serialize)]
struct Items<T> {
    items: Vec<T>,
}

#[derive(Serialize)]
struct Done {}

#[derive(Serialize)]
pub(crate) struct Head<'r> {
    pub(crate) status: u16,
    pub(crate) headers: &'r [(String, String)],
    pub(crate) tries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

fn response_reply(response: Response, next_cursor: Option<String>) -> Result<Reply> {
    let Response { status, headers, body, tries } = response;
    Ok(Reply { body: Some(body), ..reply(&Head { status, headers: &headers, tries, next_cursor })? })
}

impl<I: Io> Backend<I> {
    /// Makes a call by its name.
    pub(crate) async fn call(&self, name: &str, json: &str, payload: Payload) -> Result<Reply> {
        let Payload { params, body } = payload;
        match name {
            "apps.list" => {
                let Nothing {} = arguments(name, json)?;
                reply(&Items { items: self.apps().await? })
            }
            "apps.search" => reply(&Items { items: self.search_apps(arguments(name, json)?).await? }),
            "apps.identify" => {
                let Nothing {} = arguments(name, json)?;
                reply(&Items { items: self.identify(params.sole("value", self.strict_secrets())?)? })
            }
            "apps.get" => reply(&self.app(&arguments::<AppName>(name, json)?.app).await?),
            "apps.register" => {
                let definition = arguments::<Definition>(name, json)?.definition;
                reply(&self.register_app(&definition)?)
            }
            "integrations.create" => {
                known_exceptions(json)?;
                let ask = NewIntegration { fixed_values: params, ..arguments(name, json)? };
                reply(&self.create_integration(ask).await?)
            }
            "integrations.get" => {
                reply(&self.integration(&arguments::<IntegrationId>(name, json)?.integration_id).await?)
            }
            "integrations.list" => {
                let app = arguments::<MaybeApp>(name, json)?.app;
                reply(&Items { items: self.integrations(app.as_deref()).await? })
            }
            "integrations.delete" => {
                self.delete_integration(&arguments::<IntegrationId>(name, json)?.integration_id).await?;
                reply(&Done {})
            }
            "get_expected_params_for_user" => reply(&self.get_expected_params_for_user(arguments(name, json)?).await?),
            "initiate_connection" => {
                let ask = InitiateConnection { connected_account_params: params, ..arguments(name, json)? };
                reply(&self.initiate_connection(ask).await?)
            }
            "connected_accounts.get" => {
                reply(&self.connected_account(&arguments::<ConnectionId>(name, json)?.connected_account_id).await?)
            }
            "connected_accounts.list" => reply(&self.connected_accounts(arguments(name, json)?).await?),
            "connected_accounts.verify" => {
                reply(&self.verify_connection(&arguments::<ConnectionId>(name, json)?.connected_account_id).await?)
            }
            "connected_accounts.verify_due" => reply(&self.verify_due(arguments(name, json)?).await?),
            "connected_accounts.update_credentials" => {
                let ask = UpdateCredentials { connected_account_params: params, ..arguments(name, json)? };
                reply(&self.update_credentials(ask).await?)
            }
            "connected_accounts.enable" => {
                reply(&self.enable_connection(&arguments::<ConnectionId>(name, json)?.connected_account_id).await?)
            }
            "connected_accounts.disable" => {
                reply(&self.disable_connection(&arguments::<ConnectionId>(name, json)?.connected_account_id).await?)
            }
            "connected_accounts.wait_until_active" => {
                let ask: Wait = arguments(name, json)?;
                let limit = ask.timeout_ms.map_or(DEFAULT_WAIT, Duration::from_millis);
                reply(&self.wait_until_active(&ask.connected_account_id, limit).await?)
            }
            "connected_accounts.set_alias" => {
                let ask: Alias = arguments(name, json)?;
                reply(&self.set_alias(&ask.connected_account_id, ask.alias.as_deref()).await?)
            }
            "connected_accounts.dsn" => {
                let secret = self.dsn(&arguments::<ConnectionId>(name, json)?.connected_account_id).await?;
                Ok(Reply { secret: Some(secret), ..reply(&Done {})? })
            }
            "connected_accounts.delete" => {
                let ask: Delete = arguments(name, json)?;
                self.delete_connection(&ask.connected_account_id, ask.revoke).await?;
                reply(&Done {})
            }
            "get_connection" => {
                let ask: EntityAndApp = arguments(name, json)?;
                reply(&self.get_connection(&ask.entity_id, &ask.app).await?)
            }
            "execute_action" => reply(&self.execute_action(arguments(name, json)?).await?),
            "request" => response_reply(self.request(Request { body, ..arguments(name, json)? }).await?, None),
            "request_page" => {
                let (ask, Page { paging, cursor }) = request_and(name, json, &["paging", "cursor"])?;
                let (response, next_cursor) =
                    self.request_page(Request { body, ..ask }, paging, cursor.as_deref()).await?;
                response_reply(response, next_cursor)
            }
            "backup" => {
                self.backup(&arguments::<Place>(name, json)?.path).await?;
                reply(&Done {})
            }
            "change_key" => {
                let to = arguments::<KeyPlace>(name, json)?.source(params, self.strict_secrets())?;
                self.change_key(to).await?;
                reply(&Done {})
            }
            "rotate_data_key" => reply(&self.rotate_data_key(arguments(name, json)?).await?),
            "export_vault" => {
                let Exporting { path, recipient } = arguments(name, json)?;
                let done = self.export_vault(&path, seal_for(recipient, params, self.strict_secrets())?).await?;
                reply(&done)
            }
            "import_vault" => {
                let Importing { path, dry_run } = arguments(name, json)?;
                let with = open_with(params, self.strict_secrets())?;
                reply(&self.import_vault(ImportVault { path, with, dry_run }).await?)
            }
            "diagnose" => {
                let Nothing {} = arguments(name, json)?;
                reply(&self.diagnose().await?)
            }
            _ => Err(Error::argument("call", format!("there is no call `{name}`"))),
        }
    }
}
