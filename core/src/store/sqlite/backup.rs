//! A copy of the vault's file while others use it.

use std::io::ErrorKind as Io;
use std::path::Path;

use rusqlite::Connection as Db;

use super::failure::{cannot, failure};
use super::file;
use crate::error::{Error, ErrorKind, Result};
use crate::files::Draft;

/// Writes what the vault holds at this moment to a new private file at `to`.
pub(super) fn write(db: &Db, to: &Path) -> Result<()> {
    let failed = |e: std::io::Error| match e.kind() {
        Io::AlreadyExists => {
            let message =
                format!("there is a file {} already, and a backup replaces none: choose another name", to.display());
            Error::new(ErrorKind::AlreadyExists, message).with_fields(["path"])
        }
        Io::NotFound => Error::argument("path", format!("the folder of {} is not there: make it first", to.display())),
        _ => cannot("the backup", to, &e).with_fields(["path"]),
    };
    if to.symlink_metadata().is_ok() {
        return Err(failed(Io::AlreadyExists.into()));
    }
    let draft = Draft::beside(to).map_err(failed)?;
    let name = draft.path().to_str().ok_or_else(|| Error::argument("path", "the path must be UTF-8"))?;
    // One read transaction: what is written meanwhile is not in it, and no writer waits. A damaged page ends it.
    db.execute("VACUUM INTO ?", [name]).map_err(failure)?;
    file::prepare(draft.path())?;
    draft.publish().map_err(failed)
}
