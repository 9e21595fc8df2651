//! Kafka: the SASL handshake, PLAIN or SCRAM in its own requests, then the cluster's metadata.
//!
//! <https://kafka.apache.org/protocol.html>

use zeroize::Zeroizing;

use super::bytes::{Reader, joined, length, receive_framed};
use super::scram::{Hash, Scram};
use super::{Outcome, Roles};
use crate::catalog::protocol::TlsMode;
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

const METADATA: i16 = 3;
const SASL_HANDSHAKE: i16 = 17;
const API_VERSIONS: i16 = 18;
const SASL_AUTHENTICATE: i16 = 36;

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    if wire.tls() != TlsMode::Off {
        wire.start_tls()?;
    }
    let mut link = Link { wire, number: 0 };
    let answer = link.ask(API_VERSIONS, 0, &[])?;
    let mut versions = Reader(&answer);
    versions.take(4)?;
    if let Some(refused) = refusal(&mut versions, Verdict::NotCheckable)? {
        return Ok(refused);
    }
    if range(versions, SASL_AUTHENTICATE)?.is_none() {
        return Ok(Outcome::coded(Verdict::NotCheckable, "the server is older than version 1.0"));
    }
    let mechanism = roles.text("mechanism").unwrap_or("PLAIN").to_ascii_uppercase();
    let answer = link.ask(SASL_HANDSHAKE, 1, &[&short(&mechanism)])?;
    if let Some(refused) = refusal(&mut behind_number(&answer)?, Verdict::NotCheckable)? {
        // A listener without authentication does not expect the handshake.
        return Ok(if refused.detail.as_deref() == Some("34") { Outcome::open() } else { refused });
    }
    let user = roles.text("username").unwrap_or_default();
    let password = roles.get("password").unwrap_or_default();
    let refused = match mechanism.as_str() {
        "PLAIN" => plain(&mut link, user, password)?,
        "SCRAM-SHA-256" => scram(&mut link, Scram::new(Hash::Sha256, user)?, password)?,
        "SCRAM-SHA-512" => scram(&mut link, Scram::new(Hash::Sha512, user)?, password)?,
        _ => Some(Outcome::coded(Verdict::NotCheckable, "this mechanism takes no password")),
    };
    match refused {
        Some(refused) => Ok(refused),
        None => metadata(&mut link, versions),
    }
}

/// Requests with their numbers.
struct Link<'w> {
    wire: &'w mut Wire,
    number: i32,
}

impl Link<'_> {
    /// Sends a request and reads what answers it, its number first.
    fn ask(&mut self, key: i16, version: i16, body: &[&[u8]]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.number += 1;
        let number = self.number.to_be_bytes();
        let client = short("keylatch");
        let size = 8 + client.len() + body.iter().map(|part| part.len()).sum::<usize>();
        let size = u32::try_from(size).unwrap_or_default().to_be_bytes();
        let head = [&size[..], &key.to_be_bytes(), &version.to_be_bytes(), &number, &client];
        self.wire.send(&joined(&[&head[..], body].concat()))?;
        let answer = receive_framed(self.wire)?;
        if answer.starts_with(&number) { Ok(answer) } else { Err(Fault::WrongHost) }
    }

    /// One round of the mechanism's own exchange: what the server says in it, or its refusal.
    fn prove(&mut self, said: &[u8]) -> Result<Result<Zeroizing<Vec<u8>>, Outcome>, Fault> {
        let size = i32::try_from(said.len()).unwrap_or_default().to_be_bytes();
        let answer = self.ask(SASL_AUTHENTICATE, 0, &[&size, said])?;
        let mut reader = behind_number(&answer)?;
        if let Some(refused) = refusal(&mut reader, Verdict::Rejected)? {
            return Ok(Err(refused));
        }
        let words = i16::from_be_bytes(reader.array()?); // -1: no message
        reader.take(usize::try_from(words).unwrap_or_default())?;
        let size = length(i32::from_be_bytes(reader.array()?))?;
        Ok(Ok(joined(&[reader.take(size)?])))
    }
}

fn plain(link: &mut Link, user: &str, password: &[u8]) -> Result<Option<Outcome>, Fault> {
    Ok(link.prove(&joined(&[b"\0", user.as_bytes(), b"\0", password]))?.err())
}

