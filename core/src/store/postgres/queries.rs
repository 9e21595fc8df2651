//! What is asked of the database and written to it: the methods of [`Store`] in SQL. `$1` is the tenant everywhere.

use std::path::Path;

use super::failure::{Trouble, indeterminate};
use super::keys::{self, Swap};
use super::rows::{CONNECTION, INTEGRATION, connection, connection_and_integration, integration};
use super::session::{BYTES, Lock, NUMBER, Session, TEXT, TEXTS, TRUTH};
use super::{PostgresStore, audit, insert, schema};
use crate::error::{Error, Result};
use crate::store::{
    About, AuditKeyRow, AuditRow, AuditRows, Change, ConnectionQuery, ConnectionRow, Deletion, DueQuery, Entry,
    IntegrationRow, KeyRow, Note, Resealed, Store, alias_taken, must_be_storable, must_be_within,
};

fn integration_by_id(session: &Session<'_>, id: &str) -> Result<Option<IntegrationRow>, Trouble> {
    let sql = format!("SELECT {INTEGRATION} FROM integrations WHERE tenant = $1 AND id = $2");
    session.row(&sql, &[(&id, TEXT)], integration)
}

fn newest_integration(
    session: &Session<'_>,
    app: &str,
    auth_scheme: Option<&str>,
) -> Result<Option<IntegrationRow>, Trouble> {
    let sql = format!(
        "SELECT {INTEGRATION} FROM integrations WHERE tenant = $1 AND app = $2 AND ($3 IS NULL OR auth_scheme = $3) \
         ORDER BY seq DESC LIMIT 1"
    );
    session.row(&sql, &[(&app, TEXT), (&auth_scheme, TEXT)], integration)
}

fn connection_by_id(session: &Session<'_>, id: &str) -> Result<Option<ConnectionRow>, Trouble> {
    let sql = format!("SELECT {CONNECTION} FROM connections WHERE tenant = $1 AND id = $2");
    session.row(&sql, &[(&id, TEXT)], connection)
}

/// Nobody else changes it until the transaction ends.
fn connection_to_change(session: &Session<'_>, id: &str) -> Result<Option<ConnectionRow>, Trouble> {
    let sql = format!("SELECT {CONNECTION} FROM connections WHERE tenant = $1 AND id = $2 FOR UPDATE");
    session.row(&sql, &[(&id, TEXT)], connection)
}

/// `already_exists` where another connection has this one's alias.
fn alias_must_be_free(session: &Session<'_>, row: &ConnectionRow) -> Result<(), Trouble> {
    let Some(alias) = &row.alias else { return Ok(()) };
    let sql =
        "SELECT id FROM connections WHERE tenant = $1 AND entity_id = $2 AND app = $3 AND alias = $4 AND id <> $5";
    let values = [(&row.entity_id as _, TEXT), (&row.app as _, TEXT), (alias as _, TEXT), (&row.id as _, TEXT)];
    let holder = session.row(sql, &values, |row| row.try_get::<_, String>(0))?;
    holder.map_or(Ok(()), |id| Err(alias_taken(&id).into()))
}

/// Whether a new connection has the newest key, an integration, which stays from now on, and, unless `allow_multiple`, no active one
/// in its way. One query: each takes a round trip.
fn must_fit(session: &Session<'_>, row: &ConnectionRow, allow_multiple: bool) -> Result<(), Trouble> {
    let sql = "WITH its AS (SELECT seq FROM integrations WHERE tenant = $1 AND id = $3 FOR KEY SHARE) \
               SELECT coalesce((SELECT key_id FROM keys WHERE tenant = $1 ORDER BY seq DESC LIMIT 1) = $2, false), \
               EXISTS (SELECT FROM its), \
               CASE WHEN NOT $5 THEN (SELECT id FROM connections WHERE tenant = $1 AND integration_id = $3 \
                   AND entity_id = $4 AND status = 'ACTIVE' LIMIT 1) END";
    let values = [
        (&row.key_id as _, TEXT),
        (&row.integration_id as _, TEXT),
        (&row.entity_id as _, TEXT),
        (&allow_multiple as _, TRUTH),
    ];
    let found = session.row(sql, &values, |row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))?;
    Ok(must_be_storable(found.unwrap_or_default())?)
}

