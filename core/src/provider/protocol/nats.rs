//! NATS: INFO, TLS behind it, CONNECT with a password, a token, a signature by an nkey or a user's credentials file, PING.
//!
//! <https://docs.nats.io/reference/reference-protocols/nats-protocol>,
//! <https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro>

use serde::Deserialize;
use zeroize::Zeroizing;

use super::nkey::Seed;
use super::{Outcome, Roles, made_up};
use crate::catalog::protocol::TlsMode;
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

/// What a server says when it refuses, and what that means.
const REFUSALS: [(&str, Verdict); 9] = [
    ("Authorization Violation", Verdict::Rejected),
    ("User Authentication Expired", Verdict::Rejected),
    ("User Authentication Revoked", Verdict::Rejected),
    ("Account Authentication Expired", Verdict::Rejected),
    ("Authentication Timeout", Verdict::Unreachable),
    ("Server Shutdown", Verdict::Unreachable),
    ("maximum connections exceeded", Verdict::RateLimited),
    ("maximum account active connections exceeded", Verdict::RateLimited),
    ("Secure Connection - TLS Required", Verdict::NotCheckable),
];

/// What a server says of itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Info {
    auth_required: bool,
    tls_required: bool,
    tls_available: bool,
    nonce: String,
}

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    let file = roles.text("credentials").unwrap_or_default();
    let jwt = block(file, "NATS USER JWT");
    let seed = match roles.text("nkey_seed").or_else(|| block(file, "USER NKEY SEED")) {
        Some(text) => match Seed::parse(text.trim()) {
            Some(seed) => Some(seed),
            None => return Ok(Outcome::coded(Verdict::Rejected, "what was given is not the seed of a user's nkey")),
        },
        None => None,
    };
    let info = welcome(wire)?;
    if info.tls_required && wire.tls() == TlsMode::Off {
        return Ok(Outcome::no_way_in("the server wants TLS"));
    }
    if seed.is_some() && info.nonce.is_empty() {
        return Ok(Outcome::no_way_in("the server asks for no signature"));
    }
    // The nonce came before TLS. Whoever had changed it would gain a signature that fits no server of the user's.
    let signature = seed.as_ref().map(|seed| seed.sign(info.nonce.as_bytes()));
    let given = [
        ("user", roles.text("username")),
        ("pass", roles.text("password")),
        ("auth_token", roles.text("token")),
        ("nkey", seed.as_ref().filter(|_| jwt.is_none()).map(Seed::public)),
        ("jwt", jwt),
        ("sig", signature.as_deref()),
    ];
    if given.iter().all(|(_, value)| value.is_none()) {
        return Ok(Outcome::no_way_in("no credential was given"));
    }
    let outcome = connect(wire, &given)?;
    if outcome.verdict != Verdict::Accepted || info.auth_required {
        return Ok(outcome);
    }
    // Such a server may look at credentials all the same, or let anybody in.
    wire.reopen()?;
    welcome(wire)?;
    let (user, password) = (made_up()?, made_up()?);
    let wrong = connect(wire, &[("user", Some(&user)), ("pass", Some(&password))])?;
    if wrong.verdict == Verdict::Accepted { Ok(Outcome::open()) } else { Ok(outcome) }
}

/// What stands in a block of a credentials file.
fn block<'f>(file: &'f str, name: &str) -> Option<&'f str> {
    let mut lines = file.lines().skip_while(|line| !(line.contains("BEGIN") && line.contains(name)));
    lines.nth(1).map(str::trim).filter(|line| !line.is_empty())
}

/// The server's first line, and TLS behind it.
fn welcome(wire: &mut Wire) -> Result<Info, Fault> {
    let line = wire.receive_line()?;
    let text = match line.split_at_checked(5) {
        Some((verb, rest)) if verb.eq_ignore_ascii_case("INFO ") => rest,
        _ if line.starts_with("-ERR") => return Err(Fault::Unreachable("the server takes no connections now")),
        _ => return Err(Fault::WrongHost),
    };
    let info: Info = serde_json::from_str(text).map_err(|_| Fault::WrongHost)?;
    if wire.tls() != TlsMode::Off {
        if !info.tls_required && !info.tls_available {
            return Err(Fault::Unreachable("the server offers no TLS"));
        }
        wire.start_tls()?;
    }
    Ok(info)
}

/// Sends the credential and a PING behind it; a server that takes the one answers the other.
fn connect(wire: &mut Wire, given: &[(&str, Option<&str>)]) -> Result<Outcome, Fault> {
    let most: usize = given.iter().map(|(name, value)| name.len() + 6 * value.map_or(0, str::len) + 8).sum();
    let mut command = Zeroizing::new(Vec::with_capacity(most + 256));
    let tls = wire.tls() != TlsMode::Off;
    let start = format!(
        "CONNECT {{\"verbose\":true,\"pedantic\":false,\"tls_required\":{tls},\"echo\":false,\"protocol\":0,\
         \"name\":\"keylatch\",\"lang\":\"rust\",\"version\":\"{}\"",
        env!("CARGO_PKG_VERSION")
    );
    command.extend_from_slice(start.as_bytes());
    for (name, value) in given {
        if let Some(value) = value {
            command.extend_from_slice(format!(",\"{name}\":").as_bytes());
            serde_json::to_writer(&mut *command, value).map_err(|_| Fault::Broken)?;
        }
    }
    command.extend_from_slice(b"}\r\nPING\r\n");
    wire.send(&command)?;
    loop {
        let line = wire.receive_line()?;
        match line.split(' ').next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "PONG" => return Ok(Outcome::accepted()),
            "-ERR" => return refusal(&line),
            "PING" => wire.send(b"PONG\r\n")?,
            "+OK" | "INFO" => {}
            _ => return Err(Fault::WrongHost),
        }
    }
}

fn refusal(line: &str) -> Result<Outcome, Fault> {
    let said = line.split('\'').nth(1).ok_or(Fault::WrongHost)?;
    Ok(match REFUSALS.iter().find(|(words, _)| words.eq_ignore_ascii_case(said)) {
        Some((words, verdict)) => Outcome::coded(*verdict, words),
        None => Outcome::coded(Verdict::NotCheckable, "-ERR"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_blocks_of_a_credentials_file_are_found() {
        let file = "-----BEGIN NATS USER JWT-----\r\neyJ0.e30.sig\r\n------END NATS USER JWT------\r\n\r\nKeep it.\n\n\
                    -----BEGIN USER NKEY SEED-----\nSUAB\n------END USER NKEY SEED------\n";
        assert_eq!(block(file, "NATS USER JWT"), Some("eyJ0.e30.sig"));
        assert_eq!(block(file, "USER NKEY SEED"), Some("SUAB"));
        for other in ["", "SUAB", "-----BEGIN USER NKEY SEED-----", "-----BEGIN USER NKEY SEED-----\n\n"] {
            assert_eq!(block(other, "USER NKEY SEED"), None, "{other:?}");
        }
    }

    #[test]
    fn only_known_refusals_are_told() {
        let told = |line| refusal(line).map(|o| (o.verdict, o.detail.unwrap_or_default()));
        assert_eq!(
            told("-ERR 'Authorization Violation'"),
            Ok((Verdict::Rejected, "Authorization Violation".to_owned()))
        );
        assert_eq!(told("-ERR 'your password was x'"), Ok((Verdict::NotCheckable, "-ERR".to_owned())));
        assert_eq!(told("-ERR"), Err(Fault::WrongHost));
    }
}
