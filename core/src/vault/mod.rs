//! The vault: seals credentials before the store sees them and opens them for one call at a time.

mod audit;
#[cfg(feature = "postgres")]
#[cfg(test)]
mod audits;
mod change;
mod examine;
mod export;
mod export_file;
mod import;
mod key_file;
mod key_source;
#[cfg_attr(not(feature = "keyring"), path = "keyring/absent.rs")]
mod keyring;
#[cfg(feature = "postgres")]
#[cfg(test)]
mod moved;
mod passphrase;
mod place;
#[cfg(test)]
mod properties;
pub(crate) mod record;
mod ring;
mod rotate;
#[cfg(test)]
mod rotations;
mod transit;

pub(crate) use examine::examine;
#[cfg(feature = "fuzzing")]
pub use export_file::fuzzing as exports;
pub use key_source::KeySource;
pub(crate) use place::{Place, url, whole_path};
pub use transit::{Transit, TransitToken};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use record::Unopened;
use ring::Ring;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::input::Values;
use crate::io::Network;
use crate::process::Lock;
use crate::secret::Secret;
use crate::store::{ConnectionRow, IntegrationRow, KeyRow, Store};

/// Where a vault and its key are.
#[derive(Clone)]
struct Origin {
    shown: String,
    file: Option<PathBuf>,
    key_source: &'static str,
    key_file: Option<PathBuf>,
    means: Means,
}

/// What there is to reach a keyring or a server with.
#[derive(Clone)]
pub(crate) struct Means {
    /// How long that may take.
    pub(crate) patience: Duration,
    pub(crate) network: Network,
}

#[cfg(test)]
impl Means {
    /// As it is where the developer sets nothing.
    pub(crate) fn plain() -> Self {
        let network = Network { max_response_bytes: 32 << 20, extra_ca_pem: None, proxy: None, keep_connections: true };
        Self { patience: Duration::from_secs(30), network }
    }
}

impl Origin {
    fn new(place: &Place, source: &KeySource, means: &Means) -> Self {
        let (shown, file) = (place.shown(), place.file().map(Path::to_owned));
        Self { shown, file, key_source: "", key_file: None, means: means.clone() }.with(source)
    }

    /// The same vault with another key.
    fn with(&self, source: &KeySource) -> Self {
        let key_file = source.file(self.file.as_deref());
        Self { key_source: source.name(), key_file, ..self.clone() }
    }
}

/// An open vault: a store, and the keys that open what it holds.
pub(crate) struct Vault {
    pub(crate) store: Box<dyn Store>,
    vault_id: String,
    /// Whose rows these are; part of what each seal binds.
    tenant: String,
    keys: Lock<Keys>,
    log: audit::Log,
}

/// The keys that a vault has open, until it is closed.
struct Keys {
    ring: Arc<Ring>,
    closed: bool,
}

/// Why values do not open.
enum Closed {
    /// Their record is not one that this version or this key opens.
    Record(Unopened),
    /// Their key cannot be had.
    Key(Error),
}

impl From<Unopened> for Closed {
    fn from(why: Unopened) -> Self {
        Self::Record(why)
    }
}

impl Vault {
    /// Opens the vault at this place, making it on first use. Takes as long as the key source: Argon2id for a passphrase.
    /// The patience is also how long calls wait while other processes write.
    pub(crate) fn open(place: &Place, source: &KeySource, means: &Means) -> Result<Self> {
        let origin = Origin::new(place, source, means);
        let store = place.open(means.patience)?;
        let mut rows = store.keys()?;
        if rows.is_empty() {
            let vault_id = new_id("v")?;
            let master = source.make(place.file(), &vault_id, means)?;
            let row = ring::first_key(&master, vault_id)?;
            // Another process may be quicker; then its key is the vault's.
            rows = vec![store.add_first_key(&row)?];
            if rows[0] == row {
                return Ok(Self::new(store, place.tenant(), Ring::unlock(rows, &master.key, origin)?));
            }
            source.discard(&master, means);
        }
        // A key file may hold the key of a change that is taken back while both files are read.
        let mut read_again = origin.key_file.is_none();
        let ring = loop {
            let error = match unlock(rows.clone(), source, &origin) {
                Ok(ring) => break ring,
                Err(error) => error,
            };
            // Another process may have changed the key since.
            let now = store.keys()?;
            if now == rows && std::mem::replace(&mut read_again, true) {
                return Err(error);
            }
            rows = now;
        };
        if let Some(file) = &origin.key_file
            && let Err(error) = key_file::settle(&*store, file)
        {
            tracing::debug!("error.type" = error.kind().code(), "the key file is left as it is");
        }
        Ok(Self::new(store, place.tenant(), ring))
    }

