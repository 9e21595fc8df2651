//! AMQP 0-9-1, as RabbitMQ and LavinMQ speak it: SASL PLAIN, the tuning, the opening of the virtual host, the closing.
//!
//! <https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf>, and for refusals that are told:
//! <https://www.rabbitmq.com/docs/auth-notification>

use zeroize::Zeroizing;

use super::{Outcome, Roles, sasl};
use crate::catalog::protocol::TlsMode;
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

const HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";
const METHOD: u8 = 1;
const HEARTBEAT: u8 = 8;
const FRAME_END: u8 = 0xce;

/// Methods of the class "connection", the only ones that a login needs.
const CONNECTION: u16 = 10;
const START: u16 = 10;
const START_OK: u16 = 11;
const TUNE: u16 = 30;
const TUNE_OK: u16 = 31;
const OPEN: u16 = 40;
const OPEN_OK: u16 = 41;
const CLOSE: u16 = 50;
const CLOSE_OK: u16 = 51;

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    if wire.tls() != TlsMode::Off {
        wire.start_tls()?;
    }
    wire.send(HEADER)?;
    let (START, start) = receive(wire)? else { return Err(Fault::WrongHost) };
    if !mechanisms(&start).ok_or(Fault::WrongHost)?.split(|b| *b == b' ').any(|name| name == b"PLAIN") {
        return Ok(Outcome::no_way_in("the server does not offer PLAIN"));
    }
    let user = roles.get("username").unwrap_or_default();
    let proof = sasl::plain(user, roles.get("password").unwrap_or_default());
    send(wire, START_OK, &[&client_properties(), b"\x05PLAIN", &length(&proof), &proof, b"\x05en_US"])?;
    let limits = match receive(wire)? {
        (TUNE, arguments) => arguments,
        (CLOSE, reason) => return refusal(wire, &reason, Phase::Proof),
        _ => return Err(Fault::WrongHost),
    };
    // The server's own limits, and no heartbeat.
    send(wire, TUNE_OK, &[limits.get(..6).ok_or(Fault::WrongHost)?, b"\0\0"])?;
    let vhost = roles.get("vhost").unwrap_or(b"/");
    let Ok(vhost_length) = u8::try_from(vhost.len()) else {
        return leave(wire, Outcome::coded(Verdict::UnderScoped, "no vhost has so long a name"));
    };
    send(wire, OPEN, &[&[vhost_length], vhost, b"\0\0"])?;
    match receive(wire)? {
        (OPEN_OK, _) => leave(wire, Outcome::accepted()),
        (CLOSE, reason) => refusal(wire, &reason, Phase::Vhost),
        _ => Err(Fault::WrongHost),
    }
}

/// Which step the server has refused.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Proof,
    Vhost,
}

/// Asks to be told when the proof is refused; without that a server only hangs up.
fn client_properties() -> Vec<u8> {
    let capability = b"\x1cauthentication_failure_closet\x01";
    let product = b"\x07productS\x00\x00\x00\x08Keylatch";
    let table = [b"\x0ccapabilitiesF", &length(capability)[..], capability, product].concat();
    [&length(&table)[..], &table].concat()
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// The names of the mechanisms that a start method offers: they follow two bytes of version and the table of properties.
fn mechanisms(start: &[u8]) -> Option<&[u8]> {
    let (_properties, rest) = long(start.get(2..)?)?;
    Some(long(rest)?.0)
}

/// A text or table that comes after its length, and what follows it.
fn long(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn send(wire: &mut Wire, method: u16, arguments: &[&[u8]]) -> Result<(), Fault> {
    let length: usize = 4 + arguments.iter().map(|part| part.len()).sum::<usize>();
    let mut frame = Zeroizing::new(Vec::with_capacity(length + 8));
    frame.extend_from_slice(&[METHOD, 0, 0]);
    frame.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend_from_slice(&CONNECTION.to_be_bytes());
    frame.extend_from_slice(&method.to_be_bytes());
    arguments.iter().for_each(|part| frame.extend_from_slice(part));
    frame.push(FRAME_END);
    wire.send(&frame)
}

/// The next method of the connection, and its arguments.
fn receive(wire: &mut Wire) -> Result<(u16, Vec<u8>), Fault> {
    loop {
        let head = wire.receive(7)?;
        let [kind, 0, 0, a, b, c, d] = head[..] else { return Err(Fault::WrongHost) };
        if kind != METHOD && kind != HEARTBEAT {
            return Err(Fault::WrongHost); // among them `AMQP`, by which a server names the version it speaks
        }
        let payload = wire.receive(usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX))?;
        if wire.receive(1)?[..] != [FRAME_END] {
            return Err(Fault::WrongHost);
        }
        if kind == HEARTBEAT {
            continue;
        }
        let (id, arguments) = payload.split_first_chunk::<4>().ok_or(Fault::WrongHost)?;
        let [class_high, class_low, high, low] = *id;
        if u16::from_be_bytes([class_high, class_low]) != CONNECTION {
            return Err(Fault::WrongHost);
        }
        return Ok((u16::from_be_bytes([high, low]), arguments.to_vec()));
    }
}

/// What the code of a close method means.
fn refusal(wire: &mut Wire, reason: &[u8], phase: Phase) -> Result<Outcome, Fault> {
    let (code, text) = reason.split_first_chunk::<2>().ok_or(Fault::WrongHost)?;
    let code = u16::from_be_bytes(*code);
    let says = |words: &[u8]| text.windows(words.len()).any(|part| part == words);
    let verdict = match (code, phase) {
        (403, Phase::Proof) => Verdict::Rejected,
        // One code for a vhost that is not there, or closed to this user, or full, or down.
        (530, _) if says(b"limit") => Verdict::RateLimited,
        (530, _) if says(b"is down") => Verdict::Unreachable,
        (402 | 403 | 530, Phase::Vhost) => Verdict::UnderScoped,
        (320 | 541, _) => Verdict::Unreachable,
        (506, _) => Verdict::RateLimited,
        _ => Verdict::NotCheckable,
    };
    let _ = send(wire, CLOSE_OK, &[]); // it has been decided; whether the goodbye arrives changes nothing
    if (300..=599).contains(&code) { Ok(Outcome::coded(verdict, code)) } else { Err(Fault::WrongHost) }
}

/// Closes as the protocol wants it, and waits for the consent: RabbitMQ logs those who just hang up.
fn leave(wire: &mut Wire, outcome: Outcome) -> Result<Outcome, Fault> {
    let success = 200_u16.to_be_bytes();
    if send(wire, CLOSE, &[&success, b"\0", b"\0\0\0\0"]).is_ok() {
        let _ = receive(wire);
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mechanisms_of_a_start_method_are_found_or_it_is_none() {
        let whole = b"\0\x09\0\0\0\x03\x01xt\0\0\0\x0ePLAIN AMQPLAIN\0\0\0\x05en_US";
        assert_eq!(mechanisms(whole), Some(&b"PLAIN AMQPLAIN"[..]));
        for cut in [0, 1, 2, 5, 8, 12, 20] {
            assert_eq!(mechanisms(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(mechanisms(b"\0\x09\xff\xff\xff\xff"), None);
    }

    #[test]
    fn the_table_of_properties_is_as_long_as_it_says() {
        let table = client_properties();
        assert_eq!(long(&table).map(|(inside, rest)| (inside.len(), rest.len())), Some((table.len() - 4, 0)));
    }
}
