//! Connected accounts: find, list, switch on and off, delete.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Embedded, check_name};
use crate::audit::{Action, DONE};
use crate::calls::ConnectionFilter;
use crate::choice;
use crate::connection::{Connection, Page, Status};
use crate::error::{Error, ErrorKind, Result};
use crate::io::{self, Io};
use crate::store::{ConnectionQuery, ConnectionRow};
use crate::vault::Vault;

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 500;

impl<I: Io> Embedded<I> {
    pub(crate) async fn connected_account(&self, id: &str) -> Result<Connection> {
        self.connection_row(id).await.map(|row| row.view())
    }

    pub(crate) async fn connected_accounts(&self, filter: ConnectionFilter) -> Result<Page<Connection>> {
        self.must_be_open()?;
        let limit = check_limit(filter.limit)?;
        let query = ConnectionQuery {
            entity_id: filter.entity_id,
            app: filter.app.map(|name| slug_of(&name)),
            integration_id: filter.integration_id,
            statuses: filter.statuses.iter().map(ToString::to_string).collect(),
            labels: filter.labels,
            not_sealed_with: None,
            after: None,
            before: filter.cursor.as_deref().map(read_cursor).transpose()?,
            limit: limit + 1, // one more tells whether there is a next page
        };
        let mut rows = self.vault(move |vault| vault.store.connections(&query)).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor = rows.last().filter(|_| more).map(|row| write_cursor(row.seq));
        Ok(Page { items: rows.iter().map(ConnectionRow::view).collect(), next_cursor })
    }

    /// The entity's one active connection to the app.
    pub(crate) async fn get_connection(&self, entity_id: &str, app: &str) -> Result<Connection> {
        self.sole_connection(entity_id, app).await.map(|row| row.view())
    }

    pub(super) async fn sole_connection(&self, entity_id: &str, app: &str) -> Result<ConnectionRow> {
        check_name("entity_id", entity_id)?;
        check_name("app", app)?;
        let slug = slug_of(app);
        let query = ConnectionQuery {
            entity_id: Some(entity_id.to_owned()),
            app: Some(slug.clone()),
            limit: MOST,
            ..ConnectionQuery::default()
        };
        let rows = self.vault(move |vault| vault.store.connections(&query)).await?;
        choice::sole(rows, &slug)?
            .ok_or_else(|| self.catalog.app(app).err().unwrap_or_else(|| choice::no_connection(&slug)))
    }

    pub(crate) async fn enable_connection(&self, id: &str) -> Result<Connection> {
        self.switch(id, Action::Enable, |row| match row.status {
            Status::Active | Status::Inactive => Ok(Status::Active),
            _ => {
                let message = format!("the connection is {}; verify it or update its credentials", row.status);
                Err(Error::argument("connected_account_id", message).with_connection(&row.id))
            }
        })
        .await
    }

    pub(crate) async fn disable_connection(&self, id: &str) -> Result<Connection> {
        self.switch(id, Action::Disable, |_| Ok(Status::Inactive)).await
    }

    pub(crate) async fn set_alias(&self, id: &str, alias: Option<&str>) -> Result<Connection> {
        check_name("connected_account_id", id)?;
        let alias = alias.map(|name| check_name("alias", name).map(|()| name.to_owned())).transpose()?;
        let wanted = id.to_owned();
        let row = self
            .vault(move |vault| {
                let note = vault.note(Action::SetAlias, DONE)?;
                let mut change = |row: &mut ConnectionRow| {
                    if row.alias != alias {
                        row.alias.clone_from(&alias);
                        row.updated_at = io::now();
                    }
                    Ok(())
                };
                vault.store.update_connection(&wanted, &mut change, note.entry())
            })
            .await?;
        row.map(|row| row.view()).ok_or_else(|| missing(id))
    }

    pub(crate) async fn delete_connection(&self, id: &str, revoke: bool) -> Result<()> {
        check_name("connected_account_id", id)?;
        if revoke {
            let message = "a vault cannot withdraw credentials at the provider; delete without `revoke`, and tell the \
                           user to withdraw the key there";
            return Err(Error::argument("revoke", message));
        }
        self.tokens.forget(id);
        self.limits.forget(id);
        let wanted = id.to_owned();
        let delete =
            move |vault: &Vault| vault.store.delete_connection(&wanted, vault.note(Action::Delete, DONE)?.entry());
        let was_there = self.change(id, delete).await?;
        if was_there { Ok(()) } else { Err(missing(id)) }
    }

    async fn switch(
        &self,
        id: &str,
        action: Action,
        to: impl Fn(&ConnectionRow) -> Result<Status> + Send + 'static,
    ) -> Result<Connection> {
        check_name("connected_account_id", id)?;
        let wanted = id.to_owned();
        let row = self
            .change(id, move |vault| {
                let note = vault.note(action, DONE)?;
                let mut change = |row: &mut ConnectionRow| {
                    let status = to(row)?;
                    if row.status != status {
                        row.status = status;
                        row.updated_at = io::now();
                    }
                    Ok(())
                };
                vault.store.update_connection(&wanted, &mut change, note.entry())
            })
            .await?;
        row.map(|row| row.view()).ok_or_else(|| missing(id))
    }

    pub(super) async fn connection_row(&self, id: &str) -> Result<ConnectionRow> {
        check_name("connected_account_id", id)?;
        let wanted = id.to_owned();
        self.vault(move |vault| vault.store.connection(&wanted)).await?.ok_or_else(|| missing(id))
    }
}

/// The slug that rows carry; an app that is not registered now may still have connections.
fn slug_of(app: &str) -> String {
    app.to_ascii_lowercase()
}

/// The size of a page.
pub(crate) fn check_limit(limit: Option<u32>) -> Result<u32> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if (1..=MOST).contains(&limit) {
        Ok(limit)
    } else {
        Err(Error::argument("limit", format!("limit must be 1 to {MOST}")))
    }
}

pub(crate) fn missing(id: &str) -> Error {
    let shown: String = id.chars().take(64).collect();
    Error::new(ErrorKind::NotFound, format!("there is no connection {shown}")).with_fields(["connected_account_id"])
}

fn write_cursor(seq: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("1:{seq}"))
}

fn read_cursor(cursor: &str) -> Result<i64> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref()
        .and_then(|t| t.strip_prefix("1:"))
        .and_then(|seq| seq.parse().ok())
        .ok_or_else(|| Error::argument("cursor", "the cursor is not one that a list returned"))
}
