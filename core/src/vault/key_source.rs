//! Where the vault's master key comes from: bytes, an environment variable, a private file, a passphrase, the system's
//! keyring, or a Transit engine that has sealed it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::passphrase::{Cost, Unstretched};
use super::{Means, Transit, key_file, key_of_bytes, key_of_text, keyring, new_id, record};
use crate::error::{Error, ErrorKind, Result};
use crate::files;
use crate::secret::Secret;

/// Where the master key comes from.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum KeySource {
    /// A file of mode 0600 beside the vault, its name that of the vault with `.key` added. Made at first use.
    #[default]
    FileBesideVault,
    /// This file, of mode 0600. Made at first use.
    File(PathBuf),
    /// 32 bytes from the host.
    Bytes(Secret),
    /// The environment variable of this name: 64 hexadecimal digits, or Base64 of 32 bytes.
    Environment(String),
    /// A passphrase, stretched with Argon2id (64 MiB, 3 passes; the parameters are kept with the vault).
    Passphrase(Secret),
    /// The operating system's keyring: Secret Service on Linux and BSD, Keychain on macOS, Credential Manager on Windows. The
    /// text names the application, as the service of the entry. Made at first use, for each vault an entry of its own,
    /// which holds 64 hexadecimal digits. The keyring may ask for its password, for as long as the client's `timeout`.
    ///
    /// Wants the feature `keyring`; without it, opening fails with `invalid_argument`.
    Keyring(String),
    /// A key of OpenBao's or Vault's Transit engine, which seals the vault's key; only the ciphertext is kept. Asked once for
    /// each opening, for as long as the client's `timeout`.
    Transit(Transit),
}

/// How the master key is derived from what the host gives; kept with the wrapped key.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Derivation {
    /// It is the key.
    Direct,
    /// Argon2id, version 19.
    Argon2id {
        #[serde(flatten)]
        cost: Cost,
        salt: [u8; 16],
    },
    /// It is the key, and the keyring has it under this name. No two keys share a name, so that none ever takes the place of
    /// another: no keyring knows how to make an entry only where there is none.
    Keyring { account: String },
    /// It is what the Transit engine at this mount has sealed with this key.
    Transit { mount: String, key: String, ciphertext: String },
}

impl Derivation {
    fn read(stored: &str) -> Result<Self> {
        serde_json::from_str(stored)
            .map_err(|_| Error::new(ErrorKind::CorruptRecord, "the vault's key record is damaged; restore a backup"))
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("plain data always serialises")
    }
}

/// A master key and how it came about.
pub(super) struct Made {
    pub(super) key: Zeroizing<[u8; 32]>,
    pub(super) derivation: String,
}

impl Made {
    /// A new random key, to be kept in a file.
    pub(super) fn random() -> Result<Self> {
        Ok(Self { key: key_file::random_key()?, derivation: Derivation::Direct.text() })
    }
}

