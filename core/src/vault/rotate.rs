//! A new data key, and batch by batch every record sealed with it, while others read and write. What is left to do the records
//! themselves say, by the ids of their keys, so that a rotation that was broken off goes on anywhere.

use std::sync::Arc;

use super::ring::{self, Ring};
use super::{Vault, record};
use crate::audit::{Action, BEGUN};
use crate::error::Result;
use crate::rotation::{Place, RotateDataKey, Rotation, State};
use crate::store::{About, AuditKeyRow, ConnectionQuery, ConnectionRow, IntegrationRow, Resealed, Table};

/// How many rows are looked at at once.
const BATCH: u32 = 500;

/// One batch: what is sealed anew, and what does not open.
#[derive(Default)]
struct Batch {
    resealed: Vec<Resealed>,
    damaged_integrations: Vec<String>,
    damaged_connections: Vec<String>,
}

impl Vault {
    /// One batch of a rotation. The last deletes the older data keys, in a transaction that finds no record sealed with them.
    pub(crate) fn rotate_data_key(&self, ask: &RotateDataKey) -> Result<Rotation> {
        let limit = ask.limit()?;
        if ask.cursor.is_none() {
            self.note_alone(Action::RotateDataKey, BEGUN, About::default())?;
        }
        let mut state = match &ask.cursor {
            Some(cursor) => State::read(cursor)?,
            None => self.begin()?,
        };
        self.sealing(|| self.rotate_batch(&mut state, limit))
    }

    fn rotate_batch(&self, state: &mut State, limit: u32) -> Result<Rotation> {
        let ring = self.read_ring()?;
        ring.must_be_current()?;
        if state.key_id != ring.newest_id() {
            *state = self.start_over(&ring)?; // there is a newer key by now
        }
        let mut batch = Batch::default();
        let mut ended = self.collect(&ring, state, limit, &mut batch)?;
        if ended {
            self.reseal_log_key(&ring, &mut batch)?;
        }
        let passed = batch.resealed.len() + batch.damaged_integrations.len() + batch.damaged_connections.len();
        state.remaining = state.remaining.saturating_sub(passed as u64);
        let resealed = if batch.resealed.is_empty() { 0 } else { self.store.reseal(&batch.resealed)? };
        let mut kept_keys = Vec::new();
        if ended {
            let mut left: Vec<_> = self.store.drop_unused_keys()?.into_iter().map(|row| row.key_id).collect();
            left.pop(); // the newest
            if !left.is_empty() && self.can_go_on(&ring)? {
                *state = self.start_over(&ring)?;
                ended = false;
            } else {
                kept_keys = left;
                self.read_ring()?; // lets go of the keys that are gone
            }
        }
        Ok(Rotation {
            key_id: state.key_id.clone(),
            resealed,
            remaining: if ended { 0 } else { state.remaining },
            damaged_integrations: batch.damaged_integrations,
            damaged_connections: batch.damaged_connections,
            kept_keys,
            next_cursor: (!ended).then(|| state.write()),
        })
    }

    /// Goes on with the newest key where there is something left to do for it, else brings in a new one.
    fn begin(&self) -> Result<State> {
        loop {
            let ring = self.read_ring()?;
            ring.must_be_current()?;
            if ring.rows.len() > 1 && (self.can_go_on(&ring)? || self.store.older_records(ring.newest_id())? == 0) {
                return self.start_over(&ring);
            }
            let mut rows = ring.rows.clone();
            rows.push(ring.another()?);
            if self.store.swap_keys(&ring.rows, &rows, None, &mut || Ok(()))? {
                return self.start_over(&*self.read_ring()?);
            }
        }
    }

    fn start_over(&self, ring: &Ring) -> Result<State> {
        let key_id = ring.newest_id();
        Ok(State::begin(key_id.to_owned(), self.store.older_records(key_id)?))
    }

    /// Takes up to `limit` records that are not sealed with the newest key; tells whether there are no more.
    fn collect(&self, ring: &Ring, state: &mut State, limit: u32, batch: &mut Batch) -> Result<bool> {
        let mut room = limit;
        if let Place::Integrations(after) = &state.at {
            let (rows, more) = self.older_integrations(ring, after, room)?;
            room -= u32::try_from(rows.len()).unwrap_or(room);
            if more {
                state.at = Place::Integrations(rows.last().map_or_else(String::new, |row| row.id.clone()));
            } else {
                state.at = Place::Connections(None);
            }
            rows.iter().for_each(|row| self.reseal_integration(ring, row, batch));
        }
        let Place::Connections(before) = state.at else { return Ok(false) };
        let rows = self.older_connections(ring, before, room)?;
        rows.iter().for_each(|row| self.reseal_connection(ring, row, batch));
        state.at = Place::Connections(rows.last().map(|row| row.seq).or(before));
        Ok(rows.len() < room as usize)
    }

