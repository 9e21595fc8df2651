//! One request to Composio's API as plain data, and the JSON bodies that carry credentials.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::input::Values;
use crate::secret::Secret;

/// What to ask, before any socket.
#[derive(Clone)]
pub(super) struct Call {
    /// The same in every sending, so that the server's support sees them as one.
    pub(super) id: String,
    pub(super) method: Method,
    /// Below `/api`, segment by segment, unencoded.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Bytes>,
    pub(super) repeat: Repeat,
    /// On a connection of its own.
    pub(super) alone: bool,
}

/// When a call may be sent again.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Repeat {
    /// Always: twice is as good as once.
    Unharmed,
    /// Where the try before surely did nothing.
    Undone,
    Never,
}

impl Call {
    /// Reads something; may be repeated.
    pub(super) fn get<const N: usize>(path: [&str; N]) -> Self {
        Self::new(Method::GET, path, Repeat::Unharmed)
    }

    /// Brings something into a state; doing it twice is doing it once.
    pub(super) fn put<const N: usize>(method: Method, path: [&str; N]) -> Self {
        Self::new(method, path, Repeat::Unharmed)
    }

    /// Makes something.
    pub(super) fn post<const N: usize>(path: [&str; N]) -> Self {
        Self::new(Method::POST, path, Repeat::Undone)
    }

    /// Does at the app whatever the host wants.
    pub(super) fn act<const N: usize>(path: [&str; N]) -> Self {
        Self::new(Method::POST, path, Repeat::Never)
    }

    fn new<const N: usize>(method: Method, path: [&str; N], repeat: Repeat) -> Self {
        let path = path.map(str::to_owned).to_vec();
        Self { id: request_id(), method, path, query: Vec::new(), body: None, repeat, alone: false }
    }

    /// Adds a query parameter; several values go comma-joined into one, none leave it out.
    pub(super) fn query<S: AsRef<str>>(mut self, name: &'static str, values: impl IntoIterator<Item = S>) -> Self {
        let values: Vec<String> = values.into_iter().map(|v| v.as_ref().to_owned()).collect();
        if !values.is_empty() {
            self.query.push((name, values.join(",")));
        }
        self
    }

    /// The answer may hold a credential that only Composio knows, so that it cannot be masked.
    pub(super) fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// With a body that holds no credential.
    pub(super) fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string().into());
        self
    }

    /// With a body that does; its only copy is wiped when the last user lets go of it.
    pub(super) fn secret(mut self, body: Bytes) -> Self {
        self.body = Some(body);
        self
    }
}

fn request_id() -> String {
    let mut bytes = [0; 16];
    // It only has to be unlikely twice; a system without randomness sends zeros rather than nothing.
    let _ = getrandom::fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// Values that go into a body as an object, after members that are no secret.
pub(super) struct Members<'v> {
    pub(super) plain: &'v [(&'v str, &'v str)],
    pub(super) values: &'v Values,
}

/// What stands in a frame where the object of [`Members`] number `n` goes.
pub(super) fn place(n: u8) -> Value {
    json!(format!("\u{1}{n}"))
}

/// `frame` as JSON text with an object in each [`place`]. Written into one buffer of its final size, since one that grew
/// would leave its old block behind.
pub(super) fn secret_body(frame: &Value, members: &[Members<'_>]) -> Bytes {
    let frame = frame.to_string();
    let longest = |name: &str, value: usize| 6 * (name.len() + value) + 6;
    let of = |m: &Members<'_>| {
        let plain = m.plain.iter().map(|(n, v)| longest(n, v.len())).sum::<usize>();
        plain + m.values.iter().map(|(n, v)| longest(n, v.len())).sum::<usize>()
    };
    let mut body: Vec<u8> = Vec::with_capacity(frame.len() + members.iter().map(of).sum::<usize>());
    let mut rest = frame.as_str();
    // Only a place begins with this: `Value` writes any other such character escaped in the same way, but a host's text
    // never holds it, since control characters are refused.
    while let Some((head, tail)) = rest.split_once("\"\\u0001") {
        body.extend_from_slice(head.as_bytes());
        let (number, tail) = tail.split_once('"').unwrap_or((tail, ""));
        if let Some(members) = number.parse::<usize>().ok().and_then(|n| members.get(n)) {
            object(members, &mut body);
        }
        rest = tail;
    }
    body.extend_from_slice(rest.as_bytes());
    Bytes::from_owner(Secret::passing_from(body))
}

fn object(members: &Members<'_>, body: &mut Vec<u8>) {
    let plain = members.plain.iter().map(|(name, value)| (*name, value.as_bytes()));
    let values = members.values.iter().map(|(name, value)| (name, value.expose())); // expose: into the body
    body.push(b'{');
    for (at, (name, value)) in plain.chain(values).enumerate() {
        if at > 0 {
            body.push(b',');
        }
        string(name.as_bytes(), body);
        body.push(b':');
        string(value, body);
    }
    body.push(b'}');
}

/// A JSON string of this text, which is UTF-8.
fn string(text: &[u8], into: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    into.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => into.extend_from_slice(&[b'\\', *byte]),
            0..0x20 => into.extend_from_slice(&[
                b'\\',
                b'u',
                b'0',
                b'0',
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ]),
            _ => into.push(*byte),
        }
    }
    into.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_the_json_that_a_serialiser_would_write() {
        let mut values = Values::default();
        values.set("api_key", Secret::new("a\"b\\c\u{1}\n ü".as_bytes()));
        values.set("sho\"p", Secret::new(b""));
        let frame = json!({"connection": {"user_id": "u", "state": {"val": place(0)}, "also": place(1)}});
        let none = Values::default();
        let members =
            [Members { plain: &[("status", "ACTIVE")], values: &values }, Members { plain: &[], values: &none }];
        let body = secret_body(&frame, &members);
        let read: Value = serde_json::from_slice(&body).unwrap();
        let expected = json!({"connection": {"user_id": "u", "state": {"val": {
            "status": "ACTIVE", "api_key": "a\"b\\c\u{1}\n ü", "sho\"p": ""}}, "also": {}}});
        assert_eq!(read, expected);
    }
}
