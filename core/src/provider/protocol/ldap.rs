//! LDAP: StartTLS where wanted, a simple bind, a look at the base entry where one is named, unbind. The few messages that
//! takes are written in BER by hand.
//!
//! <https://www.rfc-editor.org/rfc/rfc4511>, <https://www.rfc-editor.org/rfc/rfc4513>

use zeroize::Zeroizing;

use super::{Outcome, Roles};
use crate::catalog::protocol::TlsMode;
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const SEQUENCE: u8 = 0x30;

/// Tags of the protocol's messages.
const BIND: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;

/// Tags within them: the simple password, the name of an extended operation, a filter that wants an attribute to be there.
const SIMPLE: u8 = 0x80;
const OPERATION: u8 = 0x80;
const PRESENT: u8 = 0x87;

const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    let (Some(name), Some(password)) = (roles.get("bind_dn"), roles.get("password")) else {
        // Without either it would be an anonymous bind, which servers accept.
        return Ok(Outcome::no_way_in("no name or no password was given"));
    };
    match wire.tls() {
        TlsMode::Verified => wire.start_tls()?,
        TlsMode::Upgraded => {
            let (code, _) = ask(wire, EXTENDED, &[&element(OPERATION, &[START_TLS])], EXTENDED_RESPONSE)?;
            if code != 0 {
                return Err(Fault::Unreachable("the server offers no TLS"));
            }
            wire.start_tls()?;
        }
        _ => {}
    }
    let version = element(INTEGER, &[&[3]]);
    let bind = [version, element(OCTETS, &[name]), element(SIMPLE, &[password])];
    let (code, said) = ask(wire, BIND, &[&bind[0], &bind[1], &bind[2]], BIND_RESPONSE)?;
    let outcome = match (code, roles.get("base_dn")) {
        (0, Some(base)) => look_at(wire, base)?,
        _ => bound(code, &said),
    };
    // It has been decided; whether the goodbye arrives changes nothing.
    let _ = wire.send(&message(UNBIND, &[]));
    Ok(outcome)
}

fn bound(code: u8, said: &[u8]) -> Outcome {
    match code {
        0 => Outcome::accepted(),
        // 34: what was given is no DN.
        49 => match windows_code(said) {
            Some(reason) => Outcome::coded(Verdict::Rejected, format_args!("49 data {reason}")),
            None => Outcome::coded(Verdict::Rejected, code),
        },
        34 => Outcome::coded(Verdict::Rejected, code),
        51 => Outcome::coded(Verdict::RateLimited, code),
        52 => Outcome::coded(Verdict::Unreachable, code),
        _ => Outcome::coded(Verdict::NotCheckable, code),
    }
}

/// Active Directory tells in three or four hexadecimal digits why: `52e` a wrong password, `775` an account locked.
fn windows_code(said: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(said).ok()?;
    let (_, rest) = text.split_once(", data ")?;
    let code = rest.split(',').next()?;
    (matches!(code.len(), 3 | 4) && code.bytes().all(|b| b.is_ascii_hexdigit())).then_some(code)
}

/// Whether the user may see this entry.
fn look_at(wire: &mut Wire, base: &[u8]) -> Result<Outcome, Fault> {
    let parts = [
        element(OCTETS, &[base]),
        element(ENUMERATED, &[&[0]]), // of this entry alone
        element(ENUMERATED, &[&[0]]), // no aliases followed
        element(INTEGER, &[&[1]]),    // one entry
        element(INTEGER, &[&[10]]),   // seconds
        element(BOOLEAN, &[&[0xff]]), // no values
        element(PRESENT, &[b"objectClass"]),
        element(SEQUENCE, &[&element(OCTETS, &[b"1.1"])]), // no attributes
    ];
    let parts: Vec<&[u8]> = parts.iter().map(|part| &part[..]).collect();
    wire.send(&message(SEARCH, &parts))?;
    let mut seen = false;
    let code = loop {
        match receive(wire)? {
            (ENTRY, _) => seen = true,
            (REFERENCE, _) => {}
            (SEARCH_DONE, body) => break result(&body).ok_or(Fault::WrongHost)?.0,
            (EXTENDED_RESPONSE, body) => break result(&body).ok_or(Fault::WrongHost)?.0, // the server hangs up
            _ => return Err(Fault::WrongHost),
        }
    };
    Ok(match code {
        0 | 4 if seen => Outcome::accepted(),
        // No such entry or one hidden, no DN at all, elsewhere, not allowed.
        0 | 4 | 10 | 32 | 34 | 50 => Outcome::coded(Verdict::UnderScoped, code),
        51 => Outcome::coded(Verdict::RateLimited, code),
        52 => Outcome::coded(Verdict::Unreachable, code),
        _ => Outcome::coded(Verdict::NotCheckable, code),
    })
}

