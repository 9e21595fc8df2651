//! Integrations: Composio's auth configs.

use std::sync::Arc;

use super::discover::{demand, keep_upstream};
use super::model::{AuthConfig, BaseUrl};
use super::refusal::with_wire_names;
use super::routes::{Filter, NewAuthConfig};
use super::session::Doubt;
use super::{Composio, Session};
use crate::app::Integration;
use crate::calls::NewIntegration;
use crate::catalog::{FieldDef, Inject};
use crate::embedded::check_name;
use crate::error::{Error, ErrorKind, Result};
use crate::input::{self, Completeness};
use crate::io::Io;
use crate::provider::check_override;

/// More than a program uses; a full cache is emptied, since it only saves requests.
const MOST: usize = 4096;

impl<I: Io> Composio<I> {
    pub(crate) async fn create_integration(&self, ask: NewIntegration) -> Result<Integration> {
        let session = self.session()?;
        let toolkit = self.toolkit(&session, &ask.app).await?;
        let method = toolkit.method(ask.auth_scheme.as_ref().map(crate::AuthScheme::as_str))?;
        if let Some(name) = &ask.name {
            check_name("name", name)?;
        }
        let base_url = ask.base_url.as_deref().map(|url| url.trim_end_matches('/'));
        if let Some(url) = base_url {
            let known = self.known_scheme(&toolkit.slug, &method.scheme);
            let in_path = known.is_some_and(|(app, index)| app.schemes[index].inject.contains(&Inject::Path));
            check_override(&method.user, in_path, url, ask.allow)?;
        }
        let fields = method.developer.iter().chain(&method.user);
        let rules = self.input_rules(Completeness::Partial, &toolkit.slug);
        let (mut credentials, _) = input::check(fields, ask.fixed_values, &rules)?;
        demand(&toolkit, method, &credentials)?;
        let shared = credentials.take(|name| !method.developer.iter().any(|f| f.name == name));
        let session = session.hiding(&method.developer, &credentials).hiding(&method.user, &shared);
        let new = NewAuthConfig {
            app: &toolkit.slug,
            scheme: &method.scheme,
            name: ask.name.as_deref(),
            base_url,
            credentials: &credentials,
            shared: &shared,
        };
        let created = self.create(&session, &new).await.map_err(|error| {
            let fields: Vec<FieldDef> = method.developer.iter().chain(&method.user).cloned().collect();
            with_wire_names(error, &fields)
        })?;
        // The server masks these, so this client remembers what it has said itself.
        let known = AuthConfig {
            base_url: base_url.map_or(BaseUrl::Usual, |url| BaseUrl::Own(url.to_owned())),
            allow: ask.allow,
            fixed: shared.iter().map(|(name, _)| name.to_owned()).collect(),
            name: ask.name.unwrap_or_else(|| created.name.clone()),
            ..(*created).clone()
        };
        let known = Arc::new(known);
        self.remember(known.clone());
        Ok(view(&known))
    }

    /// Makes an auth config and reads back what the server made of it.
    pub(super) async fn create(&self, session: &Session<'_, I>, ask: &NewAuthConfig<'_>) -> Result<Arc<AuthConfig>> {
        let version = self.project.version;
        let unclear = |why: &str| {
            let message = format!(
                "{why}; it cannot be known whether the integration was made. List the integrations of {} before trying \
                 again",
                ask.app
            );
            Error::new(ErrorKind::Indeterminate, message)
        };
        let answer = session.call(version.create_auth_config(ask)).await.map_err(|failure| match failure.doubt {
            Doubt::None => failure.error,
            _ => keep_upstream(unclear(failure.error.message()), &failure.error),
        })?;
        let id = version.read_created_auth_config(&answer.json);
        let id = id.ok_or_else(|| unclear("Composio's answer names no integration"))?;
        tracing::debug!("keylatch.integration.id" = %id, "keylatch.app" = ask.app, "integration created");
        self.fetch_config(session, &id).await.map_err(|error| {
            let message = format!("integration {id} was made, but could not be read: {}", error.message());
            keep_upstream(Error::new(error.kind(), message), &error)
        })
    }

    pub(crate) async fn integration(&self, id: &str) -> Result<Integration> {
        check_name("integration_id", id)?;
        let session = self.session()?;
        self.fetch_config(&session, id).await.map(|config| view(&config))
    }

    pub(crate) async fn integrations(&self, app: Option<&str>) -> Result<Vec<Integration>> {
        let session = self.session()?;
        let found = self.auth_configs(&session, app).await?;
        if found.is_empty()
            && let Some(name) = app
        {
            self.toolkit(&session, name).await?; // an unknown app is told from one without integrations
        }
        Ok(found.iter().map(|config| view(config)).collect())
    }

    pub(crate) async fn delete_integration(&self, id: &str) -> Result<()> {
        check_name("integration_id", id)?;
        let session = self.session()?;
        // Composio would delete the connections of users with it.
        let config = self.fetch_config(&session, id).await?;
        let count = match config.connections {
            Some(count) => count,
            None => {
                let filter = Filter { integration_id: Some(id), ..Filter::default() };
                i64::try_from(self.every(&session, &filter).await?.len()).unwrap_or(i64::MAX)
            }
        };
        if count > 0 {
            let message = format!("{count} connection(s) use integration {id}; delete these first");
            return Err(Error::argument("integration_id", message));
        }
        session.call(self.project.version.delete_auth_config(id)).await.map_err(Error::from)?;
        self.forget(id);
        Ok(())
    }

    /// It is gone, or may not be as it was.
    pub(super) fn forget(&self, id: &str) {
        self.configs.lock().remove(id);
    }

    pub(super) fn cached_config(&self, id: &str) -> Option<Arc<AuthConfig>> {
        self.configs.lock().get(id).cloned()
    }

    pub(super) fn remember(&self, config: Arc<AuthConfig>) {
        let mut configs = self.configs.lock();
        if configs.len() >= MOST {
            configs.clear();
        }
        configs.insert(config.id.clone(), config);
    }

    /// Keeps what the server says, and of what it masks what this client knows from having made it.
    pub(super) fn remembered(&self, mut config: AuthConfig) -> Arc<AuthConfig> {
        if let Some(known) = self.cached_config(&config.id) {
            if !matches!(known.base_url, BaseUrl::Masked) && !matches!(config.base_url, BaseUrl::Own(_)) {
                config.base_url = known.base_url.clone();
            }
            config.allow = known.allow;
            if config.fixed.is_empty() {
                config.fixed.clone_from(&known.fixed);
            }
            if config.fields.is_none() {
                config.fields.clone_from(&known.fields);
            }
        }
        let config = Arc::new(config);
        self.remember(config.clone());
        config
    }
}

fn view(config: &AuthConfig) -> Integration {
    Integration {
        id: config.id.clone(),
        app: config.app.clone(),
        auth_scheme: config.scheme.as_str().into(),
        name: config.name.clone(),
        base_url: match &config.base_url {
            BaseUrl::Own(url) => Some(url.clone()),
            _ => None,
        },
        fixed_fields: config.fixed.clone(),
        allow: config.allow,
        created_at: config.created_at.clone(),
    }
}
