//! The vault: seals credentials before the store sees them and opens them for one call at a time.

mod examine;
mod key_source;
#[cfg(test)]
mod properties;
pub(crate) mod record;

pub(crate) use examine::examine;
pub use key_source::KeySource;

use std::path::{Path, PathBuf};
use std::time::Duration;

use record::Unopened;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::input::Values;
use crate::secret::Secret;
use crate::store::{ConnectionRow, IntegrationRow, KeyRow, SqliteStore, Store};

/// All rows belong to one tenant until a vault can hold several; it is part of what each seal binds.
const TENANT: &str = "default";

/// Where a vault and its key are.
struct Origin {
    path: PathBuf,
    key_source: &'static str,
    key_file: Option<PathBuf>,
}

impl Origin {
    fn new(path: &Path, source: &KeySource) -> Self {
        Self { path: path.to_owned(), key_source: source.name(), key_file: source.file(path) }
    }
}

/// An open vault: a store, and the key that opens what it holds.
pub(crate) struct Vault {
    pub(crate) store: Box<dyn Store>,
    origin: Origin,
    vault_id: String,
    key_id: String,
    data_key: Secret,
}

impl Vault {
    /// Opens the vault at `path`, making it on first use. Takes as long as the key source: Argon2id for a passphrase.
    /// `patience` is how long its calls wait while other processes write.
    pub(crate) fn open(path: &Path, source: &KeySource, patience: Duration) -> Result<Self> {
        let origin = Origin::new(path, source);
        let store: Box<dyn Store> = Box::new(SqliteStore::open(path, patience)?);
        let stored = match store.keys()?.into_iter().next() {
            Some(row) => row,
            None => {
                let master = source.make(path)?;
                let row = first_key(&master)?;
                let kept = store.add_first_key(&row)?;
                if kept != row {
                    // Another process was quicker; go on with its key.
                    let master = source.load(path, &kept.derivation)?;
                    return Self::unlocked(store, &kept, &master, origin);
                }
                return Self::unlocked(store, &row, &master.key, origin);
            }
        };
        let master = source.load(path, &stored.derivation)?;
        Self::unlocked(store, &stored, &master, origin)
    }

    fn unlocked(store: Box<dyn Store>, row: &KeyRow, master: &[u8; 32], origin: Origin) -> Result<Self> {
        let opened = record::open(master, &wrapping(row), &row.wrapped).map_err(|why| match why {
            Unopened::Newer => newer("the vault's key record"),
            Unopened::Damaged => Error::new(
                ErrorKind::WrongKey,
                "the key given is not the key of this vault: give the one it was made with; if that is what you gave, the \
                 vault's key record is damaged: restore a backup",
            ),
        })?;
        if opened.len() != 32 {
            return Err(Error::new(ErrorKind::CorruptRecord, "the vault's data key is damaged; restore a backup"));
        }
        let data_key = Secret::new(&opened);
        Ok(Self { store, origin, vault_id: row.vault_id.clone(), key_id: row.key_id.clone(), data_key })
    }

    /// Seals a connection's values into `row`, bound to what the row says.
    pub(crate) fn seal_connection(&self, row: &mut ConnectionRow, values: &Values) -> Result<()> {
        row.key_id.clone_from(&self.key_id);
        row.sealed = record::seal(self.data_key(), &self.connection_binding(row), &record::pack(values))?;
        Ok(())
    }

    /// The values of a connection; `corrupt_record` where the row was changed outside Keylatch.
    pub(crate) fn open_connection(&self, row: &ConnectionRow) -> Result<Values> {
        self.open_values(&row.key_id, &self.connection_binding(row), &row.sealed).map_err(|why| {
            let what = format!("connection {}", row.id);
            let error = match why {
                Unopened::Newer => newer(&what),
                Unopened::Damaged => {
                    let message = format!("{what} does not open, its record is damaged or was moved: connect again");
                    Error::new(ErrorKind::CorruptRecord, message)
                }
            };
            error.with_connection(&row.id)
        })
    }

    /// Seals an integration's fixed values into `row`, bound to all else that the row says.
    pub(crate) fn seal_integration(&self, row: &mut IntegrationRow, values: &Values) -> Result<()> {
        row.key_id.clone_from(&self.key_id);
        row.sealed = record::seal(self.data_key(), &self.integration_binding(row), &record::pack(values))?;
        Ok(())
    }

