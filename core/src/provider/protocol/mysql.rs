//! MySQL's protocol, which MariaDB speaks too: greeting, login, the exchange that the account's plugin wants, the database.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html>

use ring::digest::{Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use zeroize::Zeroizing;

use super::bytes::{Reader, joined};
use super::made_up;
use super::{Outcome, Roles};
use crate::catalog::protocol::TlsMode;
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

const PROTOCOL_41: u32 = 0x200;
const SSL: u32 = 0x800;
const SECURE_CONNECTION: u32 = 0x8000;
const PLUGIN_AUTH: u32 = 0x8_0000;
/// What every client says, long passwords, long flags and transactions among it.
const USUAL: u32 = 0x1 | 0x4 | 0x2000 | PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH;
const UTF8: u8 = 45;

const OK: u8 = 0;
const MORE: u8 = 1;
const SWITCH: u8 = 0xfe;
const ERROR: u8 = 0xff;

const COM_QUIT: u8 = 1;
const COM_INIT_DB: u8 = 2;
const COM_PING: u8 = 14;
const COM_CHANGE_USER: u8 = 17;

const NATIVE: &[u8] = b"mysql_native_password";
const CACHING: &[u8] = b"caching_sha2_password";

/// Ways to log in that are known and not done here; no other name that a server says is repeated.
const OTHER_PLUGINS: [&str; 7] = [
    "auth_gssapi_client",
    "authentication_ldap_sasl_client",
    "authentication_openid_connect_client",
    "client_ed25519",
    "dialog",
    "mysql_old_password",
    "parsec",
];

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    let secured = wire.tls() != TlsMode::Off;
    let mut link = Link { wire, next: 0, secured };
    let packet = link.receive()?;
    if packet.first() == Some(&ERROR) {
        return refusal(&packet, false);
    }
    let greeting = Greeting::read(&packet)?;
    let flags = (USUAL & greeting.flags) | if secured { SSL } else { 0 };
    let packet_limit = 1_u32 << 24;
    let head = [&flags.to_le_bytes()[..], &packet_limit.to_le_bytes(), &[UTF8], &[0; 23]].concat();
    if secured {
        if greeting.flags & SSL == 0 {
            return Err(Fault::Unreachable("the server offers no TLS"));
        }
        link.send(&[&head])?;
        link.wire.start_tls()?;
    }
    let user = roles.get("username").unwrap_or_default();
    let password = roles.get("password").unwrap_or_default();
    let plugin = if greeting.plugin == CACHING { CACHING } else { NATIVE };
    link.send(&[&head, &credential(plugin, user, password, &greeting.salt, b"")])?;
    let outcome = match exchange(&mut link, plugin, password)? {
        Some(refused) => refused,
        None => rights(&mut link, roles, plugin, &greeting.salt)?,
    };
    let _ = link.command(&[&[COM_QUIT]]); // it has been decided; whether the goodbye arrives changes nothing
    Ok(outcome)
}

/// Packets with their numbers.
struct Link<'w> {
    wire: &'w mut Wire,
    next: u8,
    secured: bool,
}

impl Link<'_> {
    fn receive(&mut self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let head = self.wire.receive(4)?;
        let length = super::bytes::length(u32::from_le_bytes([head[0], head[1], head[2], 0]))?;
        self.next = head[3].wrapping_add(1);
        if length == 0 { Err(Fault::WrongHost) } else { self.wire.receive(length) }
    }

    fn send(&mut self, parts: &[&[u8]]) -> Result<(), Fault> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut head = u32::try_from(length).unwrap_or_default().to_le_bytes();
        head[3] = self.next;
        self.next = self.next.wrapping_add(1);
        self.wire.send(&joined(&[&[&head[..]], parts].concat()))
    }

    fn command(&mut self, parts: &[&[u8]]) -> Result<(), Fault> {
        self.next = 0;
        self.send(parts)
    }
}

/// What the server says first.
struct Greeting {
    flags: u32,
    plugin: Vec<u8>,
    salt: Vec<u8>,
}

impl Greeting {
    fn read(packet: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader(packet);
        if reader.u8()? != 10 {
            return Err(Fault::WrongHost);
        }
        reader.until_nul()?; // the server's version
        reader.take(4)?; // the connection's number
        let mut salt = reader.take(8)?.to_vec();
        reader.take(1)?;
        let low: [u8; 2] = reader.array()?;
        reader.take(3)?; // character set, status
        let high: [u8; 2] = reader.array()?;
        let salt_length = usize::from(reader.u8()?);
        reader.take(10)?;
        salt.extend_from_slice(reader.take(salt_length.saturating_sub(8).max(13))?);
        salt.truncate(20); // a zero byte ends it
        let flags = u32::from_le_bytes([low[0], low[1], high[0], high[1]]);
        let plugin = if flags & PLUGIN_AUTH == 0 { NATIVE } else { reader.until_nul().unwrap_or(reader.0) };
        let modern = flags & PROTOCOL_41 != 0 && flags & SECURE_CONNECTION != 0;
        if modern { Ok(Self { flags, plugin: plugin.to_vec(), salt }) } else { Err(Fault::WrongHost) }
    }
}

