//! The data keys in the file, and which records are sealed with them.
//!
//! There is no index by key: a rotation goes by all records anyway, and every initiation would pay for it.

use rusqlite::{OptionalExtension, params};

use super::Rows;
use super::failure::failure;
use super::rows::{KEY, key};
use crate::error::Result;
use crate::store::{KeyRow, Resealed, Table, key_lost, not_the_newest};

/// Oldest first.
pub(super) fn all(rows: &Rows<'_>) -> Result<Vec<KeyRow>> {
    let sql = format!("SELECT {KEY} FROM keys WHERE tenant = ? ORDER BY rowid");
    let mut statement = rows.db.prepare_cached(&sql).map_err(failure)?;
    let keys = statement.query_map([rows.tenant], key).map_err(failure)?;
    keys.collect::<rusqlite::Result<_>>().map_err(failure)
}

pub(super) fn must_be_newest(rows: &Rows<'_>, key_id: &str) -> Result<()> {
    let newest: Option<String> = rows
        .db
        .prepare_cached("SELECT key_id FROM keys WHERE tenant = ? ORDER BY rowid DESC LIMIT 1")
        .and_then(|mut s| s.query_row([rows.tenant], |r| r.get(0)).optional())
        .map_err(failure)?;
    if newest.as_deref() == Some(key_id) { Ok(()) } else { Err(not_the_newest()) }
}

pub(super) fn add_first(rows: &Rows<'_>, key: &KeyRow) -> Result<KeyRow> {
    if let Some(first) = all(rows)?.into_iter().next() {
        return Ok(first);
    }
    must_not_be_lost(rows)?;
    insert(rows, key)?;
    Ok(key.clone())
}

/// A vault that holds something has had a key; another one would make the loss final.
fn must_not_be_lost(rows: &Rows<'_>) -> Result<()> {
    let sql = "SELECT EXISTS (SELECT 1 FROM connections WHERE tenant = ?1) \
               OR EXISTS (SELECT 1 FROM integrations WHERE tenant = ?1) \
               OR EXISTS (SELECT 1 FROM audit_keys WHERE tenant = ?1)";
    let used: bool = rows.db.query_row(sql, [rows.tenant], |r| r.get(0)).map_err(failure)?;
    if used { Err(key_lost()) } else { Ok(()) }
}

fn insert(rows: &Rows<'_>, key: &KeyRow) -> Result<()> {
    let sql = format!("INSERT INTO keys (tenant, {KEY}) VALUES (?, ?, ?, ?, ?)");
    rows.db
        .execute(&sql, params![rows.tenant, key.key_id, key.vault_id, key.derivation, key.wrapped])
        .map_err(failure)?;
    Ok(())
}

pub(super) fn swap(rows: &Rows<'_>, from: &[KeyRow], to: &[KeyRow]) -> Result<bool> {
    if all(rows)? != from {
        return Ok(false);
    }
    for (at, key) in to.iter().enumerate() {
        match from.get(at) {
            Some(former) if former == key => {}
            Some(_) => {
                let sql = "UPDATE keys SET derivation = ?, wrapped = ? WHERE tenant = ? AND key_id = ?";
                rows.db.execute(sql, params![key.derivation, key.wrapped, rows.tenant, key.key_id]).map_err(failure)?;
            }
            None => insert(rows, key)?,
        }
    }
    Ok(true)
}

pub(super) fn drop_unused(rows: &Rows<'_>) -> Result<Vec<KeyRow>> {
    let sql = "DELETE FROM keys WHERE tenant = ?1 AND rowid < (SELECT max(rowid) FROM keys WHERE tenant = ?1) \
               AND key_id NOT IN (SELECT key_id FROM connections) AND key_id NOT IN (SELECT key_id FROM integrations) \
               AND key_id NOT IN (SELECT key_id FROM audit_keys)";
    rows.db.execute(sql, [rows.tenant]).map_err(failure)?;
    all(rows)
}

pub(super) fn older_records(rows: &Rows<'_>, key_id: &str) -> Result<u64> {
    let sql = "SELECT (SELECT count(*) FROM connections WHERE tenant = ?1 AND key_id <> ?2) \
               + (SELECT count(*) FROM integrations WHERE tenant = ?1 AND key_id <> ?2) \
               + (SELECT count(*) FROM audit_keys WHERE tenant = ?1 AND key_id <> ?2)";
    let count: i64 = rows.db.query_row(sql, [rows.tenant, key_id], |r| r.get(0)).map_err(failure)?;
    Ok(count.unsigned_abs())
}

pub(super) fn reseal(rows: &Rows<'_>, records: &[Resealed]) -> Result<u64> {
    let mut changed = 0;
    for record in records {
        must_be_newest(rows, &record.key_id)?;
        let sql = match record.table {
            Table::Integrations => {
                "UPDATE integrations SET key_id = ?, sealed = ? WHERE tenant = ? AND id = ? AND sealed = ?"
            }
            Table::Connections => {
                "UPDATE connections SET key_id = ?, sealed = ? WHERE tenant = ? AND id = ? AND sealed = ?"
            }
            Table::AuditKeys => {
                "UPDATE audit_keys SET key_id = ?, sealed = ? WHERE tenant = ? AND id = ? AND sealed = ?"
            }
        };
        let values = params![record.key_id, record.sealed, rows.tenant, record.id, record.former];
        changed += rows.db.prepare_cached(sql).and_then(|mut s| s.execute(values)).map_err(failure)?;
    }
    Ok(changed as u64)
}
