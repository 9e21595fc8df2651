//! The simplest store there can be, two lists in memory, to compare another one with.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{
    About, AuditKeyRow, AuditRow, AuditRows, Change, ConnectionQuery, ConnectionRow, Deletion, DueQuery, Entry,
    IntegrationRow, KeyRow, Note, Resealed, Store, Table, not_the_newest,
};
use crate::connection::Status;
use crate::error::{Error, ErrorKind, Result};

#[derive(Default)]
pub(super) struct Model(Mutex<Lists>);

/// All in the order of creation.
#[derive(Default)]
struct Lists {
    keys: Vec<KeyRow>,
    integrations: Vec<IntegrationRow>,
    connections: Vec<ConnectionRow>,
    /// Of the newest connection that there ever was.
    last_seq: i64,
}

impl Model {
    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lists {
    fn newest(&self, app: &str, auth_scheme: Option<&str>) -> Option<IntegrationRow> {
        let fits = |row: &&IntegrationRow| row.app == app && auth_scheme.is_none_or(|scheme| row.auth_scheme == scheme);
        self.integrations.iter().rev().find(fits).cloned()
    }

    fn is_newest(&self, key_id: &str) -> Result<()> {
        if self.keys.last().is_some_and(|key| key.key_id == key_id) { Ok(()) } else { Err(not_the_newest()) }
    }

    /// The key and the seal of each record, to be changed.
    fn seals(&mut self, table: Table) -> Vec<(&String, &mut String, &mut Vec<u8>)> {
        match table {
            Table::Integrations => {
                self.integrations.iter_mut().map(|row| (&row.id, &mut row.key_id, &mut row.sealed)).collect()
            }
            Table::Connections => {
                self.connections.iter_mut().map(|row| (&row.id, &mut row.key_id, &mut row.sealed)).collect()
            }
            Table::AuditKeys => Vec::new(),
        }
    }

    fn used_keys(&self) -> Vec<String> {
        let integrations = self.integrations.iter().map(|row| row.key_id.clone());
        integrations.chain(self.connections.iter().map(|row| row.key_id.clone())).collect()
    }

    fn is_free(&self, row: &ConnectionRow) -> bool {
        self.connections.iter().all(|other| other.id != row.id) && self.alias_is_free(row).is_ok()
    }

    fn insert(&mut self, row: &ConnectionRow) {
        self.last_seq += 1;
        self.connections.push(ConnectionRow { seq: self.last_seq, ..row.clone() });
    }

    fn integration_must_exist(&self, id: &str) -> Result<()> {
        let found = self.integrations.iter().any(|integration| integration.id == id);
        if found { Ok(()) } else { Err(Error::new(ErrorKind::NotFound, "no such integration")) }
    }

    fn alias_is_free(&self, row: &ConnectionRow) -> Result<()> {
        let place = |row: &ConnectionRow| (row.entity_id.clone(), row.app.clone(), row.alias.clone());
        let taken = self.connections.iter().any(|other| other.id != row.id && place(other) == place(row));
        if row.alias.is_some() && taken { Err(exists()) } else { Ok(()) }
    }
}

fn exists() -> Error {
    Error::new(ErrorKind::AlreadyExists, "there is one already")
}

impl Store for Model {
    fn keys(&self) -> Result<Vec<KeyRow>> {
        Ok(self.lists().keys.clone())
    }

    fn add_first_key(&self, key: &KeyRow) -> Result<KeyRow> {
        let keys = &mut self.lists().keys;
        if keys.is_empty() {
            keys.push(key.clone());
        }
        Ok(keys[0].clone())
    }

    fn swap_keys(
        &self,
        from: &[KeyRow],
        to: &[KeyRow],
        _: Note<'_>,
        last: &mut dyn FnMut() -> Result<()>,
    ) -> Result<bool> {
        let keys = &mut self.lists().keys;
        if keys != from {
            return Ok(false);
        }
        last()?;
        *keys = to.to_vec();
        Ok(true)
    }

    fn drop_unused_keys(&self) -> Result<Vec<KeyRow>> {
        let mut lists = self.lists();
        let mut used = lists.used_keys();
        used.extend(lists.keys.last().map(|newest| newest.key_id.clone()));
        lists.keys.retain(|key| used.contains(&key.key_id));
        Ok(lists.keys.clone())
    }

