//! Sealed records: XChaCha20-Poly1305 under a random nonce, with a version byte in front and a binding to the place
//! where the record belongs.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, ErrorKind, Result};
use crate::input::Values;
use crate::secret::Secret;

const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;

/// Why a record does not open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unopened {
    /// It is of a version after this one's.
    Newer,
    /// It is not as it was sealed, or not with this key, or not in this place.
    Damaged,
}

/// `version || nonce || ciphertext || tag`.
pub(crate) fn seal(key: &[u8; 32], binding: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let mut nonce = [0_u8; NONCE];
    random(&mut nonce)?;
    // Room for all of it from the start: a buffer that grows leaves its old block behind.
    let mut buffer = Vec::with_capacity(plain.len() + TAG);
    buffer.extend_from_slice(plain);
    let sealed = XChaCha20Poly1305::new(key.into()).encrypt_in_place(&XNonce::from(nonce), binding, &mut buffer);
    if sealed.is_err() {
        buffer.zeroize();
        return Err(Error::new(ErrorKind::Internal, "a record could not be sealed"));
    }
    let mut record = Vec::with_capacity(1 + NONCE + buffer.len());
    record.push(VERSION);
    record.extend_from_slice(&nonce);
    record.extend_from_slice(&buffer);
    Ok(record)
}

/// The plain bytes, if key, binding and record are what they were when it was sealed.
pub(crate) fn open(key: &[u8; 32], binding: &[u8], record: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let damaged = || Unopened::Damaged;
    let (version, rest) = record.split_first().ok_or_else(damaged)?;
    if *version > VERSION {
        return Err(Unopened::Newer);
    }
    let (nonce, sealed) = rest.split_at_checked(NONCE).filter(|_| *version == VERSION).ok_or_else(damaged)?;
    let nonce = XNonce::try_from(nonce).map_err(|_| damaged())?;
    let mut buffer = Zeroizing::new(sealed.to_vec());
    XChaCha20Poly1305::new(key.into()).decrypt_in_place(&nonce, binding, &mut *buffer).map_err(|_| damaged())?;
    Ok(buffer)
}

/// Associated data: each part behind its length, so that no two lists of parts look the same.
pub(crate) fn binding(parts: &[&str]) -> Vec<u8> {
    let mut data = b"keylatch/1".to_vec();
    for part in parts {
        data.extend_from_slice(&(part.len() as u64).to_le_bytes());
        data.extend_from_slice(part.as_bytes());
    }
    data
}

/// Values as bytes: for each its name and its content, each behind its length.
pub(crate) fn pack(values: &Values) -> Zeroizing<Vec<u8>> {
    let size = values.iter().map(|(name, value)| 16 + name.len() + value.len()).sum();
    let mut packed = Zeroizing::new(Vec::with_capacity(size));
    for (name, value) in values.iter() {
        for part in [name.as_bytes(), value.expose()] {
            // expose: into a wiped buffer that is sealed next
            packed.extend_from_slice(&(part.len() as u64).to_le_bytes());
            packed.extend_from_slice(part);
        }
    }
    packed
}

/// What [`pack`] made, or `None` for anything else.
pub(crate) fn unpack(packed: &[u8]) -> Option<Values> {
    let mut values = Values::default();
    let mut rest = packed;
    while !rest.is_empty() {
        let name = std::str::from_utf8(part(&mut rest)?).ok()?.to_owned();
        values.set(&name, Secret::passing(part(&mut rest)?));
    }
    Some(values)
}

fn part<'p>(rest: &mut &'p [u8]) -> Option<&'p [u8]> {
    let (length, after) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (part, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(part)
}

pub(crate) fn random(buffer: &mut [u8]) -> Result<()> {
    getrandom::fill(buffer)
        .map_err(|_| Error::new(ErrorKind::Internal, "the system gives no random numbers; Keylatch cannot go on"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_opens_only_with_its_key_and_in_its_place() {
        let record = seal(&[7; 32], &binding(&["a", "b"]), b"sk_test_123").unwrap();
        assert_eq!(open(&[7; 32], &binding(&["a", "b"]), &record).unwrap().as_slice(), b"sk_test_123");
        assert!(open(&[8; 32], &binding(&["a", "b"]), &record).is_err());
        assert!(open(&[7; 32], &binding(&["ab", ""]), &record).is_err());
        for at in 0..record.len() {
            let mut flipped = record.clone();
            flipped[at] ^= 1;
            assert!(open(&[7; 32], &binding(&["a", "b"]), &flipped).is_err(), "byte {at}");
            assert!(open(&[7; 32], &binding(&["a", "b"]), &record[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn values_survive_packing_and_damage_is_noticed() {
        let mut values = Values::default();
        values.set("token", Secret::new("ключ".as_bytes()));
        values.set("empty", Secret::new(b""));
        let packed = pack(&values);
        let back = unpack(&packed).unwrap();
        assert_eq!(back.get("token").unwrap().expose(), "ключ".as_bytes());
        assert_eq!(back.get("empty").unwrap().len(), 0);
        assert!(unpack(&packed[..packed.len() - 1]).is_none());
        assert!(unpack(&[0xff; 9]).is_none());
    }
}