/// Sends a message and reads the one result that answers it: its code, and its text for people.
fn ask(wire: &mut Wire, tag: u8, parts: &[&[u8]], answer: u8) -> Result<(u8, Vec<u8>), Fault> {
    wire.send(&message(tag, parts))?;
    let (found, body) = receive(wire)?;
    // A server that hangs up says so in an extended response that nobody asked for.
    let fits = found == answer || found == EXTENDED_RESPONSE;
    let (code, said) = result(&body).filter(|_| fits).ok_or(Fault::WrongHost)?;
    if found == answer || code != 0 { Ok((code, said.to_vec())) } else { Err(Fault::WrongHost) }
}

/// A message with its number; one number does, since each waits for its answer.
fn message(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    element(SEQUENCE, &[&element(INTEGER, &[&[1]]), &element(tag, parts)])
}

/// An element of BER in one buffer of its final size.
fn element(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 10));
    bytes.push(tag);
    let octets = length.to_be_bytes();
    let zeros = octets.iter().take_while(|b| **b == 0).count().min(octets.len() - 1);
    let octets = octets.get(zeros..).unwrap_or_default();
    if length > 0x7f {
        bytes.push(0x80 | u8::try_from(octets.len()).unwrap_or_default());
    }
    bytes.extend_from_slice(octets);
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

/// The tag and the inside of the next message.
fn receive(wire: &mut Wire) -> Result<(u8, Vec<u8>), Fault> {
    let head = wire.receive(2)?;
    let [SEQUENCE, first] = head[..] else { return Err(Fault::WrongHost) };
    let length = match first {
        0..=0x7f => usize::from(first),
        0x81..=0x84 => wire.receive(usize::from(first & 0x7f))?.iter().fold(0, |sum, b| sum << 8 | usize::from(*b)),
        _ => return Err(Fault::WrongHost),
    };
    let body = wire.receive(length)?;
    let inside = || {
        let (number, _, rest) = split(&body)?;
        let (tag, inside, _) = split(rest).filter(|_| number == INTEGER)?;
        Some((tag, inside.to_vec()))
    };
    inside().ok_or(Fault::WrongHost)
}

/// The code and the text of a result.
fn result(body: &[u8]) -> Option<(u8, &[u8])> {
    let (tag, code, rest) = split(body)?;
    let (_, _matched, rest) = split(rest)?;
    let (_, said, _) = split(rest)?;
    match code {
        [code] if tag == ENUMERATED => Some((*code, said)),
        _ => None,
    }
}

/// Tag and content of the first element, and what follows it.
fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |sum, b| sum << 8 | usize::from(*b)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_any_length_are_read_as_they_were_written() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let bytes = element(OCTETS, &[&content]);
            assert_eq!(split(&bytes), Some((OCTETS, &content[..], &b""[..])), "{length}");
            assert_eq!(split(&bytes[..bytes.len() - 1]), None, "{length}");
        }
        assert_eq!(element(OCTETS, &[&[0; 128]])[..3], [OCTETS, 0x81, 0x80]);
        assert_eq!(message(UNBIND, &[])[..], [0x30, 5, 2, 1, 1, 0x42, 0]);
    }

    #[test]
    fn what_is_no_result_is_told() {
        let good = [10, 1, 49, 4, 0, 4, 2, b'n', b'o'];
        assert_eq!(result(&good), Some((49, &b"no"[..])));
        for bad in
            [&good[..8], &good[..3], &[2, 1, 49, 4, 0, 4, 0], &[10, 0, 4, 0, 4, 0], &[10, 0x80], &[10, 0x85], b""]
        {
            assert_eq!(result(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_reason_of_active_directory_is_told_where_it_is_plain() {
        let said = b"80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 52e, v2580";
        assert_eq!(windows_code(said), Some("52e"));
        for other in [&b"invalid credentials"[..], b"x, data secret, y", b"x, data 52", b"\xff, data 52e, "] {
            assert_eq!(windows_code(other), None);
        }
    }
}
