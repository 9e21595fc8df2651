//! What is asked of the file and written to it: the methods of [`Store`] in SQL.

use std::path::Path;

use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::failure::failure;
use super::keys;
use super::rows::{CONNECTION, INTEGRATION, connection, connection_and_integration, integration, json_text};
use super::{Rows, SqliteStore, audit, backup, file, insert};
use crate::error::Result;
use crate::store::{
    About, AuditKeyRow, AuditRow, AuditRows, Change, ConnectionQuery, ConnectionRow, Deletion, DueQuery, Entry,
    IntegrationRow, KeyRow, Note, Resealed, Store, alias_taken, must_be_storable,
};

fn integration_by_id(rows: &Rows<'_>, id: &str) -> Result<Option<IntegrationRow>> {
    let sql = format!("SELECT {INTEGRATION} FROM integrations WHERE tenant = ? AND id = ?");
    rows.db
        .prepare_cached(&sql)
        .and_then(|mut s| s.query_row([rows.tenant, id], integration).optional())
        .map_err(failure)
}

fn newest_integration(rows: &Rows<'_>, app: &str, auth_scheme: Option<&str>) -> Result<Option<IntegrationRow>> {
    let sql = format!(
        "SELECT {INTEGRATION} FROM integrations WHERE tenant = ?1 AND app = ?2 AND (?3 IS NULL OR auth_scheme = ?3) \
         ORDER BY seq DESC LIMIT 1"
    );
    let mut statement = rows.db.prepare_cached(&sql).map_err(failure)?;
    statement.query_row(params![rows.tenant, app, auth_scheme], integration).optional().map_err(failure)
}

fn connection_by_id(rows: &Rows<'_>, id: &str) -> Result<Option<ConnectionRow>> {
    let sql = format!("SELECT {CONNECTION} FROM connections WHERE tenant = ? AND id = ?");
    rows.db
        .prepare_cached(&sql)
        .and_then(|mut s| s.query_row([rows.tenant, id], connection).optional())
        .map_err(failure)
}

/// `already_exists` where another connection has this one's alias.
fn alias_must_be_free(rows: &Rows<'_>, row: &ConnectionRow) -> Result<()> {
    let Some(alias) = &row.alias else { return Ok(()) };
    let sql = "SELECT id FROM connections WHERE tenant = ? AND entity_id = ? AND app = ? AND alias = ? AND id <> ?";
    let holder: Option<String> = rows
        .db
        .prepare_cached(sql)
        .and_then(|mut s| {
            s.query_row(params![rows.tenant, row.entity_id, row.app, alias, row.id], |r| r.get(0)).optional()
        })
        .map_err(failure)?;
    match holder {
        None => Ok(()),
        Some(id) => Err(alias_taken(&id)),
    }
}

/// Whether a new connection has the newest key, an integration and, unless `allow_multiple`, no active one in its way. One query: others
/// wait for their turn.
fn must_fit(rows: &Rows<'_>, row: &ConnectionRow, allow_multiple: bool) -> Result<()> {
    let sql = "SELECT (SELECT key_id FROM keys WHERE tenant = ?1 ORDER BY rowid DESC LIMIT 1) IS ?2, \
               EXISTS (SELECT 1 FROM integrations WHERE tenant = ?1 AND id = ?3), \
               CASE WHEN NOT ?5 THEN (SELECT id FROM connections WHERE tenant = ?1 AND integration_id = ?3 \
                   AND entity_id = ?4 AND status = 'ACTIVE' LIMIT 1) END";
    let values = params![rows.tenant, row.key_id, row.integration_id, row.entity_id, allow_multiple];
    let read = |found: &Row<'_>| Ok((found.get(0)?, found.get(1)?, found.get(2)?));
    let mut statement = rows.db.prepare_cached(sql).map_err(failure)?;
    statement.query_row(values, read).map_err(failure).and_then(must_be_storable)
}

impl Store for SqliteStore {
    fn keys(&self) -> Result<Vec<KeyRow>> {
        self.read(keys::all)
    }

