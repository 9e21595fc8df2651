//! Connections opened for a call, with their integrations.

use super::integrations::missing;
use super::{Embedded, Opened, Resolved, accounts, check_name};
use crate::choice::{Found, Whose};
use crate::error::Result;
use crate::io::Io;
use crate::store::{ConnectionRow, IntegrationRow};

impl<I: Io> Embedded<I> {
    /// The connection that a call names, opened for it.
    pub(super) async fn opened_by(&self, whose: &Whose<'_>) -> Result<Opened> {
        match whose.how()? {
            Found::ById(id) => {
                let (row, integration) = self.connection_and_integration(id).await?;
                self.open(whose.must_own(row)?, integration).await
            }
            Found::Sole(entity_id, app) => self.opened(self.sole_connection(entity_id, app).await?).await,
        }
    }

    /// Opens a connection for one call.
    pub(super) async fn opened(&self, row: ConnectionRow) -> Result<Opened> {
        let integration = self.integration_row(&row.integration_id).await?;
        self.open(row, Some(integration)).await
    }

    async fn connection_and_integration(&self, id: &str) -> Result<(ConnectionRow, Option<IntegrationRow>)> {
        check_name("connected_account_id", id)?;
        let wanted = id.to_owned();
        let found = self.vault(move |vault| vault.store.connection_and_integration(&wanted)).await?;
        found.ok_or_else(|| accounts::missing(id))
    }

    async fn open(&self, row: ConnectionRow, integration: Option<IntegrationRow>) -> Result<Opened> {
        let integration = integration.ok_or_else(|| missing(&row.integration_id))?;
        let app = self.catalog.app(&integration.app)?;
        self.vault(move |vault| {
            let fixed = vault.open_integration(&integration)?;
            let mut values = vault.open_connection(&row)?;
            values.fill_from(fixed.duplicate());
            Ok(Opened { row, integration: Resolved { app, row: integration, fixed }, values })
        })
        .await
    }
}