fn scram(link: &mut Link, mut scram: Scram, password: &[u8]) -> Result<Option<Outcome>, Fault> {
    let server_first = match link.prove(scram.first().as_bytes())? {
        Ok(said) => said,
        Err(refused) => return Ok(Some(refused)),
    };
    match link.prove(scram.prove(&server_first, password)?.as_bytes())? {
        Ok(server_final) => scram.confirm(&server_final).map(|()| None),
        Err(refused) => Ok(Some(refused)),
    }
}

/// Asks for the cluster without any topic, which is open to everybody who is in.
fn metadata(link: &mut Link, versions: Reader) -> Result<Outcome, Fault> {
    let (least, most) = range(versions, METADATA)?.ok_or(Fault::WrongHost)?;
    // No topics; from version 4 also: make none; from version 8: tell no rights.
    let body: &[u8] = match least.max(1) {
        version if version > most || version > 8 => return Ok(Outcome::accepted()), // in a form unknown here
        8 => &[0; 7],
        4.. => &[0; 5],
        _ => &[0; 4],
    };
    link.ask(METADATA, least.max(1), &[body])?;
    Ok(Outcome::accepted())
}

/// The versions of a request that the server knows.
fn range(mut versions: Reader, wanted: i16) -> Result<Option<(i16, i16)>, Fault> {
    for _ in 0..length(i32::from_be_bytes(versions.array()?))? {
        let key = i16::from_be_bytes(versions.array()?);
        let (least, most) = (i16::from_be_bytes(versions.array()?), i16::from_be_bytes(versions.array()?));
        if key == wanted {
            return Ok(Some((least, most)));
        }
    }
    Ok(None)
}

fn behind_number(answer: &[u8]) -> Result<Reader<'_>, Fault> {
    let mut reader = Reader(answer);
    reader.take(4)?;
    Ok(reader)
}

fn short(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap_or_default().to_be_bytes(), text.as_bytes()].concat()
}

/// Reads an error code. None: it is no error; `no`: what a refusal means at this point.
fn refusal(answer: &mut Reader, no: Verdict) -> Result<Option<Outcome>, Fault> {
    let code = i16::from_be_bytes(answer.array()?);
    let verdict = match code {
        0 => return Ok(None),
        58 => no,
        5 | 7 | 8 | 15 => Verdict::Unreachable, // no leader, no answer in time, no broker, no coordinator
        89 => Verdict::RateLimited,
        _ => Verdict::NotCheckable,
    };
    Ok(Some(Outcome::coded(verdict, code)))
}

#[cfg(test)]
mod tests {
    use super::super::robustness::told;
    use super::*;

    fn answer(number: i32, body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&size[..], &number.to_be_bytes(), body].concat()
    }

    fn versions() -> Vec<u8> {
        let keys = [[METADATA, 0, 12], [SASL_HANDSHAKE, 0, 1], [SASL_AUTHENTICATE, 0, 2]];
        let keys: Vec<u8> = keys.iter().flatten().flat_map(|number| number.to_be_bytes()).collect();
        answer(1, &[&[0, 0, 0, 0, 0, 3][..], &keys].concat())
    }

    fn verdict(answers: &[Vec<u8>]) -> Result<(Verdict, Option<String>), Fault> {
        let roles = [("username", "u"), ("password", "p"), ("mechanism", "PLAIN")];
        told("kafka", &roles, &answers.concat()).map(|outcome| (outcome.verdict, outcome.detail))
    }

    #[test]
    fn the_servers_codes_are_verdicts() {
        let (known, in_, code) =
            (answer(2, &[0; 6]), answer(3, &[0, 0, 255, 255, 0, 0, 0, 0]), [0, 58, 255, 255, 0, 0, 0, 0]);
        let coded = |verdict, code: &str| Ok((verdict, Some(code.to_owned())));
        assert_eq!(verdict(&[versions(), known.clone(), in_, answer(4, &[])]), Ok((Verdict::Accepted, None)));
        assert_eq!(verdict(&[versions(), known, answer(3, &code)]), coded(Verdict::Rejected, "58"));
        assert_eq!(verdict(&[versions(), answer(2, &[0, 33])]), coded(Verdict::NotCheckable, "33"));
        let open = coded(Verdict::NotCheckable, "the server asks for no proof");
        assert_eq!(verdict(&[versions(), answer(2, &[0, 34])]), open);
        assert_eq!(verdict(&[answer(7, &[0; 6])]), Err(Fault::WrongHost));
        assert_eq!(verdict(&[b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()]), Err(Fault::WrongHost));
    }
}