    fn new(store: Box<dyn Store>, tenant: &str, ring: Ring) -> Self {
        let (vault_id, tenant) = (ring.vault_id().to_owned(), tenant.to_owned());
        let keys = Lock::new(Keys { ring: Arc::new(ring), closed: false });
        Self { store, vault_id, tenant, keys, log: audit::Log::default() }
    }

    /// The keys as they were when they were last read.
    fn ring(&self) -> Arc<Ring> {
        self.keys.lock().ring.clone()
    }

    /// The keys as they are stored now.
    fn read_ring(&self) -> Result<Arc<Ring>> {
        let mut rows = self.store.keys()?;
        loop {
            let ring = Arc::new(self.ring().renewed(rows.clone())?);
            // Another process may change the key at this moment.
            let now = if ring.is_current() { rows.clone() } else { self.store.keys()? };
            if now == rows {
                return if self.hold(ring.clone()) { Ok(ring) } else { Err(Error::closed()) };
            }
            rows = now;
        }
    }

    /// Goes on with these keys, unless the vault is closed.
    fn hold(&self, ring: Arc<Ring>) -> bool {
        let mut keys = self.keys.lock();
        let goes_on = !keys.closed;
        let other = if goes_on { std::mem::replace(&mut keys.ring, ring) } else { ring };
        drop(keys);
        drop(other); // its keys are wiped where no lock is held
        goes_on
    }

    /// Lets go of the store, and of the keys: hosts may keep what is closed for as long as they like.
    pub(crate) fn close(&self) {
        self.store.close();
        *self.log.key.lock() = None;
        let forgotten = Arc::new(self.ring().forgotten());
        let mut keys = self.keys.lock();
        keys.closed = true;
        let former = std::mem::replace(&mut keys.ring, forgotten);
        drop(keys);
        drop(former);
    }

    /// Does work that seals and stores; once more with the newest key, where another process has brought in one meanwhile.
    pub(crate) fn sealing<T>(&self, mut work: impl FnMut() -> Result<T>) -> Result<T> {
        loop {
            let newest = self.ring().newest_id().to_owned();
            match work() {
                Err(error) if error.kind() == ErrorKind::WrongKey && self.read_ring()?.newest_id() != newest => {}
                done => return done,
            }
        }
    }

    /// The id of the newest data key, and the key.
    fn sealing_key(&self) -> Result<(String, Arc<Secret>)> {
        let ring = self.ring();
        let id = ring.newest_id();
        let key = ring.data_key(id).ok_or_else(ring::changed)?;
        Ok((id.to_owned(), key))
    }

    /// Seals a connection's values into `row`, bound to what the row says.
    pub(crate) fn seal_connection(&self, row: &mut ConnectionRow, values: &Values) -> Result<()> {
        let (id, key) = self.sealing_key()?;
        row.key_id = id;
        row.sealed = record::seal(ring::key(&key), &self.connection_binding(row), &record::pack(values))?;
        Ok(())
    }

