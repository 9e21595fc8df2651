//! Initiation: check the input, see what is there, ask the provider, create the account, answer with what is known.

use std::sync::Arc;
use std::time::Duration;

use super::discover::Resolved;
use super::model::Made;
use super::routes::{Filter, Rotation};
use super::{Composio, Session};
use crate::calls::InitiateConnection;
use crate::choice;
use crate::connection::{ConnectionRequest, Status, Warning};
use crate::embedded::check_initiation;
use crate::error::{Error, Result};
use crate::input::{self, Completeness};
use crate::io::Io;
use crate::options::ApiVersion;
use crate::provider::Judgement;

/// How long an auth config that had no connections is taken to have none.
const STILL_EMPTY: Duration = Duration::from_secs(60);

impl<I: Io> Composio<I> {
    pub(crate) async fn initiate_connection(&self, mut ask: InitiateConnection) -> Result<ConnectionRequest> {
        let session = self.session()?;
        check_initiation(&ask)?;
        self.check_kept(&ask)?;
        let params = std::mem::take(&mut ask.connected_account_params);
        let found = self
            .resolve(
                &session,
                ask.integration_id.as_deref(),
                ask.app_name.as_deref(),
                ask.auth_scheme.as_ref(),
                "app_name",
            )
            .await?;
        let rules = self.input_rules(Completeness::Whole, &found.config.app);
        let (values, warnings) = input::check(found.fields.iter(), params, &rules)?;
        let session = session.hiding(&found.fields, &values);
        let former = match self.before(&session, &ask, &found).await? {
            Before::Others(ids) => ids,
            Before::Replace(id) => {
                let alias = ask.alias.as_deref();
                let rotation = Rotation { id: &id, scheme: &found.config.scheme, alias, values: &values };
                return match self.rotate(&session, &rotation, &found, &values, ask.verify, warnings).await {
                    Ok(done) => Ok(done),
                    Err(e) => Err(self.with_holder(&session, e, &ask.entity_id, &found.config.app, alias).await),
                };
            }
        };
        let judgement = self.ask_directly(&found, &values, ask.verify).await?;
        let session = session.with_time(self.timeout); // the provider has had its own
        self.forget_emptiness(&found);
        let made = self.create_account(&session, &ask, &found, &values, &former).await?;
        let id = made.id.clone().unwrap_or_default();
        let judgement = match judgement {
            Some(judgement) => judgement,
            None => self.ask_through_proxy(&session, &found, &id, ask.verify).await?,
        };
        tracing::debug!("keylatch.connection.id" = %id, "keylatch.app" = %found.config.app, "keylatch.verdict" = %judgement.verdict, "connection initiated");
        Ok(answer(made, judgement, warnings, false))
    }

    /// Refuses what this API has no place for, rather than lose it.
    fn check_kept(&self, ask: &InitiateConnection) -> Result<()> {
        let lost =
            |field: &str, what: &str| Err(Error::argument(field, format!("Composio's API {what}; leave it out")));
        if ask.entity_id.contains(',') {
            // Found again, it would be taken for two.
            return Err(Error::argument("entity_id", "on Composio's API the id of an entity must not hold a comma"));
        }
        match self.project.version {
            _ if !ask.metadata.is_null() => lost("metadata", "keeps no metadata"),
            ApiVersion::V3_1 if !ask.labels.is_empty() => lost("labels", "v3.1 keeps no labels"),
            ApiVersion::V1 if ask.alias.is_some() => lost("alias", "v1 keeps no aliases"),
            _ => Ok(()),
        }
    }

    /// What the entity has with this integration, so far as it decides what to do.
    async fn before(&self, session: &Session<'_, I>, ask: &InitiateConnection, found: &Resolved) -> Result<Before> {
        // An integration without any connection has none of this user: that spares the question.
        if found.config.connections == Some(0) && found.config.read_at.elapsed() < STILL_EMPTY {
            return Ok(Before::Others(Vec::new()));
        }
        let filter =
            Filter { entity_id: Some(&ask.entity_id), integration_id: Some(&found.config.id), ..Filter::default() };
        let accounts = self.every(session, &filter).await?;
        let ids = accounts.iter().map(|account| account.id.clone()).collect();
        if ask.replace {
            let former = choice::replaced(accounts, ask.alias.as_deref())?;
            return Ok(former.map_or(Before::Others(ids), |account| Before::Replace(account.id)));
        }
        if !ask.allow_multiple {
            choice::must_be_first(&accounts)?;
        }
        Ok(Before::Others(ids))
    }

    /// This client is about to make a connection with it.
    fn forget_emptiness(&self, found: &Resolved) {
        if found.config.connections == Some(0) {
            let mut config = (*found.config).clone();
            config.connections = None;
            self.remember(Arc::new(config));
        }
    }
}

/// What was there before a connection is made.
enum Before {
    /// These accounts, none of them in the way.
    Others(Vec<String>),
    /// This account gets the new credentials.
    Replace(String),
}

pub(super) fn answer(made: Made, judgement: Judgement, warnings: Vec<Warning>, replaced: bool) -> ConnectionRequest {
    ConnectionRequest {
        connection_status: made.status.unwrap_or(Status::Other(String::new())),
        connected_account_id: made.id.unwrap_or_default(),
        redirect_url: made.redirect_url,
        verdict: judgement.verdict,
        evidence: judgement.evidence,
        account: judgement.account,
        warnings,
        replaced,
    }
}
