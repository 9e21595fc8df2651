//! Keys for one recipient: X25519, with keys written as age writes them.

use bech32::Bech32;
use bech32::primitives::decode::CheckedHrpstring;
use curve25519_dalek::constants::X25519_BASEPOINT;
use curve25519_dalek::montgomery::MontgomeryPoint;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::header::Key;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::vault::record;

const LABEL: &[u8] = b"keylatch export 1";

/// A public key.
pub(super) struct Recipient([u8; 32]);

impl Recipient {
    /// `age1…`
    pub(super) fn parse(text: &str) -> Result<Self> {
        let key = decoded("age", text.trim()).ok_or_else(|| {
            Error::argument("recipient", "the recipient must be a public key as age writes it, `age1…`")
        })?;
        Ok(Self(*key))
    }
}

/// A key for the recipient alone, and what gives it to them.
pub(super) fn encapsulate(to: &Recipient) -> Result<([u8; 32], Key)> {
    let mut secret = Zeroizing::new([0; 32]);
    record::random(secret.as_mut_slice())?;
    let ephemeral = X25519_BASEPOINT.mul_clamped(*secret).to_bytes();
    let key = agreed(&secret, &to.0, &ephemeral, &to.0);
    let key = key.ok_or_else(|| Error::argument("recipient", "the recipient is no public key that can be used"))?;
    Ok((ephemeral, key))
}

/// The key that was made for the recipient with this identity, `AGE-SECRET-KEY-1…`.
pub(super) fn decapsulate(identity: &Secret, ephemeral: &[u8; 32]) -> Result<Key> {
    let text = identity.expose_text().map(str::trim).unwrap_or_default(); // expose: decoded into a wiped buffer
    let secret = decoded("age-secret-key-", text).ok_or_else(|| {
        Error::argument("identity", "the identity must be a secret key as age writes it, `AGE-SECRET-KEY-1…`")
    })?;
    let own = X25519_BASEPOINT.mul_clamped(*secret).to_bytes();
    agreed(&secret, ephemeral, ephemeral, &own).ok_or_else(super::damaged)
}

/// HKDF-SHA256 of what both sides can compute; `None` where the other side's point makes that known to everybody.
fn agreed(secret: &[u8; 32], point: &[u8; 32], ephemeral: &[u8; 32], recipient: &[u8; 32]) -> Option<Key> {
    let shared = Zeroizing::new(MontgomeryPoint(*point).mul_clamped(*secret).to_bytes());
    if shared.ct_eq(&[0; 32]).into() {
        return None;
    }
    let salt = [*ephemeral, *recipient].concat();
    let extracted = hmac(&salt, &[shared.as_slice()]);
    Some(hmac(extracted.as_slice(), &[LABEL, &[1]]))
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// The 32 bytes that Bech32 text of this kind holds.
fn decoded(kind: &str, text: &str) -> Option<Key> {
    let parsed = CheckedHrpstring::new::<Bech32>(text).ok()?;
    let mut bytes = parsed.byte_iter();
    let mut key = Zeroizing::new([0; 32]);
    if !parsed.hrp().as_bytes().eq_ignore_ascii_case(kind.as_bytes()) || bytes.len() != key.len() {
        return None;
    }
    key.iter_mut().for_each(|byte| *byte = bytes.next().unwrap_or_default());
    Some(key)
}
