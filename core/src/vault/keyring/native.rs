//! macOS's Keychain and Windows' Credential Manager, by the stores of `keyring-core`. They know no time limit.

use std::time::Duration;

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
use keyring_core::Error;
use keyring_core::api::CredentialStoreApi as _;
#[cfg(windows)]
use windows_native_keyring_store::Store;

use super::{Entry, Refusal};

fn found(entry: &Entry) -> Result<keyring_core::Entry, Refusal> {
    Ok(Store::new()?.build(&entry.service, &entry.account, None)?)
}

pub(super) fn read(entry: &Entry, _patience: Duration) -> Result<Vec<u8>, Refusal> {
    Ok(found(entry)?.get_secret()?)
}

pub(super) fn write(entry: &Entry, key: &[u8], _patience: Duration) -> Result<(), Refusal> {
    Ok(found(entry)?.set_secret(key)?)
}

pub(super) fn remove(entry: &Entry, _patience: Duration) -> Result<(), Refusal> {
    Ok(found(entry)?.delete_credential()?)
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NoEntry => Self::Gone,
            Error::Ambiguous(_) => Self::Several,
            Error::NoStorageAccess(_) => Self::Locked,
            _ => Self::Silent,
        }
    }
}
