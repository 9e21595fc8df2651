//! Reads where a credential goes in a request, and sees to it that only one thing goes to a place.

use serde_json::Value;

use super::super::definition::{Encoding, Inject, List};
use super::super::template;
use super::node::Known;
use super::{Node, Text};

/// Headers that are no app's to set.
const OURS: [&str; 5] = ["host", "content-length", "transfer-encoding", "connection", "proxy-authorization"];

pub(super) fn inject(node: &mut Node, known: Known<'_>, headers: &[(Text, Text)], base_url: &str) -> List<Inject> {
    let inject = node.list(|n| injection(n, known));
    for (i, this) in inject.iter().enumerate() {
        let Some(place) = place(this) else { continue };
        if inject[..i].iter().any(|before| self::place(before).is_some_and(|p| p == place)) {
            let instead = "remove one, or write both values as one, such as \"{account}:{api_key}\"";
            node.get(i).mistake("goes where another injection goes", instead);
        }
        if place.0 == "header" && headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(&place.1)) {
            node.get(i).mistake("is a header that stands in `headers` too", "remove it from `headers`");
        }
    }
    for (i, this) in inject.iter().enumerate() {
        // An unknown place is read as this one, and has been said.
        let is_path = node.get(i).get("in").value.and_then(Value::as_str) == Some("path");
        if is_path && *this == Inject::Path && template::names(base_url).is_empty() {
            let instead = "write the field there, such as \"https://api.acme.com/{api_key}\"";
            node.get(i).mistake("says that the secret stands in `base_url`, where no field stands", instead);
        }
    }
    inject
}

/// Two injections of the same place would be sent as two headers or two parameters.
fn place(inject: &Inject) -> Option<(&'static str, String)> {
    match inject {
        Inject::Header { name, .. } => Some(("header", name.to_ascii_lowercase())),
        Inject::Query { name, .. } => Some(("query", name.to_string())),
        Inject::Basic { .. } | Inject::AwsSigv4 { .. } => Some(("header", "authorization".into())),
        Inject::Body { name, .. } => Some(("body", name.to_string())),
        Inject::Path => None,
    }
}

fn injection(node: &mut Node, known: Known<'_>) -> Inject {
    match node.get("in").text().as_ref() {
        "header" => {
            node.object(&["in", "name", "value"]);
            let name = node.get("name").text();
            header_name_mistakes(&mut node.get("name"), &name);
            Inject::Header { name, value: node.get("value").template(known) }
        }
        "query" => {
            node.object(&["in", "name", "value"]);
            Inject::Query { name: node.get("name").text(), value: node.get("value").template(known) }
        }
        "basic" => {
            node.object(&["in", "username", "password"]);
            let mut side = |key: &str| match node.get(key).value {
                Some(Value::String(text)) if text.is_empty() => Text::Borrowed(""),
                _ => node.get(key).template(known),
            };
            Inject::Basic { username: side("username"), password: side("password") }
        }
        "path" => {
            node.object(&["in"]);
            Inject::Path
        }
        "body" => {
            node.object(&["in", "name", "value", "encoding"]);
            Inject::Body {
                name: node.get("name").text(),
                value: node.get("value").template(known),
                encoding: encoding(&mut node.get("encoding")),
            }
        }
        "aws_sigv4" => {
            let keys = ["service", "region", "access_key_id", "secret_access_key"];
            node.object(&[&["in", "session_token"][..], &keys].concat());
            let [service, region, access_key_id, secret_access_key] = keys.map(|key| node.get(key).template(known));
            let has_token = node.get("session_token").value.is_some();
            let session_token = has_token.then(|| node.get("session_token").template(known));
            Inject::AwsSigv4 { service, region, access_key_id, secret_access_key, session_token }
        }
        _ => {
            node.get("in").not_one_of(&["header", "query", "basic", "path", "body", "aws_sigv4"]);
            Inject::Path
        }
    }
}

/// How the members of a body are written.
fn encoding(node: &mut Node) -> Encoding {
    match node.optional_text().as_deref() {
        None | Some("json") => Encoding::Json,
        Some("form") => Encoding::Form,
        Some(_) => {
            node.not_one_of(&["json", "form"]);
            Encoding::Json
        }
    }
}

pub(super) fn headers(node: &mut Node) -> List<(Text, Text)> {
    let Some(map) = node.map() else { return List::Borrowed(&[]) };
    map.keys()
        .map(|name| {
            header_name_mistakes(&mut node.get(name), name);
            let value = node.get(name).text();
            if value.bytes().any(|b| !(0x20..0x7f).contains(&b)) {
                node.get(name).mistake("must be plain ASCII", "write it without accents, line breaks and tabs");
            }
            if value.contains(['{', '}']) {
                node.get(name).mistake("is fixed, so it has no placeholders", "write it as an injection in the header");
            }
            (Text::Owned(name.clone()), value)
        })
        .collect()
}

fn header_name_mistakes(node: &mut Node, name: &str) {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if !name.is_empty() && !name.bytes().all(token) {
        let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_').collect();
        node.mistake(
            "is not the name of a header",
            format!("write \"{plain}\" or the like, without spaces and colons"),
        );
    } else if OURS.contains(&name.to_ascii_lowercase().as_str()) {
        node.mistake("is a header that the HTTP client sets", "remove it");
    }
}
