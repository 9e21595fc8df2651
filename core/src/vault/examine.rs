//! Looks at a vault without changing it, and says what is wrong.

use std::path::Path;

use super::{KeySource, Means, Origin, Place, Vault, unlock};
use crate::diagnosis::Diagnosis;
use crate::error::{ErrorKind, Result};
use crate::files;
use crate::io;
use crate::memory;
use crate::store::{ConnectionQuery, Store};

/// How many rows are read at once.
const BATCH: u32 = 500;

/// The state of a vault that may not open. Nothing is made, and nothing is changed.
pub(crate) fn examine(place: &Place, source: &KeySource, means: &Means) -> Diagnosis {
    let origin = Origin::new(place, source, means);
    let mut found = origin.look();
    let looked = place.open_to_read().and_then(|store| match store {
        Some(store) => look_inside(store, place.tenant(), origin, source, &mut found),
        None => {
            found.warn(no_vault(place));
            Ok(())
        }
    });
    if let Err(error) = looked {
        found.warn(error.message());
    }
    found
}

fn no_vault(place: &Place) -> String {
    match place.file().map(|path| files::with_ending(path, "-wal")) {
        Some(log) if log.exists() => {
            format!("the vault is gone but its log {} is there: restore a backup, and take the log away", log.display())
        }
        _ => "there is no vault here yet: it is made when a client opens it, unless the path is a mistake".to_owned(),
    }
}

impl Vault {
    /// The state of a vault that is open.
    pub(crate) fn diagnose(&self) -> Diagnosis {
        let mut found = self.ring().origin.look();
        let looked = look_at_store(&*self.store, &mut found)
            .and_then(|()| self.look_at_key(&mut found))
            .and_then(|()| self.look_at_records(&mut found));
        if let Err(error) = looked {
            found.warn(error.message());
        }
        found
    }

    fn look_at_key(&self, found: &mut Diagnosis) -> Result<()> {
        let ring = self.read_ring()?;
        let same = ring.vault_id() == self.vault_id;
        let current = ring.must_be_current();
        found.key_fits = Some(same && current.is_ok());
        found.memory_locked = Some(memory::locked());
        if !same {
            found.warn(
                "another vault has taken the place of the one that was opened: close the client and open it again",
            );
        } else if let Err(error) = current {
            found.warn(error.message());
        }
        Ok(())
    }

    fn look_at_records(&self, found: &mut Diagnosis) -> Result<()> {
        let ring = self.read_ring()?;
        found.data_keys = Some(ring.rows.len() as u64);
        let mut seen = Seen { newest_key: ring.newest_id(), now: io::now(), older: 0, movable: 0, from_the_future: 0 };
        let integrations = self.store.integrations(None)?;
        found.integrations = Some(integrations.len() as u64);
        for row in integrations {
            let opened = self.open_integration(&row).map(drop);
            if seen.note(&row.key_id, &[Some(&row.created_at)], &opened, found) {
                found.damaged_integrations.push(row.id);
            }
        }
        let mut query = ConnectionQuery { limit: BATCH, ..ConnectionQuery::default() };
        let mut count = 0;
        loop {
            let rows = self.store.connections(&query)?;
            query.before = rows.last().map(|row| row.seq);
            count += rows.len() as u64;
            let ended = rows.len() < BATCH as usize;
            for row in rows {
                let opened = self.open_connection(&row).map(drop);
                let times = [Some(&row.created_at), Some(&row.updated_at), row.verified_at.as_ref()];
                if seen.note(&row.key_id, &times, &opened, found) {
                    found.damaged_connections.push(row.id);
                }
            }
            if ended {
                break;
            }
        }
        found.connections = Some(count);
        found.older_records = Some(seen.older);
        seen.warn(found);
        Ok(())
    }
}

/// What the records show together.
struct Seen<'k> {
    newest_key: &'k str,
    now: String,
    /// Sealed with an older key.
    older: u64,
    /// Those of them that open.
    movable: u64,
    from_the_future: u64,
}

