//! The file that holds a master key: made, read, and given another key so that at every moment this file, or the former key
//! beside it, opens the vault.

use std::fmt;
use std::io::ErrorKind as Io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Origin, key_of_text, record, ring};
use crate::error::{Error, ErrorKind, Result};
use crate::files::{self, Draft};
use crate::secret::Secret;
use crate::store::Store;

type Key = Zeroizing<[u8; 32]>;

fn file_error(file: &Path, what: impl fmt::Display) -> Error {
    Error::new(ErrorKind::VaultLocked, format!("the key file {} {what}", file.display())).with_fields(["key"])
}

/// A key that nobody has.
pub(super) fn random_key() -> Result<Key> {
    let mut key = Zeroizing::new([0_u8; 32]);
    record::random(key.as_mut_slice())?;
    Ok(key)
}

/// Writes a new random key. Several processes may do so at once: the first file stays, complete, and all read that one.
pub(super) fn make(file: &Path) -> Result<()> {
    match draft(file, &*random_key()?).and_then(Draft::publish) {
        Err(e) if e.kind() != Io::AlreadyExists => Err(file_error(file, format!("cannot be made: {}", e.kind()))),
        _ => Ok(()),
    }
}

/// A key as it is written, in hexadecimal digits.
pub(super) fn text(key: &[u8; 32]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(65)); // with room for the end of a line
    for byte in key {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(nibble.into(), 16).expect("below 16"));
        }
    }
    text
}

fn draft(file: &Path, key: &[u8; 32]) -> std::io::Result<Draft> {
    let mut text = text(key);
    text.push('\n');
    let draft = Draft::beside(file)?;
    draft.write(text.as_bytes())?;
    Ok(draft)
}

pub(super) fn read(file: &Path) -> Result<Key> {
    let metadata = std::fs::metadata(file).map_err(|e| match e.kind() {
        Io::NotFound => file_error(file, "is missing; put it back, the vault does not open without it"),
        kind => file_error(file, format!("cannot be read: {kind}")),
    })?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(file_error(file, "may be read by others; make it private with chmod 600"));
    }
    if metadata.len() > 4096 {
        return Err(file_error(file, "is no key file"));
    }
    let text = std::fs::read(file).map_err(|e| file_error(file, format!("cannot be read: {}", e.kind())))?;
    key_of_text(&Secret::passing_from(text), &format!("the key file {}", file.display()))
        .map_err(|e| file_error(file, "is damaged; put back a copy").with_fields(e.fields().to_vec()))
}

impl Origin {
    /// What the key file holds now, where the key comes from one; then what it held before a change that is going on.
    pub(super) fn keys_of_file(&self) -> impl Iterator<Item = Key> {
        let file = self.key_file.as_deref();
        file.into_iter().flat_map(|file| [read(file).ok(), former_key(file)]).flatten()
    }
}

/// Where the former key stands while it is replaced.
fn former(file: &Path) -> PathBuf {
    files::with_ending(&real(file), ".former")
}

/// The file itself, where the path is a link to it: that stays one.
fn real(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_owned())
}

/// The key that stood in the file before the last change, if that was broken off.
pub(super) fn former_key(file: &Path) -> Option<Key> {
    read(&former(file)).ok()
}

/// Puts a key in the place of the file's, which is kept beside it. To be called before the vault has the new one for good, and
/// where no other process does so; [`settle`] ends it.
pub(super) fn replace(file: &Path, present: &[u8; 32], next: &[u8; 32]) -> Result<()> {
    let written = draft(&former(file), present).and_then(Draft::replace);
    let written = written.and_then(|()| draft(&real(file), next)).and_then(Draft::replace);
    written.map_err(|e| file_error(file, format!("cannot be replaced: {}", e.kind())))
}

/// Ends the replacing of a key, whether the vault has the new one or kept the former: what opens it stands in the file, and
/// nothing beside that.
pub(super) fn settle(store: &dyn Store, file: &Path) -> Result<()> {
    let former = former(file);
    if !former.exists() {
        return Ok(());
    }
    let rows = store.keys()?;
    let opens = |file: &Path| read(file).is_ok_and(|key| rows.last().is_some_and(|row| ring::opens(row, &key)));
    let done = |done: std::io::Result<()>| match done {
        Err(e) if e.kind() != Io::NotFound => Err(file_error(file, format!("cannot be tidied up: {}", e.kind()))),
        _ => Ok(()),
    };
    // Where the keys are others by now, another process is at it.
    store.swap_keys(&rows, &rows, None, &mut || {
        if opens(file) {
            done(std::fs::remove_file(&former))
        } else if opens(&former) {
            done(files::rename(&former, &real(file)))
        } else {
            Ok(())
        }
    })?;
    Ok(())
}
