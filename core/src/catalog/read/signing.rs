//! Reads what is made out of a user's values: signed tokens (`jwt`), and tokens that the app gives for them (`trade`).

use super::super::definition::{
    Algorithm, Check, Encoding, Expiry, FieldDef, Inject, JwtDef, KeyForm, List, Text, TradeDef,
};
use super::checks::{meaning, pointer};
use super::inject::{self, injection};
use super::node::{Known, Node};

/// A day: tokens that live longer are keys.
const LONGEST: u64 = 86_400;

/// The names of what is made. They must not be those of fields.
pub(super) fn made(node: &mut Node, fields: &[FieldDef], jwt: bool, trade: bool) -> Vec<&'static str> {
    let made: Vec<_> = [("jwt", jwt), ("access_token", trade)].into_iter().filter(|m| m.1).map(|m| m.0).collect();
    for (i, _) in fields.iter().enumerate().filter(|(_, field)| made.contains(&field.name.as_ref())) {
        node.get("fields").get(i).get("name").mistake("is the name of what is made out of the fields");
    }
    made
}

pub(super) fn jwt(node: &mut Node, known: Known<'_>) -> Option<JwtDef> {
    node.value?;
    node.object(&["alg", "key", "key_form", "header", "claims", "lifetime"]);
    let alg = match node.get("alg").text().as_ref() {
        "RS256" => Algorithm::Rs256,
        "ES256" => Algorithm::Es256,
        "HS256" => Algorithm::Hs256,
        _ => {
            node.get("alg").mistake("must be RS256, ES256 or HS256");
            Algorithm::Hs256
        }
    };
    let key_form = match node.get("key_form").optional_text().as_deref() {
        None => KeyForm::Plain,
        Some("hex") => KeyForm::Hex,
        Some("base64") => KeyForm::Base64,
        Some(_) => {
            node.get("key_form").mistake("must be hex or base64");
            KeyForm::Plain
        }
    };
    if alg != Algorithm::Hs256 && key_form != KeyForm::Plain {
        node.get("key_form").mistake("is for HS256; the keys of others are PEM");
    }
    let key = node.get("key").template(known);
    if super::template::names(&key).len() != 1 {
        node.get("key").mistake("must hold one field");
    }
    Some(JwtDef {
        alg,
        key,
        key_form,
        header: members(&mut node.get("header"), known, &["alg", "typ"]),
        claims: members(&mut node.get("claims"), known, &["iat", "exp"]),
        lifetime: seconds(&mut node.get("lifetime")),
    })
}

pub(super) fn trade(node: &mut Node, known: Known<'_>, jwt: bool) -> Option<TradeDef> {
    node.value?;
    let request = ["method", "url", "hosts", "headers", "inject", "form", "json"];
    let answer = ["accept", "when", "verdicts", "token", "expires_in", "expires_at", "lifetime"];
    node.object(&[&request[..], &answer].concat());
    let known = Known { made: if jwt { &["jwt"] } else { &[] }, ..known };
    let method = node.get("method").optional_text().unwrap_or(Text::Borrowed("POST"));
    if !["GET", "POST"].contains(&method.as_ref()) {
        node.get("method").mistake("must be GET or POST");
    }
    let url = node.get("url").template(known);
    let hosts = node.get("hosts").list(|n| n.text());
    url_mistakes(node, &url, &hosts);
    let mut inject = node.get("inject").list(|n| injection(n, known)).into_owned();
    if inject.iter().any(|i| !matches!(i, Inject::Header { .. } | Inject::Basic { .. } | Inject::Query { .. })) {
        node.get("inject").mistake("must be header, query or basic; the body is `form` or `json`");
    }
    inject.extend(body(node, known));
    let token = pointer(node.get("token"));
    if token.is_none() {
        node.get("token").mistake("is missing: a JSON pointer to the token");
    }
    Some(TradeDef {
        headers: inject::headers(&mut node.get("headers")),
        hosts,
        inject: inject.into(),
        token: token.unwrap_or_default(),
        expiry: expiry(node),
        check: Check { method, path: url, ..meaning(node) },
    })
}

fn body(node: &mut Node, known: Known<'_>) -> Vec<Inject> {
    let kinds = [("form", Encoding::Form), ("json", Encoding::Json)];
    let mut given = kinds.into_iter().filter(|(key, _)| node.get(key).value.is_some());
    let (first, second) = (given.next(), given.next());
    if second.is_some() {
        node.get("json").mistake("stands beside `form`: a request has one of them");
    }
    let Some((key, encoding)) = first else { return Vec::new() };
    let body = members(&mut node.get(key), known, &[]);
    body.iter().map(|(name, value)| Inject::Body { name: name.clone(), value: value.clone(), encoding }).collect()
}

fn expiry(node: &mut Node) -> Expiry {
    match (pointer(node.get("expires_in")), pointer(node.get("expires_at"))) {
        (Some(at), None) => Expiry::In(at),
        (None, Some(at)) => Expiry::At(at),
        (None, None) => Expiry::Lifetime(seconds(&mut node.get("lifetime"))),
        (Some(at), Some(_)) => {
            node.get("expires_at").mistake("stands beside `expires_in`: give one of them");
            Expiry::In(at)
        }
    }
}

/// A credential that names the address of its own trade could send it anywhere.
fn url_mistakes(node: &mut Node, url: &str, hosts: &[Text]) {
    let whole = url.starts_with('{');
    if !url.is_empty() && !whole && !url.starts_with('/') && !url.starts_with("https://") {
        node.get("url").mistake("must start with / (below the base URL) or https://, or be one field");
    }
    if url.starts_with("https://") && super::template::host(url).contains('{') {
        node.get("url").mistake("must have a fixed host; where a value names it, give it as one field with `hosts`");
    }
    if whole && hosts.is_empty() {
        node.get("hosts").mistake("are needed where a value names the address, such as *.acme.example");
    }
    if !whole && !hosts.is_empty() {
        node.get("hosts").mistake("are for an address that a value names");
    }
    for (i, host) in hosts.iter().enumerate() {
        let name = host.strip_prefix("*.").unwrap_or(host);
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
        if !plain || !name.contains('.') {
            node.get("hosts").get(i).mistake("must be a host, or *. and a domain");
        }
    }
}

/// An object of texts, each a template.
fn members(node: &mut Node, known: Known<'_>, ours: &[&str]) -> List<(Text, Text)> {
    let Some(map) = node.map() else { return List::Borrowed(&[]) };
    map.keys()
        .map(|name| {
            if ours.contains(&name.as_str()) {
                node.get(name).mistake("is put in by Keylatch");
            }
            (Text::Owned(name.clone()), node.get(name).template(known))
        })
        .collect()
}

fn seconds(node: &mut Node) -> u32 {
    let seconds = node.value.and_then(serde_json::Value::as_u64).filter(|n| (1..=LONGEST).contains(n));
    seconds.and_then(|n| u32::try_from(n).ok()).unwrap_or_else(|| {
        node.mistake("must be a number of seconds, at most a day");
        1
    })
}