impl Seen<'_> {
    /// Notes a record; tells whether it does not open.
    fn note(&mut self, key_id: &str, times: &[Option<&String>], opened: &Result<()>, found: &mut Diagnosis) -> bool {
        self.from_the_future += u64::from(times.iter().flatten().any(|time| **time > self.now));
        let is_older = key_id != self.newest_key;
        self.older += u64::from(is_older);
        self.movable += u64::from(is_older && opened.is_ok());
        if let Err(error) = opened {
            found.warn(error.message());
        }
        opened.is_err()
    }

    fn warn(&self, found: &mut Diagnosis) {
        if self.from_the_future > 0 {
            found.warn(format!(
                "{} record(s) carry a time that has not come yet: the clock was set back, or was wrong then; set it right",
                self.from_the_future
            ));
        }
        if self.movable > 0 {
            found.warn(format!(
                "{} record(s) are still sealed with an older data key: go on with `rotate_data_key`",
                self.movable
            ));
        }
    }
}

impl Origin {
    /// What can be said without opening anything.
    fn look(&self) -> Diagnosis {
        let shown = |path: &Path| path.display().to_string();
        let mut found = Diagnosis {
            path: self.shown.clone(),
            key_source: self.key_source.to_owned(),
            key_file: self.key_file.as_deref().map(shown),
            ..Diagnosis::default()
        };
        if let Some(path) = &self.file
            && let Ok(file) = std::fs::metadata(path)
        {
            found.exists = true;
            found.size = Some(file.len());
            look_at_modes(path, &mut found);
        }
        found
    }
}

#[cfg(unix)]
fn look_at_modes(path: &Path, found: &mut Diagnosis) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode_of = |path: &Path| std::fs::metadata(path).ok().map(|file| file.permissions().mode() & 0o7777);
    let folder = files::folder_of(path);
    let (mode, folder_mode) = (mode_of(path), mode_of(folder));
    let octal = |mode: u32| format!("{mode:o}");
    found.mode = mode.map(octal);
    found.folder_mode = folder_mode.map(octal);
    if mode.is_some_and(|mode| mode & 0o077 != 0) {
        found.warn(format!("others may use the vault file: make it private with chmod 600 {}", path.display()));
    }
    // Where the sticky bit is set, as in /tmp, others can add files but not replace these.
    if folder_mode.is_some_and(|mode| mode & 0o022 != 0 && mode & 0o1000 == 0) {
        let folder = folder.display();
        found.warn(format!("others may replace files in the vault's folder: make it private with chmod 700 {folder}"));
    }
}

#[cfg(not(unix))]
fn look_at_modes(_path: &Path, _found: &mut Diagnosis) {}

fn look_at_store(store: &dyn Store, found: &mut Diagnosis) -> Result<()> {
    let format = store.format()?;
    found.exists = true;
    found.format = Some(format);
    store.must_be_readable(format)?;
    let faults = store.faults()?;
    found.intact = faults.map(|faults| faults == 0);
    if let Some(faults) = faults.filter(|faults| *faults > 0) {
        found.warn(format!(
            "the file's structure has {faults} fault(s): stop using it, keep it, and restore a backup; what still opens can be \
             read meanwhile"
        ));
    }
    Ok(())
}

fn look_inside(
    store: Box<dyn Store>,
    tenant: &str,
    origin: Origin,
    source: &KeySource,
    found: &mut Diagnosis,
) -> Result<()> {
    look_at_store(&*store, found)?;
    let keys = store.keys()?;
    if keys.is_empty() {
        found.warn("the vault has no key record: it was never used, or is damaged; then restore a backup");
        return Ok(());
    }
    match unlock(keys, source, &origin) {
        Ok(ring) => {
            found.key_fits = Some(true);
            Vault::new(store, tenant, ring).look_at_records(found)
        }
        Err(error) => {
            found.key_fits = (error.kind() == ErrorKind::WrongKey).then_some(false);
            Err(error)
        }
    }
}