    fn older_records(&self, key_id: &str) -> Result<u64> {
        Ok(self.lists().used_keys().iter().filter(|used| *used != key_id).count() as u64)
    }

    fn reseal(&self, records: &[Resealed]) -> Result<u64> {
        let mut lists = self.lists();
        records.iter().try_for_each(|record| lists.is_newest(&record.key_id))?;
        let mut changed = 0;
        for record in records {
            let seals = lists.seals(record.table);
            let as_read = seals.into_iter().find(|(id, _, sealed)| **id == record.id && **sealed == record.former);
            if let Some((_, key_id, sealed)) = as_read {
                key_id.clone_from(&record.key_id);
                sealed.clone_from(&record.sealed);
                changed += 1;
            }
        }
        Ok(changed)
    }

    fn integration(&self, id: &str) -> Result<Option<IntegrationRow>> {
        Ok(self.lists().integrations.iter().find(|row| row.id == id).cloned())
    }

    fn integrations(&self, app: Option<&str>) -> Result<Vec<IntegrationRow>> {
        let lists = self.lists();
        let fits = |row: &&IntegrationRow| app.is_none_or(|app| row.app == app);
        Ok(lists.integrations.iter().rev().filter(fits).cloned().collect())
    }

    fn newest_integration(&self, app: &str, auth_scheme: Option<&str>) -> Result<Option<IntegrationRow>> {
        Ok(self.lists().newest(app, auth_scheme))
    }

    fn insert_integration(&self, row: &IntegrationRow, _: Note<'_>) -> Result<()> {
        let mut lists = self.lists();
        lists.is_newest(&row.key_id)?;
        lists.integrations.push(row.clone());
        Ok(())
    }

    fn default_integration(&self, row: &IntegrationRow, _: Note<'_>) -> Result<IntegrationRow> {
        let mut lists = self.lists();
        if let Some(found) = lists.newest(&row.app, Some(&row.auth_scheme)) {
            return Ok(found);
        }
        lists.is_newest(&row.key_id)?;
        lists.integrations.push(row.clone());
        Ok(row.clone())
    }

    fn delete_integration(&self, id: &str, _: Note<'_>) -> Result<Deletion> {
        let mut lists = self.lists();
        let users = lists.connections.iter().filter(|row| row.integration_id == id).count();
        let Some(at) = lists.integrations.iter().position(|row| row.id == id) else { return Ok(Deletion::Missing) };
        if users > 0 {
            return Ok(Deletion::InUse(users as u64));
        }
        lists.integrations.remove(at);
        Ok(Deletion::Done)
    }

    fn connection(&self, id: &str) -> Result<Option<ConnectionRow>> {
        Ok(self.lists().connections.iter().find(|row| row.id == id).cloned())
    }

    fn connection_and_integration(&self, id: &str) -> Result<Option<(ConnectionRow, Option<IntegrationRow>)>> {
        let Some(row) = self.connection(id)? else { return Ok(None) };
        let integration = self.integration(&row.integration_id)?;
        Ok(Some((row, integration)))
    }

    fn connections(&self, query: &ConnectionQuery) -> Result<Vec<ConnectionRow>> {
        let is = |wanted: &Option<String>, value: &String| wanted.as_ref().is_none_or(|wanted| wanted == value);
        let fits = |row: &&ConnectionRow| {
            is(&query.entity_id, &row.entity_id)
                && is(&query.app, &row.app)
                && is(&query.integration_id, &row.integration_id)
                && query.not_sealed_with.as_ref() != Some(&row.key_id)
                && (query.statuses.is_empty() || query.statuses.iter().any(|status| status == row.status.as_str()))
                && query.labels.iter().all(|label| row.labels.contains(label))
                && query.before.is_none_or(|before| row.seq < before)
                && query.after.is_none_or(|after| row.seq > after)
        };
        let mut found: Vec<_> = self.lists().connections.iter().rev().filter(fits).cloned().collect();
        if query.after.is_some() {
            found.reverse();
        }
        found.truncate(query.limit as usize);
        Ok(found)
    }

