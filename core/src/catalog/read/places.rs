//! Reads where a credential goes in a request, and sees to it that each field goes somewhere, and only one thing to a place.

use serde_json::Value;

use super::super::definition::{FieldDef, Inject, List, SchemeDef};
use super::super::template;
use super::{Node, Text};

/// Headers that are no app's to set.
const OURS: [&str; 5] = ["host", "content-length", "transfer-encoding", "connection", "proxy-authorization"];

pub(super) fn inject(node: &mut Node, fields: &[FieldDef], headers: &[(Text, Text)], base_url: &str) -> List<Inject> {
    let inject = node.list(|n| injection(n, fields));
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
        Inject::Basic { .. } => Some(("header", "authorization".into())),
        Inject::Path => None,
    }
}

fn injection(node: &mut Node, fields: &[FieldDef]) -> Inject {
    match node.get("in").text().as_ref() {
        "header" => {
            node.object(&["in", "name", "value"]);
            let name = node.get("name").text();
            header_name_mistakes(&mut node.get("name"), &name);
            Inject::Header { name, value: node.get("value").template(fields) }
        }
        "query" => {
            node.object(&["in", "name", "value"]);
            Inject::Query { name: node.get("name").text(), value: node.get("value").template(fields) }
        }
        "basic" => {
            node.object(&["in", "username", "password"]);
            let mut side = |key: &str| match node.get(key).value {
                Some(Value::String(text)) if text.is_empty() => Text::Borrowed(""),
                _ => node.get(key).template(fields),
            };
            Inject::Basic { username: side("username"), password: side("password") }
        }
        "path" => {
            node.object(&["in"]);
            Inject::Path
        }
        _ => {
            node.get("in").not_one_of(&["header", "query", "basic", "path"]);
            Inject::Path
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

/// A field that goes nowhere, or a secret that is never sent, is a mistake: the user would type it for nothing.
pub(super) fn unused(node: &mut Node, scheme: &SchemeDef) {
    // Without these there is no request; a header or query part is left out when its optional field is.
    let mut needed = if scheme.login.is_some() { Vec::new() } else { template::names(&scheme.base_url) };
    needed.extend(scheme.checks.iter().flat_map(|c| template::names(&c.path)));
    let mut injected: Vec<&str> = Vec::new();
    for inject in scheme.inject.iter() {
        match inject {
            Inject::Header { value, .. } | Inject::Query { value, .. } => injected.extend(template::names(value)),
            Inject::Basic { username, password } => {
                for side in [username, password] {
                    injected.extend(template::names(side));
                    needed.extend(template::names(side));
                }
            }
            Inject::Path => injected.extend(template::names(&scheme.base_url)),
        }
    }
    if let Some(login) = &scheme.login {
        for (role, template) in login.roles.iter() {
            injected.extend(template::names(template));
            if role == "host" || login.protocol.needed.contains(&role.as_ref()) {
                needed.extend(template::names(template));
            }
        }
    }
    for (i, field) in scheme.fields.iter().enumerate().filter(|(_, f)| template::is_wire_name(&f.name)) {
        let name = field.name.as_ref();
        let is_needed = needed.contains(&name);
        let sent = format!("write {{{name}}} in an injection, such as \"value\": \"Bearer {{{name}}}\"");
        if field.secret && !injected.contains(&name) {
            node.get("fields").get(i).mistake("is secret but `inject` does not send it", sent);
        } else if !is_needed && !injected.contains(&name) {
            node.get("fields").get(i).mistake("is used nowhere", format!("remove it, or {sent}"));
        }
        if !field.required && field.default.is_none() && is_needed {
            let instead = "write \"required\": true, or give a default";
            node.get("fields").get(i).mistake("is needed for every request", instead);
        }
    }
}
