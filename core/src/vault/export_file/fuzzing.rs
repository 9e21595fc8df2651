//! What the fuzz target `exports` calls of the inside.

use super::header::{self, Key};
use super::pieces::{Reader, Unwritten, Writer};
use super::{Entry, entry};
use crate::moving::OpenWith;
use crate::secret::Secret;
use zeroize::Zeroizing;

/// Whether this is the beginning of an export for the recipient with this identity.
#[must_use]
pub fn opens(file: &[u8], identity: &str) -> bool {
    header::open(&mut &file[..], &OpenWith::Identity(Secret::new(identity.as_bytes()))).is_ok()
}

/// An entry as it is packed again, without its length, where it is one.
#[must_use]
pub fn repacked(packed: &[u8]) -> Option<Vec<u8>> {
    let again = match entry::unpack(packed).ok()? {
        Entry::Integration(row, values) => entry::pack_integration(&row, &values),
        Entry::Connection(row, values) => entry::pack_connection(&row, &values),
    };
    Some(again.ok()?[4..].to_vec())
}

/// Content as an export has it.
#[must_use]
pub fn in_pieces(key: [u8; 32], content: &[u8]) -> Vec<u8> {
    let (key, mut file): (Key, _) = (Zeroizing::new(key), Vec::new());
    let mut writer = Writer::new(&mut file, &key);
    let written = content.chunks(10_000).try_for_each(|part| writer.write(part)).and_then(|()| writer.finish());
    assert!(
        !matches!(written, Err(Unwritten::File(_) | Unwritten::Other(_))),
        "a list takes all that is written to it"
    );
    file
}

/// What pieces hold, where they are whole.
#[must_use]
pub fn put_together(key: [u8; 32], pieces: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(pieces, &Zeroizing::new(key));
    let (mut content, mut byte) = (Vec::new(), [0]);
    while reader.fill(&mut byte).ok()? {
        content.push(byte[0]);
    }
    Some(content)
}
