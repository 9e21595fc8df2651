//! Initiation: check the input, ask the provider, store in one transaction, answer ACTIVE.

use serde_json::Value;

use super::{Embedded, Resolved, check_name};
use crate::asked;
use crate::audit::Action;
use crate::calls::{InitiateConnection, UpdateCredentials, Verify};
use crate::choice;
use crate::connection::{ConnectionRequest, Status, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::input::{self, Completeness, Params, Rules, Values};
use crate::io::{self, Io};
use crate::provider::{Judgement, Refusing, judge, must_sign};
use crate::store::{ConnectionQuery, ConnectionRow};
use crate::vault::new_id;
use crate::verdict::Verdict;

const MOST_METADATA: usize = 64 << 10;
const MOST_LABELS: usize = 64;

impl<I: Io> Embedded<I> {
    pub(crate) async fn initiate_connection(&self, mut ask: InitiateConnection) -> Result<ConnectionRequest> {
        self.must_be_open()?;
        check_options(&ask)?;
        let integration = self
            .resolve(ask.integration_id.as_deref(), ask.app_name.as_deref(), ask.auth_scheme.as_ref(), "app_name")
            .await?;
        let params = std::mem::take(&mut ask.connected_account_params);
        let (values, warnings) = self.check_input(&integration, params, Completeness::Whole)?;
        let former = self.former(&ask, &integration.row.id).await?;
        let (values, judgement) = match self.judged(&integration, values, ask.verify).await {
            Ok(judged) => judged,
            Err(error) => {
                let app = integration.row.app.clone();
                return Err(self.note_refusal(Action::Initiate, error, ask.entity_id, app).await);
            }
        };
        let replaced = former.is_some();
        let row = match former {
            Some(former) => {
                let description = Description {
                    status: Some(Status::Active),
                    alias: ask.alias,
                    labels: (!ask.labels.is_empty()).then_some(ask.labels),
                    metadata: (!ask.metadata.is_null()).then_some(ask.metadata),
                };
                self.replace(former, values, &judgement, description, Action::Initiate).await?
            }
            None => self.store_new(&integration, ask, values, &judgement).await?,
        };
        tracing::debug!("keylatch.connection.id" = %row.id, "keylatch.app" = %row.app, "keylatch.verdict" = %row.verdict, "connection initiated");
        Ok(answer(row, judgement, warnings, replaced))
    }

    pub(crate) async fn update_credentials(&self, ask: UpdateCredentials) -> Result<ConnectionRequest> {
        self.must_be_open()?;
        if ask.connected_account_params.is_empty() {
            let message = "give at least one value in `connected_account_params`";
            return Err(Error::argument("connected_account_params", message));
        }
        let row = self.connection_row(&ask.connected_account_id).await?;
        let integration = self.resolve_id(&row.integration_id).await?;
        let former = Former { id: row.id.clone(), record_version: row.record_version };
        let (entity_id, app) = (row.entity_id.clone(), row.app.clone());
        // A record that no longer opens can still be given new credentials, all of them.
        let kept = self.vault(move |vault| vault.open_connection(&row)).await.ok();
        let completeness = kept.as_ref().map_or(Completeness::Whole, Completeness::Beside);
        let (mut values, warnings) = self.check_input(&integration, ask.connected_account_params, completeness)?;
        values.fill_from(kept.unwrap_or_default());
        values.remove_all(&asked::obsolete(&integration.scheme()?.fields, &values, &integration.fixed));
        let (values, judgement) = match self.judged(&integration, values, ask.verify).await {
            Ok(judged) => judged,
            Err(error) => {
                return Err(self.note_refusal(Action::Update, error, entity_id, app).await);
            }
        };
        let row = self.replace(former, values, &judgement, Description::default(), Action::Update).await?;
        tracing::debug!("keylatch.connection.id" = %row.id, "keylatch.verdict" = %row.verdict, "credentials updated");
        Ok(answer(row, judgement, warnings, true))
    }

    fn check_input(
        &self,
        integration: &Resolved,
        params: Params,
        completeness: Completeness<'_>,
    ) -> Result<(Values, Vec<Warning>)> {
        let rules = Rules {
            completeness,
            fixed: &integration.fixed,
            app: &integration.app.slug,
            catalog: &self.catalog,
            strict_secrets: self.strict_secrets,
        };
        input::check(integration.fields()?.into_iter(), params, &rules)
    }

    /// The connection whose place the new credentials take, if any; `already_exists` where neither this nor another
    /// one is wanted. The store decides again in its transaction: here it only spares the provider a question.
    async fn former(&self, ask: &InitiateConnection, integration_id: &str) -> Result<Option<Former>> {
        if ask.allow_multiple {
            return Ok(None);
        }
        let query = ConnectionQuery {
            entity_id: Some(ask.entity_id.clone()),
            integration_id: Some(integration_id.to_owned()),
            limit: 500,
            ..ConnectionQuery::default()
        };
        let rows = self.vault(move |vault| vault.store.connections(&query)).await?;
        if !ask.replace {
            return choice::must_be_first(&rows).map(|()| None);
        }
        let former = choice::replaced(rows, ask.alias.as_deref())?;
        Ok(former.map(|row| Former { id: row.id, record_version: row.record_version }))
    }

    /// Asks the provider as `verify` wants it, and refuses what it says no to. Gives back the user's own values.
    async fn judged(&self, integration: &Resolved, values: Values, verify: Verify) -> Result<(Values, Judgement)> {
        let mut all = values;
        all.fill_from(integration.fixed.duplicate());
        let target = integration.target(&self.io, &all)?;
        let scheme = integration.scheme()?;
        let judgement = match verify {
            Verify::Off => {
                must_sign(scheme, &all)?;
                Judgement::without_asking(Verdict::NotChecked)
            }
            Verify::Auto | Verify::Required => judge(&self.io, scheme, &target, &all, self.timeout).await?,
        };
        judgement.refuse(&Refusing {
            app: &integration.app.name,
            secret_fields: scheme.fields.iter().filter(|f| f.secret).map(|f| f.name.to_string()).collect(),
            host_fields: &target.host_fields,
            required: verify == Verify::Required,
        })?;
        all.remove_all(&integration.row.fixed_fields);
        Ok((all, judgement))
    }

    async fn store_new(
        &self,
        integration: &Resolved,
        ask: InitiateConnection,
        values: Values,
        judgement: &Judgement,
    ) -> Result<ConnectionRow> {
        let now = io::now();
        let mut row = ConnectionRow {
            seq: 0,
            id: new_id("ca")?,
            entity_id: ask.entity_id,
            app: integration.row.app.clone(),
            auth_scheme: integration.row.auth_scheme.clone(),
            integration_id: integration.row.id.clone(),
            status: Status::Active,
            verdict: judgement.verdict,
            verified_at: judgement.was_asked().then(|| now.clone()),
            account: judgement.account.clone(),
            alias: ask.alias,
            labels: ask.labels,
            metadata: ask.metadata,
            record_version: 1,
            key_id: String::new(),
            sealed: Vec::new(),
            created_at: now.clone(),
            updated_at: now,
        };
        let (allow_multiple, held) = (ask.allow_multiple, self.held.clone());
        let verdict = judgement.verdict;
        self.vault(move |vault| {
            let note = vault.note(Action::Initiate, verdict.as_str())?;
            vault.sealing(|| {
                vault.seal_connection(&mut row, &values)?;
                vault.store.insert_connection(&row, allow_multiple, note.entry())
            })?;
            held.forget_entity(&row.entity_id);
            Ok(row)
        })
        .await
    }

    /// Puts values in the place of a connection's present ones, unless another call was quicker.
    async fn replace(
        &self,
        former: Former,
        values: Values,
        judgement: &Judgement,
        description: Description,
        action: Action,
    ) -> Result<ConnectionRow> {
        let Former { id, record_version } = former;
        let (verdict, account, asked) = (judgement.verdict, judgement.account.clone(), judgement.was_asked());
        let wanted = id.clone();
        let row = self
            .change(&id, move |vault| {
                let note = vault.note(action, verdict.as_str())?;
                let mut change = |row: &mut ConnectionRow| {
                    if row.record_version != record_version {
                        let message = "another call changed the credentials meanwhile; nothing was stored, try again";
                        return Err(Error::new(ErrorKind::Indeterminate, message).with_connection(&row.id));
                    }
                    let now = io::now();
                    description.apply(row);
                    row.verdict = verdict;
                    row.verified_at = asked.then(|| now.clone());
                    row.account.clone_from(&account);
                    row.updated_at = now;
                    row.record_version += 1;
                    vault.seal_connection(row, &values)
                };
                vault.sealing(|| vault.store.update_connection(&wanted, &mut change, note.entry()))
            })
            .await?;
        self.tokens.forget(&id);
        self.limits.forget(&id);
        row.ok_or_else(|| super::accounts::missing(&id))
    }
}

/// A connection that gets new credentials, as it was when that was decided.
struct Former {
    id: String,
    record_version: i64,
}

/// What changes beside the credentials; what is not given stays.
#[derive(Default)]
struct Description {
    /// By default new credentials end EXPIRED, and leave a connection that was switched off as it is.
    status: Option<Status>,
    alias: Option<String>,
    labels: Option<Vec<String>>,
    metadata: Option<Value>,
}

impl Description {
    fn apply(&self, row: &mut ConnectionRow) {
        if let Some(status) = &self.status {
            row.status = status.clone();
        } else if row.status != Status::Inactive {
            row.status = Status::Active;
        }
        if self.alias.is_some() {
            row.alias.clone_from(&self.alias);
        }
        if let Some(labels) = &self.labels {
            row.labels.clone_from(labels);
        }
        if let Some(metadata) = &self.metadata {
            row.metadata.clone_from(metadata);
        }
    }
}

/// What can be wrong with an initiation before anything is asked.
pub(crate) fn check_options(ask: &InitiateConnection) -> Result<()> {
    check_name("entity_id", &ask.entity_id)?;
    if let Some(alias) = &ask.alias {
        check_name("alias", alias)?;
    }
    if ask.labels.len() > MOST_LABELS {
        return Err(Error::argument("labels", format!("at most {MOST_LABELS} labels can be given")));
    }
    for label in &ask.labels {
        check_name("labels", label)?;
    }
    if ask.metadata.to_string().len() > MOST_METADATA {
        return Err(Error::argument("metadata", format!("metadata is longer than {MOST_METADATA} bytes of JSON")));
    }
    if ask.replace && ask.allow_multiple {
        return Err(Error::argument("replace", "give either `replace` or `allow_multiple`, not both"));
    }
    if ask.callback_url.as_deref().is_some_and(|url| !is_web_address(url)) {
        return Err(Error::argument("callback_url", "callback_url must be an http or https address"));
    }
    Ok(())
}

fn is_web_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn answer(row: ConnectionRow, judgement: Judgement, warnings: Vec<Warning>, replaced: bool) -> ConnectionRequest {
    ConnectionRequest {
        connection_status: row.status,
        connected_account_id: row.id,
        redirect_url: None,
        verdict: judgement.verdict,
        evidence: judgement.evidence,
        account: judgement.account,
        warnings,
        replaced,
    }
}
