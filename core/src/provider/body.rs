//! Puts a credential into the body of a request: a member of a JSON object, or a pair of a form.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::value::RawValue;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::fill::fill;
use super::json;
use crate::catalog::{Encoding, Inject};
use crate::error::{Error, Result};
use crate::input::Values;
use crate::secret::Secret;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// The body with everything that belongs into it; its only copy is wiped with the request.
pub(super) fn filled(
    inject: &[Inject],
    values: &Values,
    method: &http::Method,
    headers: &mut Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
) -> Result<Bytes> {
    let mut members: Vec<(&str, Secret)> = Vec::new();
    let mut usual = None;
    for place in inject {
        if let Inject::Body { name, value, encoding } = place {
            usual.get_or_insert(*encoding);
            if let Some(value) = fill(value, values)? {
                members.push((name, value));
            }
        }
    }
    let Some(usual) = usual else { return Ok(body) };
    if method == http::Method::GET || method == http::Method::HEAD {
        let message = "this app takes its credential in the body, which GET and HEAD do not have";
        return Err(Error::argument("method", message));
    }
    let stated = headers.iter().find(|(name, _)| name == CONTENT_TYPE).map(|(_, value)| is_form(value));
    let encoding = match stated {
        Some(true) => Encoding::Form,
        Some(false) => Encoding::Json,
        None if body.is_empty() => usual,
        None => Encoding::Json,
    };
    if stated.is_none() {
        let kind = if encoding == Encoding::Form { FORM } else { JSON };
        headers.push((CONTENT_TYPE, HeaderValue::from_static(kind)));
    }
    let with = if encoding == Encoding::Form { into_form(&body, &members)? } else { into_json(&body, &members)? };
    Ok(Bytes::from_owner(with))
}

fn is_form(kind: &HeaderValue) -> bool {
    kind.as_bytes().get(..FORM.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(FORM.as_bytes()))
}

fn into_form(body: &[u8], members: &[(&str, Secret)]) -> Result<Secret> {
    if let Some((name, _)) = form_urlencoded::parse(body).find(|(name, _)| members.iter().any(|(n, _)| n == name)) {
        return Err(taken(&name));
    }
    let size = |(name, value): &(&str, Secret)| 3 * (name.len() + value.len()) + 2;
    let mut form: Zeroizing<Vec<u8>> =
        Zeroizing::new(Vec::with_capacity(body.len() + members.iter().map(size).sum::<usize>()));
    form.extend_from_slice(body);
    for (name, value) in members {
        if !form.is_empty() {
            form.push(b'&');
        }
        form_urlencoded::byte_serialize(name.as_bytes()).for_each(|piece| form.extend_from_slice(piece.as_bytes()));
        form.push(b'=');
        // expose: into the body
        form_urlencoded::byte_serialize(value.expose()).for_each(|piece| form.extend_from_slice(piece.as_bytes()));
    }
    Ok(Secret::passing(&form))
}

fn into_json(body: &[u8], members: &[(&str, Secret)]) -> Result<Secret> {
    let body = if body.is_empty() { &b"{}"[..] } else { body };
    let given: std::collections::BTreeMap<String, &RawValue> = serde_json::from_slice(body).map_err(|_| {
        let message = "this app takes its credential in the body, which must be a JSON object, or a form whose \
                       content-type says so";
        Error::argument("body", message)
    })?;
    if let Some((name, _)) = members.iter().find(|(name, _)| given.contains_key(*name)) {
        return Err(taken(name));
    }
    let size = |(name, value): &(&str, Secret)| {
        json::longest(name.as_bytes()) + json::longest(value.expose()) + 2 // expose: its length
    };
    let mut object: Zeroizing<Vec<u8>> =
        Zeroizing::new(Vec::with_capacity(body.len() + members.iter().map(size).sum::<usize>()));
    let end = body.iter().rposition(|byte| *byte == b'}').unwrap_or(body.len());
    object.extend_from_slice(&body[..end]);
    for (number, (name, value)) in members.iter().enumerate() {
        if number > 0 || !given.is_empty() {
            object.push(b',');
        }
        json::string(name.as_bytes(), &mut object);
        object.push(b':');
        json::string(value.expose(), &mut object); // expose: into the body
    }
    object.extend_from_slice(&body[end..]);
    Ok(Secret::passing(&object))
}

fn taken(name: &str) -> Error {
    Error::argument("body", format!("`{name}` in the body carries the credential; leave it out"))
}
