//! All that an export holds, sealed with this vault's own keys and stored: what is there already stays as it is.

use std::collections::HashSet;

use super::Vault;
use super::export_file::{Entry, Export};
use crate::error::{ErrorKind, Result};
use crate::input::Values;
use crate::moving::{ImportVault, Imported};
use crate::store::{ConnectionRow, IntegrationRow};

/// A transaction stores so many connections, and fewer where their values are long.
const BATCH: usize = 500;
const BATCH_BYTES: usize = 1024 * 1024;

impl Vault {
    /// Stores what is new to the vault. Nothing is stored of a file that is not whole. An import that was broken off is made
    /// again: what it has stored is there already then.
    pub(crate) fn import(&self, ask: &ImportVault) -> Result<Imported> {
        let mut export = Export::open(&ask.path, &ask.with)?;
        export.verify()?;
        let mut import = Importing {
            vault: self,
            dry_run: ask.dry_run,
            refused: HashSet::new(),
            batch: Vec::new(),
            batch_bytes: 0,
            done: Imported::default(),
        };
        while let Some(entry) = export.next()? {
            match entry {
                Entry::Integration(row, values) => import.integration(row, &values)?,
                Entry::Connection(row, values) => import.connection(row, values)?,
            }
        }
        import.store_batch()?;
        Ok(import.done)
    }
}

struct Importing<'v> {
    vault: &'v Vault,
    dry_run: bool,
    /// Integrations that conflict: their connections would belong to another one.
    refused: HashSet<String>,
    batch: Vec<(ConnectionRow, Values)>,
    batch_bytes: usize,
    done: Imported,
}

/// What an entry of the export is to the vault.
enum Found {
    New,
    AlreadyThere,
    Conflict,
}

impl Importing<'_> {
    fn integration(&mut self, mut row: IntegrationRow, values: &Values) -> Result<()> {
        let added = match self.dry_run {
            true => self.vault.store.integration_is_free(&row.id)?,
            false => self.vault.sealing(|| {
                self.vault.seal_integration(&mut row, values)?;
                self.vault.store.add_integration(&row)
            })?,
        };
        match if_added(added, || self.present_integration(&row, values))? {
            Found::New => self.done.integrations += 1,
            Found::AlreadyThere => self.done.already_there += 1,
            Found::Conflict => {
                self.refused.insert(row.id.clone());
                self.done.conflicting_integrations.push(row.id);
            }
        }
        Ok(())
    }

    fn connection(&mut self, row: ConnectionRow, values: Values) -> Result<()> {
        if self.refused.contains(&row.integration_id) {
            self.done.conflicting_connections.push(row.id);
            return Ok(());
        }
        self.batch_bytes += values.iter().map(|(_, value)| value.len()).sum::<usize>();
        self.batch.push((row, values));
        if self.batch.len() < BATCH && self.batch_bytes < BATCH_BYTES { Ok(()) } else { self.store_batch() }
    }

    fn store_batch(&mut self) -> Result<()> {
        let (mut rows, values): (Vec<_>, Vec<_>) = std::mem::take(&mut self.batch).into_iter().unzip();
        self.batch_bytes = 0;
        let added = match self.dry_run {
            true => rows.iter().map(|row| self.vault.store.connection_is_free(row)).collect::<Result<_>>()?,
            false if rows.is_empty() => Vec::new(),
            false => self.vault.sealing(|| {
                for (row, values) in rows.iter_mut().zip(&values) {
                    self.vault.seal_connection(row, values)?;
                }
                self.vault.store.add_connections(&rows)
            })?,
        };
        for ((row, values), added) in rows.into_iter().zip(values).zip(added) {
            match if_added(added, || self.present_connection(&row, &values))? {
                Found::New => self.done.connections += 1,
                Found::AlreadyThere => self.done.already_there += 1,
                Found::Conflict => self.done.conflicting_connections.push(row.id),
            }
        }
        Ok(())
    }

    fn present_integration(&self, row: &IntegrationRow, values: &Values) -> Result<Found> {
        let Some(there) = self.vault.store.integration(&row.id)? else { return Ok(Found::Conflict) };
        if there.sealed == row.sealed {
            return Ok(Found::New); // stored by a try whose answer was lost
        }
        let (key_id, sealed) = (row.key_id.clone(), row.sealed.clone());
        let alike = IntegrationRow { key_id, sealed, ..there.clone() } == *row;
        compared(alike, self.vault.open_integration(&there), values)
    }

    /// A connection stays the same one when it is verified, switched off, or gets another alias.
    fn present_connection(&self, row: &ConnectionRow, values: &Values) -> Result<Found> {
        let Some(there) = self.vault.store.connection(&row.id)? else { return Ok(Found::Conflict) };
        if there.sealed == row.sealed {
            return Ok(Found::New); // as above
        }
        let whose =
            |row: &ConnectionRow| [&row.entity_id, &row.app, &row.auth_scheme, &row.integration_id].map(String::clone);
        compared(whose(&there) == whose(row), self.vault.open_connection(&there), values)
    }
}

/// What has a record's place, where it was not added.
fn if_added(added: bool, present: impl FnOnce() -> Result<Found>) -> Result<Found> {
    if added { Ok(Found::New) } else { present() }
}

fn compared(alike: bool, there: Result<Values>, values: &Values) -> Result<Found> {
    match there {
        Ok(there) if alike && there.are(values) => Ok(Found::AlreadyThere),
        Err(error) if error.kind() != ErrorKind::CorruptRecord => Err(error),
        _ => Ok(Found::Conflict),
    }
}
