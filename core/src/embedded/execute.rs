//! Actions: the catalogue's named requests, done with a user's connection.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Embedded, check_name};
use crate::audit::Action;
use crate::calls::{ActionResult, ExecuteAction};
use crate::choice::Whose;
use crate::error::{Error, ErrorKind, Result};
use crate::io::{Incoming, Io};
use crate::limits::retry_after;
use crate::provider::ActionRequest;
use crate::retry::Tries;
use crate::scrub::{Mask, Scrubbed};

/// Where apps put the sentence that says why they refuse.
const REASONS: [&str; 9] = [
    "/error/message",
    "/message",
    "/error_description",
    "/error",
    "/detail",
    "/errors/0/message",
    "/errors/0/detail",
    "/errors/0",
    "/description",
];

impl<I: Io> Embedded<I> {
    pub(crate) async fn execute_action(&self, ask: ExecuteAction) -> Result<ActionResult> {
        self.must_be_open()?;
        check_name("action", &ask.action)?;
        let (app, action) = self.catalog.action(&ask.action)?;
        let request = ActionRequest::new(&action, ask.params)?;
        let whose = Whose {
            connected_account_id: ask.connected_account_id.as_deref(),
            entity_id: ask.entity_id.as_deref(),
            app: Some(&app.slug),
        };
        let opened = self.opened_for(&whose).await?;
        let target = opened.integration.target(&self.io, &opened.values)?;
        self.note_use(Action::Execute, &opened.row).await?;
        let mut tries = Tries::once(ask.timeout_ms.map_or(self.timeout, Duration::from_millis));
        let (incoming, mask) = self.send(&opened, &target, request.as_host(), &mut tries).await?;
        if (200..300).contains(&incoming.status) {
            return Ok(ActionResult { data: data(&incoming, &mask), successful: true, log_id: None });
        }
        let ours = format!("{} failed: the app answered {}", action.name, incoming.status);
        let theirs = reason(&incoming, &mask);
        let error =
            Error::quoting(ErrorKind::ActionFailed, ours, theirs.as_ref(), None).with_connection(&opened.row.id);
        Err(error.with_retry_after(retry_after(&incoming.headers)))
    }
}

/// The answer as a JSON object: what is none stands in one.
fn data(incoming: &Incoming, mask: &Mask) -> Value {
    if incoming.body.trim_ascii().is_empty() {
        return Value::Object(Map::new());
    }
    match read(incoming, mask) {
        Some(object @ Value::Object(_)) => object,
        Some(value) => json!({"value": value}),
        None => json!({"value": String::from_utf8_lossy(&incoming.body)}),
    }
}

/// What the app says of its refusal, where it says it in JSON.
fn reason(incoming: &Incoming, mask: &Mask) -> Option<Scrubbed> {
    let json = read(incoming, mask)?;
    REASONS.iter().find_map(|at| {
        let told = mask.scrub(json.pointer(at)?.as_str()?);
        (!told.is_empty()).then_some(told)
    })
}

fn read(incoming: &Incoming, mask: &Mask) -> Option<Value> {
    let mut json = serde_json::from_slice(&incoming.body).ok()?;
    mask.apply_json(&mut json);
    Some(json)
}
