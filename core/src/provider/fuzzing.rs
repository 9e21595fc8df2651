//! The provider's part of what fuzz targets call; see `crate::fuzzing`.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use http::header::{HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use super::protocol::{self, Roles, nkey};
use super::{Target, Terms};
use super::{fill, json, jwt, sigv4};
use crate::allow::Allow;
use crate::catalog::protocol::{Protocol, TlsMode};
use crate::catalog::{Algorithm, AppRef, Catalog, Inject, JwtDef, KeyForm};
use crate::error::Result;
use crate::fuzzing::{Named, values};
use crate::io::Incoming;
use crate::io::guard;
use crate::io::wire::Wire;
use crate::scrub::Mask;
use crate::secret::Secret;
use crate::verdict::Verdict;

fn bare(secret: &Secret) -> Vec<u8> {
    secret.expose().to_vec() // expose: to be compared
}

/// A template with values in it.
///
/// # Errors
/// As where a request is prepared.
pub fn filled(template: &str, given: &Named) -> Result<Option<Vec<u8>>> {
    Ok(fill::fill(template, &values(given))?.as_ref().map(bare))
}

/// A path with values in it.
///
/// # Errors
/// As where a check is made.
pub fn filled_path(template: &str, given: &Named) -> Result<Vec<u8>> {
    fill::fill_path(template, &values(given)).as_ref().map(bare).map_err(|error| error.clone())
}

/// The parts of a template: its own texts, and the names of fields.
///
/// # Errors
/// What is wrong with it.
pub fn template(text: &str) -> Result<Vec<(bool, String)>, String> {
    use crate::catalog::template::Part;
    let parts = crate::catalog::template::parse(text)?;
    let told = |part| match part {
        Part::Text(text) => (false, text.to_owned()),
        Part::Field { name, .. } => (true, name.to_owned()),
    };
    Ok(parts.into_iter().map(told).collect())
}

/// The text at a JSON pointer.
#[must_use]
pub fn json_text(json: &[u8], pointer: &str) -> Option<Vec<u8>> {
    json::text_at(json, pointer).as_ref().map(bare)
}

/// A text as a JSON string.
#[must_use]
pub fn json_string(text: &str) -> Vec<u8> {
    let mut written = Vec::new();
    json::string(text.as_bytes(), &mut written);
    written
}

/// A JSON Web Token signed with this key, by `RS256`, `ES256` or `HS256`.
#[must_use]
pub fn jwt(algorithm: &str, form: &str, subject: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let def = JwtDef {
        alg: match algorithm {
            "RS256" => Algorithm::Rs256,
            "ES256" => Algorithm::Es256,
            _ => Algorithm::Hs256,
        },
        key: Cow::Borrowed("{key}"),
        key_form: match form {
            "hex" => KeyForm::Hex,
            "base64" => KeyForm::Base64,
            _ => KeyForm::Plain,
        },
        header: Cow::Borrowed(&[]),
        claims: Cow::Owned(vec![("sub".into(), "{subject}".into())]),
        lifetime: 60,
    };
    let given = vec![("key".to_owned(), key.to_vec()), ("subject".to_owned(), subject.to_vec())];
    jwt::sign(&def, &values(&given)).ok().as_ref().map(bare)
}

/// The public half of the seed of a NATS user.
#[must_use]
pub fn nkey(seed: &str) -> Option<String> {
    nkey::Seed::parse(seed).map(|seed| seed.public().to_owned())
}

/// Whether this is a private key of SSH's that can be used.
#[cfg(feature = "sftp")]
#[must_use]
pub fn ssh_key(text: &str, passphrase: Option<&[u8]>) -> bool {
    protocol::ssh_key::read(text, passphrase).is_ok()
}

/// An address and the headers of a request that AWS's signature is on.
#[must_use]
pub fn aws_signed(service: &str, address: &str, secret: &[u8], body: &[u8]) -> Option<(String, Named)> {
    let inject = Inject::AwsSigv4 {
        service: Cow::Owned(service.to_owned()),
        region: "eu-central-1".into(),
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: "{secret}".into(),
        session_token: None,
    };
    let given = vec![("secret".to_owned(), secret.to_vec())];
    let keys = sigv4::Keys::of(&inject, &values(&given)).ok()??;
    let mut url = Url::parse(address).ok()?;
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    sigv4::sign(&keys, &http::Method::POST, &mut url, &mut headers, body).ok()?;
    let headers = headers.into_iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    Some((url.into(), headers.collect()))
}