    /// The fixed values of an integration. That it opens proves that its base URL is the developer's.
    pub(crate) fn open_integration(&self, row: &IntegrationRow) -> Result<Values> {
        self.open_values(&row.key_id, &self.integration_binding(row), &row.sealed).map_err(|why| {
            let what = format!("integration {}", row.id);
            let error = match why {
                Unopened::Newer => newer(&what),
                Unopened::Damaged => {
                    let message = format!("{what} does not open, its record is damaged or was changed: make a new one");
                    Error::new(ErrorKind::CorruptRecord, message)
                }
            };
            error.with_fields(["integration_id"])
        })
    }

    fn open_values(&self, key_id: &str, binding: &[u8], sealed: &[u8]) -> Result<Values, Unopened> {
        if key_id != self.key_id {
            return Err(Unopened::Damaged);
        }
        let packed = record::open(self.data_key(), binding, sealed)?;
        record::unpack(&packed).ok_or(Unopened::Damaged)
    }

    fn data_key(&self) -> &[u8; 32] {
        self.data_key.expose().try_into().expect("its length was checked") // expose: to seal and open
    }

    fn connection_binding(&self, row: &ConnectionRow) -> Vec<u8> {
        record::binding(&[
            "connection",
            &self.vault_id,
            TENANT,
            &row.entity_id,
            &row.app,
            &row.auth_scheme,
            &row.integration_id,
            &row.id,
            &row.record_version.to_string(),
            &row.key_id,
        ])
    }

    fn integration_binding(&self, row: &IntegrationRow) -> Vec<u8> {
        record::binding(&[
            "integration",
            &self.vault_id,
            TENANT,
            &row.app,
            &row.auth_scheme,
            &row.id,
            row.base_url.as_deref().unwrap_or_default(),
            &row.allow.names().join(","),
            &row.fixed_fields.join(","),
            &row.key_id,
        ])
    }
}

/// Of a record in a form that only later versions know.
fn newer(what: &str) -> Error {
    Error::new(ErrorKind::CorruptRecord, format!("{what} was written by a later version: update Keylatch"))
}

fn first_key(master: &key_source::Made) -> Result<KeyRow> {
    let mut data_key = Zeroizing::new([0_u8; 32]);
    record::random(data_key.as_mut_slice())?;
    let mut row = KeyRow {
        key_id: new_id("k")?,
        vault_id: new_id("v")?,
        derivation: master.derivation.clone(),
        wrapped: Vec::new(),
    };
    row.wrapped = record::seal(&master.key, &wrapping(&row), data_key.as_slice())?;
    Ok(row)
}

fn wrapping(row: &KeyRow) -> Vec<u8> {
    record::binding(&["data-key", &row.vault_id, &row.key_id, &row.derivation])
}

/// A new id: a prefix and 100 random bits in lower-case letters and digits.
pub(crate) fn new_id(prefix: &str) -> Result<String> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0_u8; 20];
    record::random(&mut bytes)?;
    let random: String = bytes.iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect();
    Ok(format!("{prefix}_{random}"))
}

/// Where the vault is when the developer names no place: `keylatch/vault.db` in the platform's data folder.
pub(crate) fn default_path() -> Result<PathBuf> {
    dirs::data_dir()
        .map(|dir| dir.join("keylatch").join("vault.db"))
        .ok_or_else(|| Error::argument("path", "this system names no data folder; give the path of the vault"))
}

/// The wiped copy of a key given as bytes, or why it is none.
fn key_of_bytes(bytes: &[u8], whence: &str) -> Result<Zeroizing<[u8; 32]>> {
    bytes.try_into().map(Zeroizing::new).map_err(|_| {
        Error::new(ErrorKind::InvalidArgument, format!("{whence} must be 32 bytes, not {}", bytes.len()))
            .with_fields(["key"])
    })
}

/// The key written as 64 hexadecimal digits or as Base64, white space around it ignored.
fn key_of_text(text: &Secret, whence: &str) -> Result<Zeroizing<[u8; 32]>> {
    use base64::Engine as _;
    let text = text.expose_text().map(str::trim).unwrap_or_default(); // expose: decoded into a wiped buffer
    let decoded = if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        (0..32).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap_or_default()).collect()
    } else {
        base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default()
    };
    let decoded = Zeroizing::new(decoded);
    key_of_bytes(&decoded, whence).map_err(|_| {
        let message = format!("{whence} must hold 32 bytes as 64 hexadecimal digits or as Base64");
        Error::new(ErrorKind::InvalidArgument, message).with_fields(["key"])
    })
}
