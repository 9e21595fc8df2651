//! Discovery: which fields a user must give, by integration or by app.

use super::{Embedded, Resolved};
use crate::app::{AuthScheme, ExpectedParams};
use crate::calls::ExpectedParamsQuery;
use crate::error::{Error, ErrorKind, Result};
use crate::field::{Field, json_schema};
use crate::input::Values;
use crate::io::Io;

impl<I: Io> Embedded<I> {
    pub(crate) async fn get_expected_params_for_user(&self, ask: ExpectedParamsQuery) -> Result<ExpectedParams> {
        let integration =
            self.resolve(ask.integration_id.as_deref(), ask.app.as_deref(), ask.auth_scheme.as_ref(), "app").await?;
        let scheme = integration.scheme()?;
        let fields: Vec<Field> = scheme
            .fields
            .iter()
            .filter(|f| !integration.row.fixed_fields.iter().any(|fixed| *fixed == f.name))
            .map(|f| f.view())
            .collect();
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
        let opened = row.clone();
        let fixed = self.vault(move |vault| vault.open_integration(&opened)).await?;
        Ok(Resolved { app, row, fixed })
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
                    vault.seal_integration(&mut row, &Values::default())?;
                    vault.store.default_integration(&row)
                })
                .await?
            }
        };
        let opened = row.clone();
        let fixed = self.vault(move |vault| vault.open_integration(&opened)).await?;
        Ok(Resolved { app, row, fixed })
    }
}
