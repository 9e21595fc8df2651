//! PostgreSQL's protocol 3.0, which many other databases speak too: start-up, authentication, the wait for readiness.
//!
//! <https://www.postgresql.org/docs/current/protocol-flow.html>

use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use super::scram::{Hash, Scram};
use super::{Outcome, Roles};
use crate::catalog::protocol::TlsMode;
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    if wire.tls() != TlsMode::Off {
        wire.send(&SSL_REQUEST)?;
        match wire.receive(1)?[0] {
            b'S' => wire.start_tls()?,
            b'N' => return Err(Fault::Unreachable("the server offers no TLS")),
            _ => return Err(Fault::WrongHost),
        }
    }
    let user = roles.text("username").unwrap_or_default();
    let password = roles.get("password").unwrap_or_default();
    wire.send(&startup(user, roles.text("database").unwrap_or(user)))?;
    let mut asked = false;
    let mut scram = Scram::new(Hash::Sha256, "")?;
    loop {
        let (kind, body) = message(wire)?;
        match (kind, authentication(kind, &body)) {
            (b'R', Some((0, _))) if !asked => return leave(wire, Outcome::open()),
            (b'R', Some((0, _))) => {}
            (b'R', Some((3, _))) => answer(wire, &[password, b"\0"])?,
            (b'R', Some((5, salt))) => answer(wire, &[&md5_proof(user, password, salt), b"\0"])?,
            (b'R', Some((10, mechanisms))) => {
                if !mechanisms.split(|b| *b == 0).any(|name| name == b"SCRAM-SHA-256") {
                    return leave(wire, Outcome::open());
                }
                let first = scram.first();
                let length = u32::try_from(first.len()).unwrap_or_default().to_be_bytes();
                answer(wire, &[b"SCRAM-SHA-256\0", &length, first.as_bytes()])?;
            }
            (b'R', Some((11, server_first))) => answer(wire, &[scram.prove(server_first, password)?.as_bytes()])?,
            (b'R', Some((12, server_final))) => scram.confirm(server_final)?,
            (b'R', Some(_)) => return leave(wire, Outcome::open()), // Kerberos and others: no password is asked for
            (b'E', _) => return refusal(&body, asked),
            (b'Z', _) => return leave(wire, Outcome::accepted()),
            (b'S' | b'K' | b'N', _) => {} // settings, the cancel key, notices
            _ => return Err(Fault::WrongHost),
        }
        asked |= kind == b'R';
    }
}

fn startup(user: &str, database: &str) -> Vec<u8> {
    let mut body = 196_608_u32.to_be_bytes().to_vec();
    for text in ["user", user, "database", database, "application_name", "keylatch", ""] {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    let length = u32::try_from(body.len() + 4).unwrap_or_default();
    [&length.to_be_bytes(), body.as_slice()].concat()
}

/// The type and the body of the next message.
fn message(wire: &mut Wire) -> Result<(u8, Zeroizing<Vec<u8>>), Fault> {
    let head = wire.receive(5)?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    let length = usize::try_from(length).unwrap_or(usize::MAX).checked_sub(4).ok_or(Fault::WrongHost)?;
    if !head[0].is_ascii_alphabetic() {
        return Err(Fault::WrongHost);
    }
    Ok((head[0], wire.receive(length)?))
}

/// What an authentication message wants, and the rest of it.
fn authentication(kind: u8, body: &[u8]) -> Option<(u32, &[u8])> {
    let (code, rest) = body.split_first_chunk::<4>().filter(|_| kind == b'R')?;
    Some((u32::from_be_bytes(*code), rest))
}

/// Sends a password message made of these parts.
fn answer(wire: &mut Wire, parts: &[&[u8]]) -> Result<(), Fault> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut message = Zeroizing::new(Vec::with_capacity(length + 5));
    message.push(b'p');
    message.extend_from_slice(&u32::try_from(length + 4).unwrap_or_default().to_be_bytes());
    parts.iter().for_each(|part| message.extend_from_slice(part));
    wire.send(&message)
}

fn md5_proof(user: &str, password: &[u8], salt: &[u8]) -> Zeroizing<Vec<u8>> {
    let hex = |parts: [&[u8]; 2]| {
        let mut hash = Md5::new();
        parts.iter().for_each(|part| hash.update(part));
        Zeroizing::new(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    let inner = hex([password, user.as_bytes()]);
    Zeroizing::new([b"md5", hex([inner.as_bytes(), salt]).as_bytes()].concat())
}

/// What an error means; `asked`: the server has seen the password.
fn refusal(body: &[u8], asked: bool) -> Result<Outcome, Fault> {
    let code = body.split(|b| *b == 0).find_map(|field| field.strip_prefix(b"C")).ok_or(Fault::WrongHost)?;
    let verdict = match code {
        b"28P01" => Verdict::Rejected,
        // Before the password it is the address, the database or the lack of TLS that is not let in.
        b"28000" if asked => Verdict::Rejected,
        b"42501" | b"3D000" if asked => Verdict::UnderScoped,
        b"53300" => Verdict::RateLimited,
        b"57P03" => Verdict::Unreachable,
        _ => Verdict::NotCheckable,
    };
    let plain = code.len() == 5 && code.iter().all(u8::is_ascii_alphanumeric);
    if plain { Ok(Outcome::coded(verdict, String::from_utf8_lossy(code))) } else { Err(Fault::WrongHost) }
}

fn leave(wire: &mut Wire, outcome: Outcome) -> Result<Outcome, Fault> {
    let _ = wire.send(&[b'X', 0, 0, 0, 4]); // it has been decided; whether the goodbye arrives changes nothing
    Ok(outcome)
}
