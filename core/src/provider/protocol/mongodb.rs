//! MongoDB: `hello`, SCRAM in SASL commands over OP_MSG, then what the user may do. With as much BSON as that takes.
//!
//! <https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/>

use md5::{Digest as _, Md5};
use zeroize::{Zeroize as _, Zeroizing};

use super::bytes::{Reader, joined, length};
use super::scram::{Hash, Scram};
use super::{Outcome, Roles};
use crate::catalog::protocol::TlsMode;
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

const OP_MSG: i32 = 2013;
const CHECKSUM_PRESENT: u32 = 1;

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    if wire.tls() != TlsMode::Off {
        wire.start_tls()?;
    }
    let user = roles.text("username").unwrap_or_default();
    let source = roles.text("auth_source").unwrap_or("admin");
    let hash = match mechanism(wire, user, source)? {
        Ok(hash) => hash,
        Err(outcome) => return Ok(outcome),
    };
    let password = roles.get("password").unwrap_or_default();
    let password = if hash == Hash::Sha1 { digested(user, password) } else { joined(&[password]) };
    if let Some(refused) = authenticate(wire, hash, (user, source), &password)? {
        return Ok(refused);
    }
    rights(wire, roles.text("database"))
}

/// The hash that the server keeps this user's password in; or why it cannot be asked.
fn mechanism(wire: &mut Wire, user: &str, source: &str) -> Result<Result<Hash, Outcome>, Fault> {
    let user = format!("{source}.{user}");
    // Servers before 4.4 know the greeting by its former name only.
    for greeting in ["hello", "isMaster"] {
        let ask = Document::new().int(greeting, 1).text("saslSupportedMechs", &user).text("$db", "admin");
        let reply = command(wire, ask)?;
        match refusal(&reply, Verdict::NotCheckable)? {
            Some(unknown) if unknown.detail.as_deref() == Some("59") && greeting == "hello" => {}
            Some(refused) => return Ok(Err(refused)),
            None => {
                let offered: Vec<_> = match find(&reply, "saslSupportedMechs")? {
                    Some(Value::Nested(list)) => elements(list)?.into_iter().map(|(_, value)| value).collect(),
                    _ => Vec::new(), // an unknown user, of whom nothing is told
                };
                let sha1 = offered.contains(&Value::Text(b"SCRAM-SHA-1"));
                let sha256 = offered.contains(&Value::Text(b"SCRAM-SHA-256"));
                return Ok(Ok(if sha1 && !sha256 { Hash::Sha1 } else { Hash::Sha256 }));
            }
        }
    }
    Err(Fault::WrongHost)
}

/// The conversation that proves the password, to and by the server. None: the user is in.
fn authenticate(
    wire: &mut Wire,
    hash: Hash,
    (user, source): (&str, &str),
    password: &[u8],
) -> Result<Option<Outcome>, Fault> {
    let mut scram = Scram::new(hash, user)?;
    let name = if hash == Hash::Sha1 { "SCRAM-SHA-1" } else { "SCRAM-SHA-256" };
    let ask = Document::new().int("saslStart", 1).text("mechanism", name).binary("payload", scram.first().as_bytes());
    let reply = command(wire, ask.text("$db", source))?;
    if let Some(refused) = refusal(&reply, Verdict::Rejected)? {
        return Ok(Some(refused));
    }
    let Some(Value::Int(conversation)) = find(&reply, "conversationId")? else { return Err(Fault::WrongHost) };
    let mut next = |payload: &[u8]| {
        let ask = Document::new().int("saslContinue", 1).int("conversationId", conversation);
        command(wire, ask.binary("payload", payload).text("$db", source))
    };
    let reply = next(scram.prove(payload(&reply)?, password)?.as_bytes())?;
    if let Some(refused) = refusal(&reply, Verdict::Rejected)? {
        return Ok(Some(refused));
    }
    scram.confirm(payload(&reply)?)?;
    if find(&reply, "done")? == Some(Value::Bool(true)) {
        return Ok(None);
    }
    let reply = next(b"")?; // older servers want one more round
    let refused = refusal(&reply, Verdict::Rejected)?;
    let over = refused.is_some() || find(&reply, "done")? == Some(Value::Bool(true));
    if over { Ok(refused) } else { Err(Fault::WrongHost) }
}

fn payload(reply: &[u8]) -> Result<&[u8], Fault> {
    match find(reply, "payload")? {
        Some(Value::Binary(payload)) => Ok(payload),
        _ => Err(Fault::WrongHost),
    }
}

