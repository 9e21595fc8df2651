//! Discovery: which apps there are, and which fields a user must give, by integration or by app.

use serde_json::Value;

use super::{Embedded, Resolved, check_limit};
use crate::app::{App, AuthScheme, ExpectedParams, KeyOrigin};
use crate::audit::{Action, DONE};
use crate::calls::{AppSearch, ExpectedParamsQuery};
use crate::catalog::{AppRef, FieldDef};
use crate::error::{Error, ErrorKind, Result};
use crate::field::{Field, json_schema};
use crate::input::Values;
use crate::io::Io;
use crate::secret::Secret;

impl<I: Io> Embedded<I> {
    pub(crate) async fn apps(&self) -> Result<Vec<App>> {
        self.must_be_open()?;
        Ok(self.catalog.apps().iter().map(AppRef::view).collect())
    }

    pub(crate) async fn app(&self, name: &str) -> Result<App> {
        self.must_be_open()?;
        self.catalog.app(name).map(|app| app.view())
    }

    pub(crate) async fn search_apps(&self, ask: AppSearch) -> Result<Vec<App>> {
        self.must_be_open()?;
        let limit = check_limit(ask.limit)?;
        Ok(self.catalog.search(&ask, limit as usize)?.iter().map(AppRef::view).collect())
    }

    pub(crate) fn identify(&self, value: Secret) -> Result<Vec<KeyOrigin>> {
        self.must_be_open()?;
        Ok(self.catalog.origins(&value))
    }

    pub(crate) fn register_app(&self, definition: &Value) -> Result<App> {
        self.must_be_open()?;
        let app = self.catalog.register(definition)?.view();
        self.held.forget_all();
        Ok(app)
    }

    pub(crate) async fn get_expected_params_for_user(&self, ask: ExpectedParamsQuery) -> Result<ExpectedParams> {
        let integration =
            self.resolve(ask.integration_id.as_deref(), ask.app.as_deref(), ask.auth_scheme.as_ref(), "app").await?;
        let scheme = integration.scheme()?;
        let view = |field: &FieldDef| {
            let mut view = field.view();
            // What the developer has decided is no condition any more.
            view.when = view.when.filter(|when| integration.fixed.get(&when.field).is_none());
            view
        };
        let fields: Vec<Field> = integration.fields()?.into_iter().map(view).collect();
        Ok(ExpectedParams {
            app: integration.app.slug.to_string(),
            integration_id: integration.row.id.clone(),
            auth_scheme: scheme.scheme(),
            json_schema: json_schema(&integration.app.name, &fields),
            expected_params: fields,
            developer_params: Vec::new(),
        })
    }

    /// The integration of this id, or the newest of the app that has the scheme, or a new default one.
    /// `app_argument` is what the caller's argument for the app is called.
    pub(super) async fn resolve(
        &self,
        integration_id: Option<&str>,
        app: Option<&str>,
        auth_scheme: Option<&AuthScheme>,
        app_argument: &str,
    ) -> Result<Resolved> {
        self.must_be_open()?;
        let Some(id) = integration_id else {
            let name = app.filter(|name| !name.is_empty()).ok_or_else(|| {
                Error::argument(app_argument, format!("name the app in `{app_argument}`, or give an `integration_id`"))
            })?;
            return self.newest_or_default(name, auth_scheme).await;
        };
        let integration = self.resolve_id(id).await?;
        if let Some(name) = app
            && self.catalog.app(name)?.slug != integration.app.slug
        {
            let message = format!("integration {id} is for {}, not for {name}", integration.app.slug);
            return Err(Error::argument(app_argument, message));
        }
        if let Some(scheme) = auth_scheme
            && !scheme.as_str().eq_ignore_ascii_case(&integration.row.auth_scheme)
        {
            let message = format!("integration {id} uses {}, not {scheme}", integration.row.auth_scheme);
            return Err(Error::new(ErrorKind::UnsupportedScheme, message).with_fields(["auth_scheme"]));
        }
        Ok(integration)
    }

    /// The integration of this id with what it fixes.
    pub(super) async fn resolve_id(&self, id: &str) -> Result<Resolved> {
        let row = self.integration_row(id).await?;
        let app = self.catalog.app(&row.app)?;
        self.vault(move |vault| {
            let fixed = vault.open_integration(&row)?;
            Ok(Resolved { app, row, fixed })
        })
        .await
    }

    async fn newest_or_default(&self, name: &str, auth_scheme: Option<&AuthScheme>) -> Result<Resolved> {
        let app = self.catalog.app(name)?;
        let wanted = match auth_scheme {
            Some(_) => Some(app.scheme(auth_scheme)?.auth_scheme.to_string()),
            None => None,
        };
        let (slug, scheme) = (app.slug.to_string(), wanted.clone());
        let found = self.vault(move |vault| vault.store.newest_integration(&slug, scheme.as_deref())).await?;
        let row = match found {
            Some(row) => row,
            None => {
                let mut row = Self::integration_draft(&app, app.scheme(auth_scheme)?)?;
                self.vault(move |vault| {
                    let note = vault.note(Action::CreateIntegration, DONE)?;
                    vault.sealing(|| {
                        vault.seal_integration(&mut row, &Values::default())?;
                        vault.store.default_integration(&row, note.entry())
                    })
                })
                .await?
            }
        };
        let opened = row.clone();
        let fixed = self.vault(move |vault| vault.open_integration(&opened)).await?;
        Ok(Resolved { app, row, fixed })
    }
}