    fn add_first_key(&self, key: &KeyRow) -> Result<KeyRow> {
        self.write(|rows| keys::add_first(rows, key))
    }

    fn swap_keys(
        &self,
        from: &[KeyRow],
        to: &[KeyRow],
        note: Note<'_>,
        last: &mut dyn FnMut() -> Result<()>,
    ) -> Result<bool> {
        self.write_last(|rows| {
            let swapped = keys::swap(rows, from, to)?;
            if swapped {
                audit::note(rows, note, About::default())?;
                last()?;
            }
            Ok(swapped)
        })
    }

    fn drop_unused_keys(&self) -> Result<Vec<KeyRow>> {
        let left = self.write(keys::drop_unused)?;
        self.clear_log()?;
        Ok(left)
    }

    fn older_records(&self, key_id: &str) -> Result<u64> {
        self.read(|rows| keys::older_records(rows, key_id))
    }

    fn reseal(&self, records: &[Resealed]) -> Result<u64> {
        self.write(|rows| keys::reseal(rows, records))
    }

    fn integration(&self, id: &str) -> Result<Option<IntegrationRow>> {
        self.read(|rows| integration_by_id(rows, id))
    }

    fn integrations(&self, app: Option<&str>) -> Result<Vec<IntegrationRow>> {
        let sql = format!(
            "SELECT {INTEGRATION} FROM integrations WHERE tenant = ?1 AND (?2 IS NULL OR app = ?2) ORDER BY seq DESC"
        );
        self.read(|rows| {
            let mut statement = rows.db.prepare_cached(&sql).map_err(failure)?;
            let found = statement.query_map(params![rows.tenant, app], integration).map_err(failure)?;
            found.collect::<rusqlite::Result<_>>().map_err(failure)
        })
    }

    fn newest_integration(&self, app: &str, auth_scheme: Option<&str>) -> Result<Option<IntegrationRow>> {
        self.read(|rows| newest_integration(rows, app, auth_scheme))
    }

    fn insert_integration(&self, row: &IntegrationRow, note: Note<'_>) -> Result<()> {
        self.write(|rows| {
            insert::integration(rows, row)?;
            audit::note(rows, note, row.into())
        })
    }

    fn default_integration(&self, row: &IntegrationRow, note: Note<'_>) -> Result<IntegrationRow> {
        self.write(|rows| {
            if let Some(found) = newest_integration(rows, &row.app, Some(&row.auth_scheme))? {
                return Ok(found);
            }
            insert::integration(rows, row)?;
            audit::note(rows, note, row.into())?;
            Ok(row.clone())
        })
    }

    fn delete_integration(&self, id: &str, note: Note<'_>) -> Result<Deletion> {
        self.write(|rows| {
            let sql = "SELECT count(*) FROM connections WHERE tenant = ? AND integration_id = ?";
            let users: i64 = rows.db.query_row(sql, [rows.tenant, id], |r| r.get(0)).map_err(failure)?;
            if users > 0 {
                return Ok(Deletion::InUse(users.unsigned_abs()));
            }
            let Some(row) = integration_by_id(rows, id)? else { return Ok(Deletion::Missing) };
            let sql = "DELETE FROM integrations WHERE tenant = ? AND id = ?";
            rows.db.execute(sql, [rows.tenant, id]).map_err(failure)?;
            audit::note(rows, note, (&row).into())?;
            Ok(Deletion::Done)
        })
    }

    fn connection(&self, id: &str) -> Result<Option<ConnectionRow>> {
        self.read(|rows| connection_by_id(rows, id))
    }

    fn connection_and_integration(&self, id: &str) -> Result<Option<(ConnectionRow, Option<IntegrationRow>)>> {
        self.read(|rows| {
            let sql = format!(
                "SELECT c.*, i.* FROM (SELECT {CONNECTION} FROM connections WHERE tenant = ?1 AND id = ?2) c \
                 LEFT JOIN (SELECT {INTEGRATION} FROM integrations WHERE tenant = ?1) i ON i.id = c.integration_id"
            );
            let mut statement = rows.db.prepare_cached(&sql).map_err(failure)?;
            statement.query_row([rows.tenant, id], connection_and_integration).optional().map_err(failure)
        })
    }

