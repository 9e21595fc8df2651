//! Rows as the store's types.

use tokio_postgres::{Error, Row};

use crate::allow::Allow;
use crate::connection::Status;
use crate::store::{AuditKeyRow, AuditRow, ConnectionRow, IntegrationRow, KeyRow};
use crate::verdict::Verdict;

pub(super) const KEY: &str = "key_id, vault_id, derivation, wrapped";
pub(super) const INTEGRATION: &str =
    "id, app, auth_scheme, name, base_url, allow, fixed_fields, key_id, sealed, created_at";
pub(super) const CONNECTION: &str = "seq, id, entity_id, app, auth_scheme, integration_id, status, verdict, verified_at, \
     account, alias, labels, metadata, record_version, key_id, sealed, created_at, updated_at";
pub(super) const AUDIT_KEY: &str = "id, key_id, sealed";
pub(super) const ENTRY: &str = "seq, at, action, outcome, entity, record, app, process, chain";

pub(super) fn key(row: &Row) -> Result<KeyRow, Error> {
    Ok(KeyRow {
        key_id: row.try_get(0)?,
        vault_id: row.try_get(1)?,
        derivation: row.try_get(2)?,
        wrapped: row.try_get(3)?,
    })
}

pub(super) fn integration(row: &Row) -> Result<IntegrationRow, Error> {
    integration_from(row, 0)
}

fn integration_from(row: &Row, first: usize) -> Result<IntegrationRow, Error> {
    let allow: Vec<String> = row.try_get(first + 5)?;
    Ok(IntegrationRow {
        id: row.try_get(first)?,
        app: row.try_get(first + 1)?,
        auth_scheme: row.try_get(first + 2)?,
        name: row.try_get(first + 3)?,
        base_url: row.try_get(first + 4)?,
        allow: serde_json::from_value(allow.into()).unwrap_or_else(|_| Allow::default()),
        fixed_fields: row.try_get(first + 6)?,
        key_id: row.try_get(first + 7)?,
        sealed: row.try_get(first + 8)?,
        created_at: row.try_get(first + 9)?,
    })
}

/// The columns of a connection, then those of its integration.
pub(super) fn connection_and_integration(row: &Row) -> Result<(ConnectionRow, Option<IntegrationRow>), Error> {
    let first = CONNECTION.split(',').count();
    let is_there = row.try_get::<_, Option<&str>>(first)?.is_some();
    let integration = is_there.then(|| integration_from(row, first)).transpose()?;
    Ok((connection(row)?, integration))
}

/// What cannot be read is empty, as in a file: whether the record is as it was written its seal tells.
pub(super) fn connection(row: &Row) -> Result<ConnectionRow, Error> {
    Ok(ConnectionRow {
        seq: row.try_get(0)?,
        id: row.try_get(1)?,
        entity_id: row.try_get(2)?,
        app: row.try_get(3)?,
        auth_scheme: row.try_get(4)?,
        integration_id: row.try_get(5)?,
        status: Status::from(row.try_get::<_, &str>(6)?),
        verdict: Verdict::parse(row.try_get(7)?).unwrap_or(Verdict::NotChecked),
        verified_at: row.try_get(8)?,
        account: row.try_get(9)?,
        alias: row.try_get(10)?,
        labels: row.try_get(11)?,
        metadata: serde_json::from_str(row.try_get(12)?).unwrap_or_default(),
        record_version: row.try_get(13)?,
        key_id: row.try_get(14)?,
        sealed: row.try_get(15)?,
        created_at: row.try_get(16)?,
        updated_at: row.try_get(17)?,
    })
}

pub(super) fn audit_key(row: &Row) -> Result<AuditKeyRow, Error> {
    Ok(AuditKeyRow { id: row.try_get(0)?, key_id: row.try_get(1)?, sealed: row.try_get(2)? })
}

pub(super) fn entry(row: &Row) -> Result<AuditRow, Error> {
    Ok(AuditRow {
        seq: row.try_get(0)?,
        at: row.try_get(1)?,
        action: row.try_get(2)?,
        outcome: row.try_get(3)?,
        entity: row.try_get(4)?,
        record: row.try_get(5)?,
        app: row.try_get(6)?,
        process: row.try_get(7)?,
        chain: row.try_get(8)?,
    })
}
