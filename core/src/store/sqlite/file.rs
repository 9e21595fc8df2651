//! The vault's file: made whole, opened, and brought to the format of today.

use std::io::ErrorKind as Io;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection as Db, OpenFlags, TransactionBehavior};

use super::failure::{failure, log_in_use};
use crate::error::{Error, ErrorKind, Result};
use crate::files::{self, Draft, cannot};
use crate::store::must_be_within;

/// What a new vault gets, and what [`STEPS`] make of an old one.
const SCHEMA: &str = concat!(include_str!("schema.sql"), include_str!("audit.sql"));
/// The oldest format that is still read.
const OLDEST: i64 = 2;
/// What turns each format since [`OLDEST`] into the next.
const STEPS: &[&str] = &[include_str!("tenants.sql"), include_str!("audit.sql")];
/// The format of [`SCHEMA`].
pub(super) const FORMAT: i64 = OLDEST + STEPS.len() as i64;

/// KiB of the file that a connection remembers at most: all of a million records' indexes but their last level.
const CACHE: i64 = 8 << 10;

/// Opens the file for reading and writing; makes it, and its folder, where there is none. `patience` is how long to wait while
/// other processes write.
pub(super) fn open(path: &Path, patience: Duration) -> Result<Db> {
    match std::fs::metadata(path) {
        Ok(file) if file.is_dir() => {
            let message = format!("{} is a folder: name a file in it", path.display());
            return Err(Error::argument("path", message));
        }
        Ok(file) if file.len() == 0 => {
            let message = format!(
                "the vault file {} is empty, so what it held is lost: restore a backup, or delete the file to begin anew",
                path.display()
            );
            return Err(Error::new(ErrorKind::Storage, message));
        }
        Err(e) if e.kind() == Io::NotFound => make(path)?,
        // What is in the way, SQLite finds too.
        Ok(_) | Err(_) => {}
    }
    let mut db = connect(path, Access::Write, patience)?;
    migrate(&mut db, OLDEST, STEPS)?;
    Ok(db)
}

/// Writes a vault without content. Several processes may do so at once: the first file stays, complete, and all open that one.
fn make(path: &Path) -> Result<()> {
    let folder = files::folder_of(path);
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|e| cannot("the folder", folder, &e))?;

    let log = files::with_ending(path, "-wal");
    if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        // SQLite would take its pages for those of the new file.
        let message = format!(
            "the vault {} is gone but its log {} is there: put the vault back, or take the log away too",
            path.display(),
            log.display()
        );
        return Err(Error::new(ErrorKind::Storage, message));
    }
    let failed = |e: std::io::Error| cannot("the vault", path, &e);
    let draft = Draft::beside(path).map_err(failed)?;
    let script = format!("BEGIN; {SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;");
    connect(draft.path(), Access::Write, Duration::ZERO)?.execute_batch(&script).map_err(failure)?;
    prepare(draft.path())?;
    match draft.publish() {
        Err(e) if e.kind() != Io::AlreadyExists => Err(failed(e)),
        _ => Ok(()),
    }
}

/// What a connection may do with the file.
#[derive(Clone, Copy)]
pub(super) enum Access {
    /// Write too, where the system lets it.
    Write,
    /// Leave it as it is, even where something is left to be tidied up.
    Read,
}

/// A connection to a file that is there.
pub(super) fn connect(path: &Path, access: Access, patience: Duration) -> Result<Db> {
    let access = match access {
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let db = Db::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failure)?;
    db.busy_timeout(patience).map_err(failure)?;
    db.set_prepared_statement_cache_capacity(64);
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;")
        .map_err(failure)?;
    db.pragma_update(None, "cache_size", -CACHE).map_err(failure)?;
    // Plans do not depend on what is asked for: else SQLite plans anew each time, which takes longer than the rest of a query.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failure)?;
    Ok(db)
}

/// Gives a file that nobody else has open yet its write-ahead log: later, processes would wait for each other to do so.
pub(super) fn prepare(path: &Path) -> Result<()> {
    let db = connect(path, Access::Write, Duration::ZERO)?;
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).map_err(failure)?;
    db.close().map_err(|(_, e)| failure(e))
}

/// The format that the file says it has.
pub(super) fn format(db: &Db) -> Result<i64> {
    db.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(failure)
}

/// Takes what is in the log over into the file, and empties it.
pub(super) fn clear_log(db: &Db) -> Result<()> {
    let busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0)).map_err(failure)?;
    if busy { Err(log_in_use()) } else { Ok(()) }
}

/// How many faults SQLite finds in the file's structure.
pub(super) fn faults(db: &Db) -> Result<u64> {
    let mut statement = db.prepare("PRAGMA integrity_check").map_err(failure)?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0)).map_err(failure)?;
    Ok(lines.filter(|line| line.as_ref().map_or(true, |line| line != "ok")).count() as u64)
}

/// Refuses formats that are not read here, and takes the others to today's, step by step in one transaction.
fn migrate(db: &mut Db, oldest: i64, steps: &[&str]) -> Result<()> {
    let newest = oldest + steps.len() as i64;
    let version = format(db)?;
    must_be_within(oldest, newest, version)?;
    if version == newest {
        return Ok(());
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
    // Another process may have been quicker, also one that knows more formats.
    let version = format(&transaction)?;
    must_be_within(oldest, newest, version)?;
    for step in steps.iter().skip(usize::try_from(version - oldest).unwrap_or(0)) {
        transaction.execute_batch(step).map_err(failure)?;
    }
    transaction.pragma_update(None, "user_version", newest).map_err(failure)?;
    transaction.commit().map_err(failure)
}

/// Refuses a format that this version does not read.
pub(super) fn must_be_readable(version: i64) -> Result<()> {
    must_be_within(OLDEST, FORMAT, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_of_each_format_becomes_one_of_todays_and_others_are_refused() {
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x)"];
        for (version, tables) in [(5, Some(2)), (6, Some(1)), (7, Some(0)), (4, None), (8, None), (0, None)] {
            let mut db = Db::open_in_memory().unwrap();
            db.pragma_update(None, "user_version", version).unwrap();
            let outcome = migrate(&mut db, 5, &steps);
            let made: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).unwrap();
            assert_eq!((outcome.is_ok(), made), (tables.is_some(), tables.unwrap_or(0)), "{version}");
            assert_eq!(format(&db).unwrap(), if tables.is_some() { 7 } else { version });
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_vault_as_it_was() {
        let mut db = Db::open_in_memory().unwrap();
        db.pragma_update(None, "user_version", 5).unwrap();
        assert!(migrate(&mut db, 5, &["CREATE TABLE a (x)", "CREATE TABLE a (x)"]).is_err());
        let made: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).unwrap();
        assert_eq!((format(&db).unwrap(), made), (5, 0));
    }
}