    fn connections(&self, query: &ConnectionQuery) -> Result<Vec<ConnectionRow>> {
        let mut sql = format!("SELECT {CONNECTION} FROM connections WHERE tenant = ?");
        let mut values: Vec<Sql> = vec![Sql::Text(self.tenant.clone())];
        let mut text = |sql: &mut String, condition: &str, value: &Option<String>| {
            if let Some(value) = value {
                sql.push_str(condition);
                values.push(Sql::Text(value.clone()));
            }
        };
        text(&mut sql, " AND entity_id = ?", &query.entity_id);
        text(&mut sql, " AND app = ?", &query.app);
        text(&mut sql, " AND integration_id = ?", &query.integration_id);
        text(&mut sql, " AND key_id <> ?", &query.not_sealed_with);
        for label in &query.labels {
            sql.push_str(
                " AND EXISTS (SELECT 1 FROM json_each(iif(json_valid(labels), labels, '[]')) WHERE value = ?)",
            );
            values.push(Sql::Text(label.clone()));
        }
        if !query.statuses.is_empty() {
            let places = vec!["?"; query.statuses.len()].join(", ");
            sql.push_str(&format!(" AND status IN ({places})"));
            values.extend(query.statuses.iter().cloned().map(Sql::Text));
        }
        if let Some(before) = query.before {
            sql.push_str(" AND seq < ?");
            values.push(Sql::Integer(before));
        }
        if let Some(after) = query.after {
            sql.push_str(" AND seq > ?");
            values.push(Sql::Integer(after));
        }
        sql.push_str(if query.after.is_some() { " ORDER BY seq LIMIT ?" } else { " ORDER BY seq DESC LIMIT ?" });
        values.push(Sql::Integer(query.limit.into()));
        self.read(|rows| {
            let mut statement = rows.db.prepare_cached(&sql).map_err(failure)?;
            let found = statement.query_map(params_from_iter(values), connection).map_err(failure)?;
            found.collect::<rusqlite::Result<_>>().map_err(failure)
        })
    }

    fn due_connections(&self, query: &DueQuery) -> Result<(Vec<ConnectionRow>, u64)> {
        let due = "FROM connections WHERE tenant = ?7 AND status IN ('ACTIVE', 'EXPIRED') \
                   AND (ifnull(verified_at, '') <= ?1 OR ifnull(verified_at, '') > ?6) \
                   AND (ifnull(verified_at, ''), seq) > (?2, ?3) AND (?4 IS NULL OR entity_id = ?4) \
                   AND (?5 IS NULL OR app = ?5)";
        let (verified, seq) = query.after.clone().unwrap_or_default();
        let values = params![query.until, verified, seq, query.entity_id, query.app, query.now, self.tenant];
        self.read(|rows| {
            let _one_moment = rows.db.unchecked_transaction().map_err(failure)?;
            let count: i64 = rows
                .db
                .prepare_cached(&format!("SELECT count(*) {due}"))
                .and_then(|mut s| s.query_row(values, |r| r.get(0)))
                .map_err(failure)?;
            let order = "ORDER BY ifnull(verified_at, ''), seq LIMIT ?8";
            let mut statement =
                rows.db.prepare_cached(&format!("SELECT {CONNECTION} {due} {order}")).map_err(failure)?;
            let values =
                params![query.until, verified, seq, query.entity_id, query.app, query.now, self.tenant, query.limit];
            let found = statement.query_map(values, connection).map_err(failure)?;
            let found = found.collect::<rusqlite::Result<_>>().map_err(failure)?;
            Ok((found, count.unsigned_abs()))
        })
    }

