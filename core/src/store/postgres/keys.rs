//! The data keys in the database, and which records are sealed with them.

use tokio_postgres::types::Type;

use super::failure::Trouble;
use super::rows::{KEY, key};
use super::session::{BYTES, Session, TEXT, Value};
use crate::store::{KeyRow, Resealed, Table, key_lost, not_the_newest};

/// Oldest first.
pub(super) fn all(session: &Session<'_>) -> Result<Vec<KeyRow>, Trouble> {
    session.rows(&format!("SELECT {KEY} FROM keys WHERE tenant = $1 ORDER BY seq"), &[], key)
}

/// As long as the transaction lasts, nobody brings in a newer one.
pub(super) fn must_be_newest(session: &Session<'_>, key_id: &str) -> Result<(), Trouble> {
    let sql = "SELECT key_id FROM keys WHERE tenant = $1 ORDER BY seq DESC LIMIT 1";
    let newest = session.row(sql, &[], |row| row.try_get::<_, String>(0))?;
    if newest.as_deref() == Some(key_id) { Ok(()) } else { Err(not_the_newest().into()) }
}

pub(super) fn add_first(session: &Session<'_>, key: &KeyRow) -> Result<KeyRow, Trouble> {
    if let Some(first) = all(session)?.into_iter().next() {
        return Ok(first);
    }
    let sql = "SELECT 1::bigint FROM integrations WHERE tenant = $1 UNION ALL \
               SELECT 1::bigint FROM audit_keys WHERE tenant = $1 LIMIT 1";
    if session.row(sql, &[], |row| row.try_get::<_, i64>(0))?.is_some() {
        return Err(key_lost().into());
    }
    insert(session, key)?;
    Ok(key.clone())
}

fn insert(session: &Session<'_>, key: &KeyRow) -> Result<(), Trouble> {
    let sql = format!("INSERT INTO keys (tenant, {KEY}) VALUES ($1, $2, $3, $4, $5)");
    let values: [Value<'_>; 4] =
        [(&key.key_id, TEXT), (&key.vault_id, TEXT), (&key.derivation, TEXT), (&key.wrapped, BYTES)];
    session.change(&sql, &values).map(drop)
}

/// What became of a wish to swap keys.
#[derive(PartialEq)]
pub(super) enum Swap {
    Done,
    /// By an earlier try.
    DoneBefore,
    Changed,
}

pub(super) fn swap(session: &Session<'_>, from: &[KeyRow], to: &[KeyRow]) -> Result<Swap, Trouble> {
    let stored = all(session)?;
    if session.again && stored == to {
        return Ok(Swap::DoneBefore);
    }
    if stored != from {
        return Ok(Swap::Changed);
    }
    for (at, key) in to.iter().enumerate() {
        match from.get(at) {
            Some(former) if former == key => {}
            Some(_) => {
                let sql = "UPDATE keys SET derivation = $3, wrapped = $4 WHERE tenant = $1 AND key_id = $2";
                session.change(sql, &[(&key.key_id, TEXT), (&key.derivation, TEXT), (&key.wrapped, BYTES)])?;
            }
            None => insert(session, key)?,
        }
    }
    Ok(Swap::Done)
}

pub(super) fn drop_unused(session: &Session<'_>) -> Result<Vec<KeyRow>, Trouble> {
    let sql = "DELETE FROM keys k WHERE tenant = $1 AND seq < (SELECT max(seq) FROM keys WHERE tenant = $1) \
               AND NOT EXISTS (SELECT FROM connections c WHERE c.tenant = $1 AND c.key_id = k.key_id) \
               AND NOT EXISTS (SELECT FROM integrations i WHERE i.tenant = $1 AND i.key_id = k.key_id) \
               AND NOT EXISTS (SELECT FROM audit_keys a WHERE a.tenant = $1 AND a.key_id = k.key_id)";
    session.change(sql, &[])?;
    all(session)
}

pub(super) fn older_records(session: &Session<'_>, key_id: &str) -> Result<u64, Trouble> {
    let sql = "SELECT (SELECT count(*) FROM connections WHERE tenant = $1 AND key_id <> $2) \
               + (SELECT count(*) FROM integrations WHERE tenant = $1 AND key_id <> $2) \
               + (SELECT count(*) FROM audit_keys WHERE tenant = $1 AND key_id <> $2)";
    let count = session.row(sql, &[(&key_id, TEXT)], |row| row.try_get::<_, i64>(0))?;
    Ok(count.unwrap_or_default().unsigned_abs())
}

pub(super) fn reseal(session: &Session<'_>, records: &[Resealed]) -> Result<u64, Trouble> {
    for record in records {
        must_be_newest(session, &record.key_id)?;
    }
    let integrations = reseal_in(session, "integrations", records, |table| matches!(table, Table::Integrations))?;
    let connections = reseal_in(session, "connections", records, |table| matches!(table, Table::Connections))?;
    let audit_keys = reseal_in(session, "audit_keys", records, |table| matches!(table, Table::AuditKeys))?;
    Ok(integrations + connections + audit_keys)
}

/// All of one table at once.
fn reseal_in(
    session: &Session<'_>,
    table: &str,
    records: &[Resealed],
    is_in: fn(Table) -> bool,
) -> Result<u64, Trouble> {
    let mut records: Vec<_> = records.iter().filter(|record| is_in(record.table)).collect();
    if records.is_empty() {
        return Ok(0);
    }
    records.sort_by(|a, b| a.id.cmp(&b.id)); // who locks rows in one order waits for nobody who waits
    let ids: Vec<_> = records.iter().map(|record| &record.id).collect();
    let key_ids: Vec<_> = records.iter().map(|record| &record.key_id).collect();
    let former: Vec<_> = records.iter().map(|record| &record.former).collect();
    let sealed: Vec<_> = records.iter().map(|record| &record.sealed).collect();
    let new = "unnest($2, $3, $4, $5) AS new (id, key_id, former, sealed)";
    let sql = format!(
        "UPDATE {table} t SET key_id = new.key_id, sealed = new.sealed FROM {new} \
         WHERE t.tenant = $1 AND t.id = new.id AND t.sealed = new.former"
    );
    let values: [Value<'_>; 4] = [
        (&ids, Type::TEXT_ARRAY),
        (&key_ids, Type::TEXT_ARRAY),
        (&former, Type::BYTEA_ARRAY),
        (&sealed, Type::BYTEA_ARRAY),
    ];
    let changed = session.change(&sql, &values)?;
    if !session.again {
        return Ok(changed);
    }
    // An earlier try may have done some of it.
    let sql = format!(
        "SELECT count(*) FROM {table} t, {new} WHERE t.tenant = $1 AND t.id = new.id AND t.sealed = new.sealed \
         AND new.key_id IS NOT NULL AND new.former IS NOT NULL"
    );
    let count = session.row(&sql, &values, |row| row.try_get::<_, i64>(0))?;
    Ok(count.unwrap_or_default().unsigned_abs())
}
