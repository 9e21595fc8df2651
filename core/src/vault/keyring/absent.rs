//! In place of the keyring, in builds that have none.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// Where a key would stand in the keyring.
pub(super) struct Entry {
    pub(super) service: String,
    pub(super) account: String,
}

pub(super) fn read(_entry: &Entry, _patience: Duration) -> Result<Secret> {
    absent()
}

pub(super) fn write(_entry: &Entry, _key: Zeroizing<String>, _patience: Duration) -> Result<()> {
    absent()
}

pub(super) fn remove(_entry: &Entry, _patience: Duration) -> Result<()> {
    absent()
}

fn absent<T>() -> Result<T> {
    Err(Error::argument(
        "key",
        "this build of Keylatch knows no keyring: build it with the feature `keyring`, or give the vault's key in another way: \
         as a file, an environment variable, bytes or a passphrase",
    ))
}
