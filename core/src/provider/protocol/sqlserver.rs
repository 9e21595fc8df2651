//! SQL Server and Azure SQL: pre-login, TLS as both sides agree on it, the login and what the server says to it.
//!
//! <https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-tds/>

use zeroize::Zeroizing;

use super::bytes::{Reader, joined};
use super::{Outcome, Roles, tds};
use crate::catalog::protocol::TlsMode;
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

/// What each side says of encryption in its pre-login.
const LOGIN_ONLY: u8 = 0;
const ON: u8 = 1;
const NOT_SUPPORTED: u8 = 2;
const REQUIRED: u8 = 3;

const VERSION_7_4: u32 = 0x7400_0004;
const VERSION_8: u32 = 0x0800_0000;

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    let (version, login_only) = match wire.tls() {
        TlsMode::Off => (VERSION_7_4, optional(wire)?),
        // `strict`: TLS comes first, and everything is inside.
        TlsMode::Verified => {
            wire.start_tls_for(b"tds/8.0")?;
            prelogin(wire, NOT_SUPPORTED)?;
            (VERSION_8, false)
        }
        _ => {
            if roles.text("trust_server_certificate") == Some("true") {
                wire.set_tls(TlsMode::Unverified);
            }
            match prelogin(wire, ON)? {
                ON | REQUIRED => tds::start_tls(wire)?,
                _ => return Err(Fault::Unreachable("the server offers no TLS")),
            }
            (VERSION_7_4, false)
        }
    };
    let text = |role| roles.text(role).unwrap_or_default();
    tds::send(wire, tds::LOGIN7, &login(version, text("username"), text("password"), text("database")))?;
    if login_only {
        wire.stop_tls()?;
    }
    let answer = tds::receive(wire)?;
    verdict(&answer)
}

/// `optional`: as much TLS as the server wants, whoever it is. True: it protects the login alone.
fn optional(wire: &mut Wire) -> Result<bool, Fault> {
    let agreed = prelogin(wire, LOGIN_ONLY)?;
    if agreed == NOT_SUPPORTED {
        return Ok(false);
    }
    wire.set_tls(TlsMode::Unverified);
    tds::start_tls(wire)?;
    Ok(agreed == LOGIN_ONLY)
}

/// Says what we want of encryption and reads what the server makes of it.
fn prelogin(wire: &mut Wire, encryption: u8) -> Result<u8, Fault> {
    // Each option: its number, where its value stands and how long it is.
    let options = [[0, 0, 11, 0, 6], [1, 0, 17, 0, 1]].concat();
    tds::send(wire, tds::PRELOGIN, &joined(&[&options, &[0xff], &[0; 6], &[encryption]]))?;
    let answer = tds::receive(wire)?;
    let mut reader = Reader(&answer);
    loop {
        match reader.u8()? {
            0xff => return Err(Fault::WrongHost),
            option => {
                let (at, size) = (u16::from_be_bytes(reader.array()?), u16::from_be_bytes(reader.array()?));
                if option == 1 && size == 1 {
                    let said = answer.get(usize::from(at)).copied().ok_or(Fault::WrongHost)?;
                    return if said <= REQUIRED { Ok(said) } else { Err(Fault::WrongHost) };
                }
            }
        }
    }
}

/// The login message: numbers, then where each text stands, then the texts.
fn login(version: u32, user: &str, password: &str, database: &str) -> Zeroizing<Vec<u8>> {
    const TEXTS_AT: usize = 94;
    let mut password = utf16(password);
    password.iter_mut().for_each(|byte| *byte = byte.rotate_left(4) ^ 0xa5);
    let plain = |text| utf16(text);
    let client = plain("keylatch");
    // Of the client's machine, server, extension and language nothing is said.
    let texts = [plain(""), plain(user), password, client, plain(""), plain(""), plain(""), plain(""), plain(database)];

    let size: usize = TEXTS_AT + texts.iter().map(|text| text.len()).sum::<usize>();
    let mut message = Zeroizing::new(Vec::with_capacity(size));
    for number in [u32::try_from(size).unwrap_or_default(), version, 4096, 0, 0, 0] {
        message.extend_from_slice(&number.to_le_bytes());
    }
    // A database that cannot be opened ends the login; nothing else is asked for.
    message.extend_from_slice(&[0xe0, 0x03, 0, 0]);
    message.extend_from_slice(&[0; 8]); // time zone and language
    let mut at = TEXTS_AT;
    let mut place = |length: usize| {
        let place = [at, length / 2].map(|number| u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes()).concat();
        at += length;
        place
    };
    texts.iter().for_each(|text| message.extend_from_slice(&place(text.len())));
    message.extend_from_slice(&[0; 6]); // the client's number
    (0..3).for_each(|_| message.extend_from_slice(&place(0)));
    message.extend_from_slice(&[0; 4]);
    texts.iter().for_each(|text| message.extend_from_slice(text));
    message
}

