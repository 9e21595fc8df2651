//! What a store keeps of the audit log: rows in a chain, each made by whoever holds the log's key once its place is known.

use super::{ConnectionRow, IntegrationRow};
use crate::error::{Error, ErrorKind};

/// The log's own key, sealed as a record is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AuditKeyRow {
    pub(crate) id: String,
    pub(crate) key_id: String,
    pub(crate) sealed: Vec<u8>,
}

/// A stored entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AuditRow {
    /// 1 for the tenant's first, one more for each.
    pub(crate) seq: i64,
    pub(crate) at: String,
    pub(crate) action: String,
    pub(crate) outcome: String,
    /// Keyed hashes of ids.
    pub(crate) entity: Option<Vec<u8>>,
    pub(crate) record: Option<Vec<u8>>,
    pub(crate) app: Option<String>,
    pub(crate) process: String,
    /// Binds the row to all before it.
    pub(crate) chain: Vec<u8>,
}

/// What an entry is about, in clear: it is stored as hashes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About<'a> {
    pub(crate) entity_id: Option<&'a str>,
    /// Id of a connection or integration.
    pub(crate) record_id: Option<&'a str>,
    pub(crate) app: Option<&'a str>,
}

impl<'a> From<&'a ConnectionRow> for About<'a> {
    fn from(row: &'a ConnectionRow) -> Self {
        Self { entity_id: Some(&row.entity_id), record_id: Some(&row.id), app: Some(&row.app) }
    }
}

impl<'a> From<&'a IntegrationRow> for About<'a> {
    fn from(row: &'a IntegrationRow) -> Self {
        Self { entity_id: None, record_id: Some(&row.id), app: Some(&row.app) }
    }
}

/// What writes an entry, once its place is known.
pub(crate) trait Entry: Sync {
    /// The row behind the last one.
    fn row(&self, about: About<'_>, last: Option<&AuditRow>) -> AuditRow;
    /// Whether what the entry tells of may not be without it.
    fn is_required(&self) -> bool;
}

/// The entry that goes with a change, in its transaction.
pub(crate) type Note<'n> = Option<&'n dyn Entry>;

/// Which entries to list, oldest first. All that is given must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditRows {
    /// Only those behind this one.
    pub(crate) after: Option<i64>,
    pub(crate) entity: Option<Vec<u8>>,
    pub(crate) record: Option<Vec<u8>>,
    pub(crate) limit: u32,
}

/// Of a call that must have its entry and cannot.
pub(crate) fn unwritten(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Storage | ErrorKind::CorruptRecord => {
            let message = format!("the audit log takes no entry, so nothing was done: {}", error.message());
            Error::new(error.kind(), message)
        }
        _ => error,
    }
}

/// Of a log whose entries are there and whose key is not.
pub(crate) fn audit_key_lost() -> Error {
    Error::new(ErrorKind::CorruptRecord, "the audit log's own key is gone: restore a backup")
}