    fn due_connections(&self, query: &DueQuery) -> Result<(Vec<ConnectionRow>, u64)> {
        let place = |row: &ConnectionRow| (row.verified_at.clone().unwrap_or_default(), row.seq);
        let is = |wanted: &Option<String>, value: &String| wanted.as_ref().is_none_or(|wanted| wanted == value);
        let mut due = self.lists().connections.clone();
        due.retain(|row| {
            matches!(row.status, Status::Active | Status::Expired)
                && (place(row).0 <= query.until || place(row).0 > query.now)
                && query.after.as_ref().is_none_or(|after| place(row) > *after)
                && is(&query.entity_id, &row.entity_id)
                && is(&query.app, &row.app)
        });
        due.sort_by_key(place);
        let count = due.len() as u64;
        due.truncate(query.limit as usize);
        Ok((due, count))
    }

    fn insert_connection(&self, row: &ConnectionRow, allow_multiple: bool, _: Note<'_>) -> Result<()> {
        let mut lists = self.lists();
        lists.is_newest(&row.key_id)?;
        lists.integration_must_exist(&row.integration_id)?;
        let same = |other: &ConnectionRow| {
            (&other.entity_id, &other.integration_id, &other.status)
                == (&row.entity_id, &row.integration_id, &Status::Active)
        };
        if !allow_multiple && lists.connections.iter().any(same) {
            return Err(exists());
        }
        lists.alias_is_free(row)?;
        lists.insert(row);
        Ok(())
    }

    fn update_connection(&self, id: &str, change: Change<'_>, _: Note<'_>) -> Result<Option<ConnectionRow>> {
        let mut lists = self.lists();
        let Some(at) = lists.connections.iter().position(|row| row.id == id) else { return Ok(None) };
        let mut row = lists.connections[at].clone();
        change(&mut row)?;
        if row.sealed != lists.connections[at].sealed {
            lists.is_newest(&row.key_id)?;
        }
        lists.alias_is_free(&row)?;
        lists.connections[at] = row.clone();
        Ok(Some(row))
    }

    fn delete_connection(&self, id: &str, _: Note<'_>) -> Result<bool> {
        let connections = &mut self.lists().connections;
        let before = connections.len();
        connections.retain(|row| row.id != id);
        Ok(connections.len() < before)
    }

    fn add_integration(&self, row: &IntegrationRow) -> Result<bool> {
        let free = self.integration_is_free(&row.id)?;
        let mut lists = self.lists();
        lists.is_newest(&row.key_id)?;
        if free {
            lists.integrations.push(row.clone());
        }
        Ok(free)
    }

    fn add_connections(&self, rows: &[ConnectionRow]) -> Result<Vec<bool>> {
        let mut lists = self.lists();
        for row in rows {
            lists.is_newest(&row.key_id)?;
            lists.integration_must_exist(&row.integration_id)?;
        }
        let add = |row: &ConnectionRow| {
            let free = lists.is_free(row);
            if free {
                lists.insert(row);
            }
            free
        };
        Ok(rows.iter().map(add).collect())
    }

    fn integration_is_free(&self, id: &str) -> Result<bool> {
        Ok(self.lists().integrations.iter().all(|row| row.id != id))
    }

    fn connection_is_free(&self, row: &ConnectionRow) -> Result<bool> {
        Ok(self.lists().is_free(row))
    }

    fn audit_key(&self) -> Result<Option<AuditKeyRow>> {
        unreachable!("lists in memory have no log")
    }

    fn add_audit_key(&self, _row: &AuditKeyRow) -> Result<AuditKeyRow> {
        unreachable!("lists in memory have no log")
    }

    fn append_entry(&self, _entry: &dyn Entry, _about: About<'_>) -> Result<()> {
        unreachable!("lists in memory have no log")
    }

    fn last_entry(&self) -> Result<Option<AuditRow>> {
        unreachable!("lists in memory have no log")
    }

    fn entries(&self, _query: &AuditRows) -> Result<Vec<AuditRow>> {
        unreachable!("lists in memory have no log")
    }

    fn backup(&self, _to: &Path) -> Result<()> {
        unreachable!("lists in memory have no file")
    }

    fn is_local(&self) -> bool {
        true
    }

    fn format(&self) -> Result<i64> {
        unreachable!("lists in memory have no file")
    }

    fn must_be_readable(&self, _format: i64) -> Result<()> {
        unreachable!("lists in memory have no file")
    }

    fn faults(&self) -> Result<Option<u64>> {
        unreachable!("lists in memory have no file")
    }

    fn close(&self) {}
}
