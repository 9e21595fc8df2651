//! Cassandra and ScyllaDB: `STARTUP`, the exchange of the password authenticator, `USE` in version 4 of CQL's protocol.
//!
//! <https://github.com/apache/cassandra/blob/trunk/doc/native_protocol_v4.spec>

use zeroize::Zeroizing;

use super::bytes::{Reader, joined, length};
use super::{Outcome, Roles};
use crate::catalog::protocol::TlsMode;
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

const REQUEST: u8 = 0x04;
const RESPONSE: u8 = 0x84;
const WARNING: u8 = 0x08;

const ERROR: u8 = 0x00;
const STARTUP: u8 = 0x01;
const READY: u8 = 0x02;
const AUTHENTICATE: u8 = 0x03;
const QUERY: u8 = 0x07;
const RESULT: u8 = 0x08;
const AUTH_CHALLENGE: u8 = 0x0e;
const AUTH_RESPONSE: u8 = 0x0f;
const AUTH_SUCCESS: u8 = 0x10;

const CONSISTENCY_ONE: u16 = 1;

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    if wire.tls() != TlsMode::Off {
        wire.start_tls()?;
    }
    let started = ask(wire, STARTUP, &[&1_u16.to_be_bytes(), &short("CQL_VERSION"), &short("3.0.0")])?;
    match started.kind {
        READY => return Ok(Outcome::open()),
        AUTHENTICATE => {}
        ERROR => return refusal(&started, Verdict::NotCheckable),
        _ => return Err(Fault::WrongHost),
    }
    let proven = authenticate(wire, roles, &started.body)?;
    match proven.kind {
        AUTH_SUCCESS => {}
        ERROR => return refusal(&proven, Verdict::Rejected),
        // Kerberos and others: no password is asked for.
        AUTH_CHALLENGE => return Ok(Outcome::coded(Verdict::NotCheckable, "the server asks for another proof")),
        _ => return Err(Fault::WrongHost),
    }
    let query = match roles.text("keyspace") {
        Some(keyspace) => format!("USE \"{}\"", keyspace.replace('"', "\"\"")),
        None => "SELECT release_version FROM system.local".to_owned(),
    };
    let size = u32::try_from(query.len()).unwrap_or_default().to_be_bytes();
    let answer = ask(wire, QUERY, &[&size, query.as_bytes(), &CONSISTENCY_ONE.to_be_bytes(), &[0]])?;
    match answer.kind {
        RESULT => Ok(Outcome::accepted()),
        ERROR => refusal(&answer, Verdict::UnderScoped),
        _ => Err(Fault::WrongHost),
    }
}

/// Gives name and password. DataStax Enterprise wants the mechanism's name first.
fn authenticate(wire: &mut Wire, roles: &Roles, authenticator: &[u8]) -> Result<Message, Fault> {
    let (user, password) = (roles.get("username").unwrap_or_default(), roles.get("password").unwrap_or_default());
    let size = u32::try_from(user.len() + password.len() + 2).unwrap_or_default().to_be_bytes();
    if authenticator.ends_with(b".DseAuthenticator") {
        let challenge = ask(wire, AUTH_RESPONSE, &[&5_u32.to_be_bytes(), b"PLAIN"])?;
        if challenge.kind != AUTH_CHALLENGE || !challenge.body.ends_with(b"PLAIN-START") {
            return Ok(challenge);
        }
    }
    ask(wire, AUTH_RESPONSE, &[&size, b"\0", user, b"\0", password])
}

struct Message {
    flags: u8,
    kind: u8,
    body: Zeroizing<Vec<u8>>,
}

/// Sends a message and reads what answers it.
fn ask(wire: &mut Wire, kind: u8, body: &[&[u8]]) -> Result<Message, Fault> {
    let size: usize = body.iter().map(|part| part.len()).sum();
    let size = u32::try_from(size).unwrap_or_default().to_be_bytes();
    wire.send(&joined(&[&[&[REQUEST, 0, 0, 0, kind][..], &size], body].concat()))?;
    let head = wire.receive(9)?;
    let mut reader = Reader(&head);
    let (version, flags) = (reader.u8()?, reader.u8()?);
    reader.take(2)?; // the stream: there is one
    let kind = reader.u8()?;
    let size = length(u32::from_be_bytes(reader.array()?))?;
    // Servers that speak no version 4 say so in another one.
    if version != RESPONSE && !(version & 0x80 != 0 && kind == ERROR) {
        return Err(Fault::WrongHost);
    }
    Ok(Message { flags, kind, body: wire.receive(size)? })
}

fn short(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap_or_default().to_be_bytes(), text.as_bytes()].concat()
}

/// What an error means; `no`: a refusal at this point.
fn refusal(message: &Message, no: Verdict) -> Result<Outcome, Fault> {
    let mut reader = Reader(&message.body);
    if message.flags & WARNING != 0 {
        for _ in 0..u16::from_be_bytes(reader.array()?) {
            let size = u16::from_be_bytes(reader.array()?);
            reader.take(usize::from(size))?;
        }
    }
    let code = u32::from_be_bytes(reader.array()?);
    let verdict = match code {
        0x0100 => no,
        // No right, or no such keyspace.
        0x2100 | 0x2200 if no == Verdict::UnderScoped => no,
        0x1001 => Verdict::RateLimited,
        0x1000 | 0x1002 | 0x1200 => Verdict::Unreachable, // too few nodes, starting, no answer from the others
        _ => Verdict::NotCheckable,
    };
    Ok(Outcome::coded(verdict, format_args!("0x{code:04x}")))
}

#[cfg(test)]
mod tests {
    use super::super::robustness::told;
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[RESPONSE, 0, 0, 0, kind][..], &size, body].concat()
    }

    fn verdict(messages: &[Vec<u8>]) -> Result<(Verdict, Option<String>), Fault> {
        let roles = [("username", "u"), ("password", "p"), ("keyspace", "k")];
        told("cassandra", &roles, &messages.concat()).map(|outcome| (outcome.verdict, outcome.detail))
    }

    #[test]
    fn the_servers_words_are_verdicts() {
        let asks = message(AUTHENTICATE, &short("org.apache.cassandra.auth.PasswordAuthenticator"));
        let success = message(AUTH_SUCCESS, &[255; 4]);
        let error = |code: u32| message(ERROR, &[&code.to_be_bytes()[..], &short("no")].concat());
        let coded = |verdict, code: &str| Ok((verdict, Some(code.to_owned())));
        let used = message(RESULT, &[0, 0, 0, 3]);
        assert_eq!(verdict(&[asks.clone(), success.clone(), used]), Ok((Verdict::Accepted, None)));
        assert_eq!(verdict(&[asks.clone(), error(0x100)]), coded(Verdict::Rejected, "0x0100"));
        assert_eq!(verdict(&[asks.clone(), success, error(0x2200)]), coded(Verdict::UnderScoped, "0x2200"));
        assert_eq!(verdict(&[asks, error(0x1001)]), coded(Verdict::RateLimited, "0x1001"));
        assert_eq!(verdict(&[error(0x100)]), coded(Verdict::NotCheckable, "0x0100"));
        assert_eq!(verdict(&[message(READY, b"")]).map(|(verdict, _)| verdict), Ok(Verdict::NotCheckable));
        assert_eq!(verdict(&[b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()]), Err(Fault::WrongHost));
        let mut warned = message(ERROR, &[&[0, 1][..], &short("slow"), &[0, 0, 1, 0, 0, 0]].concat());
        warned[1] = WARNING;
        assert_eq!(verdict(&[warned]), coded(Verdict::NotCheckable, "0x0100"));
    }
}
