//! MQTT 3.1.1: CONNECT and its answer, then the same with a made-up password, since many brokers let anybody in.
//!
//! <https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html>

use zeroize::Zeroizing;

use super::{Outcome, Roles, made_up};
use crate::catalog::protocol::TlsMode;
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const DISCONNECT: [u8; 2] = [0xe0, 0];

const CLEAN_SESSION: u8 = 0x02;
const HAS_PASSWORD: u8 = 0x40;
const HAS_USERNAME: u8 = 0x80;

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    let own = roles.get("client_id");
    let Some(username) = roles.get("username") else { return Ok(Outcome::no_way_in("no user name was given")) };
    let given = Login { client_id: own, username, password: roles.get("password") };
    let outcome = judged(connect(wire, &given)?);
    if outcome.verdict != Verdict::Accepted {
        return Ok(outcome);
    }
    wire.reopen()?;
    let wrong = made_up()?;
    let wrong = Login { password: Some(wrong.as_bytes()), ..given };
    if connect(wire, &wrong)? == 0 { Ok(Outcome::open()) } else { Ok(outcome) }
}

/// What one CONNECT says.
struct Login<'r> {
    client_id: Option<&'r [u8]>,
    username: &'r [u8],
    password: Option<&'r [u8]>,
}

/// Says who we are, hears the return code, and leaves where it is a welcome.
fn connect(wire: &mut Wire, login: &Login<'_>) -> Result<u8, Fault> {
    if wire.tls() != TlsMode::Off {
        wire.start_tls()?;
    }
    wire.send(&packet(login)?)?;
    let head = wire.receive(2)?;
    let [CONNACK, length @ 2..=127] = head[..] else { return Err(Fault::WrongHost) };
    let answer = wire.receive(length.into())?;
    let code = *answer.get(1).ok_or(Fault::WrongHost)?;
    if code == 0 {
        let _ = wire.send(&DISCONNECT); // it has been decided; whether the goodbye arrives changes nothing
    }
    Ok(code)
}

fn packet(login: &Login<'_>) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let random = made_up()?;
    // Brokers need take no more than 23 letters and digits. A session of the user's own is not to be wiped.
    let (client_id, clean) = match login.client_id {
        Some(id) => (id, 0),
        None => (&random.as_bytes()[..23], CLEAN_SESSION),
    };
    let flags = clean | HAS_USERNAME | if login.password.is_some() { HAS_PASSWORD } else { 0 };
    let mut texts = vec![client_id, login.username];
    texts.extend(login.password);
    let length = 10 + texts.iter().map(|text| text.len() + 2).sum::<usize>();
    let mut packet = Zeroizing::new(Vec::with_capacity(length + 5));
    packet.push(CONNECT);
    packet.extend_from_slice(&remaining_length(length));
    packet.extend_from_slice(b"\0\x04MQTT\x04");
    packet.extend_from_slice(&[flags, 0, 30]); // a keep-alive of 30 seconds
    for text in texts {
        let length = u16::try_from(text.len()).map_err(|_| Fault::Unreachable("longer than MQTT can say"))?;
        packet.extend_from_slice(&length.to_be_bytes());
        packet.extend_from_slice(text);
    }
    Ok(packet)
}

/// A length in groups of seven bits, the lowest first.
fn remaining_length(mut length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let group = u8::try_from(length & 0x7f).unwrap_or_default();
        length >>= 7;
        bytes.push(if length > 0 { group | 0x80 } else { group });
        if length == 0 {
            return bytes;
        }
    }
}

fn judged(code: u8) -> Outcome {
    match code {
        0 => Outcome::accepted(),
        3 => Outcome::coded(Verdict::Unreachable, code),
        4 | 5 => Outcome::coded(Verdict::Rejected, code),
        _ => Outcome::coded(Verdict::NotCheckable, code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_the_specification_shows() {
        for (length, bytes) in [
            (0, vec![0]),
            (127, vec![0x7f]),
            (128, vec![0x80, 1]),
            (16_383, vec![0xff, 0x7f]),
            (16_384, vec![0x80, 0x80, 1]),
            (2_097_152, vec![0x80, 0x80, 0x80, 1]),
        ] {
            assert_eq!(remaining_length(length), bytes);
        }
    }

    #[test]
    fn a_session_of_the_users_own_is_kept() {
        let own = Login { client_id: Some(b"meter-7"), username: b"u", password: Some(b"p") };
        assert_eq!(packet(&own).unwrap()[..], *b"\x10\x19\0\x04MQTT\x04\xc0\0\x1e\0\x07meter-7\0\x01u\0\x01p");
        let none = Login { client_id: None, username: b"u", password: None };
        assert_eq!(packet(&none).unwrap()[9..12], [0x82, 0, 30]);
    }
}