    /// Integrations that are not sealed with the newest key, by id, and whether there are more of them.
    fn older_integrations(&self, ring: &Ring, after: &str, limit: u32) -> Result<(Vec<IntegrationRow>, bool)> {
        let mut rows = self.store.integrations(None)?;
        rows.retain(|row| row.key_id != ring.newest_id() && row.id.as_str() > after);
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        Ok((rows, more))
    }

    /// Connections that are not sealed with the newest key, newest first.
    fn older_connections(&self, ring: &Ring, before: Option<i64>, limit: u32) -> Result<Vec<ConnectionRow>> {
        let not_sealed_with = Some(ring.newest_id().to_owned());
        self.store.connections(&ConnectionQuery { not_sealed_with, before, limit, ..ConnectionQuery::default() })
    }

    fn reseal_integration(&self, ring: &Ring, row: &IntegrationRow, batch: &mut Batch) {
        let next = IntegrationRow { key_id: ring.newest_id().to_owned(), ..row.clone() };
        let bindings = [self.integration_binding(row), self.integration_binding(&next)];
        match resealed(ring, &row.key_id, &row.sealed, &bindings) {
            Some(sealed) => batch.resealed.push(Resealed {
                table: Table::Integrations,
                id: next.id,
                key_id: next.key_id,
                former: row.sealed.clone(),
                sealed,
            }),
            None => batch.damaged_integrations.push(next.id),
        }
    }

    fn reseal_connection(&self, ring: &Ring, row: &ConnectionRow, batch: &mut Batch) {
        let next = ConnectionRow { key_id: ring.newest_id().to_owned(), ..row.clone() };
        let bindings = [self.connection_binding(row), self.connection_binding(&next)];
        match resealed(ring, &row.key_id, &row.sealed, &bindings) {
            Some(sealed) => batch.resealed.push(Resealed {
                table: Table::Connections,
                id: next.id,
                key_id: next.key_id,
                former: row.sealed.clone(),
                sealed,
            }),
            None => batch.damaged_connections.push(next.id),
        }
    }

    /// The key of the audit log, the last of all records. Where it does not open, its data key stays, as it does for the others.
    fn reseal_log_key(&self, ring: &Ring, batch: &mut Batch) -> Result<()> {
        let Some(row) = self.store.audit_key()?.filter(|row| row.key_id != ring.newest_id()) else { return Ok(()) };
        let next = AuditKeyRow { key_id: ring.newest_id().to_owned(), ..row.clone() };
        let bindings = [self.log_binding(&row), self.log_binding(&next)];
        if let Some(sealed) = resealed(ring, &row.key_id, &row.sealed, &bindings) {
            let AuditKeyRow { id, key_id, .. } = next;
            batch.resealed.push(Resealed { table: Table::AuditKeys, id, key_id, former: row.sealed, sealed });
        }
        Ok(())
    }

    /// Whether a record that is not sealed with the newest key opens.
    fn can_go_on(&self, ring: &Ring) -> Result<bool> {
        let mut tried = Batch::default();
        self.reseal_log_key(ring, &mut tried)?;
        let (integrations, _) = self.older_integrations(ring, "", u32::MAX)?;
        integrations.iter().for_each(|row| self.reseal_integration(ring, row, &mut tried));
        let mut before = None;
        while tried.resealed.is_empty() {
            let rows = self.older_connections(ring, before, BATCH)?;
            rows.iter().for_each(|row| self.reseal_connection(ring, row, &mut tried));
            before = rows.last().map(|row| row.seq);
            if before.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The record sealed with the newest key, if it opens.
fn resealed(ring: &Ring, key_id: &str, sealed: &[u8], [present, next]: &[Vec<u8>; 2]) -> Option<Vec<u8>> {
    let keys: [Arc<_>; 2] = [ring.data_key(key_id)?, ring.data_key(ring.newest_id())?];
    let packed = record::open(ring::key(&keys[0]), present, sealed).ok()?;
    record::seal(ring::key(&keys[1]), next, &packed).ok()
}
