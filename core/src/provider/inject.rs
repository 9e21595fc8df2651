//! Puts a credential where the app wants it: header, query, basic authentication or path.

use base64::Engine as _;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use super::mask::Mask;
use super::target::Target;
use crate::catalog::protocol::TlsMode;
use crate::catalog::template::{self, Filter, Part};
use crate::catalog::{Inject, SchemeDef};
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::input::Values;
use crate::secret::Secret;

/// What the host (or a check) wants sent, without the credential.
#[derive(Default)]
pub(crate) struct HostRequest<'r> {
    pub(crate) method: &'r str,
    /// Below the base URL.
    pub(crate) path: &'r str,
    pub(crate) query: &'r [(String, String)],
    pub(crate) headers: &'r [(String, String)],
    pub(crate) body: Bytes,
}

/// Headers that belong to the connection and not to the host.
const OURS: [&str; 8] =
    ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "proxy-authorization"];

/// The whole request with the credential in it, and the mask that hides its echo.
pub(crate) fn prepare(
    scheme: &SchemeDef,
    target: &Target,
    values: &Values,
    ask: HostRequest<'_>,
) -> Result<(http::Request<Bytes>, Mask)> {
    let mut mask = Mask::default();
    for field in scheme.fields.iter().filter(|f| f.secret) {
        if let Some(value) = values.get(&field.name) {
            mask.hide(value);
        }
    }
    let method = http::Method::from_bytes(ask.method.to_ascii_uppercase().as_bytes())
        .map_err(|_| Error::argument("method", "the method is not one that HTTP has"))?;
    if method == http::Method::CONNECT || method == http::Method::TRACE {
        return Err(Error::argument("method", "CONNECT and TRACE are not sent"));
    }
    let mut url = target.at(ask.path)?;
    host_query(scheme, &mut url, ask.query)?;
    let mut headers = check_headers(Some(scheme), ask.headers)?;
    for (name, value) in scheme.headers.iter() {
        let name = header_name(name)?;
        if !headers.iter().any(|(n, _)| *n == name) {
            headers.push((name, HeaderValue::from_str(value).map_err(|_| broken_entry())?));
        }
    }
    for inject in scheme.inject.iter() {
        match inject {
            Inject::Header { name, value } => {
                if let Some(filled) = fill(value, values)? {
                    headers.push((header_name(name)?, header_value(filled, value)?));
                }
            }
            Inject::Query { name, value } => {
                if let Some(filled) = fill(value, values)? {
                    // expose: into the URL, where this provider takes it
                    url.query_pairs_mut().append_pair(name, filled.expose_text().unwrap_or_default());
                }
            }
            Inject::Basic { username, password } => {
                let (user, password) = (fill(username, values)?, fill(password, values)?);
                if let (Some(user), Some(password)) = (user, password) {
                    let encoded = basic(&user, &password)?;
                    mask.hide(&encoded);
                    headers.push((AUTHORIZATION, sensitive(Secret::from([b"Basic ", encoded.expose()].concat()))?)); // expose: the header
                }
            }
            Inject::Path => {}
        }
    }
    let mut request = http::Request::builder().method(method).uri(url.as_str());
    if let Some(map) = request.headers_mut() {
        for (name, value) in headers {
            map.append(name, value);
        }
    }
    let request = request.body(ask.body).map_err(|_| Error::argument("path", "the path cannot stand in a request"))?;
    Ok((request, mask))
}

/// The host's own query, in the path or apart, unless it carries the credential.
pub(crate) fn check_query(scheme: &SchemeDef, path: &str, query: &[(String, String)]) -> Result<()> {
    let mut url = Url::parse("https://app.invalid").map_err(|_| broken_entry())?;
    url.set_query(path.split_once('?').map(|(_, query)| query));
    host_query(scheme, &mut url, query)
}

fn host_query(scheme: &SchemeDef, url: &mut Url, query: &[(String, String)]) -> Result<()> {
    let taken = |name: &str| scheme.inject.iter().any(|i| matches!(i, Inject::Query { name: n, .. } if n == name));
    let clash = |name: &str| {
        Err(Error::argument("query", format!("the query parameter `{name}` carries the credential; leave it out")))
    };
    if let Some((name, _)) = url.query_pairs().find(|(name, _)| taken(name)) {
        return clash(&name);
    }
    if query.is_empty() {
        return Ok(());
    }
    let mut pairs = url.query_pairs_mut();
    for (name, value) in query {
        if taken(name) {
            return clash(name);
        }
        pairs.append_pair(name, value);
    }
    Ok(())
}

/// The host's own headers, unless they carry the credential or belong to the connection.
pub(crate) fn check_headers(
    scheme: Option<&SchemeDef>,
    given: &[(String, String)],
) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let injected = |name: &str| {
        scheme.into_iter().flat_map(|s| s.inject.iter()).any(|i| match i {
            Inject::Header { name: n, .. } => n.eq_ignore_ascii_case(name),
            Inject::Basic { .. } => name.eq_ignore_ascii_case("authorization"),
            _ => false,
        })
    };
    let mut headers = Vec::with_capacity(given.len() + 4);
    for (name, value) in given {
        let refuse = |what: &str| Err(Error::argument("headers", format!("the header `{name}` {what}")));
        let lower = name.to_ascii_lowercase();
        if injected(&lower) || lower == "authorization" {
            return refuse("carries the credential, which Keylatch puts in; leave it out");
        }
        if OURS.contains(&lower.as_str()) {
            return refuse("belongs to the connection; leave it out");
        }
        let Ok(name) = HeaderName::from_bytes(lower.as_bytes()) else {
            return refuse("has a name that HTTP does not allow");
        };
        let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else {
            return refuse("has a value that HTTP does not allow");
        };
        headers.push((name, value));
    }
    Ok(headers)
}

