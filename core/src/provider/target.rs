//! Where a connection's requests go: the base URL with the user's values in it, checked before anything is sent.

use std::borrow::Cow;
use std::net::IpAddr;

use url::{Host, Url};
use zeroize::Zeroizing;

use crate::catalog::{FieldDef, SchemeDef, template};
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::input::Values;
use crate::io::is_public;
use crate::secret::Secret;

/// A checked address. Only [`Target::resolve`] makes one.
pub(crate) struct Target {
    base: Url,
    /// The user named the host, and the developer allows public ones only.
    pub(crate) guarded: bool,
    /// Fields that the host is made of.
    pub(crate) host_fields: Vec<String>,
}

impl Target {
    /// Fills the base URL; `invalid_field` where a value cannot stand in it, `forbidden_host` where it leads inside.
    pub(crate) fn resolve(
        scheme: &SchemeDef,
        base_url: Option<&str>,
        allow_private_hosts: bool,
        values: &Values,
    ) -> Result<Self> {
        let template = base_url.unwrap_or(&scheme.base_url);
        let host_fields: Vec<String> =
            template::names(template::host(template)).into_iter().map(str::to_owned).collect();
        let text = fill_base(template, values)?;
        let base = text
            .expose_text() // expose: parsed, since a key may stand in the path
            .and_then(|t| Url::parse(t.trim_end_matches('/')).ok())
            .ok_or_else(|| bad_host(&host_fields, "do not make a web address"))?;
        let target = Self { base, guarded: !host_fields.is_empty() && !allow_private_hosts, host_fields };
        target.check()?;
        Ok(target)
    }

    fn check(&self) -> Result<()> {
        let address = match self.base.host() {
            Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
            _ => None,
        };
        let loopback = is_loopback(&self.base);
        if self.guarded && (loopback || address.is_some_and(|a| !is_public(a))) {
            return Err(self.forbidden());
        }
        if self.base.scheme() != "https" && !loopback {
            return Err(bad_host(&self.host_fields, "must be an https address"));
        }
        Ok(())
    }

    /// The host leads to an address that this connection may not talk to.
    pub(crate) fn forbidden(&self) -> Error {
        let message = "the host leads to a loopback, private or reserved address; the developer can allow that with \
                       allow_private_hosts on the integration";
        Error::new(ErrorKind::ForbiddenHost, message).with_fields(self.host_fields.clone())
    }

    /// Whether an address is on the base's own origin.
    pub(super) fn is_at(&self, url: &Url) -> bool {
        url.origin() == self.base.origin() && url.username().is_empty() && url.password().is_none()
    }

    /// The base with `path` appended. The path may bring its own query; it must not climb, nor name a host.
    pub(crate) fn at(&self, path: &str) -> Result<Url> {
        let (path, query) = check_path(path)?;
        let mut url = self.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        let slash = if path.starts_with('/') || path.is_empty() { "" } else { "/" };
        url.set_path(&format!("{prefix}{slash}{path}"));
        url.set_query(query);
        Ok(url)
    }

    /// For a host that gives a whole URL: the part below the base, if it is this connection's own origin.
    pub(crate) fn below<'p>(&self, path: &'p str) -> Result<Cow<'p, str>> {
        below(Some(&self.base), path)
    }
}

/// The part of a whole URL that is below this base; `forbidden_host` where it is elsewhere. A path stays as it is.
pub(crate) fn below<'p>(base: Option<&Url>, path: &'p str) -> Result<Cow<'p, str>> {
    if !path.contains("://") && !path.starts_with("//") {
        return Ok(path.into());
    }
    let elsewhere = || {
        let message = "the address is not on this connection's own origin; give a path";
        Error::new(ErrorKind::ForbiddenHost, message).with_fields(["path"])
    };
    let url = Url::parse(path).map_err(|_| elsewhere())?;
    let base = base.ok_or_else(elsewhere)?;
    let plain = url.username().is_empty() && url.password().is_none();
    let rest = url.path().strip_prefix(base.path().trim_end_matches('/'));
    match rest {
        Some(rest) if plain && url.origin() == base.origin() && (rest.is_empty() || rest.starts_with('/')) => {
            Ok(url.query().map_or_else(|| rest.to_owned(), |q| format!("{rest}?{q}")).into())
        }
        _ => Err(elsewhere()),
    }
}

