//! A small server of Composio's API v3.1 as the outside, in front of the app.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};

use super::outside::World;
use super::provider::{Provider, answer};
use crate::io::Incoming;

/// When everything was made.
const THEN: &str = "2026-01-01T00:00:00.000Z";

#[derive(Default)]
pub(super) struct Server {
    provider: Provider,
    state: Mutex<State>,
}

#[derive(Clone, Default)]
pub(super) struct State {
    configs: Vec<Value>,
    accounts: Vec<Value>,
    /// How many of both were ever made.
    pub(super) made: usize,
}

impl Server {
    pub(super) fn of(state: State) -> Self {
        Self { provider: Provider::default(), state: Mutex::new(state) }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World for Server {
    fn answer(&self, request: &http::Request<Bytes>) -> Incoming {
        let uri = request.uri();
        let Some(path) = uri.path().strip_prefix("/api/v3.1/") else { return self.provider.answer(request) };
        let path: Vec<&str> = path.split('/').collect();
        let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let query: Vec<(String, String)> = query.into_owned().collect();
        let body = serde_json::from_slice(request.body()).unwrap_or_default();
        match self.state().act(request.method().as_str(), &path, &query, &body) {
            Some(json) => answer(200, &json),
            None => answer(404, &json!({"error": {"message": "nothing there", "code": 404}})),
        }
    }
}

impl State {
    /// What is there, a line for each.
    pub(super) fn told(&self) -> Vec<String> {
        let config = |c: &Value| format!("{} of {}", c["name"], c["toolkit"]["slug"]);
        let account = |a: &Value| {
            format!("{} {} {} {} {}", a["id"], a["user_id"], a["status"], a["alias"], a["state"]["val"]["api_key"])
        };
        self.configs.iter().map(config).chain(self.accounts.iter().map(account)).collect()
    }

    fn act(&mut self, method: &str, path: &[&str], query: &[(String, String)], body: &Value) -> Option<Value> {
        let asked = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        match (method, path) {
            ("GET", ["toolkits"]) => Some(page(vec![toolkit("acme"), toolkit("other")])),
            ("GET", ["toolkits", slug @ ("acme" | "other")]) => Some(toolkit(slug)),
            ("GET", ["auth_configs"]) => {
                let fits = |c: &&Value| asked("toolkit_slug").is_none_or(|slug| c["toolkit"]["slug"] == slug);
                Some(page(self.configs.iter().filter(fits).cloned().collect()))
            }
            ("POST", ["auth_configs"]) => {
                let slug = body["toolkit"]["slug"].as_str()?;
                let name = body["auth_config"]["name"].as_str().unwrap_or(slug);
                let id = self.new_id("ac");
                self.configs.push(json!({"id": id, "name": name, "toolkit": {"slug": slug}, "auth_scheme": "API_KEY",
                    "status": "ENABLED", "created_at": THEN, "expected_input_fields": [key()]}));
                Some(json!({"auth_config": {"id": id}}))
            }
            ("GET", ["auth_configs", id]) => find(&mut self.configs, id).cloned(),
            ("DELETE", ["auth_configs", id]) => remove(&mut self.configs, id),
            ("GET", ["connected_accounts"]) => {
                let fits = |a: &&Value| {
                    asked("user_ids").is_none_or(|user| a["user_id"] == user)
                        && asked("auth_config_ids").is_none_or(|id| a["auth_config"]["id"] == id)
                        && asked("toolkit_slugs").is_none_or(|slug| a["toolkit"]["slug"] == slug)
                };
                Some(page(self.accounts.iter().filter(fits).cloned().collect()))
            }
            ("POST", ["connected_accounts"]) => self.connect(body),
            ("GET", ["connected_accounts", id]) => find(&mut self.accounts, id).cloned(),
            ("DELETE", ["connected_accounts", id]) => remove(&mut self.accounts, id),
            ("PATCH", ["connected_accounts", id, "status"]) => {
                let account = find(&mut self.accounts, id)?;
                account["status"] = json!(if body["enabled"] == true { "ACTIVE" } else { "INACTIVE" });
                Some(json!({"success": true}))
            }
            ("PATCH", ["connected_accounts", id]) => {
                let account = find(&mut self.accounts, id)?;
                if let Some(alias) = body.get("alias") {
                    account["alias"] = alias.clone();
                }
                if let Some(values) = body.pointer("/connection/state/val") {
                    account["state"]["val"] = values.clone();
                }
                Some(json!({"id": id, "status": "ACTIVE"}))
            }
            ("GET", ["tools", _]) => Some(json!({"slug": "ACME_READ", "toolkit": {"slug": "acme"}})),
            ("POST", ["tools", "execute", "proxy"]) => {
                Some(json!({"status": 200, "headers": {}, "data": {"name": "Ada"}}))
            }
            ("POST", ["tools", "execute", _]) => Some(json!({"successful": true, "data": {}, "log_id": "log_1"})),
            _ => None,
        }
    }

    fn connect(&mut self, body: &Value) -> Option<Value> {
        let config = find(&mut self.configs, body["auth_config"]["id"].as_str()?)?.clone();
        let id = self.new_id("ca");
        let connection = &body["connection"];
        self.accounts.push(json!({"id": id, "toolkit": config["toolkit"], "user_id": connection["user_id"],
            "auth_config": {"id": config["id"], "auth_scheme": "API_KEY"}, "status": "ACTIVE", "created_at": THEN,
            "updated_at": THEN, "alias": connection["alias"], "state": connection["state"]}));
        Some(json!({"id": id, "connectionData": {"val": {"status": "ACTIVE"}}}))
    }

    fn new_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{}", self.made)
    }
}

fn page(items: Vec<Value>) -> Value {
    json!({"items": items, "next_cursor": null})
}

fn find<'v>(all: &'v mut [Value], id: &str) -> Option<&'v mut Value> {
    all.iter_mut().find(|item| item["id"] == id)
}

fn remove(all: &mut Vec<Value>, id: &str) -> Option<Value> {
    let at = all.iter().position(|item| item["id"] == id)?;
    all.remove(at);
    Some(json!({"success": true}))
}

fn key() -> Value {
    json!({"name": "api_key", "displayName": "Key", "description": "The key.", "required": true, "is_secret": true})
}

/// Keylatch knows acme itself; about the other it has to ask through the proxy.
fn toolkit(slug: &str) -> Value {
    json!({"slug": slug, "name": slug, "get_current_user_endpoint": "/me", "base_url": "https://api.acme.example/v1",
        "auth_config_details": [{"mode": "API_KEY", "fields": {
            "auth_config_creation": {"required": [], "optional": []},
            "connected_account_initiation": {"required": [key()], "optional": []}}}]})
}