fn count(session: &Session<'_>, sql: &str, id: &str) -> Result<u64, Trouble> {
    let count = session.row(sql, &[(&id, TEXT)], |row| row.try_get::<_, i64>(0))?;
    Ok(count.unwrap_or_default().unsigned_abs())
}

impl Store for PostgresStore {
    fn keys(&self) -> Result<Vec<KeyRow>> {
        self.read(keys::all)
    }

    fn add_first_key(&self, key: &KeyRow) -> Result<KeyRow> {
        self.write(Lock::Keys, |session| keys::add_first(session, key))
    }

    fn swap_keys(
        &self,
        from: &[KeyRow],
        to: &[KeyRow],
        note: Note<'_>,
        last: &mut dyn FnMut() -> Result<()>,
    ) -> Result<bool> {
        self.write(Lock::Keys, |session| {
            let swap = keys::swap(session, from, to)?;
            if swap == Swap::Done {
                audit::note(session, note, About::default())?;
                last()?;
            }
            Ok(swap != Swap::Changed)
        })
    }

    /// What PostgreSQL keeps of deleted rows until it vacuums, and in its log, is not in reach.
    fn drop_unused_keys(&self) -> Result<Vec<KeyRow>> {
        self.write(Lock::Keys, keys::drop_unused)
    }

    fn older_records(&self, key_id: &str) -> Result<u64> {
        self.read(|session| keys::older_records(session, key_id))
    }

    fn reseal(&self, records: &[Resealed]) -> Result<u64> {
        self.write(Lock::Of(&["reseal"]), |session| keys::reseal(session, records))
    }

    fn integration(&self, id: &str) -> Result<Option<IntegrationRow>> {
        self.read(|session| integration_by_id(session, id))
    }

    fn integrations(&self, app: Option<&str>) -> Result<Vec<IntegrationRow>> {
        let sql = format!(
            "SELECT {INTEGRATION} FROM integrations WHERE tenant = $1 AND ($2 IS NULL OR app = $2) ORDER BY seq DESC"
        );
        self.read(|session| session.rows(&sql, &[(&app, TEXT)], integration))
    }

    fn newest_integration(&self, app: &str, auth_scheme: Option<&str>) -> Result<Option<IntegrationRow>> {
        self.read(|session| newest_integration(session, app, auth_scheme))
    }

    fn insert_integration(&self, row: &IntegrationRow, note: Note<'_>) -> Result<()> {
        self.write(Lock::Of(&["integration", &row.id]), |session| {
            if session.again && integration_by_id(session, &row.id)?.is_some() {
                return Ok(());
            }
            insert::integration(session, row)?;
            audit::note(session, note, row.into())
        })
    }

    fn default_integration(&self, row: &IntegrationRow, note: Note<'_>) -> Result<IntegrationRow> {
        self.write(Lock::Of(&["default", &row.app, &row.auth_scheme]), |session| {
            if let Some(found) = newest_integration(session, &row.app, Some(&row.auth_scheme))? {
                return Ok(found);
            }
            insert::integration(session, row)?;
            audit::note(session, note, row.into())?;
            Ok(row.clone())
        })
    }

    fn delete_integration(&self, id: &str, note: Note<'_>) -> Result<Deletion> {
        self.write(Lock::Of(&["integration", id]), |session| {
            let sql = "SELECT count(*) FROM connections WHERE tenant = $1 AND integration_id = $2";
            let users = count(session, sql, id)?;
            if users > 0 {
                return Ok(Deletion::InUse(users));
            }
            let sql = format!("DELETE FROM integrations WHERE tenant = $1 AND id = $2 RETURNING {INTEGRATION}");
            match session.row(&sql, &[(&id, TEXT)], integration)? {
                Some(gone) => audit::note(session, note, (&gone).into())?,
                None if session.again => {}
                None => return Ok(Deletion::Missing),
            }
            Ok(Deletion::Done)
        })
    }

    fn connection(&self, id: &str) -> Result<Option<ConnectionRow>> {
        self.read(|session| connection_by_id(session, id))
    }

