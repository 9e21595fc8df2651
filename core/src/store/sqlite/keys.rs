//! The data keys in the file, and which records are sealed with them.
//!
//! There is no index by key: a rotation goes by all records anyway, and every initiation would pay for it.

use rusqlite::{Connection as Db, OptionalExtension, params};

use super::failure::failure;
use super::rows::{KEY, key};
use crate::error::Result;
use crate::store::{KeyRow, Resealed, Table, key_lost, not_the_newest};

/// Oldest first.
pub(super) fn all(db: &Db) -> Result<Vec<KeyRow>> {
    let mut statement = db.prepare_cached(&format!("SELECT {KEY} FROM keys ORDER BY rowid")).map_err(failure)?;
    let rows = statement.query_map([], key).map_err(failure)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failure)
}

pub(super) fn must_be_newest(db: &Db, key_id: &str) -> Result<()> {
    let newest: Option<String> = db
        .prepare_cached("SELECT key_id FROM keys ORDER BY rowid DESC LIMIT 1")
        .and_then(|mut s| s.query_row([], |r| r.get(0)).optional())
        .map_err(failure)?;
    if newest.as_deref() == Some(key_id) { Ok(()) } else { Err(not_the_newest()) }
}

pub(super) fn add_first(db: &Db, key: &KeyRow) -> Result<KeyRow> {
    if let Some(first) = all(db)?.into_iter().next() {
        return Ok(first);
    }
    must_not_be_lost(db)?;
    insert(db, key)?;
    Ok(key.clone())
}

/// A vault that holds something has had a key; another one would make the loss final.
fn must_not_be_lost(db: &Db) -> Result<()> {
    let sql = "SELECT EXISTS (SELECT 1 FROM connections) OR EXISTS (SELECT 1 FROM integrations)";
    let used: bool = db.query_row(sql, [], |r| r.get(0)).map_err(failure)?;
    if used { Err(key_lost()) } else { Ok(()) }
}

fn insert(db: &Db, key: &KeyRow) -> Result<()> {
    let sql = format!("INSERT INTO keys ({KEY}) VALUES (?, ?, ?, ?)");
    db.execute(&sql, params![key.key_id, key.vault_id, key.derivation, key.wrapped]).map_err(failure)?;
    Ok(())
}

pub(super) fn swap(db: &Db, from: &[KeyRow], to: &[KeyRow]) -> Result<bool> {
    if all(db)? != from {
        return Ok(false);
    }
    for (at, key) in to.iter().enumerate() {
        match from.get(at) {
            Some(former) if former == key => {}
            Some(_) => {
                let sql = "UPDATE keys SET derivation = ?, wrapped = ? WHERE key_id = ?";
                db.execute(sql, params![key.derivation, key.wrapped, key.key_id]).map_err(failure)?;
            }
            None => insert(db, key)?,
        }
    }
    Ok(true)
}

pub(super) fn drop_unused(db: &Db) -> Result<Vec<KeyRow>> {
    let sql = "DELETE FROM keys WHERE rowid < (SELECT max(rowid) FROM keys) \
               AND key_id NOT IN (SELECT key_id FROM connections) AND key_id NOT IN (SELECT key_id FROM integrations)";
    db.execute(sql, []).map_err(failure)?;
    all(db)
}

pub(super) fn older_records(db: &Db, key_id: &str) -> Result<u64> {
    let sql = "SELECT (SELECT count(*) FROM connections WHERE key_id <> ?1) \
               + (SELECT count(*) FROM integrations WHERE key_id <> ?1)";
    let count: i64 = db.query_row(sql, [key_id], |r| r.get(0)).map_err(failure)?;
    Ok(count.unsigned_abs())
}

pub(super) fn reseal(db: &Db, records: &[Resealed]) -> Result<u64> {
    let mut changed = 0;
    for record in records {
        must_be_newest(db, &record.key_id)?;
        let sql = match record.table {
            Table::Integrations => "UPDATE integrations SET key_id = ?, sealed = ? WHERE id = ? AND sealed = ?",
            Table::Connections => "UPDATE connections SET key_id = ?, sealed = ? WHERE id = ? AND sealed = ?",
        };
        let values = params![record.key_id, record.sealed, record.id, record.former];
        changed += db.prepare_cached(sql).and_then(|mut s| s.execute(values)).map_err(failure)?;
    }
    Ok(changed as u64)
}