    fn insert_connection(&self, row: &ConnectionRow, allow_multiple: bool, note: Note<'_>) -> Result<()> {
        let insert = |rows: &Rows<'_>| {
            must_fit(rows, row, allow_multiple)?;
            alias_must_be_free(rows, row)?;
            insert::connection(rows, row)
        };
        if note.is_none() {
            return self.write_once(insert);
        }
        self.write(|rows| {
            insert(rows)?;
            audit::note(rows, note, row.into())
        })
    }

    fn update_connection(&self, id: &str, change: Change<'_>, note: Note<'_>) -> Result<Option<ConnectionRow>> {
        let sql = "UPDATE connections SET status = ?, verdict = ?, verified_at = ?, account = ?, alias = ?, labels = ?, \
                   metadata = ?, record_version = ?, key_id = ?, sealed = ?, updated_at = ? WHERE tenant = ? AND id = ?";
        self.write(|rows| {
            let Some(mut row) = connection_by_id(rows, id)? else { return Ok(None) };
            let former = row.sealed.clone();
            change(&mut row)?;
            if row.sealed != former {
                keys::must_be_newest(rows, &row.key_id)?;
            }
            alias_must_be_free(rows, &row)?;
            let values = params![
                row.status.as_str(),
                row.verdict.as_str(),
                row.verified_at,
                row.account,
                row.alias,
                json_text(&row.labels),
                row.metadata.to_string(),
                row.record_version,
                row.key_id,
                row.sealed,
                row.updated_at,
                rows.tenant,
                id
            ];
            rows.db.prepare_cached(sql).and_then(|mut s| s.execute(values)).map_err(failure)?;
            audit::note(rows, note, (&row).into())?;
            Ok(Some(row))
        })
    }

    fn delete_connection(&self, id: &str, note: Note<'_>) -> Result<bool> {
        let sql = "DELETE FROM connections WHERE tenant = ? AND id = ?";
        self.write(|rows| {
            let Some(row) = connection_by_id(rows, id)? else { return Ok(false) };
            rows.db.execute(sql, [rows.tenant, id]).map_err(failure)?;
            audit::note(rows, note, (&row).into())?;
            Ok(true)
        })
    }

    fn add_integration(&self, row: &IntegrationRow) -> Result<bool> {
        self.write(|rows| insert::add_integration(rows, row))
    }

    fn add_connections(&self, connections: &[ConnectionRow]) -> Result<Vec<bool>> {
        self.write(|rows| insert::add_connections(rows, connections))
    }

    fn integration_is_free(&self, id: &str) -> Result<bool> {
        self.read(|rows| insert::integration_is_free(rows, id))
    }

    fn connection_is_free(&self, row: &ConnectionRow) -> Result<bool> {
        self.read(|rows| insert::connection_is_free(rows, row))
    }

    fn audit_key(&self) -> Result<Option<AuditKeyRow>> {
        self.read(audit::key)
    }

    fn add_audit_key(&self, row: &AuditKeyRow) -> Result<AuditKeyRow> {
        self.write(|rows| audit::add_key(rows, row))
    }

    fn append_entry(&self, entry: &dyn Entry, about: About<'_>) -> Result<()> {
        self.write(|rows| audit::append(rows, entry, about))
    }

    fn last_entry(&self) -> Result<Option<AuditRow>> {
        self.read(audit::last)
    }

    fn entries(&self, query: &AuditRows) -> Result<Vec<AuditRow>> {
        self.read(|rows| audit::entries(rows, query))
    }

    fn backup(&self, to: &Path) -> Result<()> {
        self.read(|rows| backup::write(rows.db, to))
    }

    fn is_local(&self) -> bool {
        true
    }

    fn format(&self) -> Result<i64> {
        self.read(|rows| file::format(rows.db))
    }

    fn must_be_readable(&self, format: i64) -> Result<()> {
        file::must_be_readable(format)
    }

    fn faults(&self) -> Result<Option<u64>> {
        self.read(|rows| file::faults(rows.db)).map(Some)
    }

    fn close(&self) {
        self.let_go();
    }
}