/// Who logs in, with the first proof: the same bytes in a login and in a change of users, but for `between`.
fn credential(plugin: &[u8], user: &[u8], password: &[u8], salt: &[u8], between: &[u8]) -> Zeroizing<Vec<u8>> {
    let proof = if plugin == CACHING { caching_proof(password, salt) } else { native_proof(password, salt) };
    let length = [u8::try_from(proof.len()).unwrap_or_default()];
    joined(&[user, b"\0", &length, &proof, between, plugin, b"\0"])
}

/// Answers what the account's plugin asks. None: the server has let the user in.
fn exchange(link: &mut Link, plugin: &[u8], password: &[u8]) -> Result<Option<Outcome>, Fault> {
    let mut plugin = plugin.to_vec();
    for _ in 0..8 {
        let packet = link.receive()?;
        match packet.split_first() {
            Some((&OK, _)) => return Ok(None),
            Some((&ERROR, _)) => return refusal(&packet, true).map(Some),
            Some((&SWITCH, rest)) => {
                let mut reader = Reader(rest);
                plugin = reader.until_nul().unwrap_or(b"mysql_old_password").to_vec();
                let salt = reader.0.strip_suffix(b"\0").unwrap_or(reader.0);
                match plugin.as_slice() {
                    NATIVE => link.send(&[&native_proof(password, salt)])?,
                    CACHING => link.send(&[&caching_proof(password, salt)])?,
                    b"mysql_clear_password" | b"sha256_password" if link.secured => link.send(&[password, b"\0"])?,
                    b"mysql_clear_password" | b"sha256_password" => return Ok(Some(undecided(NEEDS_TLS))),
                    other => return Ok(Some(undecided(other_plugin(other)))),
                }
            }
            Some((&MORE, [3])) if plugin == CACHING => {} // the server knows the password; its OK follows
            Some((&MORE, [4])) if plugin == CACHING && link.secured => link.send(&[password, b"\0"])?,
            Some((&MORE, [4])) if plugin == CACHING => return Ok(Some(undecided(NEEDS_TLS))),
            _ => return Err(Fault::WrongHost),
        }
    }
    Err(Fault::WrongHost)
}

const NEEDS_TLS: &str = "the server takes this account's password over TLS only";

fn undecided(detail: impl std::fmt::Display) -> Outcome {
    Outcome::coded(Verdict::NotCheckable, detail)
}

fn other_plugin(name: &[u8]) -> String {
    match OTHER_PLUGINS.iter().find(|known| known.as_bytes() == name) {
        Some(known) => format!("the account logs in by {known}"),
        None => "the account logs in by an unknown plugin".to_owned(),
    }
}

/// Whether the user may use the database that was named, and whether anybody could have come so far.
fn rights(link: &mut Link, roles: &Roles, plugin: &[u8], salt: &[u8]) -> Result<Outcome, Fault> {
    match roles.get("database") {
        Some(database) => link.command(&[&[COM_INIT_DB], database])?,
        None => link.command(&[&[COM_PING]])?,
    }
    let packet = link.receive()?;
    let outcome = match packet.first() {
        Some(&OK) => Outcome::accepted(),
        Some(&ERROR) => refusal(&packet, true)?,
        _ => return Err(Fault::WrongHost),
    };
    // A server that runs without its grant tables lets in whoever comes. The user is made up as well, so that no
    // account of the user's counts a failed login.
    let (user, password) = (made_up()?, made_up()?);
    let charset = [0, UTF8, 0]; // behind a database's empty name
    link.command(&[&[COM_CHANGE_USER], &credential(plugin, user.as_bytes(), password.as_bytes(), salt, &charset)])?;
    match exchange(link, plugin, password.as_bytes()) {
        Ok(None) => Ok(Outcome::open()),
        _ => Ok(outcome),
    }
}

/// What an error packet means; `asked`: the server has seen a proof.
fn refusal(packet: &[u8], asked: bool) -> Result<Outcome, Fault> {
    let mut reader = Reader(packet);
    reader.take(1)?;
    let code = u16::from_le_bytes(reader.array()?);
    let verdict = match code {
        // Refused, without a password, expired, and locked on MySQL and on MariaDB.
        1045 | 1698 | 1862 | 3118 | 4151 if asked => Verdict::Rejected,
        1044 | 1049 | 1142 if asked => Verdict::UnderScoped,
        1040 | 1203 | 1226 => Verdict::RateLimited,
        1053 | 3032 => Verdict::Unreachable,
        _ => Verdict::NotCheckable,
    };
    Ok(Outcome::coded(verdict, code))
}