    fn connection_and_integration(&self, id: &str) -> Result<Option<(ConnectionRow, Option<IntegrationRow>)>> {
        let sql = format!(
            "SELECT c.*, i.* FROM (SELECT {CONNECTION} FROM connections WHERE tenant = $1 AND id = $2) c \
             LEFT JOIN (SELECT {INTEGRATION} FROM integrations WHERE tenant = $1) i ON i.id = c.integration_id"
        );
        self.read(|session| session.row(&sql, &[(&id, TEXT)], connection_and_integration))
    }

    fn connections(&self, query: &ConnectionQuery) -> Result<Vec<ConnectionRow>> {
        let order = match query.after {
            Some(after) => format!("AND seq > {after} ORDER BY seq"),
            None => "ORDER BY seq DESC".to_owned(),
        };
        let sql = format!(
            "SELECT {CONNECTION} FROM connections WHERE tenant = $1 AND ($2 IS NULL OR entity_id = $2) \
             AND ($3 IS NULL OR app = $3) AND ($4 IS NULL OR integration_id = $4) \
             AND (cardinality($5) = 0 OR status = ANY ($5)) AND labels @> $6 AND ($7 IS NULL OR seq < $7) \
             AND ($8 IS NULL OR key_id <> $8) {order} LIMIT $9"
        );
        let limit = i64::from(query.limit);
        let values = [
            (&query.entity_id as _, TEXT),
            (&query.app as _, TEXT),
            (&query.integration_id as _, TEXT),
            (&query.statuses as _, TEXTS),
            (&query.labels as _, TEXTS),
            (&query.before as _, NUMBER),
            (&query.not_sealed_with as _, TEXT),
            (&limit as _, NUMBER),
        ];
        self.read(|session| session.rows(&sql, &values, connection))
    }

    fn due_connections(&self, query: &DueQuery) -> Result<(Vec<ConnectionRow>, u64)> {
        let due = "FROM connections WHERE tenant = $1 AND status IN ('ACTIVE', 'EXPIRED') \
                   AND (coalesce(verified_at, '') <= $2 OR coalesce(verified_at, '') > $3) \
                   AND (coalesce(verified_at, ''), seq) > ($4, $5) AND ($6 IS NULL OR entity_id = $6) \
                   AND ($7 IS NULL OR app = $7)";
        // One statement is of one moment.
        let sql = format!(
            "SELECT {CONNECTION}, (SELECT count(*) {due}) {due} ORDER BY coalesce(verified_at, ''), seq LIMIT $8"
        );
        let (verified, seq) = query.after.clone().unwrap_or_default();
        let limit = i64::from(query.limit);
        let values = [
            (&query.until as _, TEXT),
            (&query.now as _, TEXT),
            (&verified as _, TEXT),
            (&seq as _, NUMBER),
            (&query.entity_id as _, TEXT),
            (&query.app as _, TEXT),
            (&limit as _, NUMBER),
        ];
        let rows =
            self.read(|session| session.rows(&sql, &values, |row| Ok((connection(row)?, row.try_get::<_, i64>(18)?))))?;
        let count = rows.first().map_or(0, |(_, count)| count.unsigned_abs());
        Ok((rows.into_iter().map(|(row, _)| row).collect(), count))
    }

    fn insert_connection(&self, row: &ConnectionRow, allow_multiple: bool, note: Note<'_>) -> Result<()> {
        self.write(Lock::Of(&["entity", &row.entity_id]), |session| {
            if session.again && connection_by_id(session, &row.id)?.is_some() {
                return Ok(());
            }
            must_fit(session, row, allow_multiple)?;
            alias_must_be_free(session, row)?;
            insert::connection(session, row)?;
            audit::note(session, note, row.into())
        })
    }

    fn update_connection(&self, id: &str, change: Change<'_>, note: Note<'_>) -> Result<Option<ConnectionRow>> {
        let mut tried: Option<(ConnectionRow, ConnectionRow)> = None;
        self.write(Lock::Of(&["connection", id]), |session| {
            let Some(before) = connection_to_change(session, id)? else { return Ok(None) };
            match tried.take().filter(|_| session.again) {
                Some((_, written)) if written == before => return Ok(Some(before)),
                Some((read, _)) if read != before => return Err(indeterminate().into()), // somebody has changed it since
                _ => {}
            }
            let mut row = before.clone();
            change(&mut row)?;
            if row.sealed != before.sealed {
                keys::must_be_newest(session, &row.key_id)?;
            }
            alias_must_be_free(session, &row)?;
            update(session, &row)?;
            audit::note(session, note, (&row).into())?;
            tried = Some((before, row.clone()));
            Ok(Some(row))
        })
    }

