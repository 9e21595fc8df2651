//! Reads what is made out of a user's values: signed tokens (`jwt`), and tokens that the app gives for them (`trade`).

use super::super::definition::{
    Algorithm, Check, Encoding, Expiry, FieldDef, Inject, JwtDef, KeyForm, List, Text, TradeDef,
};
use super::checks::{meaning, pointer};
use super::node::{Known, Node};
use super::places;

/// A day: tokens that live longer are keys.
const LONGEST: u64 = 86_400;

/// The names of what is made. They must not be those of fields.
pub(super) fn made(node: &mut Node, fields: &[FieldDef], jwt: bool, trade: bool) -> Vec<&'static str> {
    let made: Vec<_> = [("jwt", jwt), ("access_token", trade)].into_iter().filter(|m| m.1).map(|m| m.0).collect();
    for (i, _) in fields.iter().enumerate().filter(|(_, field)| made.contains(&field.name.as_ref())) {
        node.get("fields")
            .get(i)
            .get("name")
            .mistake("is the name of what is made out of the fields", "give the field another name");
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
            node.get("alg").not_one_of(&["RS256", "ES256", "HS256"]);
            Algorithm::Hs256
        }
    };
    let key_form = match node.get("key_form").optional_text().as_deref() {
        None => KeyForm::Plain,
        Some("hex") => KeyForm::Hex,
        Some("base64") => KeyForm::Base64,
        Some(_) => {
            node.get("key_form").not_one_of(&["hex", "base64"]);
            KeyForm::Plain
        }
    };
    if alg != Algorithm::Hs256 && key_form != KeyForm::Plain {
        node.get("key_form").mistake("is for HS256; the keys of others are PEM", "remove it");
    }
    let key = node.get("key").template(known);
    if super::template::names(&key).len() != 1 {
        node.get("key").mistake("must hold one field", "write it such as \"{private_key}\"");
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
        node.get("method").not_one_of(&["GET", "POST"]);
    }
    let url = node.get("url").template(known);
    let hosts = node.get("hosts").list(|n| n.text());
    url_mistakes(node, &url, &hosts);
    let headers = places::headers(&mut node.get("headers"));
    let mut inject = places::inject(&mut node.get("inject"), known, &headers, &url).into_owned();
    if inject.iter().any(|i| !matches!(i, Inject::Header { .. } | Inject::Basic { .. } | Inject::Query { .. })) {
        let instead = "write what goes into the body as `form` or `json`";
        node.get("inject").mistake("must be header, query or basic", instead);
    }
    inject.extend(body(node, known));
    let token = pointer(node.get("token"));
    if token.is_none() {
        let instead = "add \"token\": \"/access_token\" or the like, a JSON pointer to the token";
        node.get("token").mistake("is missing", instead);
    }
    Some(TradeDef {
        headers,
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
        node.get("json").mistake("stands beside `form`, but a request has one of them", "remove one of the two");
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
            node.get("expires_at").mistake("stands beside `expires_in`", "remove one of the two");
            Expiry::In(at)
        }
    }
}

/// A credential that names the address of its own trade could send it anywhere.
fn url_mistakes(node: &mut Node, url: &str, hosts: &[Text]) {
    let whole = url.starts_with('{');
    if !url.is_empty() && !whole && !url.starts_with('/') && !url.starts_with("https://") {
        let instead = "write a path below the base URL, an https address, or one field";
        node.get("url").mistake("must start with / or https://, or be one field", instead);
    }
    if url.starts_with("https://") && super::template::host(url).contains('{') {
        let instead = "write the host, or one field that is the whole address, with `hosts`";
        node.get("url").mistake("must have a fixed host", instead);
    }
    if whole && hosts.is_empty() {
        let instead = "add \"hosts\": [ \"*.acme.example\" ], where the address may be";
        node.get("hosts").mistake("are needed where a value names the address", instead);
    }
    if !whole && !hosts.is_empty() {
        node.get("hosts").mistake("are for an address that a value names", "remove them");
    }
    for (i, host) in hosts.iter().enumerate() {
        let name = host.strip_prefix("*.").unwrap_or(host);
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
        if !plain || !name.contains('.') {
            node.get("hosts")
                .get(i)
                .mistake("must be a host, or *. and a domain", "write it such as \"*.acme.example\"");
        }
    }
}

/// An object of texts, each a template.
fn members(node: &mut Node, known: Known<'_>, ours: &[&str]) -> List<(Text, Text)> {
    let Some(map) = node.map() else { return List::Borrowed(&[]) };
    map.keys()
        .map(|name| {
            if ours.contains(&name.as_str()) {
                node.get(name).mistake("is put in by Keylatch", "remove it");
            }
            (Text::Owned(name.clone()), node.get(name).template(known))
        })
        .collect()
}

fn seconds(node: &mut Node) -> u32 {
    let seconds = node.value.and_then(serde_json::Value::as_u64).filter(|n| (1..=LONGEST).contains(n));
    seconds.and_then(|n| u32::try_from(n).ok()).unwrap_or_else(|| {
        node.mistake("must be a number of seconds, at most a day", "write it without quotes, such as 3600");
        1
    })
}