/// A path below a base, and its query if it has one.
pub(crate) fn check_path(path: &str) -> Result<(&str, Option<&str>)> {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    if path.contains('#') || path.contains('\\') || path.chars().any(char::is_control) {
        return Err(Error::argument("path", "the path holds a character that cannot stand in one"));
    }
    let climbs = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if path.split('/').any(climbs) {
        return Err(Error::argument("path", "the path must not hold `.` or `..` segments"));
    }
    Ok((path, query))
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.is_loopback(),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

fn bad_host(fields: &[String], what: &str) -> Error {
    if fields.is_empty() {
        return Error::argument("base_url", format!("the integration's base_url {what}"));
    }
    let problems = fields
        .iter()
        .map(|field| Problem {
            field: field.clone(),
            code: ErrorKind::InvalidField,
            message: format!("`{field}` {what}"),
        })
        .collect();
    Error::of_problems(problems, Vec::new()).expect("there is a field")
}

/// Checks a base URL that the developer gives for an integration of an app with these fields. `in_path`: the app takes
/// its key there.
pub(crate) fn check_override(fields: &[FieldDef], in_path: bool, base_url: &str) -> Result<()> {
    let wrong = |what: String| Err(Error::argument("base_url", what));
    if let Err(problem) = template::parse(base_url) {
        return wrong(format!("base_url: {problem}"));
    }
    for name in template::names(base_url) {
        if !fields.iter().any(|f| f.name == name) {
            return wrong(format!("base_url: `{{{name}}}` is not one of the app's fields"));
        }
    }
    if in_path {
        let missing = fields.iter().find(|f| f.secret && !base_url.contains(&format!("{{{}", f.name)));
        if let Some(field) = missing {
            let name = &field.name;
            return wrong(format!("base_url must hold {{{name}}}, since this app takes its key in the path"));
        }
    }
    if template::names(template::host(base_url)).is_empty() {
        let sample = base_url.replace(['{', '}', '|'], "x");
        let url = Url::parse(&sample).ok();
        let plain = url.is_some_and(|u| {
            let secure = u.scheme() == "https" || (u.scheme() == "http" && is_loopback(&u));
            secure
                && u.has_host()
                && u.username().is_empty()
                && u.password().is_none()
                && u.query().is_none()
                && u.fragment().is_none()
        });
        if !plain {
            return wrong("base_url must be an https address (http for loopback only) without user or query".into());
        }
    } else if !base_url.starts_with("https://") && !base_url.starts_with('{') {
        return wrong("base_url must start with https://".into());
    }
    Ok(())
}

/// The base URL with the values in it: host parts must be host characters, path parts are percent-encoded.
fn fill_base(base_url: &str, values: &Values) -> Result<Secret> {
    let whole = base_url.starts_with('{') && !base_url.contains("://");
    let host_end =
        base_url.len() - base_url.split_once("://").map_or(0, |(_, r)| r.split_once('/').map_or(0, |(_, p)| p.len()));
    let parts = template::parse(base_url).unwrap_or_default();
    let size = base_url.len() + 4 * parts.len() * (values.longest() + 2); // as in `fill_path`
    let mut filled: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(size));
    let mut position = 0;
    for part in parts {
        match part {
            template::Part::Text(text) => {
                filled.extend_from_slice(text.as_bytes());
                position += text.len();
            }
            template::Part::Field { name, filter } => {
                let value = super::inject::value_of(values, name, filter)?;
                let value = value.bytes();
                let place = [name.to_owned()];
                if whole {
                    filled.extend_from_slice(value);
                } else if position < host_end {
                    if !is_host_part(value) {
                        return Err(bad_host(&place, "cannot be part of a host name"));
                    }
                    filled.extend_from_slice(value);
                } else {
                    super::inject::percent_encode(value, &mut filled);
                }
                position += name.len() + filter.width();
            }
        }
    }
    Ok(Secret::new(&filled))
}

/// Letters, digits, `-`, `_` and dots, with a port at the end at most.
fn is_host_part(value: &[u8]) -> bool {
    let (name, port) = match value.iter().position(|b| *b == b':') {
        Some(at) => (&value[..at], &value[at + 1..]),
        None => (value, &b"0"[..]),
    };
    let label = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    !name.is_empty()
        && name.iter().all(label)
        && !name.starts_with(b".")
        && !port.is_empty()
        && port.iter().all(u8::is_ascii_digit)
}
