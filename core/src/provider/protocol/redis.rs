//! Redis and Valkey: `AUTH`, `PING` and `SELECT` in RESP2.
//!
//! <https://redis.io/docs/latest/develop/reference/protocol-spec/>

use zeroize::Zeroizing;

use super::{Outcome, Roles, made_up};
use crate::catalog::protocol::TlsMode;
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    if wire.tls() != TlsMode::Off {
        wire.start_tls()?;
    }
    let password = roles.get("password").unwrap_or_default();
    let outcome = match authenticate(wire, roles, password)?.as_str() {
        "+OK" => None,
        reply => Some(refusal(reply, Verdict::Rejected)?),
    };
    let outcome = match outcome {
        Some(refused) => refused,
        None => rights(wire, roles)?,
    };
    // A user without a password gets in with any.
    let proven = matches!(outcome.verdict, Verdict::Accepted | Verdict::UnderScoped);
    if proven && authenticate(wire, roles, made_up()?.as_bytes())? == "+OK" {
        return Ok(Outcome::open());
    }
    Ok(outcome)
}

fn authenticate(wire: &mut Wire, roles: &Roles, password: &[u8]) -> Result<String, Fault> {
    match roles.get("username") {
        Some(user) => command(wire, &[b"AUTH", user, password]),
        None => command(wire, &[b"AUTH", password]),
    }
}

/// Whether the user may do the least, and use the database that was named.
fn rights(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    let pong = command(wire, &[b"PING"])?;
    if pong != "+PONG" {
        return refusal(&pong, Verdict::UnderScoped);
    }
    match roles.get("database") {
        Some(database) => match command(wire, &[b"SELECT", database])?.as_str() {
            "+OK" => Ok(Outcome::accepted()),
            reply => refusal(reply, Verdict::UnderScoped),
        },
        None => Ok(Outcome::accepted()),
    }
}

/// Sends a command and reads the one line that answers it.
fn command(wire: &mut Wire, words: &[&[u8]]) -> Result<String, Fault> {
    let length: usize = words.iter().map(|word| word.len() + 32).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 32));
    bytes.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    wire.send(&bytes)?;
    let reply = wire.receive_line()?;
    if reply.starts_with(['+', '-']) { Ok(reply) } else { Err(Fault::WrongHost) }
}

/// What an error reply means; `otherwise`: one that says no in words of its own.
fn refusal(reply: &str, otherwise: Verdict) -> Result<Outcome, Fault> {
    let reply = reply.strip_prefix('-').ok_or(Fault::WrongHost)?;
    let code = reply.split(' ').next().unwrap_or_default();
    let verdict = match code {
        "WRONGPASS" | "NOAUTH" => Verdict::Rejected,
        "NOPERM" => Verdict::UnderScoped,
        "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" => Verdict::Unreachable,
        // Servers before version 6 say `ERR invalid password`, and `ERR … no password is set` where anybody gets in.
        "ERR" if reply.contains("no password is set") || reply.contains("without any password") => {
            Verdict::NotCheckable
        }
        "ERR" if reply.contains("max number of clients") => Verdict::RateLimited,
        "ERR" => otherwise,
        _ => Verdict::NotCheckable,
    };
    let known = code.len() <= 20 && code.bytes().all(|b| b.is_ascii_uppercase());
    if known { Ok(Outcome::coded(verdict, code)) } else { Err(Fault::WrongHost) }
}
