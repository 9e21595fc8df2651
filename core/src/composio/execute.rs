//! Use: actions, and requests that Composio sends to the app with the account's credential.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::discover::keep_upstream;
use super::model::{Account, BaseUrl, is_id};
use super::routes::{AppAnswer, Execution, Proxied};
use super::session::{Answer, Doubt, Failure};
use super::{Composio, Session};
use crate::calls::{ActionResult, ExecuteAction, Request, Response};
use crate::choice::{Found, Whose};
use crate::embedded::missing;
use crate::error::{Error, ErrorKind, Result};
use crate::io::Io;
use crate::limits::wait;
use crate::pages::Place;
use crate::provider::{below, check_headers, check_path, check_query, follow};
use crate::retry::Tries;
use crate::stream::{Flow, Streaming};

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"];

impl<I: Io> Composio<I> {
    pub(crate) async fn execute_action(&self, ask: ExecuteAction) -> Result<ActionResult> {
        let session = self.session_for(ask.timeout_ms.map(Duration::from_millis))?;
        let unknown = || {
            let shown: String = ask.action.chars().take(64).collect();
            Error::argument("action", format!("Composio knows no action `{shown}`"))
        };
        if !is_id(&ask.action) {
            return Err(unknown());
        }
        let params = match ask.params {
            Value::Null => Value::Object(serde_json::Map::new()),
            Value::Object(_) => ask.params,
            _ => return Err(Error::argument("params", "params must be a JSON object")),
        };
        let version = self.project.version;
        let action = ask.action.to_ascii_uppercase();
        let tool = session.call(version.tool(&action)).await.map_err(|failure| match failure.status {
            Some(404) => keep_upstream(unknown(), &failure.error),
            _ => failure.error,
        })?;
        let app = version.read_tool(&tool.json).ok_or_else(|| super::model::unreadable("a tool"))?;
        let whose = Whose {
            connected_account_id: ask.connected_account_id.as_deref(),
            entity_id: ask.entity_id.as_deref(),
            app: Some(&app),
        };
        let account = self.named(&session, &whose).await?;
        let execution = Execution {
            action: &action,
            app: &app,
            params: &params,
            account: &account.id,
            entity_id: Some(&account.entity_id),
        };
        let answer = session.call(version.execute(&execution)).await.map_err(|failure| unsure(failure, &account.id))?;
        self.outcome(&session, &answer.json, &action, &account.id)
    }

    /// A failure inside a good answer is an error here.
    fn outcome(&self, session: &Session<'_, I>, json: &Value, action: &str, id: &str) -> Result<ActionResult> {
        let successful = json["successful"].as_bool().or_else(|| json["successfull"].as_bool());
        let told = json["error"].as_str().or_else(|| json.pointer("/error/message").and_then(Value::as_str));
        match successful {
            Some(true) => {
                let data = match &json["data"] {
                    Value::Object(data) => Value::Object(data.clone()),
                    Value::Null => Value::Object(serde_json::Map::new()),
                    other => serde_json::json!({"value": other}),
                };
                Ok(ActionResult { data, successful: true, log_id: json["log_id"].as_str().map(str::to_owned) })
            }
            Some(false) => {
                let ours = format!("{action} failed{}", if told.is_some() { "" } else { ": the app did not say why" });
                let told = told.map(|t| session.scrub(t));
                Err(Error::quoting(ErrorKind::ActionFailed, ours, told.as_ref(), None).with_connection(id))
            }
            None => Err(super::model::unreadable("the outcome of an action").with_connection(id)),
        }
    }

