//! A call by its name, with arguments and result in JSON: the way in for hosts with dynamic values.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::allow::Permission;
use crate::backend::Backend;
use crate::calls::{InitiateConnection, NewIntegration, Request, Response, UpdateCredentials};
use crate::error::{Error, ErrorKind, Result};
use crate::input::Params;
use crate::io::Io;
use crate::moving::{ImportVault, OpenWith, SealFor};
use crate::pages::Paging;
use crate::secret::Secret;
use crate::stream::Streaming;
use crate::upload::Upload;
use crate::vault::{KeySource, Transit, TransitToken};

/// How long `wait_until_active` waits where the caller does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);

/// Calls that look one thing up in the vault, by its id, and do no more.
const LOOKS: [&str; 3] = ["connected_accounts.dsn", "connected_accounts.get", "integrations.get"];

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
    /// next `key`, `passphrase` or, for Transit, `token`.
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
    transit: Option<TransitPlace>,
}

/// A Transit key; its token stands here, or beside the arguments as `token`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransitPlace {
    address: String,
    key: String,
    mount: Option<String>,
    namespace: Option<String>,
    token_env: Option<String>,
    token_file: Option<PathBuf>,
}

impl KeyPlace {
    fn source(self, params: Params, strict_secrets: bool) -> Result<KeySource> {
        let of_transit = self.transit.is_some();
        let named = [self.key_file.is_some(), self.key_env.is_some(), self.keyring.is_some(), of_transit];
        let given = named.into_iter().chain([params.has("key"), params.has("passphrase")]);
        if given.filter(|given| *given).count() > 1 {
            let message = "give at most one of key, key_env, key_file, passphrase, keyring and transit";
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        if let Some(place) = self.transit {
            return place.with_token(params, strict_secrets).map(KeySource::Transit);
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

impl TransitPlace {
    fn with_token(self, params: Params, strict_secrets: bool) -> Result<Transit> {
        let given = (!params.is_empty()).then(|| params.sole("token", strict_secrets)).transpose()?;
        let token = TransitToken::one_of(given, self.token_env, self.token_file)?;
        let made = Transit::new(&self.address, &self.key, token);
        Ok(Transit { mount: self.mount.unwrap_or(made.mount), namespace: self.namespace, ..made })
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct KnownHead {
    head: Option<String>,
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
    /// Whether a call of this name waits for nobody: neither for a server nor for others who write.
    pub(crate) fn is_brief(&self, name: &str) -> bool {
        self.is_local() && LOOKS.contains(&name)
    }

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
            "audit_log" => reply(&self.audit_log(arguments(name, json)?).await?),
            "check_audit" => reply(&self.check_audit(arguments::<KnownHead>(name, json)?.head.as_deref()).await?),
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
