//! An app as the outside: knows good keys and bad ones, trades a client's secret for tokens, and withdraws them.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde_json::{Value, json};

use super::outside::World;
use crate::io::Incoming;

pub(super) const GOOD: &str = "sk-good-0123456789";
pub(super) const BETTER: &str = "sk-good-9876543210";
pub(super) const BAD: &str = "sk-bad-0123456789";

#[derive(Default)]
pub(super) struct Provider {
    /// Number of the token that is good; each that is given out takes the place of the former.
    token: AtomicU64,
    /// How often one was asked for.
    pub(super) asked: AtomicU64,
}

impl Provider {
    pub(super) fn withdraw_token(&self) {
        self.token.fetch_add(1, Ordering::SeqCst);
    }
}

impl World for Provider {
    fn answer(&self, request: &http::Request<Bytes>) -> Incoming {
        let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let credential = header.unwrap_or_default().trim_start_matches("Bearer ");
        let token = self.token.load(Ordering::SeqCst);
        match request.uri().path() {
            "/v1/token" => {
                self.asked.fetch_add(1, Ordering::SeqCst);
                let token = self.token.fetch_add(1, Ordering::SeqCst) + 1;
                answer(200, &json!({"access_token": format!("token-{token}"), "expires_in": 3600}))
            }
            "/v1/nobody" => answer(401, &json!({"error": "not this way"})),
            _ if credential.starts_with("sk-good-") || credential == format!("token-{token}") => {
                answer(200, &json!({"name": "Ada"}))
            }
            _ => answer(401, &json!({"error": "who?"})),
        }
    }
}

pub(super) fn answer(status: u16, json: &Value) -> Incoming {
    Incoming { status, headers: Vec::new(), body: json.to_string().into_bytes() }
}

/// The app that takes keys, with an action.
pub(super) fn acme() -> Value {
    json!({
        "slug": "acme", "name": "Acme", "category": "test", "docs_url": "https://acme.example/docs",
        "schemes": [{
            "auth_scheme": "API_KEY",
            "fields": [{"name": "api_key", "display_name": "Key", "description": "The key.", "secret": true,
                        "help_url": "https://acme.example/keys"}],
            "base_url": "https://api.acme.example/v1",
            "inject": [{"in": "header", "name": "Authorization", "value": "Bearer {api_key}"}],
            "checks": [{"method": "GET", "path": "/me", "account": "/name"}]
        }],
        "actions": [{"name": "ACME_READ", "description": "Reads.", "method": "GET", "path": "/things"}]
    })
}

/// The app that gives tokens.
pub(super) fn machine() -> Value {
    json!({
        "slug": "machine", "name": "Machine", "category": "test", "docs_url": "https://machine.example/docs",
        "schemes": [{
            "auth_scheme": "API_KEY",
            "fields": [{"name": "client_secret", "display_name": "Secret", "description": "The secret.", "secret": true,
                        "help_url": "https://machine.example/keys"}],
            "base_url": "https://api.machine.example/v1",
            "trade": {"url": "/token", "form": {"secret": "{client_secret}"}, "token": "/access_token",
                      "expires_in": "/expires_in"},
            "inject": [{"in": "header", "name": "Authorization", "value": "Bearer {access_token}"}],
            "checks": [{"method": "GET", "path": "/me"}]
        }]
    })
}