/// Hides values in what a provider says.
pub struct Hider(Mask);

impl Hider {
    /// Hides these.
    #[must_use]
    pub fn new(secrets: &[&[u8]]) -> Self {
        let mut mask = Mask::default();
        secrets.iter().for_each(|secret| mask.hide(&Secret::new(secret)));
        Self(mask)
    }

    /// In headers and body; whether there was anything to hide.
    pub fn apply(&self, headers: &mut Vec<(String, String)>, body: &mut Vec<u8>) -> bool {
        let mut incoming = Incoming { status: 200, headers: std::mem::take(headers), body: std::mem::take(body) };
        let found = self.0.apply(&mut incoming);
        (*headers, *body) = (incoming.headers, incoming.body);
        found
    }

    /// In parsed JSON.
    pub fn apply_json(&self, value: &mut Value) {
        self.0.apply_json(value);
    }

    /// In a text that people see.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        self.0.scrub(text).to_string()
    }
}

/// An app that was read from its definition.
pub struct App(AppRef);

impl App {
    /// As where one is registered.
    ///
    /// # Errors
    /// What is wrong with the definition.
    pub fn read(definition: &Value) -> Result<Self> {
        Catalog::default().register(definition).map(Self)
    }

    /// Where requests of its first scheme go, as where a connection is initiated.
    ///
    /// # Errors
    /// Where the values make no address that may be dialled.
    pub fn place(&self, base_url: Option<&str>, given: &Named, allow: Allow, proxied: bool) -> Result<Place> {
        let terms = Terms { base_url, fixed: &[], allow, proxied };
        Target::resolve(&self.0.schemes[0], &terms, &values(given)).map(Place)
    }
}

/// Where requests go.
pub struct Place(Target);

impl Place {
    /// The base URL with the values in it.
    #[must_use]
    pub fn base(&self) -> &str {
        self.0.base.as_str()
    }

    /// What is allowed of the host, where the user named it.
    #[must_use]
    pub fn guarded(&self) -> Option<Allow> {
        self.0.guarded
    }

    /// The base with a path below it.
    ///
    /// # Errors
    /// Where the path cannot be below it.
    pub fn at(&self, path: &str) -> Result<String> {
        self.0.at(path).map(Into::into)
    }

    /// The part of a whole address that is below the base.
    ///
    /// # Errors
    /// Where it is elsewhere.
    pub fn below(&self, address: &str) -> Result<String> {
        self.0.below(address).map(Into::into)
    }
}

/// The addresses that would be dialled for a host whose name leads to these; none where it is refused.
#[must_use]
pub fn dialled(host: &str, found: &[IpAddr], allow: Option<Allow>) -> Option<Vec<IpAddr>> {
    let look_up = |_: &str, port| Ok(found.iter().map(|ip| SocketAddr::new(*ip, port)).collect());
    let dialled = guard::resolve_by(look_up, host, 443, allow.as_ref()).ok()?;
    Some(dialled.into_iter().map(|address| address.ip()).collect())
}

/// The protocols that logins speak.
pub fn protocols() -> impl Iterator<Item = &'static str> {
    Protocol::names()
}

/// Logs in to a server that says just this, with the protocol's way `mode` to protect the connection, or with none. What it comes to, and
/// all that went over the wire.
#[must_use]
pub fn log_in(
    protocol: &str,
    mode: Option<usize>,
    roles: &[(&str, &str)],
    says: &[u8],
) -> (Option<(Verdict, Option<String>)>, Vec<u8>) {
    let modes = Protocol::named(protocol).map(|protocol| protocol.tls).unwrap_or_default();
    let protected: Vec<TlsMode> = modes.iter().copied().filter(|mode| *mode != TlsMode::Off).collect();
    let mode = mode.and_then(|mode| protected.get(mode % protected.len().max(1))).copied().unwrap_or(TlsMode::Off);
    let (wire, heard) = Wire::listening(says.to_vec(), mode);
    let roles = Roles::of(roles);
    let outcome = protocol::log_in(protocol, wire, &roles).ok().map(|outcome| (outcome.verdict, outcome.detail));
    let heard = heard.lock().map(|heard| heard.clone()).unwrap_or_default();
    (outcome, heard)
}
