//! Composio's error bodies, of v3.1 and of v1, as errors of ours.

use serde_json::Value;

use super::model::whole;
use crate::catalog::FieldDef;
use crate::error::{Error, ErrorKind, Problem, Upstream};
use crate::scrub::Mask;

/// The error for an answer that is not 2xx. The request's id is the one in its header, else in its body, else `sent`.
pub(super) fn read(status: u16, body: Option<&Value>, header_id: Option<&str>, sent: &str, mask: &Mask) -> Error {
    let mut upstream = upstream(status, body, mask);
    let told = header_id.map(|id| mask.scrub(id)).filter(|id| !id.is_empty());
    upstream.request_id = told.or(upstream.request_id).or_else(|| Some(mask.scrub(sent)));
    let (kind, what) = kind_of(&upstream);
    let error = match &upstream.message {
        Some(message) => Error::quoting(kind, what, Some(message), upstream.suggested_fix.as_ref()),
        None => Error::new(kind, format!("{what} (HTTP {status})")),
    };
    let fields = fields_named(kind, &upstream, body, mask);
    error.with_fields(fields).with_upstream(upstream)
}

fn upstream(status: u16, body: Option<&Value>, mask: &Mask) -> Upstream {
    let none = Value::Null;
    let body = body.unwrap_or(&none);
    // v3.1 puts everything below `error`, v1 at the top; a gateway in between may send just a text.
    let at = if body["error"].is_object() { &body["error"] } else { body };
    let text =
        |names: &[&str]| names.iter().find_map(|n| at[n].as_str()).filter(|t| !t.is_empty()).map(|t| mask.scrub(t));
    Upstream {
        status,
        code: whole(&at["code"]).or_else(|| at["code"].as_str()?.parse().ok()),
        slug: text(&["slug", "name"]),
        message: text(&["message"]).or_else(|| body["error"].as_str().map(|t| mask.scrub(t))),
        suggested_fix: text(&["suggested_fix", "suggestedFix"]),
        request_id: text(&["request_id", "requestId"]),
    }
}

fn kind_of(upstream: &Upstream) -> (ErrorKind, &'static str) {
    let slug = upstream.slug.as_deref().unwrap_or_default();
    let says = |word: &str| upstream.message.as_deref().unwrap_or_default().to_ascii_lowercase().contains(word);
    match (upstream.code.unwrap_or_default(), upstream.status) {
        (612, _) => (ErrorKind::MissingFields, "Composio misses fields"),
        (606 | 607, _) => (ErrorKind::NotFound, "Composio knows no such connection"),
        (1803 | 1810, _) => (ErrorKind::NotFound, "Composio found no connection to use"),
        (600, 400) if says("alias") => (ErrorKind::AlreadyExists, "Composio refused the alias"),
        (_, 401) => (ErrorKind::Unauthorized, "Composio refused the project's API key"),
        (_, 403) => (ErrorKind::Unauthorized, "the project's API key may not do that"),
        (_, 404) if slug.starts_with("Tool_") || slug.starts_with("ActionNotFound") => {
            (ErrorKind::InvalidArgument, "Composio knows no such action")
        }
        (_, 404) if slug.starts_with("Toolkit") || slug.starts_with("AppNotFound") => {
            (ErrorKind::UnknownApp, "Composio knows no such app")
        }
        (_, 404) => (ErrorKind::NotFound, "Composio found nothing there"),
        (_, 410) => (ErrorKind::Server, "Composio no longer offers this; another api_version may"),
        (_, 408) => (ErrorKind::Timeout, "Composio ran out of time"),
        (_, 429) => (ErrorKind::RateLimited, "Composio asks to come back later"),
        (_, 400) if says("missing") => (ErrorKind::MissingFields, "Composio misses fields"),
        (_, 400..=499) => (ErrorKind::InvalidArgument, "Composio refused the call"),
        (_, 300..=399) => (ErrorKind::Server, "what answered redirects elsewhere; check base_url"),
        _ => (ErrorKind::Server, "Composio failed"),
    }
}

/// The names in the body: display names behind a colon, wire names in the list of problems.
fn fields_named(kind: ErrorKind, upstream: &Upstream, body: Option<&Value>, mask: &Mask) -> Vec<String> {
    let argument = match kind {
        ErrorKind::MissingFields => None,
        ErrorKind::AlreadyExists => Some("alias"),
        ErrorKind::UnknownApp => Some("app"),
        ErrorKind::InvalidArgument if upstream.status == 404 => Some("action"),
        _ => return Vec::new(),
    };
    if let Some(argument) = argument {
        return vec![argument.to_owned()];
    }
    let mut names: Vec<String> = Vec::new();
    let none = Value::Null;
    let body = body.unwrap_or(&none);
    for problem in body["error"]["errors"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        names.extend(problem.split_once(' ').map(|(name, _)| mask.scrub(name).to_string()));
    }
    for problem in body["details"].as_array().into_iter().flatten() {
        let property = problem["property"].as_str().unwrap_or_default();
        names.extend(property.rsplit('.').next().filter(|n| !n.is_empty()).map(|name| mask.scrub(name).to_string()));
    }
    if names.is_empty() {
        let listed = upstream.message.as_deref().and_then(|m| m.split_once(':')).map_or("", |(_, list)| list);
        names.extend(listed.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()));
    }
    names
}

/// The same error with wire names in the place of display names, as far as `fields` tell them.
pub(super) fn with_wire_names(error: Error, fields: &[FieldDef]) -> Error {
    if error.kind() != ErrorKind::MissingFields {
        return error;
    }
    let bare = |name: &str| name.trim_matches(['`', '"', '\'', '.']).to_owned();
    let names = error.fields().iter().map(|given| {
        let given = bare(given);
        let same = |f: &&FieldDef| f.name.eq_ignore_ascii_case(&given) || f.display_name.eq_ignore_ascii_case(&given);
        fields.iter().find(same).map_or(given.clone(), |f| f.name.to_string())
    });
    let problems: Vec<Problem> = names
        .map(|field| Problem {
            message: format!("`{field}` is missing, says Composio"),
            field,
            code: ErrorKind::MissingFields,
        })
        .collect();
    let upstream = error.upstream().cloned();
    let found = Error::of_problems(problems, Vec::new());
    match (found, upstream) {
        (Some(error), Some(upstream)) => error.with_upstream(upstream),
        (found, _) => found.unwrap_or(error),
    }
}
