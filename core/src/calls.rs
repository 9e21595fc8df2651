//! What each call takes and, of the calls that use a credential, what they bring.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::allow::Allow;
use crate::app::AuthScheme;
use crate::connection::Status;
use crate::error::{Error, ErrorKind, Result};
use crate::input::Params;

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
