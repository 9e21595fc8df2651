//! Integrations: the developer's configuration of an app.

use super::{Embedded, check_name};
use crate::allow::Allow;
use crate::app::Integration;
use crate::audit::{Action, DONE};
use crate::calls::NewIntegration;
use crate::catalog::{AppDef, Inject, SchemeDef};
use crate::error::{Error, ErrorKind, Result};
use crate::input::{self, Completeness, Rules, Values};
use crate::io::{self, Io};
use crate::provider::check_override;
use crate::store::{Deletion, IntegrationRow};
use crate::vault::{Vault, new_id};

impl<I: Io> Embedded<I> {
    pub(crate) async fn create_integration(&self, ask: NewIntegration) -> Result<Integration> {
        self.must_be_open()?;
        let app = self.catalog.app(&ask.app)?;
        let scheme = app.scheme(ask.auth_scheme.as_ref())?;
        let mut row = Self::integration_draft(&app, scheme)?;
        row.allow = ask.allow;
        if let Some(name) = ask.name {
            check_name("name", &name)?;
            row.name = name;
        }
        if let Some(base_url) = ask.base_url {
            if scheme.login.is_some() {
                let message = format!("{} has no base_url; fix its host and port in `fixed_values`", app.name);
                return Err(Error::argument("base_url", message));
            }
            check_override(&scheme.fields, scheme.inject.contains(&Inject::Path), &base_url, ask.allow)?;
            row.base_url = Some(base_url.trim_end_matches('/').to_owned());
        }
        let rules = Rules {
            completeness: Completeness::Partial,
            fixed: &Values::default(),
            app: &app.slug,
            catalog: &self.catalog,
            strict_secrets: self.strict_secrets,
        };
        let (fixed, _) = input::check(scheme.fields.iter(), ask.fixed_values, &rules)?;
        row.fixed_fields = fixed.iter().map(|(name, _)| name.to_owned()).collect();
        let row = self
            .vault(move |vault| {
                let note = vault.note(Action::CreateIntegration, DONE)?;
                vault.sealing(|| {
                    vault.seal_integration(&mut row, &fixed)?;
                    vault.store.insert_integration(&row, note.entry())
                })?;
                Ok(row)
            })
            .await?;
        tracing::debug!("keylatch.integration.id" = %row.id, "keylatch.app" = %row.app, "integration created");
        Ok(view(row))
    }

    pub(crate) async fn integration(&self, id: &str) -> Result<Integration> {
        self.integration_row(id).await.map(view)
    }

    pub(crate) async fn integrations(&self, app: Option<&str>) -> Result<Vec<Integration>> {
        self.must_be_open()?;
        let slug = app.map(|name| self.catalog.app(name).map(|app| app.slug.to_string())).transpose()?;
        let rows = self.vault(move |vault| vault.store.integrations(slug.as_deref())).await?;
        Ok(rows.into_iter().map(view).collect())
    }

    pub(crate) async fn delete_integration(&self, id: &str) -> Result<()> {
        let wanted = id.to_owned();
        let delete = move |vault: &Vault| {
            vault.store.delete_integration(&wanted, vault.note(Action::DeleteIntegration, DONE)?.entry())
        };
        match self.vault(delete).await? {
            Deletion::Done => Ok(()),
            Deletion::Missing => Err(missing(id)),
            Deletion::InUse(count) => {
                let message = format!("{count} connection(s) use integration {id}; delete these first");
                Err(Error::argument("integration_id", message))
            }
        }
    }

    pub(super) async fn integration_row(&self, id: &str) -> Result<IntegrationRow> {
        check_name("integration_id", id)?;
        let wanted = id.to_owned();
        self.vault(move |vault| vault.store.integration(&wanted)).await?.ok_or_else(|| missing(id))
    }

    /// A row that says no more than app and scheme; not sealed yet.
    pub(super) fn integration_draft(app: &AppDef, scheme: &SchemeDef) -> Result<IntegrationRow> {
        Ok(IntegrationRow {
            id: new_id("ac")?,
            app: app.slug.to_string(),
            auth_scheme: scheme.auth_scheme.to_string(),
            name: app.name.to_string(),
            base_url: None,
            allow: Allow::default(),
            fixed_fields: Vec::new(),
            key_id: String::new(),
            sealed: Vec::new(),
            created_at: io::now(),
        })
    }
}

pub(super) fn missing(id: &str) -> Error {
    let shown: String = id.chars().take(64).collect();
    Error::new(ErrorKind::NotFound, format!("there is no integration {shown}")).with_fields(["integration_id"])
}

fn view(row: IntegrationRow) -> Integration {
    Integration {
        id: row.id,
        app: row.app,
        auth_scheme: row.auth_scheme.as_str().into(),
        name: row.name,
        base_url: row.base_url,
        fixed_fields: row.fixed_fields,
        allow: row.allow,
        created_at: row.created_at,
    }
}
