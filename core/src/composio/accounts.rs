//! Connected accounts: find, list, switch on and off, rename, delete.

use super::discover::keep_upstream;
use super::model::{Account, is_id};
use super::routes::Filter;
use super::{Composio, Session};
use crate::calls::ConnectionFilter;
use crate::choice;
use crate::connection::{Connection, Page, Status};
use crate::embedded::{check_limit, check_name, missing};
use crate::error::{Error, ErrorKind, Result};
use crate::io::Io;
use crate::options::ApiVersion;
use crate::secret::Secret;
use crate::verdict::Verdict;

/// Every status that the API knows: without naming them it leaves out those that are switched off.
const ALL: [Status; 7] = [
    Status::Initializing,
    Status::Initiated,
    Status::Active,
    Status::Failed,
    Status::Expired,
    Status::Inactive,
    Status::Revoked,
];

impl Filter<'_> {
    /// Whether this account is one that was asked for.
    fn admits(&self, account: &Account) -> bool {
        self.entity_id.is_none_or(|id| id == account.entity_id)
            && self.app.is_none_or(|app| app.eq_ignore_ascii_case(&account.app))
            && self.integration_id.is_none_or(|id| id == account.integration_id)
            && (self.statuses.is_empty() || self.statuses.contains(&account.status))
            && self.labels.iter().all(|label| account.labels.contains(label))
    }
}

/// A page of accounts, and the server's clock.
pub(super) struct Accounts {
    pub(super) items: Vec<Account>,
    pub(super) next: Option<String>,
    pub(super) date: Option<jiff::Timestamp>,
}

impl<I: Io> Composio<I> {
    pub(crate) async fn connected_account(&self, id: &str) -> Result<Connection> {
        check_name("connected_account_id", id)?;
        let session = self.session()?;
        let account = self.account(&session, id).await?;
        self.view(&session, account).await
    }

    pub(crate) async fn connected_accounts(&self, filter: ConnectionFilter) -> Result<Page<Connection>> {
        let session = self.session()?;
        let limit = check_limit(filter.limit)?;
        if !filter.labels.is_empty() && self.project.version == ApiVersion::V3_1 {
            return Err(Error::argument("labels", "Composio's API v3.1 keeps no labels; leave them out"));
        }
        if filter.cursor.as_ref().is_some_and(|c| c.is_empty() || c.len() > 1024 || c.chars().any(char::is_control)) {
            return Err(Error::argument("cursor", "the cursor is not one that a list returned"));
        }
        let wanted = Filter {
            entity_id: filter.entity_id.as_deref(),
            app: filter.app.as_deref(),
            integration_id: filter.integration_id.as_deref(),
            statuses: &filter.statuses,
            labels: &filter.labels,
            limit,
            cursor: filter.cursor.as_deref(),
            newest_first: true,
        };
        let page = self.page(&session, &wanted).await.map_err(|error| match (&filter.cursor, error.kind()) {
            (Some(_), ErrorKind::InvalidArgument) => {
                keep_upstream(Error::argument("cursor", "the cursor is not one that a list returned"), &error)
            }
            _ => error,
        })?;
        let mut items = Vec::with_capacity(page.items.len());
        for account in page.items {
            items.push(self.view(&session, account).await?);
        }
        Ok(Page { items, next_cursor: page.next })
    }

    /// A page of accounts in any state, unless the filter names some.
    pub(super) async fn page(&self, session: &Session<'_, I>, filter: &Filter<'_>) -> Result<Accounts> {
        let version = self.project.version;
        let all = if version == ApiVersion::V1 { &[][..] } else { &ALL[..] };
        let statuses = if filter.statuses.is_empty() { all } else { filter.statuses };
        let ask = Filter { statuses, ..filter.clone() };
        let answer = session.call(version.accounts(&ask)).await?;
        let (items, next) = version.read_page(&answer.json)?;
        let mut items = items.iter().map(|item| version.read_account(item)).collect::<Result<Vec<_>>>()?;
        // A server may take a name with a comma for two, and knows some filters only in part.
        items.retain(|account| filter.admits(account));
        Ok(Accounts { items, next, date: answer.date })
    }

