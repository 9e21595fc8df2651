//! Where a vault in PostgreSQL is: what its URL says. No error quotes the URL, since any part of it may be part of the password.

use std::fmt;
use std::net::IpAddr;

use zeroize::Zeroizing;

use crate::catalog::protocol::TlsMode;
use crate::error::{Error, Result};
use crate::secret::Secret;

const PORT: u16 = 5432;
const SCHEMA: &str = "keylatch";
const POOL: usize = 8;
/// PostgreSQL cuts names that are longer.
const LONGEST_NAME: usize = 63;

/// A URL such as `postgres://user:password@host/database`, taken apart.
#[derive(Debug)]
pub(crate) struct Address {
    pub(super) hosts: Vec<(String, u16)>,
    pub(super) user: String,
    pub(super) password: Option<Secret>,
    pub(super) database: String,
    /// Where the tables are.
    pub(super) schema: String,
    pub(super) tls: TlsMode,
    /// Connections at once at most, of each process.
    pub(super) pool: usize,
    pub(super) application_name: String,
}

impl Address {
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once(':').ok_or_else(|| wrong("is none"))?;
        if !matches!(scheme, "postgres" | "postgresql") {
            return Err(wrong("must begin with postgres:// or postgresql://"));
        }
        let rest = rest.strip_prefix("//").ok_or_else(|| {
            wrong(
                "must begin with postgres:// or postgresql://, and be given as text: a path object takes a slash away",
            )
        })?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').map_or((login, None), |(user, word)| (user, Some(word)));
        let mut parts = Parts {
            user: text(user)?,
            password: password.map(secret).transpose()?,
            database: text(database)?,
            ..Parts::default()
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parts.set(name, value)?;
        }
        parts.whole(hosts)
    }

    /// The address for people: without the password.
    pub(crate) fn shown(&self) -> String {
        let hosts: Vec<String> = self.hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
        format!("postgres://{}@{}/{}?schema={}", self.user, hosts.join(","), self.database, self.schema)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// What was found so far.
#[derive(Default)]
struct Parts {
    hosts: Option<String>,
    ports: Option<String>,
    user: String,
    password: Option<Secret>,
    database: String,
    schema: Option<String>,
    tls: Option<TlsMode>,
    pool: Option<usize>,
    application_name: Option<String>,
}

impl Parts {
    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "host" => self.hosts = Some(text(value)?),
            "port" => self.ports = Some(text(value)?),
            "user" => self.user = text(value)?,
            "password" => self.password = Some(secret(value)?),
            "dbname" => self.database = text(value)?,
            "application_name" => self.application_name = Some(text(value)?),
            "schema" => self.schema = Some(schema(text(value)?)?),
            "sslmode" => self.tls = Some(tls(value)?),
            "pool" => self.pool = Some(pool(value)?),
            // A vault is written to, so no other server would do.
            "target_session_attrs" if matches!(value, "any" | "read-write" | "primary") => {}
            "channel_binding" if matches!(value, "disable" | "prefer") => {}
            "channel_binding" => {
                return Err(wrong(
                    "asks for channel binding, which Keylatch does not do: leave `channel_binding` away, and let \
                     `sslmode=verify-full` prove who answers",
                ));
            }
            _ => {
                return Err(wrong(
                    "has a parameter that is not known; known are host, port, user, password, dbname, schema, sslmode, pool, \
                     application_name (in a password, write @ / ? & % as %40 %2F %3F %26 %25)",
                ));
            }
        }
        Ok(())
    }

    fn whole(self, authority: &str) -> Result<Address> {
        let hosts =
            self.hosts.map_or_else(|| hosts(authority), |names| hosts_of_parameters(&names, self.ports.as_deref()));
        let hosts = hosts?;
        if self.user.is_empty() {
            return Err(wrong("names no user: write postgres://user:password@host/database"));
        }
        let nearby = hosts.iter().all(|(host, _)| is_nearby(host));
        Ok(Address {
            hosts,
            database: if self.database.is_empty() { self.user.clone() } else { self.database },
            user: self.user,
            password: self.password,
            schema: self.schema.unwrap_or_else(|| SCHEMA.to_owned()),
            tls: self.tls.unwrap_or(if nearby { TlsMode::Off } else { TlsMode::Verified }),
            pool: self.pool.unwrap_or(POOL),
            application_name: self.application_name.unwrap_or_else(|| "keylatch".to_owned()),
        })
    }
}

/// `host`, `host:port`, `[::1]:port`, a folder of sockets as `%2Ftmp`, or several of them behind commas.
fn hosts(authority: &str) -> Result<Vec<(String, u16)>> {
    authority
        .split(',')
        .map(|each| {
            let (host, port) = match each.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                Some((host, port)) => (host, port.strip_prefix(':').unwrap_or(port)),
                None => each.split_once(':').unwrap_or((each, "")),
            };
            Ok((named(text(host)?)?, self::port(port)?))
        })
        .collect()
}

