//! A copy of the vault's file while others use it.

use std::path::Path;

use rusqlite::Connection as Db;

use super::failure::failure;
use super::file;
use crate::error::{Error, Result};
use crate::files;

/// Writes what the vault holds at this moment to a new private file at `to`.
pub(super) fn write(db: &Db, to: &Path) -> Result<()> {
    files::make_new("backup", to, |draft| {
        let name = draft.path().to_str().ok_or_else(|| Error::argument("path", "the path must be UTF-8"))?;
        // One read transaction: what is written meanwhile is not in it, and no writer waits. A damaged page ends it.
        db.execute("VACUUM INTO ?", [name]).map_err(failure)?;
        file::prepare(draft.path())
    })
}
