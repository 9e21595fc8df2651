//! Puts a credential where the app wants it: header, query, basic authentication, path, body or signature.

use base64::Engine as _;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use url::Url;

use super::fill::fill;
use super::target::Target;
use super::{body, jwt, sigv4};
use crate::catalog::template;
use crate::catalog::{FieldDef, Inject, JwtDef, SchemeDef, Text};
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::input::Values;
use crate::scrub::Mask;
use crate::secret::Secret;

/// What the host (or a check) wants sent, without the credential.
#[derive(Clone, Default)]
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

/// What a request has besides the host's own parts.
#[derive(Clone, Copy)]
pub(super) struct Places<'s> {
    pub(super) fields: &'s [FieldDef],
    pub(super) headers: &'s [(Text, Text)],
    pub(super) inject: &'s [Inject],
}

/// The whole request with the credential in it, and the mask that hides its echo.
pub(crate) fn prepare(
    scheme: &SchemeDef,
    target: &Target,
    values: &Values,
    ask: HostRequest<'_>,
) -> Result<(http::Request<Bytes>, Mask)> {
    let url = target.at(ask.path)?;
    let places = Places { fields: &scheme.fields, headers: &scheme.headers, inject: &scheme.inject };
    match &scheme.jwt {
        // With a trade, the signed token is for that alone.
        Some(jwt) if scheme.trade.is_none() => assemble(places, url, &with_jwt(jwt, values)?, ask),
        _ => assemble(places, url, values, ask),
    }
}

/// The values, and the token that is signed with them.
pub(super) fn with_jwt(jwt: &JwtDef, values: &Values) -> Result<Values> {
    let mut all = values.duplicate();
    all.set("jwt", jwt::sign(jwt, values)?);
    Ok(all)
}

/// Whether the credential stands in the body, or is over it.
pub(crate) fn needs_whole_body(scheme: &SchemeDef) -> bool {
    scheme.inject.iter().any(|inject| matches!(inject, Inject::Body { .. } | Inject::AwsSigv4 { .. }))
}

/// An error where these values cannot be signed with.
pub(crate) fn must_sign(scheme: &SchemeDef, values: &Values) -> Result<()> {
    scheme.jwt.as_ref().map_or(Ok(()), |jwt| jwt::sign(jwt, values).map(drop))
}

/// A request to this address, with everything in its place.
pub(super) fn assemble(
    places: Places<'_>,
    mut url: Url,
    values: &Values,
    ask: HostRequest<'_>,
) -> Result<(http::Request<Bytes>, Mask)> {
    let mut mask = Mask::default();
    // What is not a field was made out of secrets.
    let is_plain = |name: &str| places.fields.iter().any(|f| f.name == name && !f.secret);
    values.iter().filter(|(name, _)| !is_plain(name)).for_each(|(_, value)| mask.hide(value));
    let method = http::Method::from_bytes(ask.method.to_ascii_uppercase().as_bytes())
        .map_err(|_| Error::argument("method", "the method is not one that HTTP has"))?;
    if method == http::Method::CONNECT || method == http::Method::TRACE {
        return Err(Error::argument("method", "CONNECT and TRACE are not sent"));
    }
    host_query(places.inject, &mut url, ask.query)?;
    let mut headers = check_headers(places.inject, ask.headers)?;
    for (name, value) in places.headers {
        let name = header_name(name)?;
        if !headers.iter().any(|(n, _)| *n == name) {
            headers.push((name, HeaderValue::from_str(value).map_err(|_| broken_entry())?));
        }
    }
    for inject in places.inject {
        put(inject, values, &mut url, &mut headers, &mut mask)?;
    }
    let body = body::filled(places.inject, values, &method, &mut headers, ask.body)?;
    // Last, since it is over all the rest.
    for inject in places.inject {
        if let Some(keys) = sigv4::Keys::of(inject, values)? {
            sigv4::sign(&keys, &method, &mut url, &mut headers, &body)?;
        }
    }
    let mut request = http::Request::builder().method(method).uri(url.as_str());
    if let Some(map) = request.headers_mut() {
        for (name, value) in headers {
            map.append(name, value);
        }
    }
    let request = request.body(body).map_err(|_| Error::argument("path", "the path cannot stand in a request"))?;
    Ok((request, mask))
}

/// Puts a credential into the address or the headers; what is about the whole request is done later.
fn put(
    inject: &Inject,
    values: &Values,
    url: &mut Url,
    headers: &mut Vec<(HeaderName, HeaderValue)>,
    mask: &mut Mask,
) -> Result<()> {
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
                headers.push((AUTHORIZATION, sensitive(Secret::passing_from([b"Basic ", encoded.expose()].concat()))?)); // expose: the header
            }
        }
        Inject::Path | Inject::Body { .. } | Inject::AwsSigv4 { .. } => {}
    }
    Ok(())
}

/// The host's own query, in the path or apart, unless it carries the credential.
pub(crate) fn check_query(inject: &[Inject], path: &str, query: &[(String, String)]) -> Result<()> {
    let mut url = Url::parse("https://app.invalid").map_err(|_| broken_entry())?;
    url.set_query(path.split_once('?').map(|(_, query)| query));
    host_query(inject, &mut url, query)
}

fn host_query(inject: &[Inject], url: &mut Url, query: &[(String, String)]) -> Result<()> {
    let taken = |name: &str| inject.iter().any(|i| matches!(i, Inject::Query { name: n, .. } if n == name));
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
pub(crate) fn check_headers(inject: &[Inject], given: &[(String, String)]) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let injected = |name: &str| {
        inject.iter().any(|i| match i {
            Inject::Header { name: n, .. } => n.eq_ignore_ascii_case(name),
            Inject::Basic { .. } => name.eq_ignore_ascii_case("authorization"),
            Inject::AwsSigv4 { .. } => sigv4::HEADERS.contains(&name),
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

pub(super) fn header_name(name: &str) -> Result<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| broken_entry())
}

pub(super) fn broken_entry() -> Error {
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
    let pair = Secret::passing_from([user.expose(), b":", password.expose()].concat()); // expose: encoded next
    Ok(Secret::passing_from(base64::engine::general_purpose::STANDARD.encode(pair.expose()))) // expose: encoding
}