    /// The accounts of all pages.
    pub(super) async fn every(&self, session: &Session<'_, I>, filter: &Filter<'_>) -> Result<Vec<Account>> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = self.page(session, &Filter { limit: 500, cursor: cursor.as_deref(), ..filter.clone() }).await?;
            all.extend(page.items);
            if page.next.is_none() || page.next == cursor {
                return Ok(all);
            }
            cursor = page.next;
        }
    }

    pub(super) async fn account(&self, session: &Session<'_, I>, id: &str) -> Result<Account> {
        if !is_id(id) {
            return Err(missing(id));
        }
        let version = self.project.version;
        let answer = session.call(version.account(id)).await.map_err(|failure| gone(failure, id))?;
        version.read_account(&answer.json)
    }

    /// The entity's one active account of the app.
    pub(super) async fn sole_account(&self, session: &Session<'_, I>, entity_id: &str, app: &str) -> Result<Account> {
        check_name("entity_id", entity_id)?;
        check_name("app", app)?;
        let filter = Filter { entity_id: Some(entity_id), app: Some(app), ..Filter::default() };
        let found = if is_id(app) { self.every(session, &filter).await? } else { Vec::new() };
        match choice::sole(found, app)? {
            Some(account) => Ok(account),
            None => {
                self.toolkit(session, app).await?; // an unknown app is told from one without connections
                Err(choice::no_connection(app))
            }
        }
    }

    pub(crate) async fn get_connection(&self, entity_id: &str, app: &str) -> Result<Connection> {
        let session = self.session()?;
        let account = self.sole_account(&session, entity_id, app).await?;
        self.view(&session, account).await
    }

    pub(crate) async fn enable_connection(&self, id: &str) -> Result<Connection> {
        let session = self.session()?;
        check_name("connected_account_id", id)?;
        let account = self.account(&session, id).await?;
        if !matches!(account.status, Status::Active | Status::Inactive) {
            let message = format!("the connection is {}; verify it or update its credentials", account.status);
            return Err(Error::argument("connected_account_id", message).with_connection(id));
        }
        self.switch(&session, id, true).await
    }

    pub(crate) async fn disable_connection(&self, id: &str) -> Result<Connection> {
        let session = self.session()?;
        check_name("connected_account_id", id)?;
        self.switch(&session, id, false).await
    }

    async fn switch(&self, session: &Session<'_, I>, id: &str, enabled: bool) -> Result<Connection> {
        if !is_id(id) {
            return Err(missing(id));
        }
        session.call(self.project.version.switch(id, enabled)).await.map_err(|failure| gone(failure, id))?;
        let account = self.account(session, id).await?;
        self.view(session, account).await
    }

    pub(crate) async fn dsn(&self, id: &str) -> Result<Secret> {
        self.connected_account(id).await?;
        let message = "Composio's API does not give credentials back; use `request`, or a vault";
        Err(Error::argument("connected_account_id", message).with_connection(id))
    }

    pub(crate) async fn set_alias(&self, id: &str, alias: Option<&str>) -> Result<Connection> {
        let session = self.session()?;
        check_name("connected_account_id", id)?;
        if let Some(alias) = alias {
            check_name("alias", alias)?;
        }
        if !is_id(id) {
            return Err(missing(id));
        }
        let call = self.project.version.set_alias(id, alias.unwrap_or_default())?;
        let refused = match session.call(call).await {
            Ok(_) => None,
            Err(failure) if failure.error.kind() == ErrorKind::AlreadyExists => Some(failure.error),
            Err(failure) => return Err(gone(failure, id)),
        };
        let account = self.account(&session, id).await?;
        match refused {
            Some(error) => Err(self.with_holder(&session, error, &account.entity_id, &account.app, alias).await),
            None => self.view(&session, account).await,
        }
    }

    /// Names the connection that has the alias already, where that is what the error says.
    pub(super) async fn with_holder(
        &self,
        session: &Session<'_, I>,
        error: Error,
        entity_id: &str,
        app: &str,
        alias: Option<&str>,
    ) -> Error {
        if error.kind() != ErrorKind::AlreadyExists {
            return error;
        }
        let filter = Filter { entity_id: Some(entity_id), app: Some(app), ..Filter::default() };
        let accounts = self.every(session, &filter).await.unwrap_or_default();
        match accounts.iter().find(|account| alias.is_some() && account.alias.as_deref() == alias) {
            Some(holder) => error.with_connection(&holder.id),
            None => error,
        }
    }

    pub(crate) async fn delete_connection(&self, id: &str, revoke: bool) -> Result<()> {
        let session = self.session()?;
        check_name("connected_account_id", id)?;
        if !is_id(id) {
            return Err(missing(id));
        }
        let call = self.project.version.delete_account(id, revoke)?;
        session.call(call).await.map(drop).map_err(|failure| gone(failure, id))
    }

    /// What the host sees. v1 does not tell an account's scheme, but its integration does.
    async fn view(&self, session: &Session<'_, I>, account: Account) -> Result<Connection> {
        let scheme = if account.scheme.is_empty() && !account.integration_id.is_empty() {
            self.auth_config(session, &account.integration_id).await?.scheme.clone()
        } else {
            account.scheme
        };
        Ok(Connection {
            id: account.id,
            app: account.app,
            auth_scheme: scheme.as_str().into(),
            integration_id: account.integration_id,
            entity_id: account.entity_id,
            status: account.status,
            verdict: Verdict::NotChecked,
            verified_at: None,
            account: None,
            alias: account.alias,
            labels: account.labels,
            metadata: serde_json::Value::Null,
            created_at: account.created_at,
            updated_at: account.updated_at,
        })
    }
}

/// `not_found` in our words where the account is not there.
pub(super) fn gone(failure: super::session::Failure, id: &str) -> Error {
    if failure.status == Some(404) || failure.error.kind() == ErrorKind::NotFound {
        keep_upstream(missing(id), &failure.error)
    } else {
        failure.error
    }
}
