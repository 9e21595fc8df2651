//! What both generations of the API tell, in one shape, and how values are read out of their JSON.

use std::borrow::Cow;
use std::time::Instant;

use serde_json::Value;

use crate::allow::Allow;
use crate::catalog::{FieldDef, Kind, near};
use crate::choice::Candidate;
use crate::connection::Status;
use crate::error::{Error, ErrorKind, Result};

/// Schemes for which the user gives keys or passwords, and nothing redirects.
const KEY_SCHEMES: [&str; 9] = [
    "API_KEY",
    "BEARER_TOKEN",
    "BASIC",
    "BASIC_WITH_JWT",
    "GOOGLE_SERVICE_ACCOUNT",
    "SERVICE_ACCOUNT",
    "NO_AUTH",
    "CALCOM_AUTH",
    "BILLCOM_AUTH",
];

/// An app and the ways to connect it.
#[derive(Clone, Debug)]
pub(super) struct Toolkit {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) category: String,
    pub(super) docs_url: Option<String>,
    pub(super) base_url: Option<String>,
    /// `None` where the server does not tell.
    pub(super) methods: Option<Vec<Method>>,
    /// Method and path of a harmless request that only a good credential can make.
    pub(super) current_user: Option<(String, String)>,
}

/// One way to connect.
#[derive(Clone, Debug)]
pub(super) struct Method {
    pub(super) scheme: String,
    pub(super) base_url: Option<String>,
    pub(super) developer: Vec<FieldDef>,
    pub(super) user: Vec<FieldDef>,
}

impl Method {
    pub(super) fn takes_keys(&self) -> bool {
        takes_keys(&self.scheme)
    }

    /// Developer's fields without which nobody can connect.
    pub(super) fn demands(&self) -> impl Iterator<Item = &FieldDef> {
        self.developer.iter().filter(|f| f.required && f.default.is_none())
    }
}

impl Toolkit {
    /// The method of this scheme, or the first that a user can fill in.
    pub(super) fn method(&self, wanted: Option<&str>) -> Result<&Method> {
        let refuse =
            |message: String| Err(Error::new(ErrorKind::UnsupportedScheme, message).with_fields(["auth_scheme"]));
        let Some(methods) = &self.methods else {
            return refuse(format!("Composio does not tell how {} is connected", self.name));
        };
        let offered = || methods.iter().map(|m| m.scheme.clone()).collect::<Vec<_>>();
        if let Some(wanted) = wanted {
            let found = methods.iter().find(|m| m.scheme.eq_ignore_ascii_case(wanted));
            return match found {
                Some(method) if method.takes_keys() || !is_redirecting(&method.scheme) => Ok(method),
                Some(_) => refuse(format!("{wanted} redirects the user; connect that in Composio's own flow")),
                None => {
                    let message =
                        format!("{} is not connected with {wanted}; it offers {}", self.name, offered().join(", "));
                    refuse(message).map_err(|e: Error| e.with_near(offered()))
                }
            };
        }
        let keys = || methods.iter().filter(|m| m.takes_keys());
        keys().find(|m| m.demands().next().is_none()).or_else(|| keys().next()).map_or_else(
            || match offered().as_slice() {
                [] => refuse(format!("Composio offers no way to connect {}", self.name)),
                schemes => refuse(format!(
                    "{} takes no key of the user's, only {}; connect that in Composio's own flow",
                    self.name,
                    schemes.join(", ")
                )),
            },
            Ok,
        )
    }
}

pub(super) fn takes_keys(scheme: &str) -> bool {
    KEY_SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme))
}

fn is_redirecting(scheme: &str) -> bool {
    let scheme = scheme.to_ascii_uppercase();
    scheme.contains("OAUTH") || matches!(scheme.as_str(), "SAML" | "COMPOSIO_LINK" | "GOOGLEADS_AUTH")
}

/// An auth config or integration.
#[derive(Clone, Debug)]
pub(super) struct AuthConfig {
    pub(super) id: String,
    pub(super) app: String,
    pub(super) scheme: String,
    pub(super) name: String,
    pub(super) created_at: String,
    pub(super) enabled: bool,
    /// How many connections use it, where the server tells.
    pub(super) connections: Option<i64>,
    /// What a user must give, where the server tells.
    pub(super) fields: Option<Vec<FieldDef>>,
    /// User's fields that the developer has given for everybody.
    pub(super) fixed: Vec<String>,
    pub(super) base_url: BaseUrl,
    pub(super) allow: Allow,
    pub(super) read_at: Instant,
}

/// Where an auth config sends its requests.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum BaseUrl {
    /// To the app's usual host.
    Usual,
    /// Here.
    Own(String),
    /// Somewhere that the server masks.
    Masked,
}

