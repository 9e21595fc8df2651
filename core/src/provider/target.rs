//! Where a connection's requests go: the base URL with the user's values in it, checked before anything is sent.

use std::borrow::Cow;

use url::Url;
use zeroize::Zeroizing;

use super::host;
use crate::allow::{Allow, Permission};
use crate::catalog::{FieldDef, Inject, SchemeDef, template};
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::input::Values;
use crate::io::Fault;
use crate::io::addresses::{authority, is_loopback, web_address};
use crate::secret::Secret;
use crate::verdict::Verdict;

/// What an integration says of where its requests go.
pub(crate) struct Terms<'t> {
    /// Instead of the app's own.
    pub(crate) base_url: Option<&'t str>,
    /// Fields whose values the developer fixed.
    pub(crate) fixed: &'t [String],
    pub(crate) allow: Allow,
    /// Requests go through a proxy.
    pub(crate) proxied: bool,
}

/// A checked address. Only [`Target::resolve`] makes one.
pub(crate) struct Target {
    pub(super) base: Url,
    /// The user named the host, and this is what the developer allows of it.
    pub(crate) guarded: Option<Allow>,
    /// Fields that the host is made of and that users are asked for.
    pub(crate) host_fields: Vec<String>,
}

impl Target {
    /// Fills the base URL; `invalid_field` where a value cannot stand in it, `forbidden_host` where it needs what the
    /// integration does not allow.
    pub(crate) fn resolve(scheme: &SchemeDef, terms: &Terms<'_>, values: &Values) -> Result<Self> {
        if let Some(login) = &scheme.login {
            return Self::of_login(scheme, login, terms, values);
        }
        let template = terms.base_url.unwrap_or(&scheme.base_url);
        let names: Vec<String> = template::names(template::host(template)).into_iter().map(str::to_owned).collect();
        let asked: Vec<String> = names.iter().filter(|name| !terms.fixed.contains(name)).cloned().collect();
        let blamed = if asked.is_empty() { &names } else { &asked };
        let text = fill_base(template, values)?;
        let text = text.expose_text().unwrap_or_default(); // expose: parsed, since a key may stand in the path
        let base = web_address(text.trim_end_matches('/'));
        let base = base.ok_or_else(|| bad_host(blamed, "do not make a web address"))?;
        let authority = authority(text);
        let proxied = terms.proxied;
        let filled = host::Filled { scheme, template, asked: &asked, values, base: &base, authority, proxied };
        let missing = filled.needed().without(terms.allow);
        if !missing.is_empty() {
            return Err(forbidden(missing, blamed));
        }
        let guarded = filled.is_typed().then_some(terms.allow);
        Ok(Self { base, guarded, host_fields: asked })
    }

    /// The host leads only to addresses of these kinds, which the integration does not allow.
    pub(crate) fn forbidden(&self, kinds: Allow) -> Error {
        forbidden(kinds, &self.host_fields)
    }

    /// What it says of a credential that there was no answer.
    pub(crate) fn verdict_of(&self, fault: Fault) -> Verdict {
        match fault {
            Fault::WrongHost => Verdict::WrongHost,
            // A host that the user typed and that does not exist is a typing error.
            Fault::NoSuchHost if !self.host_fields.is_empty() => Verdict::WrongHost,
            _ => Verdict::Unreachable,
        }
    }

    /// Whether an address is on the base's own origin.
    pub(super) fn is_at(&self, url: &Url) -> bool {
        url.origin() == self.base.origin() && url.username().is_empty() && url.password().is_none()
    }

    /// The base with `path` appended. The path may bring its own query; it must not climb, nor name a host.
    pub(crate) fn at(&self, path: &str) -> Result<Url> {
        at(&self.base, path)
    }

    /// As [`follow`], from this base.
    pub(crate) fn follow(&self, from: &str, to: &str, inject: &[Inject]) -> Result<String> {
        follow(&self.base, from, to, inject)
    }

    /// For a host that gives a whole URL: the part below the base, if it is this connection's own origin.
    pub(crate) fn below<'p>(&self, path: &'p str) -> Result<Cow<'p, str>> {
        below(Some(&self.base), path)
    }
}

