//! SASL's mechanism PLAIN (RFC 4616), which hands over user name and password as they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The message of PLAIN, for the user's own identity.
pub(super) fn plain(user: &[u8], password: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut message = Zeroizing::new(Vec::with_capacity(user.len() + password.len() + 2));
    for part in [&b"\0"[..], user, b"\0", password] {
        message.extend_from_slice(part);
    }
    message
}

/// Base64, as text protocols want it, in one buffer of its final size.
pub(super) fn base64(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(bytes))
}

/// A line made of these parts, with its end.
pub(super) fn line(parts: &[&str]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut line = Zeroizing::new(Vec::with_capacity(length + 2));
    parts.iter().for_each(|part| line.extend_from_slice(part.as_bytes()));
    line.extend_from_slice(b"\r\n");
    line
}
