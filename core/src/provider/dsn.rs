//! Connection strings: what a driver takes to connect, with the credential in it.

use zeroize::Zeroizing;

use super::fill::{percent_encode_but, value_of};
use super::protocol::tls_mode;
use crate::catalog::template::{self, Part};
use crate::catalog::{Login, SchemeDef};
use crate::error::{Error, ErrorKind, Result};
use crate::input::Values;
use crate::secret::Secret;

/// The scheme's connection string; none where drivers of the app take none. Parts whose fields were not given are left out.
pub(crate) fn dsn(scheme: &SchemeDef, values: &Values) -> Result<Option<Secret>> {
    let Some(template) = scheme.dsn.as_deref() else { return Ok(None) };
    let filler = Filler { values, login: scheme.login.as_ref() };
    let (front, query) = template.split_once('?').unwrap_or((template, ""));
    let (start, rest) = front.split_once("://").unwrap_or((front, ""));
    let (user, place) = rest.split_once('@').map_or((None, rest), |(user, place)| (Some(user), place));

    let size = template.len() + 4 * template::names(template).len() * (values.longest() + 8); // percent-encoding makes three of one
    let mut dsn = Zeroizing::new(Vec::with_capacity(size));
    filler.plain(start, &mut dsn)?;
    dsn.extend_from_slice(b"://");
    if let Some(user) = user {
        let before = dsn.len();
        for (i, side) in user.splitn(2, ':').enumerate().filter(|(_, side)| filler.is_given(side)) {
            if i == 1 {
                dsn.push(b':');
            }
            filler.encoded(side, &mut dsn)?;
        }
        if dsn.len() > before {
            dsn.push(b'@');
        }
    }
    let (host, path) = place.split_once('/').map_or((place, None), |(host, path)| (host, Some(path)));
    filler.plain(host, &mut dsn)?;
    if let Some(path) = path {
        dsn.push(b'/');
        if filler.is_given(path) {
            filler.encoded(path, &mut dsn)?;
        }
    }
    let given = query.split('&').filter(|pair| !pair.is_empty() && filler.is_given(pair));
    for (i, pair) in given.enumerate() {
        dsn.push(if i == 0 { b'?' } else { b'&' });
        filler.encoded(pair, &mut dsn)?;
    }
    Ok(Some(Secret::new(&dsn)))
}

struct Filler<'a> {
    values: &'a Values,
    login: Option<&'a Login>,
}

impl Filler<'_> {
    fn is_given(&self, template: &str) -> bool {
        template::names(template).iter().all(|name| self.values.get(name).is_some_and(|value| !value.is_empty()))
    }

    /// Values percent-encoded, the template's own text as it is.
    fn encoded(&self, template: &str, out: &mut Vec<u8>) -> Result<()> {
        for part in template::parse(template).unwrap_or_default() {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Field { name, filter } => {
                    percent_encode_but(value_of(self.values, name, filter)?.bytes(), b"-._~", out);
                }
            }
        }
        Ok(())
    }

    /// Values as they are: hosts and ports, which may hold nothing that would end them early. A host that brings its own port
    /// needs no other.
    fn plain(&self, template: &str, out: &mut Vec<u8>) -> Result<()> {
        for part in template::parse(template).unwrap_or_default() {
            let (name, filter) = match part {
                Part::Text(text) => {
                    out.extend_from_slice(text.as_bytes());
                    continue;
                }
                Part::Field { name, filter } => (name, filter),
            };
            if self.values.get(name).is_none() {
                let port = self.usual_port(name).ok_or_else(|| unfit(name))?;
                out.extend_from_slice(port.to_string().as_bytes());
                continue;
            }
            let value = value_of(self.values, name, filter)?;
            let text = std::str::from_utf8(value.bytes()).unwrap_or_default();
            let text = text.split_once("://").map_or(text, |(_, rest)| rest);
            if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:,[]".contains(&b)) {
                return Err(unfit(name));
            }
            if text.parse::<std::net::Ipv6Addr>().is_ok() {
                out.extend_from_slice(format!("[{text}]").as_bytes());
                continue;
            }
            out.extend_from_slice(text.as_bytes());
            if text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
                break;
            }
        }
        Ok(())
    }

    /// The protocol's port, where this field plays that role and was not given.
    fn usual_port(&self, name: &str) -> Option<u16> {
        let login = self.login?;
        let plays = template::names(login.role("port")?).contains(&name);
        plays.then(|| login.protocol.port(tls_mode(login, self.values)))
    }
}

fn unfit(name: &str) -> Error {
    let message = format!("`{name}` cannot stand in a connection string; update the connection's credentials");
    Error::new(ErrorKind::InvalidField, message).with_fields([name])
}