/// An account as a list or a look at it tells.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) app: String,
    pub(super) scheme: String,
    pub(super) integration_id: String,
    pub(super) entity_id: String,
    pub(super) status: Status,
    pub(super) alias: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    /// Values that are not secret and not masked, for which requests may need them.
    pub(super) values: Vec<(String, String)>,
}

impl Candidate for Account {
    fn id(&self) -> &str {
        &self.id
    }
    fn entity_id(&self) -> &str {
        &self.entity_id
    }
    fn app(&self) -> &str {
        &self.app
    }
    fn status(&self) -> &Status {
        &self.status
    }
    fn alias(&self) -> Option<&str> {
        self.alias.as_deref()
    }
}

/// What creation answers. What the server left out has to be looked up.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) id: Option<String>,
    pub(super) status: Option<Status>,
    pub(super) redirect_url: Option<String>,
}

/// The text at the first of these pointers where there is one that is not empty.
pub(super) fn text(json: &Value, pointers: &[&str]) -> Option<String> {
    pointers.iter().find_map(|p| json.pointer(p)?.as_str()).filter(|t| !t.is_empty()).map(str::to_owned)
}

/// A whole number, also one that is written as `1.0`.
pub(super) fn whole(json: &Value) -> Option<i64> {
    json.as_i64().or_else(|| json.as_f64().filter(|n| n.fract() == 0.0)?.to_string().parse().ok())
}

/// The items of a list, wherever this server puts them.
pub(super) fn items(json: &Value) -> Result<&[Value]> {
    json.get("items").unwrap_or(json).as_array().map(Vec::as_slice).ok_or_else(|| unreadable("a list"))
}

/// An answer lacks what it must hold.
pub(super) fn unreadable(what: &str) -> Error {
    Error::new(ErrorKind::Server, format!("Composio's answer is not {what} as its API describes it"))
}

/// A value that the server shows in part only: never to be taken for the value itself.
pub(super) fn is_masked(text: &str) -> bool {
    text.ends_with("...") || text.ends_with('…') || text.contains("REDACTED") || text.contains("***")
}

/// A field as either generation describes it. `required` is what an absent flag means.
pub(super) fn field(json: &Value, required: bool, help_url: Option<&str>) -> Option<FieldDef> {
    let name = text(json, &["/name"])?;
    let display_name = text(json, &["/displayName", "/display_name"]).unwrap_or_else(|| name.clone());
    let kind = match json["type"].as_str().map(str::to_ascii_lowercase).as_deref() {
        Some("integer" | "int") => Kind::Integer,
        Some("number" | "float") => Kind::Number,
        Some("boolean" | "bool") => Kind::Boolean,
        Some("text") => Kind::Text,
        // Composio types these as strings, but what stands in such files has lines.
        _ if matches!(name.as_str(), "credentials_json" | "private_key") => Kind::Text,
        _ => Kind::String,
    };
    // What is not said to be harmless is masked.
    let secret = json["is_secret"].as_bool().or_else(|| json["isSecret"].as_bool()).unwrap_or(true);
    let default = match &json["default"] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(whole(&json["default"]).map_or_else(|| number.to_string(), |n| n.to_string())),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    let description = text(json, &["/description"]).unwrap_or_else(|| format!("{display_name}."));
    Some(FieldDef {
        name: name.into(),
        display_name: display_name.into(),
        description: description.into(),
        help_url: help_url.filter(|_| secret).map(|url| url.to_owned().into()),
        kind,
        required: json["required"].as_bool().unwrap_or(required) && default.is_none(),
        secret,
        default: default.map(Cow::Owned),
        choices: Cow::Borrowed(&[]),
        choice_labels: Cow::Borrowed(&[]),
        when: None,
        strip_prefix: Cow::Borrowed(&[]),
        strip_suffix: Cow::Borrowed(&[]),
        pattern: None,
        example: None,
        hint: None,
    })
}

/// A field that the user does not see: the server fills in its default.
pub(super) fn is_hidden(json: &Value) -> bool {
    json["user_visible"] == Value::Bool(false) || json["userVisible"] == Value::Bool(false)
}

/// A name that Composio could have: anything else is not worth a request, and must not bend its path.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// No app of this name, with those of `known` that are like it.
pub(super) fn unknown_app<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Error {
    let shown: String = name.chars().take(64).collect();
    let like = near(name, known.filter(|known| !known.eq_ignore_ascii_case(name)));
    let hint = if like.is_empty() { "see apps.list".to_owned() } else { format!("did you mean {}?", like.join(", ")) };
    Error::new(ErrorKind::UnknownApp, format!("Composio knows no app `{shown}`; {hint}"))
        .with_fields(["app"])
        .with_near(like)
}
