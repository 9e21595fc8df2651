//! Handing a credential out, as a connection string for a driver: the one way, and only where the developer asked for it.

use super::Embedded;
use crate::allow::Permission;
use crate::audit::Action;
use crate::choice::Whose;
use crate::error::{Error, Result};
use crate::io::Io;
use crate::provider::dsn;
use crate::secret::Secret;

impl<I: Io> Embedded<I> {
    pub(crate) async fn dsn(&self, id: &str) -> Result<Secret> {
        let whose = Whose { connected_account_id: Some(id), entity_id: None, app: None };
        let opened = self.opened_by(&whose).await?;
        let app = &opened.integration.app.name;
        let refuse = |message: String| Err(Error::argument("connected_account_id", message).with_connection(id));
        if !opened.integration.row.allow.contains(Permission::Reveal) {
            return refuse(format!(
                "the integration of this {app} connection does not allow its credentials to be handed out; the developer can \
                 allow that with allow=[\"reveal\"]"
            ));
        }
        match dsn(opened.integration.scheme()?, &opened.values)? {
            Some(dsn) => {
                self.note_use(Action::Dsn, &opened.row).await?;
                tracing::info!("keylatch.connection.id" = %opened.row.id, "keylatch.app" = %opened.row.app, "connection string handed out");
                Ok(dsn)
            }
            None => refuse(format!("{app} has no connection strings; use `request`")),
        }
    }
}
