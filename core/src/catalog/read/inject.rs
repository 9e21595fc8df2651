//! Reads where a credential goes in a request, and the fixed headers.

use serde_json::Value;

use super::super::definition::{Encoding, Inject, List, Text};
use super::node::{Known, Node};

pub(super) fn injection(node: &mut Node, known: Known<'_>) -> Inject {
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
            let session_token = node.get("session_token");
            let session_token = session_token.value.is_some().then(|| node.get("session_token").template(known));
            Inject::AwsSigv4 { service, region, access_key_id, secret_access_key, session_token }
        }
        _ => {
            node.get("in").mistake("must be header, query, basic, path, body or aws_sigv4");
            Inject::Path
        }
    }
}

/// How the members of a body are written.
pub(super) fn encoding(node: &mut Node) -> Encoding {
    match node.optional_text().as_deref() {
        None | Some("json") => Encoding::Json,
        Some("form") => Encoding::Form,
        Some(_) => {
            node.mistake("must be json or form");
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
                node.get(name).mistake("must be plain ASCII");
            }
            (Text::Owned(name.clone()), value)
        })
        .collect()
}

fn header_name_mistakes(node: &mut Node, name: &str) {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let ours = ["host", "content-length", "transfer-encoding", "connection", "proxy-authorization"];
    if !name.is_empty() && !name.bytes().all(token) {
        node.mistake("is not the name of a header");
    } else if ours.contains(&name.to_ascii_lowercase().as_str()) {
        node.mistake("is a header that the HTTP client sets");
    }
}
