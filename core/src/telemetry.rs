//! Spans: one for each operation, and within it one for each request and each work of the store. Names are OpenTelemetry's where
//! it has one. What they tell is ids, kinds and counts: nothing that a user, an app or a server wrote. Without a subscriber a
//! span is one look at a number.

use tracing::{Instrument as _, Span, debug_span, field, trace_span};

use crate::app::{App, ExpectedParams, Integration};
use crate::calls::{ActionResult, Response};
use crate::connection::{Connection, ConnectionRequest, Page, Rechecks, Verification};
use crate::error::{ErrorKind, Result};
use crate::io::{Fault, Incoming, Outgoing};
use crate::stream::Flow;

/// What spans of operations are called, before their own name.
pub(crate) const OPERATION: &str = "keylatch.";

/// The span of an operation, by its name as `docs/calls.md` has it.
macro_rules! operation {
    ($name:literal) => {
        tracing::info_span!(
            target: "keylatch",
            concat!("keylatch.", $name),
            "otel.kind" = "internal",
            "otel.status_code" = tracing::field::Empty,
            "error.type" = tracing::field::Empty,
            "http.request.resend_count" = tracing::field::Empty,
            "http.response.status_code" = tracing::field::Empty,
            "keylatch.app" = tracing::field::Empty,
            "keylatch.connection.id" = tracing::field::Empty,
            "keylatch.integration.id" = tracing::field::Empty,
            "keylatch.status" = tracing::field::Empty,
            "keylatch.verdict" = tracing::field::Empty,
        )
    };
}
pub(crate) use operation;

/// Does the work of an operation within its span, which tells how it ended.
pub(crate) async fn told<T: Outcome>(span: Span, work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut waiting = Waiting { span, still: true };
    let outcome = work.instrument(waiting.span.clone()).await;
    waiting.still = false;
    note(&waiting.span, &outcome);
    outcome
}

/// Of an operation that nobody waits for any more, or that panics, the span tells that it was not finished.
struct Waiting {
    span: Span,
    still: bool,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.still {
            let kind = if std::thread::panicking() { ErrorKind::Internal } else { ErrorKind::Cancelled };
            fail(&self.span, kind);
        }
    }
}

/// As [`told`], for work that does not wait.
pub(crate) fn told_now<T: Outcome>(span: Span, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let outcome = span.in_scope(work);
    note(&span, &outcome);
    outcome
}

fn note<T: Outcome>(span: &Span, outcome: &Result<T>) {
    if span.is_disabled() {
        return;
    }
    match outcome {
        Ok(result) => result.tell(span),
        Err(error) => fail(span, error.kind()),
    }
}

fn fail(span: &Span, kind: ErrorKind) {
    span.record("error.type", kind.code());
    span.record("otel.status_code", "ERROR");
}

/// The span of a request. The host is told where the user has not named it.
pub(crate) fn request(outgoing: &Outgoing) -> Span {
    let span = debug_span!(
        target: "keylatch::http",
        "http request",
        "otel.kind" = "client",
        "otel.name" = field::Empty,
        "otel.status_code" = field::Empty,
        "error.type" = field::Empty,
        "http.request.method" = field::Empty,
        "http.response.status_code" = field::Empty,
        "server.address" = field::Empty,
        "server.port" = field::Empty,
    );
    if span.is_disabled() {
        return span;
    }
    let (method, uri) = (method(outgoing.request.method()), outgoing.request.uri());
    span.record("otel.name", method);
    span.record("http.request.method", method);
    if let (None, Some(host)) = (outgoing.guarded, uri.host()) {
        span.record("server.address", host.trim_matches(['[', ']']));
        let usual = if uri.scheme_str() == Some("http") { 80 } else { 443 };
        span.record("server.port", uri.port_u16().unwrap_or(usual));
    }
    span
}

/// Waits for the answer within the request's span, which tells of it.
pub(crate) async fn answered(
    span: Span,
    answer: impl Future<Output = Result<Incoming, Fault>>,
) -> Result<Incoming, Fault> {
    let outcome = answer.instrument(span.clone()).await;
    if span.is_disabled() {
        return outcome;
    }
    if let Ok(answer) = &outcome {
        span.record("http.response.status_code", answer.status);
    }
    let wrong = match &outcome {
        Ok(answer) if answer.status < 400 => return outcome,
        Ok(answer) => answer.status.to_string(),
        Err(fault) => fault.code().to_owned(),
    };
    span.record("error.type", wrong.as_str());
    span.record("otel.status_code", "ERROR");
    outcome
}

/// The method, or `_OTHER`: a host may have made one up.
pub(crate) fn method(of: &http::Method) -> &'static str {
    match of.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}

/// The span of work on the store.
pub(crate) fn store(is_local: bool) -> Span {
    let system = if is_local { "sqlite" } else { "postgresql" };
    trace_span!(target: "keylatch::store", "store", "otel.kind" = "client", "db.system.name" = system)
}

/// What the span of an operation that went well tells of its result.
pub(crate) trait Outcome {
    fn tell(&self, _span: &Span) {}
}

impl Outcome for Connection {
    fn tell(&self, span: &Span) {
        span.record("keylatch.app", self.app.as_str());
        span.record("keylatch.connection.id", self.id.as_str());
        span.record("keylatch.integration.id", self.integration_id.as_str());
        span.record("keylatch.status", self.status.as_str());
    }
}

impl Outcome for ConnectionRequest {
    fn tell(&self, span: &Span) {
        span.record("keylatch.connection.id", self.connected_account_id.as_str());
        span.record("keylatch.status", self.connection_status.as_str());
        span.record("keylatch.verdict", self.verdict.as_str());
    }
}

impl Outcome for Verification {
    fn tell(&self, span: &Span) {
        span.record("keylatch.connection.id", self.connected_account_id.as_str());
        span.record("keylatch.status", self.status.as_str());
        span.record("keylatch.verdict", self.verdict.as_str());
    }
}

impl Outcome for App {
    fn tell(&self, span: &Span) {
        span.record("keylatch.app", self.slug.as_str());
    }
}

impl Outcome for Integration {
    fn tell(&self, span: &Span) {
        span.record("keylatch.app", self.app.as_str());
        span.record("keylatch.integration.id", self.id.as_str());
    }
}

impl Outcome for ExpectedParams {
    fn tell(&self, span: &Span) {
        span.record("keylatch.app", self.app.as_str());
        span.record("keylatch.integration.id", self.integration_id.as_str());
    }
}

/// An answer, and the path that it came from.
impl Outcome for (Response, String) {
    fn tell(&self, span: &Span) {
        span.record("http.response.status_code", self.0.status);
        span.record("http.request.resend_count", self.0.tries.saturating_sub(1));
    }
}

impl Outcome for Flow {
    fn tell(&self, span: &Span) {
        span.record("http.response.status_code", self.head().status);
        span.record("http.request.resend_count", self.head().tries.saturating_sub(1));
    }
}

impl<T> Outcome for Vec<T> {}
impl<T> Outcome for Page<T> {}
impl Outcome for (Response, Option<String>) {}

/// Results of which there is nothing more to tell.
macro_rules! nothing_more {
    ($($type:ty),*) => { $(impl Outcome for $type {})* };
}
nothing_more! {
    (), ActionResult, Rechecks, crate::Secret, crate::Rotation, crate::Exported, crate::Imported, crate::Diagnosis,
    crate::AuditLog, crate::AuditCheck, crate::backend::Opened
}