fn header_name(name: &str) -> Result<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| broken_entry())
}

fn broken_entry() -> Error {
    Error::new(ErrorKind::Internal, "the app's definition makes no valid request")
}

/// A header value that logs never show; `invalid_field` where a value cannot stand in a header.
fn header_value(value: Secret, template: &str) -> Result<HeaderValue> {
    let plain = value.expose().iter().all(|b| (0x20..0x7f).contains(b)); // expose: only looked at
    if plain {
        return sensitive(value);
    }
    let problems = template::names(template)
        .into_iter()
        .map(|name| Problem {
            field: name.to_owned(),
            code: ErrorKind::InvalidField,
            message: format!("`{name}` holds a character that cannot be sent in a header"),
        })
        .collect();
    Err(Error::of_problems(problems, Vec::new()).unwrap_or_else(broken_entry))
}

/// A header value that logs never show, and whose one copy is wiped when the request is done.
pub(crate) fn sensitive(value: Secret) -> Result<HeaderValue> {
    let bytes = Bytes::from_owner(value);
    let mut value = HeaderValue::from_maybe_shared(bytes).map_err(|_| broken_entry())?;
    value.set_sensitive(true);
    Ok(value)
}

fn basic(user: &Secret, password: &Secret) -> Result<Secret> {
    if user.expose().contains(&b':') {
        // expose: only looked at
        return Err(Error::new(
            ErrorKind::InvalidField,
            "a user name with a colon cannot be sent in basic authentication",
        ));
    }
    let pair = Secret::from([user.expose(), b":", password.expose()].concat()); // expose: encoded next
    Ok(Secret::from(base64::engine::general_purpose::STANDARD.encode(pair.expose()))) // expose: encoding
}

/// A template with its values; `None` where an optional one was not given.
pub(super) fn fill(template: &str, values: &Values) -> Result<Option<Secret>> {
    let parts = template::parse(template).map_err(|_| broken_entry())?;
    let size = template.len() + 2 * parts.len() * (values.longest() + 2); // Base64 makes four of three
    let mut filled: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(size));
    for part in parts {
        match part {
            Part::Text(text) => filled.extend_from_slice(text.as_bytes()),
            Part::Field { name, .. } if values.get(name).is_none() => return Ok(None),
            Part::Field { name, filter } => filled.extend_from_slice(value_of(values, name, filter)?.bytes()),
        }
    }
    Ok(Some(Secret::new(&filled)))
}

/// A check's path: placeholders percent-encoded.
pub(super) fn fill_path(template: &str, values: &Values) -> Result<Secret> {
    let parts = template::parse(template).map_err(|_| broken_entry())?;
    // Base64 makes four of three, and percent-encoding three of one.
    let size = template.len() + 4 * parts.len() * (values.longest() + 2);
    let mut filled: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(size));
    for part in parts {
        match part {
            Part::Text(text) => filled.extend_from_slice(text.as_bytes()),
            Part::Field { name, filter } => percent_encode(value_of(values, name, filter)?.bytes(), &mut filled),
        }
    }
    Ok(Secret::new(&filled))
}

/// What a filter makes of a value.
pub(super) enum Filtered<'v> {
    Part(&'v [u8]),
    Encoded(Secret),
}

impl Filtered<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Part(bytes) => bytes,
            Self::Encoded(secret) => secret.expose(), // expose: into the request
        }
    }
}

/// A value as a template wants it.
pub(super) fn value_of<'v>(values: &'v Values, name: &str, filter: Filter) -> Result<Filtered<'v>> {
    let missing = || {
        Error::new(ErrorKind::MissingFields, format!("`{name}` is missing from the connection; update its credentials"))
            .with_fields([name])
    };
    let value = values.get(name).ok_or_else(missing)?.expose(); // expose: into the request
    let after = match filter {
        Filter::Whole => return Ok(Filtered::Part(value)),
        Filter::Base64 => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(value);
            return Ok(Filtered::Encoded(Secret::from(encoded)));
        }
        Filter::Secure => {
            let word = std::str::from_utf8(value).unwrap_or_default();
            let later = matches!(TlsMode::parse(word), Some(TlsMode::Off | TlsMode::Upgraded));
            return Ok(Filtered::Part(if later { b"" } else { b"s" }));
        }
        Filter::Flag => {
            let word = std::str::from_utf8(value).unwrap_or_default();
            let off = TlsMode::parse(word) == Some(TlsMode::Off);
            return Ok(Filtered::Part(if off { b"false" } else { b"true" }));
        }
        Filter::After(after) => after,
    };
    let text = std::str::from_utf8(value).unwrap_or_default();
    match text.rsplit_once(after) {
        Some((_, rest)) if !rest.is_empty() => Ok(Filtered::Part(rest.as_bytes())),
        _ => {
            let problem = Problem {
                field: name.to_owned(),
                code: ErrorKind::InvalidField,
                message: format!("`{name}` must hold `{after}` and something behind it"),
            };
            Err(Error::of_problems(vec![problem], Vec::new()).expect("one problem"))
        }
    }
}

/// Everything but unreserved characters and `:` (which tokens in paths use) becomes `%XX`.
pub(super) fn percent_encode(value: &[u8], out: &mut Vec<u8>) {
    percent_encode_but(value, b"-._~:", out);
}

/// Everything but letters, digits and `kept` becomes `%XX`.
pub(super) fn percent_encode_but(value: &[u8], kept: &[u8], out: &mut Vec<u8>) {
    for byte in value {
        if byte.is_ascii_alphanumeric() || kept.contains(byte) {
            out.push(*byte);
        } else {
            let digit = |nibble: u8| char::from_digit(nibble.into(), 16).map_or(b'0', |c| c.to_ascii_uppercase() as u8);
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}
