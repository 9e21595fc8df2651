//! AWS Signature Version 4: a signature over the whole request, with a key that is good for one day, region and service.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};
use url::{Position, Url};
use zeroize::Zeroizing;

use super::fill::fill;
use super::inject::{broken_entry, sensitive};
use crate::catalog::Inject;
use crate::error::Result;
use crate::input::Values;
use crate::secret::Secret;

/// What a signature adds.
pub(super) const HEADERS: [&str; 4] = ["authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

/// What a request is signed with.
pub(super) struct Keys {
    service: String,
    region: String,
    id: String,
    secret: Secret,
    session_token: Option<Secret>,
}

impl Keys {
    /// `None` where this is another way to carry a credential.
    pub(super) fn of(inject: &Inject, values: &Values) -> Result<Option<Self>> {
        let Inject::AwsSigv4 { service, region, access_key_id, secret_access_key, session_token } = inject else {
            return Ok(None);
        };
        let needed = |template: &str| fill(template, values)?.ok_or_else(broken_entry);
        let plain = |template: &str| {
            let text = needed(template)?;
            text.expose_text().map(str::to_owned).ok_or_else(broken_entry) // expose: no secret, but names and an id
        };
        let session_token = session_token.as_ref().map(|template| fill(template, values)).transpose()?.flatten();
        Ok(Some(Self {
            service: plain(service)?,
            region: plain(region)?,
            id: plain(access_key_id)?,
            secret: needed(secret_access_key)?,
            session_token,
        }))
    }
}

/// Signs a request as of now. Path and query are rewritten in the one form that both sides can agree on.
pub(super) fn sign(
    keys: &Keys,
    method: &http::Method,
    url: &mut Url,
    headers: &mut Vec<(HeaderName, HeaderValue)>,
    body: &[u8],
) -> Result<()> {
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    sign_at(keys, method, url, headers, body, &now)
}

fn sign_at(
    keys: &Keys,
    method: &http::Method,
    url: &mut Url,
    headers: &mut Vec<(HeaderName, HeaderValue)>,
    body: &[u8],
    now: &str,
) -> Result<()> {
    let path = path(url.path());
    url.set_path(&path);
    let query = url.query().map(query);
    url.set_query(query.as_deref());
    let payload = hex(&Sha256::digest(body));
    let plain = |text: &str| HeaderValue::from_str(text).map_err(|_| broken_entry());
    headers.push((HeaderName::from_static("x-amz-content-sha256"), plain(&payload)?));
    headers.push((HeaderName::from_static("x-amz-date"), plain(now)?));
    if let Some(token) = &keys.session_token {
        headers.push((HeaderName::from_static("x-amz-security-token"), sensitive(token.lent())?));
    }
    let signed = signed_headers(url, headers);
    let names = signed.keys().copied().collect::<Vec<_>>().join(";");
    // Only S3 takes a path as it was sent; the others encode it once more.
    let canonical_path = if keys.service == "s3" { path } else { each_segment(&path, encoded) };
    let mut canonical = Sha256::new();
    for part in [method.as_str(), "\n", &canonical_path, "\n", &query.unwrap_or_default(), "\n"] {
        canonical.update(part);
    }
    signed.iter().for_each(|(name, values)| header_line(name, values, &mut canonical));
    for part in ["\n", &names, "\n", &payload] {
        canonical.update(part);
    }
    let day = now.split('T').next().unwrap_or_default();
    let scope = format!("{day}/{}/{}/aws4_request", keys.region, keys.service);
    let to_sign = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{}", hex(&canonical.finalize()));
    let signature = hex(&*mac(&*signing_key(keys, day), to_sign.as_bytes()));
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", keys.id);
    headers.push((AUTHORIZATION, sensitive(Secret::passing_from(authorization))?));
    Ok(())
}

/// The key for a day, a region and a service.
fn signing_key(keys: &Keys, day: &str) -> Zeroizing<[u8; 32]> {
    let mut first: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity("AWS4".len() + keys.secret.len()));
    first.extend_from_slice(b"AWS4");
    first.extend_from_slice(keys.secret.expose()); // expose: to sign
    let rest = [&keys.region, &keys.service, "aws4_request"].map(str::as_bytes);
    rest.into_iter().fold(mac(&first, day.as_bytes()), |key, part| mac(&*key, part))
}

fn mac(key: &[u8], text: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    mac.update(text);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// What is signed of the headers: the host, the kind of the body and everything of Amazon's.
fn signed_headers<'r>(url: &'r Url, headers: &'r [(HeaderName, HeaderValue)]) -> BTreeMap<&'r str, Vec<&'r [u8]>> {
    let host = url[Position::BeforeHost..Position::AfterPort].as_bytes();
    let mut signed = BTreeMap::from([("host", vec![host])]);
    for (name, value) in headers {
        if name == http::header::CONTENT_TYPE || name.as_str().starts_with("x-amz-") {
            signed.entry(name.as_str()).or_default().push(value.as_bytes());
        }
    }
    signed
}

/// Hashes a header piece by piece, since a value may be a secret that no text should hold.
fn header_line(name: &str, values: &[&[u8]], canonical: &mut Sha256) {
    canonical.update(name);
    let mut before = &b":"[..];
    for value in values {
        canonical.update(before);
        let mut between = &b""[..];
        for word in value.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
            canonical.update(between);
            canonical.update(word);
            between = b" ";
        }
        before = b",";
    }
    canonical.update("\n");
}

fn path(path: &str) -> String {
    each_segment(path, |segment| encoded(&decoded(segment)))
}

fn each_segment(path: &str, change: impl Fn(&[u8]) -> String) -> String {
    path.split('/').map(|segment| change(segment.as_bytes())).collect::<Vec<_>>().join("/")
}

/// The pairs of a query in the order of their encoded names and values.
fn query(query: &str) -> String {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let mut pairs: Vec<(String, String)> =
        pairs.map(|(name, value)| (encoded(name.as_bytes()), encoded(value.as_bytes()))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Everything but unreserved characters becomes `%XX`.
fn encoded(bytes: &[u8]) -> String {
    let one = |byte: &u8| match byte {
        b if b.is_ascii_alphanumeric() || b"-._~".contains(b) => char::from(*b).to_string(),
        b => format!("%{b:02X}"),
    };
    bytes.iter().map(one).collect()
}

/// The bytes that a piece of a path stands for; a `%` that begins no escape stands for itself.
fn decoded(mut text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    while let Some((byte, rest)) = text.split_first() {
        let escape = rest.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match escape.filter(|_| *byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(escaped) => {
                bytes.push(escaped);
                text = &rest[2..];
            }
            None => {
                bytes.push(*byte);
                text = rest;
            }
        }
    }
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
