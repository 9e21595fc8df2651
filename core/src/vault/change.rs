//! Another master key for the vault: its data keys are sealed anew, all in one transaction, and no record is.

use std::path::Path;
use std::sync::Arc;

use super::key_source::Made;
use super::ring::Ring;
use super::{KeySource, Origin, Vault, key_file};
use crate::audit::{Action, DONE};
use crate::error::{Error, Result};

impl Vault {
    /// From here on the vault opens with the key of this source. A key file that is not there is made; the one in use gets a new
    /// key.
    pub(crate) fn change_key(&self, to: &KeySource) -> Result<()> {
        let now = self.read_ring()?;
        now.must_be_current()?;
        to.must_fit(now.origin.file.as_deref())?;
        let origin = now.origin.with(to);
        let used = now.origin.key_file.as_deref();
        let replaced = origin.key_file.as_deref().filter(|file| used.is_some_and(|used| is_same(used, file)));
        let master = match replaced {
            Some(_) => Made::random()?,
            None => to.make(origin.file.as_deref(), now.vault_id(), &origin.means)?,
        };
        let done = self.seal_keys(&master, &origin, replaced);
        if done.is_err() {
            to.discard(&master, &origin.means);
        }
        if let Some(file) = replaced {
            let settled = key_file::settle(&*self.store, file);
            return done.and(settled);
        }
        done
    }

    fn seal_keys(&self, master: &Made, origin: &Origin, replaced: Option<&Path>) -> Result<()> {
        let note = self.note(Action::ChangeKey, DONE)?;
        loop {
            let ring = self.read_ring()?;
            ring.must_be_current()?;
            if ring.is_master(&master.key) {
                return Err(Error::argument("key", "this is the vault's key already: give another one"));
            }
            let rows = ring.rewrapped(master)?;
            let mut publish = || match replaced {
                Some(file) => key_file::replace(file, ring.master(), &master.key),
                None => Ok(()),
            };
            // Another process may change the keys at the same time.
            if self.store.swap_keys(&ring.rows, &rows, note.entry(), &mut publish)? {
                self.hold(Arc::new(Ring::unlock(rows, &master.key, origin.clone())?));
                return Ok(());
            }
        }
    }
}

fn is_same(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}
