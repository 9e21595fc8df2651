//! New rows: alone, where nothing may be in their way, and many at once from an export, where what is there stays. `$1` is the
//! tenant everywhere.

use std::collections::HashSet;

use super::failure::Trouble;
use super::keys::must_be_newest;
use super::rows::{CONNECTION, INTEGRATION};
use super::session::{BYTES, NUMBER, Session, TEXT, TEXTS};
use crate::store::{ConnectionRow, IntegrationRow, integration_gone};

pub(super) fn integration(session: &Session<'_>, row: &IntegrationRow) -> Result<(), Trouble> {
    insert_integration(session, row, "").map(drop)
}

pub(super) fn add_integration(session: &Session<'_>, row: &IntegrationRow) -> Result<bool, Trouble> {
    insert_integration(session, row, "ON CONFLICT DO NOTHING")
}

fn insert_integration(session: &Session<'_>, row: &IntegrationRow, otherwise: &str) -> Result<bool, Trouble> {
    must_be_newest(session, &row.key_id)?;
    let sql = format!(
        "INSERT INTO integrations (tenant, {INTEGRATION}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) {otherwise}"
    );
    let allow = row.allow.names();
    let values = [
        (&row.id as _, TEXT),
        (&row.app as _, TEXT),
        (&row.auth_scheme as _, TEXT),
        (&row.name as _, TEXT),
        (&row.base_url as _, TEXT),
        (&allow as _, TEXTS),
        (&row.fixed_fields as _, TEXTS),
        (&row.key_id as _, TEXT),
        (&row.sealed as _, BYTES),
        (&row.created_at as _, TEXT),
    ];
    session.change(&sql, &values).map(|count| count > 0)
}

/// Stores it as it is.
pub(super) fn connection(session: &Session<'_>, row: &ConnectionRow) -> Result<(), Trouble> {
    insert_connection(session, row, "").map(drop)
}

/// For a row whose id or alias another one has; of what another transaction stores at this moment the indexes tell.
const UNLESS_TAKEN: &str = "WHERE NOT EXISTS (SELECT FROM connections WHERE tenant = $1 AND (id = $2 \
                            OR (entity_id = $3 AND app = $4 AND alias = $11))) ON CONFLICT DO NOTHING";

pub(super) fn add_connections(session: &Session<'_>, rows: &[ConnectionRow]) -> Result<Vec<bool>, Trouble> {
    let keys: HashSet<_> = rows.iter().map(|row| &row.key_id).collect();
    let integrations: HashSet<_> = rows.iter().map(|row| &row.integration_id).collect();
    keys.into_iter().try_for_each(|id| must_be_newest(session, id))?;
    integrations.into_iter().try_for_each(|id| integration_must_exist(session, id))?;
    rows.iter().map(|row| insert_connection(session, row, UNLESS_TAKEN)).collect()
}

fn insert_connection(session: &Session<'_>, row: &ConnectionRow, condition: &str) -> Result<bool, Trouble> {
    let columns = &CONNECTION["seq, ".len()..]; // the database counts itself
    let sql = format!(
        "INSERT INTO connections (tenant, {columns}) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18 {condition}"
    );
    let (status, verdict) = (row.status.as_str(), row.verdict.as_str());
    let metadata = row.metadata.to_string();
    let values = [
        (&row.id as _, TEXT),
        (&row.entity_id as _, TEXT),
        (&row.app as _, TEXT),
        (&row.auth_scheme as _, TEXT),
        (&row.integration_id as _, TEXT),
        (&status as _, TEXT),
        (&verdict as _, TEXT),
        (&row.verified_at as _, TEXT),
        (&row.account as _, TEXT),
        (&row.alias as _, TEXT),
        (&row.labels as _, TEXTS),
        (&metadata as _, TEXT),
        (&row.record_version as _, NUMBER),
        (&row.key_id as _, TEXT),
        (&row.sealed as _, BYTES),
        (&row.created_at as _, TEXT),
        (&row.updated_at as _, TEXT),
    ];
    session.change(&sql, &values).map(|count| count > 0)
}

/// Stays until the transaction ends.
pub(super) fn integration_must_exist(session: &Session<'_>, id: &str) -> Result<(), Trouble> {
    let sql = "SELECT seq FROM integrations WHERE tenant = $1 AND id = $2 FOR KEY SHARE";
    let found = session.row(sql, &[(&id, TEXT)], |row| row.try_get::<_, i64>(0))?;
    found.map_or_else(|| Err(integration_gone().into()), |_| Ok(()))
}

pub(super) fn connection_is_free(session: &Session<'_>, row: &ConnectionRow) -> Result<bool, Trouble> {
    let sql = "SELECT seq FROM connections WHERE tenant = $1 \
               AND (id = $2 OR (entity_id = $3 AND app = $4 AND alias = $5)) LIMIT 1";
    let values = [(&row.id as _, TEXT), (&row.entity_id as _, TEXT), (&row.app as _, TEXT), (&row.alias as _, TEXT)];
    let found = session.row(sql, &values, |row| row.try_get::<_, i64>(0))?;
    Ok(found.is_none())
}
