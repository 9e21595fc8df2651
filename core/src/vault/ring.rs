//! The key ring: the vault's data keys, each sealed by the master key. New records are sealed with the newest, and every record
//! opens with its own.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::key_source::Made;
use super::record::{self, Unopened};
use super::{Origin, new_id, newer};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;
use crate::store::KeyRow;

/// The keys as this process holds them; replaced as a whole when they are read again.
pub(super) struct Ring {
    pub(super) origin: Origin,
    /// As they are stored, the oldest first; never empty.
    pub(super) rows: Vec<KeyRow>,
    /// Those of them that could be opened.
    opened: Vec<(String, Arc<Secret>)>,
    master: Arc<Secret>,
    /// Whether the newest key is sealed by `master`, or by one that took its place.
    current: bool,
}

impl Ring {
    /// `wrong_key` where the master key does not open the newest data key.
    pub(super) fn unlock(rows: Vec<KeyRow>, master: &[u8; 32], origin: Origin) -> Result<Self> {
        let newest = rows.last().ok_or_else(no_key)?;
        unwrap(newest, master).map_err(|why| match why {
            Unopened::Newer => newer("the vault's key record"),
            Unopened::Damaged => Error::new(
                ErrorKind::WrongKey,
                "the key given is not the key of this vault: give the one it was made with; if that is what you gave, the \
                 vault's key record is damaged: restore a backup",
            ),
        })?;
        Self::with(rows, &[], Arc::new(Secret::new(master)), origin)
    }

    /// The ring as it is stored now. Keys that are held already stay open, whatever the master key is by now.
    pub(super) fn renewed(&self, rows: Vec<KeyRow>) -> Result<Self> {
        let ring = Self::with(rows.clone(), &self.opened, self.master.clone(), self.origin.clone())?;
        if ring.current {
            return Ok(ring);
        }
        // A new key may have been put into the same file, or is about to be.
        match self.origin.keys_of_file().find(|master| opens(ring.newest_row(), master)) {
            Some(master) => Self::with(rows, &self.opened, Arc::new(Secret::new(&*master)), self.origin.clone()),
            None => Ok(ring),
        }
    }

    fn with(rows: Vec<KeyRow>, held: &[(String, Arc<Secret>)], master: Arc<Secret>, origin: Origin) -> Result<Self> {
        let newest = rows.last().ok_or_else(no_key)?;
        let current = unwrap(newest, key(&master)).is_ok();
        let open = |row: &KeyRow| {
            let held = held.iter().find(|(id, _)| *id == row.key_id).map(|(_, key)| key.clone());
            let key = held.or_else(|| unwrap(row, key(&master)).ok().map(|key| Arc::new(Secret::new(&*key))));
            key.map(|key| (row.key_id.clone(), key))
        };
        let opened = rows.iter().filter_map(open).collect();
        Ok(Self { origin, rows, opened, master, current })
    }

    /// The same without a key.
    pub(super) fn forgotten(&self) -> Self {
        let (origin, rows) = (self.origin.clone(), self.rows.clone());
        Self { origin, rows, opened: Vec::new(), master: Arc::new(Secret::new(&[0; 32])), current: false }
    }

    pub(super) fn vault_id(&self) -> &str {
        &self.newest_row().vault_id
    }

    /// The id of the key that new records are sealed with.
    pub(super) fn newest_id(&self) -> &str {
        &self.newest_row().key_id
    }

    fn newest_row(&self) -> &KeyRow {
        self.rows.last().expect("a ring is never empty")
    }

    /// The data key of this id, if it is held.
    pub(super) fn data_key(&self, id: &str) -> Option<Arc<Secret>> {
        self.opened.iter().find(|(held, _)| held == id).map(|(_, key)| key.clone())
    }

    /// Whether a key of this id is in the vault that only another master key opens.
    pub(super) fn is_out_of_reach(&self, id: &str) -> bool {
        !self.current && self.rows.iter().any(|row| row.key_id == id)
    }

    /// Whether the master key that is held, or stands in the file, is the vault's.
    pub(super) fn is_current(&self) -> bool {
        self.current
    }

    /// `wrong_key` where the vault has another master key by now.
    pub(super) fn must_be_current(&self) -> Result<()> {
        if self.current { Ok(()) } else { Err(changed()) }
    }

    /// Whether this is the master key.
    pub(super) fn is_master(&self, key: &[u8; 32]) -> bool {
        *self.master == Secret::passing(key)
    }

    pub(super) fn master(&self) -> &[u8; 32] {
        key(&self.master)
    }

    /// A new data key, not stored yet.
    pub(super) fn another(&self) -> Result<KeyRow> {
        let newest = self.newest_row();
        new_key(key(&self.master), newest.vault_id.clone(), newest.derivation.clone())
    }

    /// The same data keys, sealed by another master key. One that does not open stays as it is.
    pub(super) fn rewrapped(&self, master: &Made) -> Result<Vec<KeyRow>> {
        let rewrap = |row: &KeyRow| {
            let Some(data_key) = self.data_key(&row.key_id) else { return Ok(row.clone()) };
            wrap(&master.key, key(&data_key), KeyRow { derivation: master.derivation.clone(), ..row.clone() })
        };
        self.rows.iter().map(rewrap).collect()
    }
}

/// The first key of the new vault of this id.
pub(super) fn first_key(master: &Made, vault_id: String) -> Result<KeyRow> {
    new_key(&master.key, vault_id, master.derivation.clone())
}

/// Of a data key that is there, but sealed by a master key that came later.
pub(super) fn changed() -> Error {
    Error::new(ErrorKind::WrongKey, "the vault's key was changed: open it again with the new one").with_fields(["key"])
}

fn no_key() -> Error {
    Error::new(ErrorKind::CorruptRecord, "the vault's own key record is gone: restore a backup")
}

fn new_key(master: &[u8; 32], vault_id: String, derivation: String) -> Result<KeyRow> {
    let mut data_key = Zeroizing::new([0_u8; 32]);
    record::random(data_key.as_mut_slice())?;
    wrap(master, &data_key, KeyRow { key_id: new_id("k")?, vault_id, derivation, wrapped: Vec::new() })
}

fn wrap(master: &[u8; 32], data_key: &[u8; 32], mut row: KeyRow) -> Result<KeyRow> {
    row.wrapped = record::seal(master, &wrapping(&row), data_key)?;
    Ok(row)
}

/// Whether this master key opens the data key.
pub(super) fn opens(row: &KeyRow, master: &[u8; 32]) -> bool {
    unwrap(row, master).is_ok()
}

fn unwrap(row: &KeyRow, master: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, Unopened> {
    let opened = record::open(master, &wrapping(row), &row.wrapped)?;
    opened.as_slice().try_into().map(Zeroizing::new).map_err(|_| Unopened::Damaged)
}

fn wrapping(row: &KeyRow) -> Vec<u8> {
    record::binding(&["data-key", &row.vault_id, &row.key_id, &row.derivation])
}

/// The bytes of a key, to seal and open with.
pub(super) fn key(secret: &Secret) -> &[u8; 32] {
    secret.expose().try_into().expect("its length was checked") // expose: to seal and open
}