/// Whether the login holds, and whether the user has any right in the database that was named.
fn rights(wire: &mut Wire, database: Option<&str>) -> Result<Outcome, Fault> {
    let reply = command(wire, Document::new().int("connectionStatus", 1).text("$db", "admin"))?;
    if let Some(refused) = refusal(&reply, Verdict::UnderScoped)? {
        return Ok(refused);
    }
    let Some(Value::Nested(info)) = find(&reply, "authInfo")? else { return Err(Fault::WrongHost) };
    let Some(Value::Nested(users)) = find(info, "authenticatedUsers")? else { return Err(Fault::WrongHost) };
    if elements(users)?.is_empty() {
        return Ok(Outcome::open());
    }
    let Some(database) = database else { return Ok(Outcome::accepted()) };
    // With these two options the command is open to whoever may do anything at all in the database. No collection has an
    // empty name, so that nothing is listed and no cursor stays behind.
    let ask = Document::new().int("listCollections", 1).yes("nameOnly").yes("authorizedCollections");
    let reply = command(wire, ask.nested("filter", Document::new().text("name", "")).text("$db", database))?;
    Ok(refusal(&reply, Verdict::UnderScoped)?.unwrap_or_else(Outcome::accepted))
}

/// What a reply says if it is no consent; `no`: what a refusal means at this point.
fn refusal(reply: &[u8], no: Verdict) -> Result<Option<Outcome>, Fault> {
    match find(reply, "ok")? {
        Some(Value::Double(1.0) | Value::Int(1) | Value::Bool(true)) => return Ok(None),
        Some(_) => {}
        None => return Err(Fault::WrongHost),
    }
    let Some(Value::Int(code)) = find(reply, "code")? else { return Err(Fault::WrongHost) };
    let verdict = match code {
        // No such user, a failed authentication, and Atlas' own code for that.
        11 | 18 | 8000 => no,
        // No right, and a name that no database can have.
        13 | 73 if no == Verdict::UnderScoped => no,
        // Shutting down, or between two states of a replica set.
        91 | 189 | 11_600 | 11_602 | 13_436 => Verdict::Unreachable,
        _ => Verdict::NotCheckable,
    };
    Ok(Some(Outcome::coded(verdict, code)))
}

/// What SCRAM-SHA-1 takes for the password here: a digest of user and password.
fn digested(user: &str, password: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut hash = Md5::new();
    [user.as_bytes(), b":mongo:", password].iter().for_each(|part| hash.update(part));
    let mut digest = hash.finalize();
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
    let mut digits = Zeroizing::new(Vec::with_capacity(32));
    digest.iter().for_each(|byte| digits.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]));
    digest.as_mut_slice().zeroize();
    digits
}

/// Sends a command and reads the document that answers it.
fn command(wire: &mut Wire, ask: Document) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let body = ask.finish();
    let size = i32::try_from(21 + body.len()).map_err(|_| Fault::TooLarge)?;
    let head = [size, 1, 0, OP_MSG, 0].map(i32::to_le_bytes).concat();
    wire.send(&joined(&[&head, &[0], &body]))?;

    let head = wire.receive(16)?;
    let mut reader = Reader(&head);
    let size = length(i32::from_le_bytes(reader.array()?))?;
    reader.take(8)?; // numbers of the reply and of what it answers
    if i32::from_le_bytes(reader.array()?) != OP_MSG {
        return Err(Fault::WrongHost);
    }
    let reply = wire.receive(size.checked_sub(16).ok_or(Fault::WrongHost)?)?;
    let mut reader = Reader(&reply);
    let flags = u32::from_le_bytes(reader.array()?);
    let one_document = reader.u8()? == 0;
    let trailer = if flags & CHECKSUM_PRESENT == 0 { 0 } else { 4 };
    let document = reader.take(reader.0.len().checked_sub(trailer).ok_or(Fault::WrongHost)?)?;
    if one_document { Ok(joined(&[document])) } else { Err(Fault::WrongHost) }
}

/// A BSON document being written. Each of ours has room in the first buffer, so that no proof is left in an outgrown one.
struct Document(Zeroizing<Vec<u8>>);

impl Document {
    fn new() -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        bytes.extend_from_slice(&[0; 4]);
        Self(bytes)
    }

    fn element(mut self, kind: u8, name: &str, parts: &[&[u8]]) -> Self {
        for part in [&[&[kind][..], name.as_bytes(), b"\0"], parts].concat() {
            self.0.extend_from_slice(part);
        }
        self
    }

    fn int(self, name: &str, value: i32) -> Self {
        self.element(0x10, name, &[&value.to_le_bytes()])
    }

    fn yes(self, name: &str) -> Self {
        self.element(0x08, name, &[&[1]])
    }

    fn text(self, name: &str, value: &str) -> Self {
        let size = i32::try_from(value.len() + 1).unwrap_or_default();
        self.element(0x02, name, &[&size.to_le_bytes(), value.as_bytes(), b"\0"])
    }

    fn binary(self, name: &str, value: &[u8]) -> Self {
        let size = i32::try_from(value.len()).unwrap_or_default();
        self.element(0x05, name, &[&size.to_le_bytes(), &[0], value])
    }

    fn nested(self, name: &str, value: Self) -> Self {
        self.element(0x03, name, &[&value.finish()])
    }

    fn finish(mut self) -> Zeroizing<Vec<u8>> {
        self.0.push(0);
        let size = i32::try_from(self.0.len()).unwrap_or_default();
        self.0[..4].copy_from_slice(&size.to_le_bytes());
        self.0
    }
}