    /// Sends the request through the proxy; with a link, to what that leads to. Tells the path as well.
    pub(crate) async fn request_at(&self, ask: Request, place: &Place) -> Result<(Response, String)> {
        let time = ask.timeout_ms.map_or(self.timeout, Duration::from_millis);
        let session = self.session_for(Some(time))?;
        let mut tries = Tries::new(&ask.method, ask.retry, time)?;
        let method = ask.method.to_ascii_uppercase();
        if !METHODS.contains(&method.as_str()) {
            let message = format!("the method must be one of {}", METHODS.join(", "));
            return Err(Error::argument("method", message));
        }

        let whole = ask.path.contains("://") || ask.path.starts_with("//");
        if !whole {
            check_path(&ask.path)?;
        }
        let whose = Whose {
            connected_account_id: ask.connected_account_id.as_deref(),
            entity_id: ask.entity_id.as_deref(),
            app: ask.app.as_deref(),
        };
        let account = self.named(&session, &whose).await?;
        let known = self.known_scheme(&account.app, &account.scheme);
        let scheme = known.as_ref().map(|(app, index)| &app.schemes[*index]);
        let inject = scheme.map_or(&[][..], |scheme| &scheme.inject);
        check_headers(inject, &ask.headers)?;
        let (endpoint, query) = match place {
            Place::Link { from, to } => {
                // Without a base, all that is not a whole address can be told all the same.
                let base = self.base(&session, &account).await?.or_else(|| Url::parse("https://app.invalid").ok());
                (base.map_or_else(|| Ok(to.clone()), |base| follow(&base, from, to, inject))?, &[][..])
            }
            _ if whole => (self.below_base(&session, &account, &ask.path).await?, &*ask.query),
            _ => (ask.path.clone(), &*ask.query),
        };
        check_query(inject, &endpoint, query)?;
        let version = self.project.version;
        let proxied = Proxied {
            account: &account.id,
            method: &method,
            endpoint: &endpoint,
            query,
            headers: &ask.headers,
            body: body(&ask.body)?,
        };
        self.limits.await_rest(&self.io, &account.id, &tries).await?;
        let answer = self.proxied(&session, &proxied, &mut tries).await?;
        let AppAnswer { status, headers, data } = version.read_proxied(&answer.json)?;
        if data.is_null() && !answer.json["binary_data"].is_null() {
            let message = "the app answered with binary data, which Composio's proxy does not pass on in its answer";
            return Err(Error::new(ErrorKind::Server, message).with_connection(&account.id));
        }
        let body = match data {
            Value::Null => Vec::new(),
            Value::String(text) => text.clone().into_bytes(),
            other => other.to_string().into_bytes(),
        };
        tracing::debug!("keylatch.connection.id" = %account.id, "http.response.status_code" = status, "keylatch.tries" = tries.made(), "request sent");
        Ok((Response { status, headers, body, tries: tries.made() }, endpoint))
    }

    pub(crate) async fn request_stream(&self, _: Request, _: Streaming) -> Result<Flow> {
        self.session()?;
        let message = "Composio's proxy passes whole bodies of JSON or text only; use request";
        Err(Error::new(ErrorKind::InvalidArgument, message))
    }

    /// Sends through the proxy, and again where that is safe and may help.
    async fn proxied(&self, session: &Session<'_, I>, ask: &Proxied<'_>, tries: &mut Tries) -> Result<Answer> {
        let version = self.project.version;
        loop {
            tries.begin();
            match session.call(version.proxy(ask)?).await {
                Ok(answer) => {
                    let AppAnswer { status, headers, .. } = version.read_proxied(&answer.json)?;
                    self.limits.learn(ask.account, status, &headers);
                    if !version.tells_status() || !tries.after_answer(&self.io, status, wait(&headers)).await {
                        return Ok(answer);
                    }
                }
                Err(failure) => {
                    let acted = failure.doubt != Doubt::None;
                    match failure.again {
                        Some(wants) if tries.after_failure(&self.io, acted, wants).await => {}
                        _ => return Err(unsure(failure, ask.account)),
                    }
                }
            }
        }
    }

    /// The account that is named, which must be of this entity and app, or the sole one that fits; ACTIVE either way.
    async fn named(&self, session: &Session<'_, I>, whose: &Whose<'_>) -> Result<Account> {
        match whose.how()? {
            Found::ById(id) => whose.must_own(self.account(session, id).await?),
            Found::Sole(entity_id, app) => self.sole_account(session, entity_id, app).await,
        }
    }

    /// A whole URL must be on the connection's own origin, as far as Composio tells it: the credential goes along.
    async fn below_base(&self, session: &Session<'_, I>, account: &Account, path: &str) -> Result<String> {
        below(self.base(session, account).await?.as_ref(), path).map(std::borrow::Cow::into_owned)
    }

    async fn base(&self, session: &Session<'_, I>, account: &Account) -> Result<Option<Url>> {
        let own = account.values.iter().find(|(name, _)| name == "base_url").map(|(_, url)| url.clone());
        let config = self.cached_config(&account.integration_id).map(|config| config.base_url.clone());
        let own = match (own, config) {
            (Some(url), _) | (None, Some(BaseUrl::Own(url))) => Some(url),
            _ => self.toolkit(session, &account.app).await?.base_url.clone(),
        };
        Ok(own.and_then(|url| Url::parse(&url).ok()))
    }
}

/// What the proxy takes: JSON, or text.
fn body(bytes: &[u8]) -> Result<Option<Value>> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Error::argument("body", "Composio's proxy takes JSON or text as a body, not other bytes"))?;
    Ok(Some(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))))
}

/// The app may have acted although there is no good answer.
fn unsure(failure: Failure, id: &str) -> Error {
    let error = failure.error;
    let (kind, what) = match (failure.doubt, failure.status) {
        _ if error.kind() == ErrorKind::NotFound => return keep_upstream(missing(id), &error),
        (Doubt::None, _) => return error.with_connection(id),
        // What Composio's API says where it is the app that it could not reach.
        (_, Some(502 | 504)) => (ErrorKind::ProviderUnreachable, "Composio could not reach the app"),
        _ => (error.kind(), error.message()),
    };
    let message = format!("{what}; the request may or may not have acted");
    keep_upstream(Error::new(kind, message).with_connection(id), &error)
}