fn utf16(text: &str) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 2));
    text.encode_utf16().for_each(|unit| bytes.extend_from_slice(&unit.to_le_bytes()));
    bytes
}

/// What the tokens of the answer say. A database that cannot be opened is named before the login is said to have failed.
fn verdict(answer: &[u8]) -> Result<Outcome, Fault> {
    let mut reader = Reader(answer);
    let (mut accepted, mut refused, mut elsewhere) = (false, None, false);
    while let Ok(token) = reader.u8() {
        match token {
            0xaa | 0xab | 0xad | 0xe3 | 0xed => {
                let size = u16::from_le_bytes(reader.array()?);
                let mut body = Reader(reader.take(usize::from(size))?);
                match token {
                    0xaa => {
                        let code = i32::from_le_bytes(body.array()?);
                        refused = refused.or(Some(code));
                    }
                    0xad => accepted = true,
                    0xe3 => elsewhere |= body.u8()? == 20,
                    _ => {}
                }
            }
            0xfd..=0xff => drop(reader.take(12)?),
            0x79 => drop(reader.take(4)?),
            _ => return Err(Fault::WrongHost),
        }
    }
    match refused {
        Some(code) => Ok(Outcome::coded(meaning(code), code)),
        None if elsewhere => Ok(Outcome::coded(Verdict::NotCheckable, "the server sends its users to another host")),
        None if accepted => Ok(Outcome::accepted()),
        None => Err(Fault::WrongHost),
    }
}

/// What an error number says of the credentials.
fn meaning(code: i32) -> Verdict {
    match code {
        18456 | 18470 | 18486 | 18487 | 18488 => Verdict::Rejected, // wrong, disabled, locked, expired, to be changed
        916 | 4060 | 4064 => Verdict::UnderScoped,
        10928 | 10929 | 17809 | 40501 => Verdict::RateLimited,
        17142 | 18401 | 18451 | 18461 | 40143 | 40197 | 40613 => Verdict::Unreachable,
        _ => Verdict::NotCheckable,
    }
}

#[cfg(test)]
mod tests {
    use super::super::robustness::told;
    use super::*;

    fn packet(body: &[u8]) -> Vec<u8> {
        let size = u16::try_from(body.len() + 8).unwrap().to_be_bytes();
        [&[4, 1][..], &size, &[0; 4], body].concat()
    }

    fn error(code: i32) -> Vec<u8> {
        [&[0xaa, 8, 0][..], &code.to_le_bytes(), &[1, 14, 0, 0]].concat()
    }

    const ACCEPTED: &[u8] = &[0xad, 1, 0, 1];
    const DONE: &[u8] = &[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const NO_TLS: &[u8] = &[1, 0, 6, 0, 1, 0xff, NOT_SUPPORTED];

    fn said(answer: &[u8]) -> Result<(Verdict, Option<String>), Fault> {
        let roles = [("username", "u"), ("password", "p")];
        let says = [packet(NO_TLS), packet(answer)].concat();
        told("sqlserver", &roles, &says).map(|outcome| (outcome.verdict, outcome.detail))
    }

    #[test]
    fn tokens_are_verdicts() {
        let coded = |verdict, code: &str| Ok((verdict, Some(code.to_owned())));
        assert_eq!(said(&[ACCEPTED, DONE].concat()), Ok((Verdict::Accepted, None)));
        assert_eq!(said(&[&error(18456), DONE].concat()), coded(Verdict::Rejected, "18456"));
        assert_eq!(said(&[error(4060), error(18456)].concat()), coded(Verdict::UnderScoped, "4060"));
        assert_eq!(said(&error(-5)), coded(Verdict::NotCheckable, "-5"));
        let routed = [&[0xe3, 1, 0, 20][..], ACCEPTED, DONE].concat();
        assert_eq!(said(&routed).map(|(verdict, _)| verdict), Ok(Verdict::NotCheckable));
        for wrong in [&b""[..], DONE, &[0xad, 2, 0, 1], &[0xaa, 3, 0, 1, 2, 3], &[0x42]] {
            assert_eq!(said(wrong), Err(Fault::WrongHost), "{wrong:?}");
        }
    }

    #[test]
    fn the_login_says_where_its_texts_stand() {
        let message = login(VERSION_7_4, "sä", "aé", "db");
        let at = |place: usize| usize::from(u16::from_le_bytes([message[place], message[place + 1]]));
        let text = |place: usize| &message[at(place)..at(place) + 2 * at(place + 2)];
        assert_eq!(usize::from(message[0]), message.len());
        assert_eq!(text(40), &*utf16("sä"));
        assert_eq!(text(44), [0xb3, 0xa5, 0x3b, 0xa5]);
        assert_eq!(text(48), &*utf16("keylatch"));
        assert_eq!(text(68), &*utf16("db"));
        assert_eq!(at(78), message.len()); // no Windows login
    }
}
