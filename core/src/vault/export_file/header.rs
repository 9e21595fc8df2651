//! The beginning of an export: what it is, and the key of its content, sealed for whoever may open it. Its layout is told in
//! `docs/moving.md`.

use std::io::Read;

use zeroize::Zeroizing;

use super::recipient::{self, Recipient};
use crate::error::{Error, ErrorKind, Result};
use crate::moving::{OpenWith, SealFor};
use crate::secret::Secret;
use crate::vault::passphrase::{Cost, Unstretched};
use crate::vault::record;

const MAGIC: &[u8; 16] = b"keylatch export\n";
const VERSION: u8 = 1;
const BY_PASSPHRASE: u8 = 1;
const BY_RECIPIENT: u8 = 2;
/// A sealed key of 32 bytes.
const WRAPPED: usize = 1 + 24 + 32 + 16;

pub(super) type Key = Zeroizing<[u8; 32]>;

/// A new file's header, and the key of what follows it.
pub(super) fn make(seal: &SealFor) -> Result<(Vec<u8>, Key)> {
    let mut header = [MAGIC.as_slice(), &[VERSION]].concat();
    let wrapping = match seal {
        SealFor::Passphrase(passphrase) => {
            let (cost, mut salt) = (Cost::TODAY, [0; 16]);
            record::random(&mut salt)?;
            header.push(BY_PASSPHRASE);
            [cost.memory_kib, cost.passes, cost.lanes].iter().for_each(|n| header.extend(n.to_le_bytes()));
            header.extend(salt);
            stretched(passphrase, &cost, &salt)?
        }
        SealFor::Recipient(text) => {
            let (ephemeral, key) = recipient::encapsulate(&Recipient::parse(text)?)?;
            header.push(BY_RECIPIENT);
            header.extend(ephemeral);
            key
        }
    };
    let mut key = Zeroizing::new([0; 32]);
    record::random(key.as_mut_slice())?;
    let wrapped = record::seal(&wrapping, &header, key.as_slice())?;
    header.extend(wrapped);
    Ok((header, key))
}

/// Reads a header, and the key of what follows it.
pub(super) fn open(file: &mut impl Read, with: &OpenWith) -> Result<Key> {
    let mut header = vec![0; MAGIC.len() + 2];
    more(file, &mut header)?;
    let (magic, &[version, kind]) = header.split_last_chunk::<2>().expect("it is as long");
    if magic != MAGIC {
        return Err(Error::argument("path", "the file is no export of Keylatch's: name another one"));
    }
    if version != VERSION {
        return Err(newer());
    }
    let wrapping = match (kind, with) {
        (BY_PASSPHRASE, OpenWith::Passphrase(passphrase)) => {
            let [memory_kib, passes, lanes] =
                [number(file, &mut header)?, number(file, &mut header)?, number(file, &mut header)?];
            let salt = part::<16>(file, &mut header)?;
            stretched(passphrase, &Cost { memory_kib, passes, lanes }, &salt)?
        }
        (BY_RECIPIENT, OpenWith::Identity(identity)) => {
            let ephemeral = part::<32>(file, &mut header)?;
            recipient::decapsulate(identity, &ephemeral)?
        }
        (BY_PASSPHRASE, _) => return Err(wrong("identity", "the export is sealed with a passphrase: give that")),
        (BY_RECIPIENT, _) => {
            return Err(wrong("passphrase", "the export is sealed for a recipient: give the identity, its secret key"));
        }
        _ => return Err(newer()),
    };
    let mut wrapped = [0; WRAPPED];
    more(file, &mut wrapped)?;
    let key = record::open(&wrapping, &header, &wrapped).map_err(|_| match with {
        OpenWith::Passphrase(_) => {
            wrong("passphrase", "the passphrase is not that of the export, or the file's beginning is damaged")
        }
        OpenWith::Identity(_) => {
            wrong("identity", "the identity is not that of the export's recipient, or the file's beginning is damaged")
        }
    })?;
    key.as_slice().try_into().map(Zeroizing::new).map_err(|_| super::damaged())
}

/// What a later version wrote.
pub(super) fn newer() -> Error {
    Error::new(ErrorKind::CorruptRecord, "the export was written by a later version: update Keylatch")
        .with_fields(["path"])
}

fn wrong(field: &str, message: &str) -> Error {
    Error::new(ErrorKind::WrongKey, message).with_fields([field])
}

fn stretched(passphrase: &Secret, cost: &Cost, salt: &[u8; 16]) -> Result<Key> {
    if passphrase.is_empty() {
        return Err(Error::argument("passphrase", "the passphrase is empty"));
    }
    cost.stretch(passphrase, salt).map_err(|why| match why {
        Unstretched::UnsafeCost => {
            let message =
                "the export's passphrase parameters are not safe: somebody may have weakened them; take another copy";
            Error::new(ErrorKind::CorruptRecord, message).with_fields(["path"])
        }
        Unstretched::Unusable => Error::argument("passphrase", "the passphrase cannot be used"),
    })
}

fn more(file: &mut impl Read, buffer: &mut [u8]) -> Result<()> {
    file.read_exact(buffer).map_err(|error| super::not_read(&error))
}

/// The next bytes of the header, which the seal of the key binds.
fn part<const N: usize>(file: &mut impl Read, header: &mut Vec<u8>) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    more(file, &mut bytes)?;
    header.extend(bytes);
    Ok(bytes)
}

fn number(file: &mut impl Read, header: &mut Vec<u8>) -> Result<u32> {
    part(file, header).map(u32::from_le_bytes)
}