/// What a BSON element holds, as far as any reply matters here.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Value<'b> {
    Double(f64),
    Text(&'b [u8]),
    /// A document or an array.
    Nested(&'b [u8]),
    Binary(&'b [u8]),
    Bool(bool),
    Int(i32),
    Other,
}

/// The first element of this name in a document.
fn find<'b>(document: &'b [u8], name: &str) -> Result<Option<Value<'b>>, Fault> {
    Ok(elements(document)?.into_iter().find(|(found, _)| *found == name.as_bytes()).map(|(_, value)| value))
}

/// The elements of a document or an array, with their names.
fn elements(document: &[u8]) -> Result<Vec<(&[u8], Value<'_>)>, Fault> {
    let mut reader = Reader(document);
    if length(i32::from_le_bytes(reader.array()?))? != document.len() {
        return Err(Fault::WrongHost);
    }
    let mut found = Vec::new();
    loop {
        match reader.u8()? {
            0 => return Ok(found),
            kind => found.push((reader.until_nul()?, value(kind, &mut reader)?)),
        }
    }
}

fn value<'b>(kind: u8, reader: &mut Reader<'b>) -> Result<Value<'b>, Fault> {
    let sized = |reader: &mut Reader<'b>, more: usize| {
        let size = length(i32::from_le_bytes(reader.array()?))?;
        reader.take(size + more)
    };
    Ok(match kind {
        0x01 => Value::Double(f64::from_le_bytes(reader.array()?)),
        0x02 => Value::Text(sized(reader, 0)?.strip_suffix(b"\0").ok_or(Fault::WrongHost)?),
        0x03 | 0x04 | 0x0f => {
            let size = length(i32::from_le_bytes(Reader(reader.0).array()?))?; // it counts itself
            Value::Nested(reader.take(size)?)
        }
        0x05 => Value::Binary(&sized(reader, 1)?[1..]),
        0x06 | 0x0a | 0x7f | 0xff => Value::Other,
        0x07 => skip(reader, 12)?,
        0x08 => Value::Bool(reader.u8()? == 1),
        0x09 | 0x11 | 0x12 => skip(reader, 8)?,
        0x0b => {
            reader.until_nul()?;
            reader.until_nul()?;
            Value::Other
        }
        0x0c => {
            sized(reader, 12)?;
            Value::Other
        }
        0x0d | 0x0e => {
            sized(reader, 0)?;
            Value::Other
        }
        0x10 => Value::Int(i32::from_le_bytes(reader.array()?)),
        0x13 => skip(reader, 16)?,
        _ => return Err(Fault::WrongHost),
    })
}

fn skip<'b>(reader: &mut Reader<'b>, count: usize) -> Result<Value<'b>, Fault> {
    reader.take(count).map(|_| Value::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let document = Document::new().int("a", -1).text("b", "x").yes("c").binary("d", b"\0\x01");
        let bytes = document.nested("e", Document::new().int("f", 2)).finish();
        assert_eq!(find(&bytes, "a"), Ok(Some(Value::Int(-1))));
        assert_eq!(find(&bytes, "b"), Ok(Some(Value::Text(b"x"))));
        assert_eq!(find(&bytes, "c"), Ok(Some(Value::Bool(true))));
        assert_eq!(find(&bytes, "d"), Ok(Some(Value::Binary(b"\0\x01"))));
        let Ok(Some(Value::Nested(inner))) = find(&bytes, "e") else { panic!("no document") };
        assert_eq!(find(inner, "f"), Ok(Some(Value::Int(2))));
        assert_eq!(find(&bytes, "g"), Ok(None));
        for cut in 0..bytes.len() {
            assert_eq!(find(&bytes[..cut], "a"), Err(Fault::WrongHost), "cut at {cut}");
        }
    }

    #[test]
    fn documents_that_contradict_themselves_are_nobodys() {
        for wrong in [
            &b"\x05\0\0\0\x01"[..],                 // an element without an end
            b"\x04\0\0\0",                          // too short to be one
            b"\xff\xff\xff\xff\0",                  // a negative length
            b"\x0c\0\0\0\x02a\0\xff\xff\xff\x7f\0", // a text longer than all
            b"\x0c\0\0\0\x02a\0\0\0\0\0\0",         // a text without an end
            b"\x0c\0\0\0\x05a\0\xff\xff\xff\xff\0", // bytes of negative length
            b"\x09\0\0\0\x20a\0\0\0",               // a type that is none
        ] {
            assert!(elements(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_password_of_sha1_is_a_digest() {
        assert_eq!(digested("user", b"pencil").as_slice(), b"1c33006ec1ffd90f9cadcbcc0e118200");
    }
}
