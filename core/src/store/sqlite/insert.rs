//! New rows: alone, where nothing may be in their way, and many at once from an export, where what is there stays.

use rusqlite::{Params, params};

use super::Rows;
use super::failure::failure;
use super::keys::must_be_newest;
use super::rows::{CONNECTION, INTEGRATION, json_text};
use crate::error::Result;
use crate::store::{ConnectionRow, IntegrationRow, integration_gone};

pub(super) fn integration(rows: &Rows<'_>, row: &IntegrationRow) -> Result<()> {
    insert_integration(rows, row, "").map(drop)
}

pub(super) fn add_integration(rows: &Rows<'_>, row: &IntegrationRow) -> Result<bool> {
    insert_integration(rows, row, "ON CONFLICT DO NOTHING")
}

fn insert_integration(rows: &Rows<'_>, row: &IntegrationRow, otherwise: &str) -> Result<bool> {
    must_be_newest(rows, &row.key_id)?;
    let sql = format!(
        "INSERT INTO integrations (tenant, {INTEGRATION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) {otherwise}"
    );
    let fixed = json_text(&row.fixed_fields);
    let allow = serde_json::Value::from(row.allow.names()).to_string();
    let values = params![
        rows.tenant,
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
    execute(rows, &sql, values).map(|count| count > 0)
}

pub(super) fn add_connections(rows: &Rows<'_>, connections: &[ConnectionRow]) -> Result<Vec<bool>> {
    let add = |row: &ConnectionRow| {
        must_be_newest(rows, &row.key_id)?;
        integration_must_exist(rows, &row.integration_id)?;
        let free = connection_is_free(rows, row)?;
        if free {
            connection(rows, row)?;
        }
        Ok(free)
    };
    connections.iter().map(add).collect()
}

/// Stores it as it is.
pub(super) fn connection(rows: &Rows<'_>, row: &ConnectionRow) -> Result<()> {
    let columns = &CONNECTION["seq, ".len()..]; // the database counts itself
    let sql = format!(
        "INSERT INTO connections (tenant, {columns}) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    let values = params![
        rows.tenant,
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
    execute(rows, &sql, values).map(drop)
}

fn execute(rows: &Rows<'_>, sql: &str, values: impl Params) -> Result<usize> {
    rows.db.prepare_cached(sql).and_then(|mut s| s.execute(values)).map_err(failure)
}

pub(super) fn integration_must_exist(rows: &Rows<'_>, id: &str) -> Result<()> {
    let sql = "SELECT 1 FROM integrations WHERE tenant = ? AND id = ?";
    if exists(rows, sql, [rows.tenant, id])? { Ok(()) } else { Err(integration_gone()) }
}

/// Ids are unique in the file, whosever rows they are of.
pub(super) fn integration_is_free(rows: &Rows<'_>, id: &str) -> Result<bool> {
    exists(rows, "SELECT 1 FROM integrations WHERE id = ?", [id]).map(|taken| !taken)
}

pub(super) fn connection_is_free(rows: &Rows<'_>, row: &ConnectionRow) -> Result<bool> {
    let sql = "SELECT 1 FROM connections WHERE id = ?1 \
               UNION ALL SELECT 1 FROM connections WHERE tenant = ?2 AND entity_id = ?3 AND app = ?4 AND alias = ?5";
    exists(rows, sql, params![row.id, rows.tenant, row.entity_id, row.app, row.alias]).map(|taken| !taken)
}

fn exists(rows: &Rows<'_>, sql: &str, values: impl Params) -> Result<bool> {
    rows.db.prepare_cached(sql).and_then(|mut s| s.exists(values)).map_err(failure)
}
