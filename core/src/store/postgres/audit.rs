//! The audit log in the database: entries are put behind the last one under a lock of the tenant's, and never changed.

use super::failure::Trouble;
use super::keys::must_be_newest;
use super::rows::{AUDIT_KEY, ENTRY, audit_key, entry};
use super::session::{BYTES, Lock, NUMBER, Session, TEXT};
use crate::store::{About, AuditKeyRow, AuditRow, AuditRows, Entry, Note, audit_key_lost, unwritten};

/// Held until the transaction ends by whoever appends: entries are committed in their order.
pub(super) const LOCK: Lock<'_> = Lock::Of(&["audit"]);

pub(super) fn key(session: &Session<'_>) -> Result<Option<AuditKeyRow>, Trouble> {
    session.row(&format!("SELECT {AUDIT_KEY} FROM audit_keys WHERE tenant = $1"), &[], audit_key)
}

/// Under [`LOCK`].
pub(super) fn add_key(session: &Session<'_>, row: &AuditKeyRow) -> Result<AuditKeyRow, Trouble> {
    if let Some(there) = key(session)? {
        return Ok(there);
    }
    if last(session)?.is_some() {
        return Err(audit_key_lost().into());
    }
    must_be_newest(session, &row.key_id)?;
    let sql = format!("INSERT INTO audit_keys (tenant, {AUDIT_KEY}) VALUES ($1, $2, $3, $4)");
    session.change(&sql, &[(&row.id, TEXT), (&row.key_id, TEXT), (&row.sealed, BYTES)])?;
    Ok(row.clone())
}

/// Writes the entry of a change, in its transaction and as the last thing in it: who waits for the log's lock holds all others.
pub(super) fn note(session: &Session<'_>, note: Note<'_>, about: About<'_>) -> Result<(), Trouble> {
    let Some(entry) = note else { return Ok(()) };
    let required = entry.is_required();
    // A statement that fails ends the transaction, unless it can go back to here.
    let begin = if required { "" } else { "SAVEPOINT entry; " };
    let written = session
        .script(&format!("{begin}SELECT pg_advisory_xact_lock({})", session.lock_number(&["audit"])))
        .and_then(|()| append(session, entry, about));
    match written {
        Err(Trouble::Final(error)) if required => Err(unwritten(error).into()),
        Err(Trouble::Final(error)) => {
            tracing::warn!("error.type" = error.kind().code(), "no audit entry");
            session.script("ROLLBACK TO SAVEPOINT entry")
        }
        written => written.map(drop),
    }
}

/// Under [`LOCK`]; tells what was stored.
pub(super) fn append(session: &Session<'_>, entry: &dyn Entry, about: About<'_>) -> Result<AuditRow, Trouble> {
    let row = entry.row(about, last(session)?.as_ref());
    let sql = format!("INSERT INTO audit (tenant, {ENTRY}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    let values = [
        (&row.seq as _, NUMBER),
        (&row.at as _, TEXT),
        (&row.action as _, TEXT),
        (&row.outcome as _, TEXT),
        (&row.entity as _, BYTES),
        (&row.record as _, BYTES),
        (&row.app as _, TEXT),
        (&row.process as _, TEXT),
        (&row.chain as _, BYTES),
    ];
    session.change(&sql, &values)?;
    Ok(row)
}

/// Whether this row was stored by a try whose answer was lost.
pub(super) fn has(session: &Session<'_>, row: &AuditRow) -> Result<bool, Trouble> {
    let sql = format!("SELECT {ENTRY} FROM audit WHERE tenant = $1 AND seq = $2");
    Ok(session.row(&sql, &[(&row.seq, NUMBER)], entry)?.as_ref() == Some(row))
}

pub(super) fn last(session: &Session<'_>) -> Result<Option<AuditRow>, Trouble> {
    let sql = format!("SELECT {ENTRY} FROM audit WHERE tenant = $1 ORDER BY seq DESC LIMIT 1");
    session.row(&sql, &[], entry)
}

/// Oldest first.
pub(super) fn entries(session: &Session<'_>, query: &AuditRows) -> Result<Vec<AuditRow>, Trouble> {
    let narrow = |value: &Option<Vec<u8>>, condition| if value.is_some() { condition } else { "" };
    // Where nothing is asked for, no index but that of the order is to be thought of.
    let sql = format!(
        "SELECT {ENTRY} FROM audit WHERE tenant = $1 AND ($2 IS NULL OR seq > $2) {} {} AND ($3 IS NULL OR true) \
         AND ($4 IS NULL OR true) ORDER BY seq LIMIT $5",
        narrow(&query.entity, "AND entity = $3"),
        narrow(&query.record, "AND record = $4"),
    );
    let limit = i64::from(query.limit);
    let values =
        [(&query.after as _, NUMBER), (&query.entity as _, BYTES), (&query.record as _, BYTES), (&limit as _, NUMBER)];
    session.rows(&sql, &values, entry)
}