    /// The values of a connection; `corrupt_record` where the row was changed outside Keylatch.
    pub(crate) fn open_connection(&self, row: &ConnectionRow) -> Result<Values> {
        let opened = self.open_values(&row.key_id, &self.connection_binding(row), &row.sealed).or_else(|why| {
            // It may have got another seal since it was read, and the key of this one may be gone.
            match self.store.connection(&row.id).map_err(Closed::Key)? {
                Some(now) if now.key_id != row.key_id => {
                    self.open_values(&now.key_id, &self.connection_binding(&now), &now.sealed)
                }
                _ => Err(why),
            }
        });
        opened.map_err(|why| {
            let what = format!("connection {}", row.id);
            let error = match why {
                Closed::Key(error) => error,
                Closed::Record(Unopened::Newer) => newer(&what),
                Closed::Record(Unopened::Damaged) => {
                    let message = format!("{what} does not open, its record is damaged or was moved: connect again");
                    Error::new(ErrorKind::CorruptRecord, message)
                }
            };
            error.with_connection(&row.id)
        })
    }

    /// Seals an integration's fixed values into `row`, bound to all else that the row says.
    pub(crate) fn seal_integration(&self, row: &mut IntegrationRow, values: &Values) -> Result<()> {
        let (id, key) = self.sealing_key()?;
        row.key_id = id;
        row.sealed = record::seal(ring::key(&key), &self.integration_binding(row), &record::pack(values))?;
        Ok(())
    }

    /// The fixed values of an integration. That it opens proves that its base URL is the developer's.
    pub(crate) fn open_integration(&self, row: &IntegrationRow) -> Result<Values> {
        let opened =
            self.open_values(&row.key_id, &self.integration_binding(row), &row.sealed).or_else(|why| {
                match self.store.integration(&row.id).map_err(Closed::Key)? {
                    Some(now) if now.key_id != row.key_id => {
                        self.open_values(&now.key_id, &self.integration_binding(&now), &now.sealed)
                    }
                    _ => Err(why),
                }
            });
        opened.map_err(|why| {
            let what = format!("integration {}", row.id);
            let error = match why {
                Closed::Key(error) => return error,
                Closed::Record(Unopened::Newer) => newer(&what),
                Closed::Record(Unopened::Damaged) => {
                    let message = format!("{what} does not open, its record is damaged or was changed: make a new one");
                    Error::new(ErrorKind::CorruptRecord, message)
                }
            };
            error.with_fields(["integration_id"])
        })
    }

    fn open_values(&self, key_id: &str, binding: &[u8], sealed: &[u8]) -> Result<Values, Closed> {
        record::unpack(&self.open_sealed(key_id, binding, sealed)?).ok_or(Closed::Record(Unopened::Damaged))
    }

    fn open_sealed(&self, key_id: &str, binding: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Closed> {
        let key = self.data_key(key_id)?;
        Ok(record::open(ring::key(&key), binding, sealed)?)
    }

    /// The data key of this id; where it is not held, the ring is read again, once.
    fn data_key(&self, id: &str) -> Result<Arc<Secret>, Closed> {
        if let Some(key) = self.ring().data_key(id) {
            return Ok(key);
        }
        let ring = self.read_ring().map_err(Closed::Key)?;
        match ring.data_key(id) {
            Some(key) => Ok(key),
            None if ring.is_out_of_reach(id) => Err(Closed::Key(ring::changed())),
            None => Err(Closed::Record(Unopened::Damaged)),
        }
    }

    fn connection_binding(&self, row: &ConnectionRow) -> Vec<u8> {
        record::binding(&[
            "connection",
            &self.vault_id,
            &self.tenant,
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
            &self.tenant,
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

/// The ring that the source's key opens.
fn unlock(rows: Vec<KeyRow>, source: &KeySource, origin: &Origin) -> Result<Ring> {
    let (vault_id, derivation) = rows.last().map_or(("", ""), |newest| (&newest.vault_id, &newest.derivation));
    let opened = source
        .load(origin.file.as_deref(), vault_id, derivation, &origin.means)
        .and_then(|master| Ring::unlock(rows.clone(), &master, origin.clone()));
    match (opened, origin.key_file.as_deref().and_then(key_file::former_key)) {
        (Err(error), Some(former)) => Ring::unlock(rows, &former, origin.clone()).map_err(|_| error),
        (opened, _) => opened,
    }
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
