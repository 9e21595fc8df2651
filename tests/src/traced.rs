//! Every log line of every library on standard error, and a check that the core's own carry ids and kinds only.

use std::fmt::Debug;
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

use crate::captured::Captured;

/// What an event of the core's may tell. No name here may ever stand for a text that a user, an app or a server wrote.
#[rustfmt::skip]
const FIELDS: [&str; 27] = [
    "db.response.status_code", "db.system.name", "error.type", "http.request.method", "http.request.resend_count",
    "http.response.status_code", "keylatch.action", "keylatch.app", "keylatch.connection.id", "keylatch.connections",
    "keylatch.dry_run", "keylatch.integration.id", "keylatch.integrations", "keylatch.key.id", "keylatch.remaining",
    "keylatch.resealed", "keylatch.route", "keylatch.status", "keylatch.tries", "keylatch.verdict", "log.target", "message",
    "otel.kind", "otel.name", "otel.status_code", "server.address", "server.port",
];
const LONGEST_VALUE: usize = 64;
/// The event that the check must find fault with, or it is blind.
const CONTROL: &str = "credential";

static FAULTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What cases ask for alone.
pub fn captured() {
    let ours = Targets::new().with_target("keylatch", LevelFilter::TRACE);
    tracing_subscriber::registry().with(Captured.with_filter(ours)).init();
}

/// Turns all of it on, for the search for credentials in logs.
pub fn everything() {
    // Not what this program's own HTTP client says: it carries the double's log, credentials and all.
    let all_but_ours = Targets::new()
        .with_default(LevelFilter::TRACE)
        .with_target("ureq", LevelFilter::OFF)
        .with_target("ureq_proto", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines).with(Checked).with(Captured).with(all_but_ours).init();
    tracing::debug!(target: "keylatch::control", credential = "");
}

/// What the core's events told that they should not, after a run under [`everything`].
pub fn faults() -> Vec<String> {
    let mut found = FAULTS.lock().expect("no panic").clone();
    let before = found.len();
    found.retain(|fault| !fault.starts_with(CONTROL));
    if before == found.len() {
        found.push("the control was not found".to_owned());
    }
    found
}

struct Checked;

impl<S: Subscriber + for<'s> LookupSpan<'s>> tracing_subscriber::Layer<S> for Checked {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().starts_with("keylatch") {
            event.record(&mut Check);
        }
    }

    fn on_record(&self, span: &tracing::Id, values: &tracing::span::Record<'_>, all: Context<'_, S>) {
        if all.metadata(span).is_some_and(|span| span.target().starts_with("keylatch")) {
            values.record(&mut Check);
        }
    }

    fn on_new_span(&self, span: &tracing::span::Attributes<'_>, _: &tracing::Id, _: Context<'_, S>) {
        if span.metadata().target().starts_with("keylatch") {
            span.record(&mut Check);
        }
    }
}

struct Check;

impl Visit for Check {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let value = format!("{value:?}");
        let plain = |c: char| c.is_ascii_alphanumeric() || " _-.\"()".contains(c);
        if !FIELDS.contains(&field.name()) || value.len() > LONGEST_VALUE || !value.chars().all(plain) {
            FAULTS.lock().expect("no panic").push(format!("{} = {value}", field.name()));
        }
    }
}
