//! Where a login goes: host and port from the roles that an app's fields play, under the same rules as web addresses.

use url::Url;

use super::fill::fill;
use super::host;
use super::protocol::tls_mode;
use super::target::{Target, Terms, bad_host, forbidden};
use crate::allow::Permission;
use crate::catalog::protocol::TlsMode;
use crate::catalog::{Login, SchemeDef, template};
use crate::error::Result;
use crate::input::Values;
use crate::io::addresses::{authority, is_loopback};
use crate::secret::Secret;

impl Target {
    /// Hosts are read as those of web addresses are, so that every way to write an address is seen for what it is.
    pub(super) fn of_login(scheme: &SchemeDef, login: &Login, terms: &Terms<'_>, values: &Values) -> Result<Self> {
        let template = |role: &str| login.role(role).map(AsRef::as_ref).unwrap_or_default();
        let names: Vec<String> = template::names(template("host")).into_iter().map(str::to_owned).collect();
        let asked: Vec<String> = names.iter().filter(|name| !terms.fixed.contains(name)).cloned().collect();
        let blamed = if asked.is_empty() { &names } else { &asked };
        let given = |role| fill(template(role), values).map(|value| value.filter(|value| !value.is_empty()));
        let (hosts, port) = (given("host")?, given("port")?);
        let mode = tls_mode(login, values);
        let text = |secret: &Option<Secret>| {
            secret.as_ref().and_then(Secret::expose_text).unwrap_or_default().to_owned() // expose: where to go
        };
        let usual = login.protocol.port(mode);
        let base = first_place(&text(&hosts), &text(&port), usual)
            .ok_or_else(|| bad_host(blamed, "must be the name or the address of a host"))?;

        // The port has a rule of its own below.
        let mut portless = base.clone();
        let _ = portless.set_port(None);
        let authority = authority(portless.as_str());
        let filled = host::Filled {
            scheme,
            template: template("host"),
            asked: &asked,
            values,
            base: &portless,
            authority,
            proxied: false,
        };
        let mut needed = filled.needed();
        let port_asked = template::names(template("port")).iter().any(|name| !terms.fixed.iter().any(|f| f == name));
        if port_asked && base.port_or_known_default().is_some_and(|port| !login.protocol.is_usual_port(port)) {
            needed.insert(Permission::Ports);
        }
        if mode == TlsMode::Off && !login.protocol.is_secure_itself() && !is_loopback(&base) {
            needed.insert(Permission::Unencrypted);
        }
        let missing = needed.without(terms.allow);
        if !missing.is_empty() {
            return Err(forbidden(missing, blamed));
        }
        let guarded = filled.is_typed().then_some(terms.allow);
        Ok(Self { base, guarded, host_fields: asked })
    }

    /// Host and port for a connection of another kind than HTTP.
    pub(super) fn place(&self) -> (String, u16) {
        let host = self.base.host_str().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
        (host.to_owned(), self.base.port_or_known_default().unwrap_or_default())
    }
}

/// The first of one or more places, each with or without `scheme://` before it and a port behind it.
fn first_place(hosts: &str, port: &str, usual: u16) -> Option<Url> {
    let first = hosts.split(',').next()?.trim();
    let first = first.split_once("://").map_or(first, |(_, rest)| rest);
    // An IPv6 address may come without its brackets.
    let bare = if first.parse::<std::net::Ipv6Addr>().is_ok() { format!("[{first}]") } else { first.to_owned() };
    if bare.contains(['/', '?', '#', '@', '\\']) {
        return None;
    }
    let mut url = Url::parse(&format!("https://{bare}")).ok()?;
    if bare.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
        let port = if port.is_empty() { usual } else { port.parse().ok()? };
        url.set_port(Some(port)).ok()?;
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_people_write_them() {
        let read = |hosts, port| first_place(hosts, port, 5432).map(|url| url.as_str().to_owned());
        for (hosts, port, expected) in [
            ("db.example.com", "", "https://db.example.com:5432/"),
            ("db.example.com", "443", "https://db.example.com/"),
            ("db.example.com:6000", "5433", "https://db.example.com:6000/"),
            ("nats://a.example.com:4222, b.example.com", "", "https://a.example.com:4222/"),
            ("::1", "", "https://[::1]:5432/"),
            ("[::1]:7", "", "https://[::1]:7/"),
            ("2130706433", "", "https://127.0.0.1:5432/"),
        ] {
            assert_eq!(read(hosts, port).as_deref(), Some(expected), "{hosts} {port}");
        }
        for (hosts, port) in [("", ""), ("a b", ""), ("a/b", ""), ("u@h", ""), ("h", "99999"), ("h", "x")] {
            assert_eq!(read(hosts, port), None, "{hosts} {port}");
        }
    }
}
