//! Looks at a vault without changing it, and says what is wrong.

use std::path::Path;

use super::{KeySource, Origin, Vault};
use crate::diagnosis::Diagnosis;
use crate::error::{ErrorKind, Result};
use crate::files;
use crate::io;
use crate::memory;
use crate::store::{ConnectionQuery, ConnectionRow, SqliteStore, Store, must_be_readable};

/// How many rows are read at once.
const BATCH: u32 = 500;

/// The state of a vault that may not open. Nothing is made, and nothing is changed.
pub(crate) fn examine(path: &Path, source: &KeySource) -> Diagnosis {
    let origin = Origin::new(path, source);
    let mut found = origin.look();
    if !found.exists {
        let log = files::with_ending(path, "-wal");
        found.warn(if log.exists() {
            format!("the vault is gone but its log {} is there: restore a backup, and take the log away", log.display())
        } else {
            "there is no vault here yet: it is made when a client opens it, unless the path is a mistake".to_owned()
        });
        return found;
    }
    let looked =
        SqliteStore::open_to_read(path).and_then(|store| look_inside(Box::new(store), origin, source, &mut found));
    if let Err(error) = looked {
        found.warn(error.message());
    }
    found
}

impl Vault {
    /// The state of a vault that is open.
    pub(crate) fn diagnose(&self) -> Diagnosis {
        let mut found = self.origin.look();
        let looked = look_at_store(&*self.store, &mut found)
            .and_then(|()| self.look_at_key(&mut found))
            .and_then(|()| self.look_at_records(&mut found));
        if let Err(error) = looked {
            found.warn(error.message());
        }
        found
    }

    fn look_at_key(&self, found: &mut Diagnosis) -> Result<()> {
        let fits = self.store.keys()?.iter().any(|key| key.key_id == self.key_id);
        found.key_fits = Some(fits);
        found.memory_locked = Some(memory::locked());
        if !fits {
            found.warn(
                "another vault has taken the place of the one that was opened: close the client and open it again",
            );
        }
        Ok(())
    }

    fn look_at_records(&self, found: &mut Diagnosis) -> Result<()> {
        let mut from_the_future = 0_u64;
        let now = io::now();
        let integrations = self.store.integrations(None)?;
        found.integrations = Some(integrations.len() as u64);
        for row in integrations {
            from_the_future += u64::from(row.created_at > now);
            if let Err(error) = self.open_integration(&row) {
                found.damaged_integrations.push(row.id);
                found.warn(error.message());
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
                from_the_future += u64::from(is_from_the_future(&row, &now));
                if let Err(error) = self.open_connection(&row) {
                    found.damaged_connections.push(row.id);
                    found.warn(error.message());
                }
            }
            if ended {
                break;
            }
        }
        found.connections = Some(count);
        if from_the_future > 0 {
            found.warn(format!(
                "{from_the_future} record(s) carry a time that has not come yet: the clock was set back, or was wrong then; \
                 set it right"
            ));
        }
        Ok(())
    }
}

fn is_from_the_future(row: &ConnectionRow, now: &String) -> bool {
    [Some(&row.created_at), Some(&row.updated_at), row.verified_at.as_ref()]
        .into_iter()
        .flatten()
        .any(|time| time > now)
}

impl Origin {
    /// What can be said without opening anything.
    fn look(&self) -> Diagnosis {
        let shown = |path: &Path| path.display().to_string();
        let mut found = Diagnosis {
            path: shown(&self.path),
            key_source: self.key_source.to_owned(),
            key_file: self.key_file.as_deref().map(shown),
            ..Diagnosis::default()
        };
        if let Ok(file) = std::fs::metadata(&self.path) {
            found.exists = true;
            found.size = Some(file.len());
            look_at_modes(&self.path, &mut found);
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
    found.format = Some(format);
    must_be_readable(format)?;
    let faults = store.faults()?;
    found.intact = Some(faults == 0);
    if faults > 0 {
        found.warn(format!(
            "the file's structure has {faults} fault(s): stop using it, keep it, and restore a backup; what still opens can be \
             read meanwhile"
        ));
    }
    Ok(())
}

fn look_inside(store: Box<dyn Store>, origin: Origin, source: &KeySource, found: &mut Diagnosis) -> Result<()> {
    look_at_store(&*store, found)?;
    let Some(key) = store.keys()?.into_iter().next() else {
        found.warn("the vault has no key record: it was never used, or is damaged; then restore a backup");
        return Ok(());
    };
    let master = source.load(&origin.path, &key.derivation);
    match master.and_then(|master| Vault::unlocked(store, &key, &master, origin)) {
        Ok(vault) => {
            found.key_fits = Some(true);
            vault.look_at_records(found)
        }
        Err(error) => {
            found.key_fits = (error.kind() == ErrorKind::WrongKey).then_some(false);
            Err(error)
        }
    }
}
