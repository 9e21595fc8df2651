//! All that the vault holds, written to a sealed file that another vault can read, while others go on.

use std::collections::HashSet;
use std::path::Path;

use super::Vault;
use super::export_file::{NewExport, Unwritten};
use crate::error::{ErrorKind, Result};
use crate::files;
use crate::input::Values;
use crate::moving::{Exported, SealFor};
use crate::store::{ConnectionQuery, ConnectionRow, IntegrationRow};

/// How many rows are looked at at once.
const PAGE: u32 = 500;

impl Vault {
    /// Writes every record that opens to a new file, the oldest first, each as it is when the export comes by it.
    pub(crate) fn export(&self, to: &Path, seal: &SealFor) -> Result<Exported> {
        files::make_new("export", to, |draft| {
            let begin = || {
                let out = NewExport::begin(draft.open().map_err(Unwritten::File)?, seal)?;
                Exporting { vault: self, out, written: HashSet::new(), done: Exported::default() }.all()
            };
            begin().map_err(|error| match error {
                Unwritten::File(error) => files::cannot("the export", to, &error).with_fields(["path"]),
                Unwritten::Other(error) => error,
            })
        })
    }
}

struct Exporting<'v> {
    vault: &'v Vault,
    out: NewExport,
    /// Integrations that are in the file.
    written: HashSet<String>,
    done: Exported,
}

impl Exporting<'_> {
    fn all(mut self) -> Result<Exported, Unwritten> {
        let mut integrations = self.vault.store.integrations(None)?;
        integrations.reverse();
        integrations.iter().try_for_each(|row| self.integration(row))?;
        let mut query = ConnectionQuery { after: Some(0), limit: PAGE, ..ConnectionQuery::default() };
        loop {
            let rows = self.vault.store.connections(&query)?;
            let Some(last) = rows.last() else { break };
            query.after = Some(last.seq);
            rows.iter().try_for_each(|row| self.connection(row))?;
        }
        self.out.finish()?;
        Ok(self.done)
    }

    fn integration(&mut self, row: &IntegrationRow) -> Result<(), Unwritten> {
        match if_whole(self.vault.open_integration(row))? {
            Some(values) => {
                self.out.integration(row, &values)?;
                self.written.insert(row.id.clone());
                self.done.integrations += 1;
            }
            None => self.done.damaged_integrations.push(row.id.clone()),
        }
        Ok(())
    }

    fn connection(&mut self, row: &ConnectionRow) -> Result<(), Unwritten> {
        let is_new = |id| !self.written.contains(id) && !self.done.damaged_integrations.contains(id);
        if is_new(&row.integration_id)
            && let Some(integration) = self.vault.store.integration(&row.integration_id)?
        {
            self.integration(&integration)?; // made since the export began
        }
        let values = match self.written.contains(&row.integration_id) {
            true => if_whole(self.vault.open_connection(row))?,
            false => None,
        };
        match values {
            Some(values) => {
                self.out.connection(row, &values)?;
                self.done.connections += 1;
            }
            None => self.done.damaged_connections.push(row.id.clone()),
        }
        Ok(())
    }
}

/// The values, unless their record is damaged.
fn if_whole(opened: Result<Values>) -> Result<Option<Values>> {
    match opened {
        Ok(values) => Ok(Some(values)),
        Err(error) if error.kind() == ErrorKind::CorruptRecord => Ok(None),
        Err(error) => Err(error),
    }
}