/// SHA1(password) xor SHA1(salt, SHA1(SHA1(password))); nothing for no password.
fn native_proof(password: &[u8], salt: &[u8]) -> Zeroizing<Vec<u8>> {
    let hash = |parts: &[&[u8]]| hash(&SHA1_FOR_LEGACY_USE_ONLY, parts);
    let inner = hash(&[password]);
    let outer = hash(&[salt, &hash(&[&inner])]);
    mixed(password, &inner, &outer)
}

/// SHA256(password) xor SHA256(SHA256(SHA256(password)), salt); nothing for no password.
fn caching_proof(password: &[u8], salt: &[u8]) -> Zeroizing<Vec<u8>> {
    let hash = |parts: &[&[u8]]| hash(&SHA256, parts);
    let inner = hash(&[password]);
    let outer = hash(&[&hash(&[&inner]), salt]);
    mixed(password, &inner, &outer)
}

fn hash(algorithm: &'static Algorithm, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut context = Context::new(algorithm);
    parts.iter().for_each(|part| context.update(part));
    Zeroizing::new(context.finish().as_ref().to_vec())
}

fn mixed(password: &[u8], one: &[u8], other: &[u8]) -> Zeroizing<Vec<u8>> {
    let size = if password.is_empty() { 0 } else { one.len() };
    Zeroizing::new(one.iter().zip(other).take(size).map(|(a, b)| a ^ b).collect())
}

#[cfg(test)]
mod tests {
    use super::super::robustness::told;
    use super::*;

    const SALT: &[u8] = b"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn proofs_are_those_that_the_servers_formulas_give() {
        assert_eq!(hex(&native_proof(b"pencil", SALT)), "cf61fc4b84338d2884baac2131c29caedc133246");
        assert_eq!(
            hex(&caching_proof(b"pencil", SALT)),
            "804b188f4565dae5617113370e156183c91cfef6dd4714585f8d465f2150b271"
        );
        assert!(native_proof(b"", SALT).is_empty() && caching_proof(b"", SALT).is_empty());
    }

    fn greeting(plugin: &str) -> Vec<u8> {
        let fixed = b"\x0a8.4.0\0\x01\0\0\0abcdefgh\0\xff\xff\x2d\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0";
        packet(0, &[fixed, plugin.as_bytes(), b"\0"].concat())
    }

    fn packet(number: u8, body: &[u8]) -> Vec<u8> {
        [&[u8::try_from(body.len()).unwrap(), 0, 0, number], body].concat()
    }

    fn verdict(answers: &[&[u8]]) -> (Verdict, Option<String>) {
        let says: Vec<u8> = answers.iter().flat_map(|body| packet(2, body)).collect();
        let says = [greeting("caching_sha2_password"), says].concat();
        let outcome = told("mysql", &[("username", "u"), ("password", "p")], &says).unwrap();
        (outcome.verdict, outcome.detail)
    }

    #[test]
    fn caching_sha2_without_tls_ends_with_the_fast_path() {
        let refused: &[u8] = b"\xff\x15\x04#28000Access denied";
        assert_eq!(verdict(&[b"\x01\x03", b"\0\0\0", b"\0\0\0", refused]), (Verdict::Accepted, None));
        assert_eq!(verdict(&[b"\x01\x04"]), (Verdict::NotCheckable, Some(NEEDS_TLS.into())));
        assert_eq!(verdict(&[refused]), (Verdict::Rejected, Some("1045".into())));
        let switch = [b"\xfemysql_clear_password\0", SALT].concat();
        assert_eq!(verdict(&[&switch]), (Verdict::NotCheckable, Some(NEEDS_TLS.into())));
    }

    #[test]
    fn a_server_that_lets_in_anybody_proves_nothing() {
        assert_eq!(verdict(&[b"\0\0\0", b"\0\0\0", b"\0\0\0"]).0, Verdict::NotCheckable);
    }

    #[test]
    fn before_any_proof_an_error_says_nothing_of_the_password() {
        for (code, meant) in
            [(1040_u16, Verdict::RateLimited), (1129, Verdict::NotCheckable), (1045, Verdict::NotCheckable)]
        {
            let says = packet(0, &[&b"\xff"[..], &code.to_le_bytes(), b"no"].concat());
            assert_eq!(told("mysql", &[], &says).unwrap().verdict, meant);
        }
    }
}