    fn delete_connection(&self, id: &str, note: Note<'_>) -> Result<bool> {
        let sql = format!("DELETE FROM connections WHERE tenant = $1 AND id = $2 RETURNING {CONNECTION}");
        self.write(Lock::Of(&["connection", id]), |session| {
            let Some(gone) = session.row(&sql, &[(&id, TEXT)], connection)? else { return Ok(session.again) };
            audit::note(session, note, (&gone).into())?;
            Ok(true)
        })
    }

    fn add_integration(&self, row: &IntegrationRow) -> Result<bool> {
        self.write(Lock::Of(&["add"]), |session| insert::add_integration(session, row))
    }

    fn add_connections(&self, rows: &[ConnectionRow]) -> Result<Vec<bool>> {
        self.write(Lock::Of(&["add"]), |session| insert::add_connections(session, rows))
    }

    fn integration_is_free(&self, id: &str) -> Result<bool> {
        self.integration(id).map(|found| found.is_none())
    }

    fn connection_is_free(&self, row: &ConnectionRow) -> Result<bool> {
        self.read(|session| insert::connection_is_free(session, row))
    }

    fn audit_key(&self) -> Result<Option<AuditKeyRow>> {
        self.read(audit::key)
    }

    fn add_audit_key(&self, row: &AuditKeyRow) -> Result<AuditKeyRow> {
        self.write(audit::LOCK, |session| audit::add_key(session, row))
    }

    fn append_entry(&self, entry: &dyn Entry, about: About<'_>) -> Result<()> {
        let mut tried = None;
        self.write(audit::LOCK, |session| {
            if let Some(row) = tried.take().filter(|_| session.again)
                && audit::has(session, &row)?
            {
                return Ok(());
            }
            tried = Some(audit::append(session, entry, about)?);
            Ok(())
        })
    }

    fn last_entry(&self) -> Result<Option<AuditRow>> {
        self.read(audit::last)
    }

    fn entries(&self, query: &AuditRows) -> Result<Vec<AuditRow>> {
        self.read(|session| audit::entries(session, query))
    }

    fn backup(&self, _to: &Path) -> Result<()> {
        let message = "a vault in PostgreSQL is not copied to a file here: back its schema up with pg_dump, and keep the key elsewhere";
        Err(Error::argument("path", message))
    }

    fn is_local(&self) -> bool {
        false
    }

    fn format(&self) -> Result<i64> {
        let format = self.read(|session| schema::format(session, &self.address.schema))?;
        Ok(format.unwrap_or_default())
    }

    fn must_be_readable(&self, format: i64) -> Result<()> {
        must_be_within(schema::OLDEST, schema::FORMAT, format)
    }

    fn faults(&self) -> Result<Option<u64>> {
        Ok(None)
    }

    fn close(&self) {
        self.let_go();
    }
}

fn update(session: &Session<'_>, row: &ConnectionRow) -> Result<(), Trouble> {
    let sql = "UPDATE connections SET status = $3, verdict = $4, verified_at = $5, account = $6, alias = $7, labels = $8, \
               metadata = $9, record_version = $10, key_id = $11, sealed = $12, updated_at = $13 WHERE tenant = $1 AND id = $2";
    let (status, verdict) = (row.status.as_str(), row.verdict.as_str());
    let metadata = row.metadata.to_string();
    session.change(
        sql,
        &[
            (&row.id, TEXT),
            (&status, TEXT),
            (&verdict, TEXT),
            (&row.verified_at, TEXT),
            (&row.account, TEXT),
            (&row.alias, TEXT),
            (&row.labels, TEXTS),
            (&metadata, TEXT),
            (&row.record_version, NUMBER),
            (&row.key_id, TEXT),
            (&row.sealed, BYTES),
            (&row.updated_at, TEXT),
        ],
    )?;
    Ok(())
}