impl KeySource {
    /// A second copy, its secret wiped on its own drop.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        match self {
            Self::FileBesideVault => Self::FileBesideVault,
            Self::File(path) => Self::File(path.clone()),
            Self::Bytes(key) => Self::Bytes(key.duplicate()),
            Self::Environment(name) => Self::Environment(name.clone()),
            Self::Passphrase(passphrase) => Self::Passphrase(passphrase.duplicate()),
            Self::Keyring(service) => Self::Keyring(service.clone()),
            Self::Transit(transit) => Self::Transit(transit.duplicate()),
        }
    }

    /// The kind of source, as a diagnosis names it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::FileBesideVault | Self::File(_) => "file",
            Self::Bytes(_) => "bytes",
            Self::Environment(_) => "environment",
            Self::Passphrase(_) => "passphrase",
            Self::Keyring(_) => "keyring",
            Self::Transit(_) => "transit",
        }
    }

    /// A key for the vault of this id; makes it in the key file, where that is not there yet, or in the keyring, or has it sealed.
    pub(super) fn make(&self, vault: Option<&Path>, vault_id: &str, means: &Means) -> Result<Made> {
        if let Self::Transit(transit) = self {
            let key = key_file::random_key()?;
            let ciphertext = transit.wrap(&key, vault_id, means)?;
            let (mount, name) = (transit.mount.clone(), transit.key.clone());
            return Ok(Made { key, derivation: Derivation::Transit { mount, key: name, ciphertext }.text() });
        }
        let derivation = match self {
            Self::Passphrase(_) => {
                let mut salt = [0; 16];
                record::random(&mut salt)?;
                Derivation::Argon2id { cost: Cost::TODAY, salt }
            }
            Self::Keyring(service) => {
                let account = new_id("vault-key")?;
                keyring::write(&entry(service, &account)?, key_file::text(&*key_file::random_key()?), means.patience)?;
                Derivation::Keyring { account }
            }
            _ => Derivation::Direct,
        };
        if let Some(file) = self.file(vault)
            && !file.exists()
        {
            key_file::make(&file)?;
        }
        Ok(Made { key: self.derive(vault, vault_id, &derivation, means)?, derivation: derivation.text() })
    }

    /// Takes away what [`Self::make`] has made for this vault alone. What cannot be taken away does no harm.
    pub(super) fn discard(&self, made: &Made, means: &Means) {
        if let (Self::Keyring(service), Ok(Derivation::Keyring { account })) =
            (self, Derivation::read(&made.derivation))
        {
            let _ = entry(service, &account).and_then(|entry| keyring::remove(&entry, means.patience));
        }
    }

    /// The key for the vault of this id, which is there.
    pub(super) fn load(
        &self,
        vault: Option<&Path>,
        vault_id: &str,
        derivation: &str,
        means: &Means,
    ) -> Result<Zeroizing<[u8; 32]>> {
        self.derive(vault, vault_id, &Derivation::read(derivation)?, means)
    }

    /// Refuses a key beside a vault that is no file.
    pub(super) fn must_fit(&self, vault: Option<&Path>) -> Result<()> {
        if vault.is_some() || !matches!(self, Self::FileBesideVault) {
            return Ok(());
        }
        let message = "a vault in PostgreSQL has no file beside it for its key: give the key, an environment variable or a file \
                       that holds it, Transit, or a passphrase, the same on every machine";
        Err(Error::argument("key", message))
    }

    /// The key file, where there is one.
    pub(super) fn file(&self, vault: Option<&Path>) -> Option<PathBuf> {
        match self {
            Self::FileBesideVault => vault.map(|vault| files::with_ending(vault, ".key")),
            Self::File(path) => Some(path.clone()),
            _ => None,
        }
    }

    fn derive(
        &self,
        vault: Option<&Path>,
        vault_id: &str,
        derivation: &Derivation,
        means: &Means,
    ) -> Result<Zeroizing<[u8; 32]>> {
        let wrong_source = |wanted: &str| {
            Err(Error::new(ErrorKind::WrongKey, format!("this vault is opened with {wanted}; give that"))
                .with_fields(["key"]))
        };
        match (derivation, self) {
            (Derivation::Argon2id { cost, salt }, Self::Passphrase(passphrase)) => stretched(passphrase, cost, salt),
            (Derivation::Argon2id { .. }, _) => wrong_source("a passphrase"),
            (_, Self::Passphrase(_)) => wrong_source("a key, not with a passphrase"),
            (Derivation::Keyring { account }, Self::Keyring(service)) => {
                read_keyring(&entry(service, account)?, means.patience)
            }
            (Derivation::Keyring { .. }, Self::FileBesideVault) => wrong_source("a key from the system's keyring"),
            (Derivation::Transit { ciphertext, .. }, Self::Transit(transit)) => {
                transit.unwrap(ciphertext, vault_id, means)
            }
            (Derivation::Transit { mount, key, .. }, Self::FileBesideVault | Self::Keyring(_)) => {
                wrong_source(&format!("a key that Transit opens (its key {key} at {mount})"))
            }
            (_, Self::Transit(_)) => wrong_source("a key that Transit has not sealed"),
            (_, Self::Keyring(_)) => wrong_source("a key that no keyring holds"),
            // A key that a keyring has, or Transit opens, opens the vault from elsewhere too: on another machine, say.
            (_, Self::Bytes(bytes)) => key_of_bytes(bytes.expose(), "the key"), // expose: into a wiped copy
            (_, Self::Environment(name)) => {
                let text = std::env::var_os(name).ok_or_else(|| {
                    let message = format!("the environment variable {name} with the vault's key is not set");
                    Error::new(ErrorKind::VaultLocked, message).with_fields(["key"])
                })?;
                key_of_text(
                    &Secret::passing_from(text.into_encoded_bytes()),
                    &format!("the environment variable {name}"),
                )
            }
            (_, Self::FileBesideVault | Self::File(_)) => {
                key_file::read(&self.file(vault).expect("a vault that is no file has another key"))
            }
        }
    }
}

fn stretched(passphrase: &Secret, cost: &Cost, salt: &[u8; 16]) -> Result<Zeroizing<[u8; 32]>> {
    cost.stretch(passphrase, salt).map_err(|why| match why {
        Unstretched::UnsafeCost => {
            Error::new(ErrorKind::CorruptRecord, "the vault's passphrase parameters are not safe; restore a backup")
        }
        Unstretched::Unusable => {
            Error::new(ErrorKind::InvalidArgument, "the passphrase cannot be used").with_fields(["key"])
        }
    })
}

/// The entry of the keyring with these names.
fn entry(service: &str, account: &str) -> Result<keyring::Entry> {
    if service.trim().is_empty() || service.len() > 255 || service.chars().any(char::is_control) {
        let message = "the keyring's service is the name of the application: up to 255 bytes, no control characters";
        return Err(Error::argument("key", message));
    }
    Ok(keyring::Entry { service: service.to_owned(), account: account.to_owned() })
}

fn read_keyring(entry: &keyring::Entry, patience: Duration) -> Result<Zeroizing<[u8; 32]>> {
    key_of_text(&keyring::read(entry, patience)?, "the key").map_err(|_| {
        let message = format!("the keyring's entry {} of {} is damaged; put back a copy", entry.account, entry.service);
        Error::new(ErrorKind::VaultLocked, message).with_fields(["key"])
    })
}
