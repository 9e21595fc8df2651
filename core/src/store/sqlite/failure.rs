//! What SQLite's codes mean for a vault: one sentence each that says what to do.

use rusqlite::{ErrorCode, ffi};

use crate::error::{Error, ErrorKind};

const FULL: &str = "the disk takes no more of the vault: make room, then call again; nothing was changed";
const READ_ONLY: &str = "the vault is read-only to this process: let it write the file and its folder, then call again; nothing \
                         was changed";
const BUSY: &str = "another process kept the vault locked for all the time that a call may take: call again, or end that \
                    process; nothing was changed";
const MOVED: &str = "the vault file was moved or deleted while it was open: close the client, put the file back, and open it \
                     again";
const DAMAGED: &str =
    "the vault file is damaged and was left as it is: ask `diagnose` what still opens, and restore a backup";
const NO_VAULT: &str = "the file is no vault, or its beginning is destroyed, and was left as it is: name another file, or \
                        restore a backup";
const NOT_OPENED: &str = "the vault cannot be opened: see that the file is there, that this process may read and write it and \
                          its folder, and that it has not too many files open";
const DISK_FAILS: &str = "the disk cannot read or write the vault: check the disk, then open the vault again; if that fails, \
                          restore a backup";
const NO_MEMORY: &str = "there is not enough memory to use the vault: free some, then call again; nothing was changed";

/// What SQLite says itself names tables and paths at most, never a value: all values are bound, none is in the SQL text. It
/// is left out all the same, since it does not say what to do.
pub(super) fn failure(error: rusqlite::Error) -> Error {
    let (code, extended) = match &error {
        rusqlite::Error::SqliteFailure(e, _) => (e.code, e.extended_code),
        _ => (ErrorCode::Unknown, 0),
    };
    tracing::debug!("db.response.status_code" = extended, "SQLite refused");
    let sentence = match (code, extended) {
        (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_WRITE) => FULL,
        (_, ffi::SQLITE_READONLY_DBMOVED) => MOVED,
        (ErrorCode::ReadOnly, _) => READ_ONLY,
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed, _) => BUSY,
        (ErrorCode::DatabaseCorrupt, _) | (_, ffi::SQLITE_IOERR_SHORT_READ) => DAMAGED,
        (ErrorCode::NotADatabase, _) => NO_VAULT,
        (ErrorCode::CannotOpen | ErrorCode::PermissionDenied, _) => NOT_OPENED,
        (ErrorCode::SystemIoFailure, _) => DISK_FAILS,
        (ErrorCode::OutOfMemory, _) => NO_MEMORY,
        // A table or column that is not as the schema has it.
        _ => DAMAGED,
    };
    Error::new(ErrorKind::Storage, sentence)
}

/// A transaction that is not there any more when it is to be committed.
pub(super) fn undone() -> Error {
    Error::new(ErrorKind::Storage, "the vault took back what was written: call again; nothing was changed")
}

/// Others have read in the log for all the time that a call may take.
pub(super) fn log_in_use() -> Error {
    let message = "the keys are rotated, but other processes kept the vault's log in use, in which the older ones stand: call \
                   again with the same cursor";
    Error::new(ErrorKind::Storage, message)
}
