//! What is asked of the file and written to it: the methods of [`Store`] in SQL.

use std::path::Path;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection as Db, OptionalExtension, params, params_from_iter};

use super::failure::failure;
use super::keys;
use super::rows::{CONNECTION, INTEGRATION, connection, integration, json_text};
use super::{SqliteStore, backup, file};
use crate::error::{Error, Result};
use crate::store::{
    Change, ConnectionQuery, ConnectionRow, Deletion, DueQuery, IntegrationRow, KeyRow, Resealed, Store, alias_taken,
    integration_gone,
};

fn insert_integration(db: &Db, row: &IntegrationRow) -> Result<()> {
    keys::must_be_newest(db, &row.key_id)?;
    let sql = format!("INSERT INTO integrations ({INTEGRATION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    let fixed = json_text(&row.fixed_fields);
    let allow = serde_json::Value::from(row.allow.names()).to_string();
    let values = params![
        row.id,
        row.app,
        row.auth_scheme,
        row.name,
        row.base_url,
        allow,
        fixed,
        row.key_id,
        row.sealed,
        row.created_at
    ];
    db.prepare_cached(&sql).and_then(|mut s| s.execute(values)).map_err(failure)?;
    Ok(())
}

fn newest_integration(db: &Db, app: &str, auth_scheme: Option<&str>) -> Result<Option<IntegrationRow>> {
    let sql = format!(
        "SELECT {INTEGRATION} FROM integrations WHERE app = ?1 AND (?2 IS NULL OR auth_scheme = ?2) \
         ORDER BY seq DESC LIMIT 1"
    );
    let mut statement = db.prepare_cached(&sql).map_err(failure)?;
    statement.query_row(params![app, auth_scheme], integration).optional().map_err(failure)
}

fn connection_by_id(db: &Db, id: &str) -> Result<Option<ConnectionRow>> {
    let sql = format!("SELECT {CONNECTION} FROM connections WHERE id = ?");
    db.prepare_cached(&sql).and_then(|mut s| s.query_row([id], connection).optional()).map_err(failure)
}

/// `already_exists` where another connection has this one's alias.
fn alias_must_be_free(db: &Db, row: &ConnectionRow) -> Result<()> {
    let Some(alias) = &row.alias else { return Ok(()) };
    let sql = "SELECT id FROM connections WHERE entity_id = ? AND app = ? AND alias = ? AND id <> ?";
    let holder: Option<String> = db
        .prepare_cached(sql)
        .and_then(|mut s| s.query_row(params![row.entity_id, row.app, alias, row.id], |r| r.get(0)).optional())
        .map_err(failure)?;
    match holder {
        None => Ok(()),
        Some(id) => Err(alias_taken(&id)),
    }
}

fn must_be_the_first(db: &Db, row: &ConnectionRow) -> Result<()> {
    let sql = "SELECT id FROM connections WHERE integration_id = ? AND entity_id = ? AND status = 'ACTIVE' LIMIT 1";
    let first: Option<String> = db
        .prepare_cached(sql)
        .and_then(|mut s| s.query_row(params![row.integration_id, row.entity_id], |r| r.get(0)).optional())
        .map_err(failure)?;
    first.map_or(Ok(()), |id| Err(Error::already_connected(&id)))
}

fn integration_must_exist(db: &Db, id: &str) -> Result<()> {
    let sql = "SELECT 1 FROM integrations WHERE id = ?";
    let found = db.prepare_cached(sql).and_then(|mut s| s.exists([id])).map_err(failure)?;
    if found { Ok(()) } else { Err(integration_gone()) }
}

impl Store for SqliteStore {
    fn keys(&self) -> Result<Vec<KeyRow>> {
        self.read(keys::all)
    }

    fn add_first_key(&self, key: &KeyRow) -> Result<KeyRow> {
        self.write(|db| keys::add_first(db, key))
    }

    fn swap_keys(&self, from: &[KeyRow], to: &[KeyRow], last: &mut dyn FnMut() -> Result<()>) -> Result<bool> {
        self.write(|db| {
            let swapped = keys::swap(db, from, to)?;
            if swapped {
                last()?;
            }
            Ok(swapped)
        })
    }

    fn drop_unused_keys(&self) -> Result<Vec<KeyRow>> {
        let left = self.write(|db| keys::drop_unused(db))?;
        self.clear_log()?;
        Ok(left)
    }

    fn older_records(&self, key_id: &str) -> Result<u64> {
        self.read(|db| keys::older_records(db, key_id))
    }

    fn reseal(&self, records: &[Resealed]) -> Result<u64> {
        self.write(|db| keys::reseal(db, records))
    }

    fn integration(&self, id: &str) -> Result<Option<IntegrationRow>> {
        let sql = format!("SELECT {INTEGRATION} FROM integrations WHERE id = ?");
        self.read(|db| {
            db.prepare_cached(&sql).and_then(|mut s| s.query_row([id], integration).optional()).map_err(failure)
        })
    }

    fn integrations(&self, app: Option<&str>) -> Result<Vec<IntegrationRow>> {
        let sql = format!("SELECT {INTEGRATION} FROM integrations WHERE ?1 IS NULL OR app = ?1 ORDER BY seq DESC");
        self.read(|db| {
            let mut statement = db.prepare_cached(&sql).map_err(failure)?;
            let rows = statement.query_map([app], integration).map_err(failure)?;
            rows.collect::<rusqlite::Result<_>>().map_err(failure)
        })
    }

    fn newest_integration(&self, app: &str, auth_scheme: Option<&str>) -> Result<Option<IntegrationRow>> {
        self.read(|db| newest_integration(db, app, auth_scheme))
    }

    fn insert_integration(&self, row: &IntegrationRow) -> Result<()> {
        self.write(|db| insert_integration(db, row))
    }

    fn default_integration(&self, row: &IntegrationRow) -> Result<IntegrationRow> {
        self.write(|db| match newest_integration(db, &row.app, Some(&row.auth_scheme))? {
            Some(found) => Ok(found),
            None => insert_integration(db, row).map(|()| row.clone()),
        })
    }

    fn delete_integration(&self, id: &str) -> Result<Deletion> {
        self.write(|db| {
            let users: i64 = db
                .query_row("SELECT count(*) FROM connections WHERE integration_id = ?", [id], |r| r.get(0))
                .map_err(failure)?;
            if users > 0 {
                return Ok(Deletion::InUse(users.unsigned_abs()));
            }
            match db.execute("DELETE FROM integrations WHERE id = ?", [id]).map_err(failure)? {
                0 => Ok(Deletion::Missing),
                _ => Ok(Deletion::Done),
            }
        })
    }

    fn connection(&self, id: &str) -> Result<Option<ConnectionRow>> {
        self.read(|db| connection_by_id(db, id))
    }

    fn connections(&self, query: &ConnectionQuery) -> Result<Vec<ConnectionRow>> {
        let mut sql = format!("SELECT {CONNECTION} FROM connections WHERE 1");
        let mut values: Vec<Sql> = Vec::new();
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
        sql.push_str(" ORDER BY seq DESC LIMIT ?");
        values.push(Sql::Integer(query.limit.into()));
        self.read(|db| {
            let mut statement = db.prepare_cached(&sql).map_err(failure)?;
            let rows = statement.query_map(params_from_iter(values), connection).map_err(failure)?;
            rows.collect::<rusqlite::Result<_>>().map_err(failure)
        })
    }

    fn due_connections(&self, query: &DueQuery) -> Result<(Vec<ConnectionRow>, u64)> {
        let due = "FROM connections WHERE status IN ('ACTIVE', 'EXPIRED') \
                   AND (ifnull(verified_at, '') <= ?1 OR ifnull(verified_at, '') > ?6) \
                   AND (ifnull(verified_at, ''), seq) > (?2, ?3) AND (?4 IS NULL OR entity_id = ?4) \
                   AND (?5 IS NULL OR app = ?5)";
        let (verified, seq) = query.after.clone().unwrap_or_default();
        let values = params![query.until, verified, seq, query.entity_id, query.app, query.now];
        self.read(|db| {
            let _one_moment = db.unchecked_transaction().map_err(failure)?;
            let count: i64 = db
                .prepare_cached(&format!("SELECT count(*) {due}"))
                .and_then(|mut s| s.query_row(values, |r| r.get(0)))
                .map_err(failure)?;
            let order = "ORDER BY ifnull(verified_at, ''), seq LIMIT ?7";
            let mut statement = db.prepare_cached(&format!("SELECT {CONNECTION} {due} {order}")).map_err(failure)?;
            let values = params![query.until, verified, seq, query.entity_id, query.app, query.now, query.limit];
            let rows = statement.query_map(values, connection).map_err(failure)?;
            let rows = rows.collect::<rusqlite::Result<_>>().map_err(failure)?;
            Ok((rows, count.unsigned_abs()))
        })
    }

    fn insert_connection(&self, row: &ConnectionRow, allow_multiple: bool) -> Result<()> {
        let sql = "INSERT INTO connections (id, entity_id, app, auth_scheme, integration_id, status, verdict, \
                   verified_at, account, alias, labels, metadata, record_version, key_id, sealed, created_at, \
                   updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        self.write(|db| {
            keys::must_be_newest(db, &row.key_id)?;
            integration_must_exist(db, &row.integration_id)?;
            if !allow_multiple {
                must_be_the_first(db, row)?;
            }
            alias_must_be_free(db, row)?;
            let values = params![
                row.id,
                row.entity_id,
                row.app,
                row.auth_scheme,
                row.integration_id,
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
                row.created_at,
                row.updated_at
            ];
            db.prepare_cached(sql).and_then(|mut s| s.execute(values)).map_err(failure)?;
            Ok(())
        })
    }

    fn update_connection(&self, id: &str, change: Change<'_>) -> Result<Option<ConnectionRow>> {
        let sql = "UPDATE connections SET status = ?, verdict = ?, verified_at = ?, account = ?, alias = ?, labels = ?, \
                   metadata = ?, record_version = ?, key_id = ?, sealed = ?, updated_at = ? WHERE id = ?";
        self.write(|db| {
            let Some(mut row) = connection_by_id(db, id)? else { return Ok(None) };
            let former = row.sealed.clone();
            change(&mut row)?;
            if row.sealed != former {
                keys::must_be_newest(db, &row.key_id)?;
            }
            alias_must_be_free(db, &row)?;
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
                id
            ];
            db.prepare_cached(sql).and_then(|mut s| s.execute(values)).map_err(failure)?;
            Ok(Some(row))
        })
    }

    fn delete_connection(&self, id: &str) -> Result<bool> {
        let sql = "DELETE FROM connections WHERE id = ?";
        self.write(|db| Ok(db.execute(sql, [id]).map_err(failure)? > 0))
    }

    fn backup(&self, to: &Path) -> Result<()> {
        self.read(|db| backup::write(db, to))
    }

    fn format(&self) -> Result<i64> {
        self.read(file::format)
    }

    fn must_be_readable(&self, format: i64) -> Result<()> {
        file::must_be_readable(format)
    }

    fn faults(&self) -> Result<Option<u64>> {
        self.read(file::faults).map(Some)
    }

    fn close(&self) {
        self.let_go();
    }
}