fn hosts_of_parameters(names: &str, ports: Option<&str>) -> Result<Vec<(String, u16)>> {
    let ports = ports.map(|ports| ports.split(',').map(port).collect::<Result<Vec<_>>>()).transpose()?;
    let ports = ports.unwrap_or_else(|| vec![PORT]);
    let port_of = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(PORT);
    names.split(',').enumerate().map(|(at, host)| Ok((named(host.to_owned())?, port_of(at)))).collect()
}

fn named(host: String) -> Result<String> {
    if host.is_empty() {
        return Err(wrong("names no host: write postgres://user:password@host/database"));
    }
    Ok(host)
}

fn port(text: &str) -> Result<u16> {
    if text.is_empty() { Ok(PORT) } else { text.parse().map_err(|_| wrong("has a port that is no number up to 65535")) }
}

/// Whether what is sent there stays on this machine.
fn is_nearby(host: &str) -> bool {
    host.starts_with('/') || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn schema(name: String) -> Result<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let fits = (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(plain) && !name.starts_with("pg_");
    if fits {
        return Ok(name);
    }
    Err(wrong("has a schema that cannot be: give it up to 63 of a-z, 0-9 and _, not beginning with pg_"))
}

fn tls(word: &str) -> Result<TlsMode> {
    match word {
        "disable" | "require" | "verify-ca" | "verify-full" => {
            TlsMode::parse(word).ok_or_else(|| wrong("has no `sslmode`"))
        }
        _ => Err(wrong(
            "has an `sslmode` that Keylatch does not know or that protects nothing, such as `prefer`: say verify-full, \
             verify-ca, require or disable",
        )),
    }
}

fn pool(text: &str) -> Result<usize> {
    let size = text.parse().ok().filter(|size| (1..=1000).contains(size));
    size.ok_or_else(|| wrong("has a `pool` that is no number from 1 to 1000"))
}

fn text(escaped: &str) -> Result<String> {
    let bytes = unescaped(escaped)?;
    let text = std::str::from_utf8(&bytes).ok().filter(|text| !text.chars().any(char::is_control));
    text.map(str::to_owned).ok_or_else(|| wrong("holds characters that cannot be"))
}

fn secret(escaped: &str) -> Result<Secret> {
    unescaped(escaped).map(|bytes| Secret::new(&bytes))
}

/// With `%XX` made to bytes.
fn unescaped(text: &str) -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.split_at_checked(2).and_then(|(digits, after)| {
            rest = after;
            std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))
        });
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or_else(|| wrong("has a % that two hexadecimal digits do not follow: write it as %25"))?);
    }
    Ok(bytes)
}

fn wrong(what: &str) -> Error {
    Error::argument("path", format!("the URL of the vault {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn parsed(url: &str) -> Address {
        Address::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    #[test]
    fn a_url_says_where_and_who() {
        let address = parsed("postgresql://me:p%40ss%2F@db.example:6000/app?schema=keys_1&pool=3&sslmode=require");
        assert_eq!(address.hosts, [("db.example".to_owned(), 6000)]);
        assert_eq!(address.password.as_ref().unwrap().expose(), b"p@ss/");
        assert_eq!((address.pool, address.tls), (3, TlsMode::Unverified));
        assert_eq!(address.shown(), "postgres://me@db.example:6000/app?schema=keys_1");
        assert!(!format!("{address:?} {address}").contains("p@ss"));
        let address = parsed("postgres://me@one,two:5433/");
        assert_eq!(address.hosts, [("one".to_owned(), 5432), ("two".to_owned(), 5433)]);
        assert_eq!((address.database.as_str(), address.schema.as_str()), ("me", "keylatch"));
    }

    #[test]
    fn only_what_stays_on_the_machine_goes_without_tls() {
        for near in ["localhost", "127.0.0.1", "[::1]", "%2Frun%2Fpostgresql"] {
            assert_eq!(parsed(&format!("postgres://me@{near}/db")).tls, TlsMode::Off, "{near}");
        }
        assert_eq!(parsed("postgres://me@/db?host=/tmp&port=5433").hosts, [("/tmp".to_owned(), 5433)]);
        for far in ["db.example", "10.0.0.1", "localhost.example", "localhost,db.example"] {
            assert_eq!(parsed(&format!("postgres://me@{far}/db")).tls, TlsMode::Verified, "{far}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_without_quoting_it() {
        for url in [
            "postgres:/me:canary@host/db",
            "postgres://:canary@host/db",
            "postgres://me:canary@/db",
            "postgres://me:canary%zz@host/db",
            "postgres://me:can?canary@host/db",
            "postgres://me:canary@host:canary/db",
            "postgres://me:x@host/db?canary=1",
            "postgres://me:canary@host/db?sslmode=prefer",
            "postgres://me:x@host/db?sslmode=canary",
            "postgres://me:x@host/db?schema=Canary",
            "postgres://me:x@host/db?schema=pg_canary",
            "postgres://me:x@host/db?pool=0",
            "postgres://me:x@host/db?channel_binding=require",
        ] {
            let error = Address::parse(url).unwrap_err();
            assert_eq!((error.kind(), error.fields()), (ErrorKind::InvalidArgument, &["path".to_owned()][..]), "{url}");
            assert!(!error.message().to_lowercase().contains("canary"), "{error}");
        }
    }
}
