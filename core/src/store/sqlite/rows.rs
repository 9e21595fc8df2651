//! Rows as the store's types. A damaged column never hides its row, nor the others of a list: it is read as well as it can be,
//! and whether the record is as it was written the seal tells.

use rusqlite::Row;
use rusqlite::types::ValueRef;

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

pub(super) fn integration(row: &Row) -> rusqlite::Result<IntegrationRow> {
    integration_from(row, 0)
}

fn integration_from(row: &Row, first: usize) -> rusqlite::Result<IntegrationRow> {
    Ok(IntegrationRow {
        id: text(row, first)?,
        app: text(row, first + 1)?,
        auth_scheme: text(row, first + 2)?,
        name: text(row, first + 3)?,
        base_url: text_if_any(row, first + 4)?,
        allow: serde_json::from_str(&text(row, first + 5)?).unwrap_or_default(),
        fixed_fields: json_list(&text(row, first + 6)?),
        key_id: text(row, first + 7)?,
        sealed: bytes(row, first + 8)?,
        created_at: text(row, first + 9)?,
    })
}

/// The columns of a connection, then those of its integration.
pub(super) fn connection_and_integration(row: &Row) -> rusqlite::Result<(ConnectionRow, Option<IntegrationRow>)> {
    let first = CONNECTION.split(',').count();
    let is_there = row.get_ref(first)? != ValueRef::Null;
    let integration = is_there.then(|| integration_from(row, first)).transpose()?;
    Ok((connection(row)?, integration))
}

pub(super) fn connection(row: &Row) -> rusqlite::Result<ConnectionRow> {
    Ok(ConnectionRow {
        seq: number(row, 0)?,
        id: text(row, 1)?,
        entity_id: text(row, 2)?,
        app: text(row, 3)?,
        auth_scheme: text(row, 4)?,
        integration_id: text(row, 5)?,
        status: Status::from(text(row, 6)?.as_str()),
        verdict: Verdict::parse(&text(row, 7)?).unwrap_or(Verdict::NotChecked),
        verified_at: text_if_any(row, 8)?,
        account: text_if_any(row, 9)?,
        alias: text_if_any(row, 10)?,
        labels: json_list(&text(row, 11)?),
        metadata: serde_json::from_str(&text(row, 12)?).unwrap_or_default(),
        record_version: number(row, 13)?,
        key_id: text(row, 14)?,
        sealed: bytes(row, 15)?,
        created_at: text(row, 16)?,
        updated_at: text(row, 17)?,
    })
}

pub(super) fn key(row: &Row) -> rusqlite::Result<KeyRow> {
    Ok(KeyRow { key_id: text(row, 0)?, vault_id: text(row, 1)?, derivation: text(row, 2)?, wrapped: bytes(row, 3)? })
}

pub(super) fn audit_key(row: &Row) -> rusqlite::Result<AuditKeyRow> {
    Ok(AuditKeyRow { id: text(row, 0)?, key_id: text(row, 1)?, sealed: bytes(row, 2)? })
}

pub(super) fn entry(row: &Row) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        seq: number(row, 0)?,
        at: text(row, 1)?,
        action: text(row, 2)?,
        outcome: text(row, 3)?,
        entity: bytes_if_any(row, 4)?,
        record: bytes_if_any(row, 5)?,
        app: text_if_any(row, 6)?,
        process: text(row, 7)?,
        chain: bytes(row, 8)?,
    })
}

pub(super) fn json_text(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}

fn json_list(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}

fn text(row: &Row, at: usize) -> rusqlite::Result<String> {
    Ok(text_if_any(row, at)?.unwrap_or_default())
}

fn text_if_any(row: &Row, at: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => None,
        ValueRef::Integer(value) => Some(value.to_string()),
        ValueRef::Real(value) => Some(value.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    })
}

fn bytes(row: &Row, at: usize) -> rusqlite::Result<Vec<u8>> {
    Ok(bytes_if_any(row, at)?.unwrap_or_default())
}

fn bytes_if_any(row: &Row, at: usize) -> rusqlite::Result<Option<Vec<u8>>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes.to_vec()),
        ValueRef::Null => None,
        ValueRef::Integer(_) | ValueRef::Real(_) => Some(Vec::new()),
    })
}

fn number(row: &Row, at: usize) -> rusqlite::Result<i64> {
    Ok(match row.get_ref(at)? {
        ValueRef::Integer(value) => value,
        _ => 0,
    })
}