fn at(base: &Url, path: &str) -> Result<Url> {
    let (path, query) = check_path(path)?;
    let mut url = base.clone();
    let prefix = url.path().trim_end_matches('/').to_owned();
    let slash = if path.starts_with('/') || path.is_empty() { "" } else { "/" };
    url.set_path(&format!("{prefix}{slash}{path}"));
    url.set_query(query);
    Ok(url)
}

/// The path below the base to which a link leads that the app gave on the page `from`, without what carries the credential;
/// `forbidden_host` where it leads elsewhere.
pub(crate) fn follow(base: &Url, from: &str, to: &str, inject: &[Inject]) -> Result<String> {
    let mut url = at(base, from)?.join(to).map_err(|_| elsewhere())?;
    url.set_fragment(None);
    let carries = |name: &str| inject.iter().any(|i| matches!(i, Inject::Query { name: n, .. } if n == name));
    if url.query_pairs().any(|(name, _)| carries(&name)) {
        let kept: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| !carries(name)).collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    below(Some(base), url.as_str()).map(Cow::into_owned)
}

fn elsewhere() -> Error {
    let message = "the address is not on this connection's own origin; give a path";
    Error::new(ErrorKind::ForbiddenHost, message).with_fields(["path"])
}

/// The part of a whole URL that is below this base; `forbidden_host` where it is elsewhere. A path stays as it is.
pub(crate) fn below<'p>(base: Option<&Url>, path: &'p str) -> Result<Cow<'p, str>> {
    if !path.contains("://") && !path.starts_with("//") {
        return Ok(path.into());
    }
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

pub(super) fn forbidden(missing: Allow, fields: &[String]) -> Error {
    let error = Error::new(ErrorKind::ForbiddenHost, host::explained(missing));
    if fields.is_empty() { error.with_fields(["base_url"]) } else { error.with_fields(fields.to_vec()) }
}

pub(super) fn bad_host(fields: &[String], what: &str) -> Error {
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
pub(crate) fn check_override(fields: &[FieldDef], in_path: bool, base_url: &str, allow: Allow) -> Result<()> {
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
    if base_url.starts_with('{') {
        return Ok(()); // the whole address is a value, and checked as such
    }
    let Some(sample) = host::sample(base_url) else {
        return wrong("base_url must be an https address without user or query".into());
    };
    let unencrypted = sample.scheme() == "http" && !is_loopback(&sample);
    if unencrypted && !allow.contains(Permission::Unencrypted) {
        return Err(forbidden(Allow::from([Permission::Unencrypted]), &[]));
    }
    Ok(())
}

/// The base URL with the values in it: host parts must be host characters, path parts are percent-encoded. Where it begins
/// with a value, that value is the whole address.
fn fill_base(base_url: &str, values: &Values) -> Result<Secret> {
    let host_start = base_url.find("://").map_or(0, |at| at + "://".len());
    let host_end = host_start + template::host(base_url).len();
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
                let value = super::fill::value_of(values, name, filter)?;
                let value = value.bytes();
                let start = position;
                position += name.len() + filter.width();
                if start == 0 {
                    filled.extend_from_slice(value);
                } else if start < host_end {
                    if !is_host_part(value, position == host_end) {
                        return Err(bad_host(&[name.to_owned()], "cannot be part of a host name"));
                    }
                    filled.extend_from_slice(value);
                } else {
                    super::fill::percent_encode(value, &mut filled);
                }
            }
        }
    }
    Ok(Secret::passing(&filled))
}

/// Labels of letters, digits, `-` and `_` with dots between them. At the end of the host a dot may follow, and a port.
fn is_host_part(value: &[u8], at_end: bool) -> bool {
    let (name, port) = match value.iter().position(|b| *b == b':') {
        Some(at) if at_end => (&value[..at], &value[at + 1..]),
        _ => (value, &b"0"[..]),
    };
    let name = if at_end { name.strip_suffix(b".").unwrap_or(name) } else { name };
    let in_label = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    name.split(|b| *b == b'.').all(|label| !label.is_empty() && label.iter().all(in_label))
        && !port.is_empty()
        && port.iter().all(u8::is_ascii_digit)
}
