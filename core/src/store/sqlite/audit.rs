//! The audit log in the file: entries are put behind the last one while nobody else writes, and never changed.

use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension, params, params_from_iter};

use super::Rows;
use super::failure::failure;
use super::keys::must_be_newest;
use super::rows::{AUDIT_KEY, ENTRY, audit_key, entry};
use crate::error::Result;
use crate::store::{About, AuditKeyRow, AuditRow, AuditRows, Entry, Note, audit_key_lost, unwritten};

pub(super) fn key(rows: &Rows<'_>) -> Result<Option<AuditKeyRow>> {
    let sql = format!("SELECT {AUDIT_KEY} FROM audit_keys WHERE tenant = ?");
    rows.db.query_row(&sql, [rows.tenant], audit_key).optional().map_err(failure)
}

pub(super) fn add_key(rows: &Rows<'_>, row: &AuditKeyRow) -> Result<AuditKeyRow> {
    if let Some(there) = key(rows)? {
        return Ok(there);
    }
    if last(rows)?.is_some() {
        return Err(audit_key_lost());
    }
    must_be_newest(rows, &row.key_id)?;
    let sql = format!("INSERT INTO audit_keys (tenant, {AUDIT_KEY}) VALUES (?, ?, ?, ?)");
    rows.db.execute(&sql, params![rows.tenant, row.id, row.key_id, row.sealed]).map_err(failure)?;
    Ok(row.clone())
}

/// Writes the entry of a change, in its transaction.
pub(super) fn note(rows: &Rows<'_>, note: Note<'_>, about: About<'_>) -> Result<()> {
    let Some(entry) = note else { return Ok(()) };
    match append(rows, entry, about) {
        Err(error) if entry.is_required() => Err(unwritten(error)),
        Err(error) => {
            tracing::warn!("error.type" = error.kind().code(), "no audit entry");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

pub(super) fn append(rows: &Rows<'_>, entry: &dyn Entry, about: About<'_>) -> Result<()> {
    let row = entry.row(about, last(rows)?.as_ref());
    let sql = format!("INSERT INTO audit (tenant, {ENTRY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    let values = params![
        rows.tenant,
        row.seq,
        row.at,
        row.action,
        row.outcome,
        row.entity,
        row.record,
        row.app,
        row.process,
        row.chain
    ];
    rows.db.prepare_cached(&sql).and_then(|mut s| s.execute(values)).map(drop).map_err(failure)
}

pub(super) fn last(rows: &Rows<'_>) -> Result<Option<AuditRow>> {
    let sql = format!("SELECT {ENTRY} FROM audit WHERE tenant = ? ORDER BY seq DESC LIMIT 1");
    let mut statement = rows.db.prepare_cached(&sql).map_err(failure)?;
    statement.query_row([rows.tenant], entry).optional().map_err(failure)
}

/// Oldest first.
pub(super) fn entries(rows: &Rows<'_>, query: &AuditRows) -> Result<Vec<AuditRow>> {
    let mut sql = format!("SELECT {ENTRY} FROM audit WHERE tenant = ?");
    let mut values = vec![Sql::Text(rows.tenant.to_owned())];
    let mut narrow = |condition: &str, value: Option<Sql>| {
        if let Some(value) = value {
            sql.push_str(condition);
            values.push(value);
        }
    };
    narrow(" AND entity = ?", query.entity.clone().map(Sql::Blob));
    narrow(" AND record = ?", query.record.clone().map(Sql::Blob));
    narrow(" AND seq > ?", query.after.map(Sql::Integer));
    narrow(" ORDER BY seq LIMIT ?", Some(Sql::Integer(query.limit.into())));
    let mut statement = rows.db.prepare_cached(&sql).map_err(failure)?;
    let found = statement.query_map(params_from_iter(values), entry).map_err(failure)?;
    found.collect::<rusqlite::Result<_>>().map_err(failure)
}
