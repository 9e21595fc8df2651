//! Discovery: apps, and the fields of an auth config: by id, the newest that fits, or one made for the app.

use std::sync::Arc;
use std::time::Duration;

use super::model::{AuthConfig, Method, Toolkit, is_id, takes_keys, unknown_app};
use super::refusal::with_wire_names;
use super::routes::NewAuthConfig;
use super::{Composio, Session};
use crate::app::{App, AuthScheme, ExpectedParams, Scheme};
use crate::calls::{AppSearch, ExpectedParamsQuery};
use crate::catalog::FieldDef;
use crate::catalog::search::{self, Head};
use crate::embedded::check_limit;
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::field::json_schema;
use crate::input::Values;
use crate::io::Io;

/// How long what the server said of an app or auth config is taken for true.
const FRESH: Duration = Duration::from_secs(300);

/// An auth config with the fields that a user must give.
pub(super) struct Resolved {
    pub(super) config: Arc<AuthConfig>,
    pub(super) fields: Vec<FieldDef>,
}

impl<I: Io> Composio<I> {
    pub(crate) async fn apps(&self) -> Result<Vec<App>> {
        let session = self.session()?;
        let version = self.project.version;
        let (mut apps, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let answer = session.call(version.toolkits(cursor.as_deref())).await?;
            let (items, next) = version.read_page(&answer.json)?;
            for item in items {
                apps.push(self.app_view(&version.read_toolkit(item)?));
            }
            if next.is_none() || next == cursor {
                break;
            }
            cursor = next;
        }
        apps.sort_by(|a, b| a.slug.cmp(&b.slug));
        Ok(apps)
    }

    /// Among all apps: the server's own search knows no misspelt names.
    pub(crate) async fn search_apps(&self, ask: AppSearch) -> Result<Vec<App>> {
        let limit = check_limit(ask.limit)?;
        let apps = self.apps().await?;
        let heads: Vec<Head> =
            apps.iter().map(|a| Head { slug: &a.slug, name: &a.name, category: &a.category }).collect();
        let found = search::ranked(&heads, &ask, limit as usize)?;
        Ok(found.into_iter().map(|at| apps[at].clone()).collect())
    }

    pub(crate) async fn app(&self, name: &str) -> Result<App> {
        let session = self.session()?;
        self.toolkit(&session, name).await.map(|toolkit| self.app_view(&toolkit))
    }

    fn app_view(&self, toolkit: &Toolkit) -> App {
        let scheme = |method: &Method| Scheme {
            auth_scheme: method.scheme.as_str().into(),
            fields: method.user.iter().map(FieldDef::view).collect(),
            developer_fields: method.developer.iter().map(FieldDef::view).collect(),
            base_url: method.base_url.clone().or_else(|| toolkit.base_url.clone()).unwrap_or_default(),
            checkable: toolkit.current_user.is_some() || self.can_ask(&toolkit.slug, &method.scheme),
        };
        App {
            slug: toolkit.slug.clone(),
            name: toolkit.name.clone(),
            category: toolkit.category.clone(),
            docs_url: toolkit.docs_url.clone(),
            custom: false,
            schemes: toolkit.methods.iter().flatten().map(scheme).collect(),
            actions: Vec::new(),
        }
    }

    pub(crate) async fn get_expected_params_for_user(&self, ask: ExpectedParamsQuery) -> Result<ExpectedParams> {
        let session = self.session()?;
        let found = self
            .resolve(&session, ask.integration_id.as_deref(), ask.app.as_deref(), ask.auth_scheme.as_ref(), "app")
            .await?;
        // What the developer gives is told by the app; where nobody asked for that yet, it is not worth a request.
        let known = self.cached_toolkit(&found.config.app);
        let method = known.as_deref().and_then(|t| t.method(Some(&found.config.scheme)).ok().cloned());
        let name = known.map_or_else(|| found.config.app.clone(), |t| t.name.clone());
        let fields: Vec<_> = found.fields.iter().map(FieldDef::view).collect();
        Ok(ExpectedParams {
            app: found.config.app.clone(),
            integration_id: found.config.id.clone(),
            auth_scheme: found.config.scheme.as_str().into(),
            json_schema: json_schema(&name, &fields),
            expected_params: fields,
            developer_params: method.iter().flat_map(|m| &m.developer).map(FieldDef::view).collect(),
        })
    }

    /// The auth config of this id, or the newest of the app that fits, or a new one where the app needs nothing from the
    /// developer. `app_argument` is what the caller's argument for the app is called.
    pub(super) async fn resolve(
        &self,
        session: &Session<'_, I>,
        integration_id: Option<&str>,
        app: Option<&str>,
        auth_scheme: Option<&AuthScheme>,
        app_argument: &str,
    ) -> Result<Resolved> {
        let Some(id) = integration_id else {
            let name = app.filter(|name| !name.is_empty()).ok_or_else(|| {
                Error::argument(app_argument, format!("name the app in `{app_argument}`, or give an `integration_id`"))
            })?;
            let config = self.newest_or_default(session, name, auth_scheme).await?;
            return self.with_fields(session, config).await;
        };
        let config = self.auth_config(session, id).await?;
        if let Some(name) = app
            && !name.eq_ignore_ascii_case(&config.app)
        {
            let message = format!("integration {id} is for {}, not for {name}", config.app);
            return Err(Error::argument(app_argument, message));
        }
        if let Some(scheme) = auth_scheme
            && !scheme.as_str().eq_ignore_ascii_case(&config.scheme)
        {
            let message = format!("integration {id} uses {}, not {scheme}", config.scheme);
            return Err(Error::new(ErrorKind::UnsupportedScheme, message).with_fields(["auth_scheme"]));
        }
        if !config.enabled {
            let message = format!("integration {id} is disabled; enable it at Composio");
            return Err(Error::argument("integration_id", message));
        }
        self.with_fields(session, config).await
    }

    async fn with_fields(&self, session: &Session<'_, I>, config: Arc<AuthConfig>) -> Result<Resolved> {
        let fields = match &config.fields {
            Some(fields) => fields.clone(),
            None if config.scheme == "NO_AUTH" => Vec::new(),
            // This server tells the fields with the app only.
            None => self.toolkit(session, &config.app).await?.method(Some(&config.scheme))?.user.clone(),
        };
        let fields = fields.into_iter().filter(|f| !config.fixed.iter().any(|fixed| *fixed == f.name)).collect();
        Ok(Resolved { config, fields })
    }

    async fn newest_or_default(
        &self,
        session: &Session<'_, I>,
        name: &str,
        auth_scheme: Option<&AuthScheme>,
    ) -> Result<Arc<AuthConfig>> {
        let fits = |config: &AuthConfig| {
            let scheme = match auth_scheme {
                Some(wanted) => wanted.as_str().eq_ignore_ascii_case(&config.scheme),
                None => takes_keys(&config.scheme),
            };
            config.enabled && scheme && config.app.eq_ignore_ascii_case(name)
        };
        let mut found = self.auth_configs(session, Some(name)).await?;
        found.retain(|config| fits(config));
        if let Some(newest) = found.into_iter().next() {
            // A list does not tell the fields on every server.
            return if newest.fields.is_some() { Ok(newest) } else { self.auth_config(session, &newest.id).await };
        }
        let toolkit = self.toolkit(session, name).await?;
        let method = toolkit.method(auth_scheme.map(AuthScheme::as_str))?;
        demand(&toolkit, method, &Values::default())?;
        let ask = NewAuthConfig {
            app: &toolkit.slug,
            scheme: &method.scheme,
            name: None,
            base_url: None,
            credentials: &Values::default(),
            shared: &Values::default(),
        };
        let fields = || method.developer.iter().chain(&method.user).cloned().collect::<Vec<_>>();
        self.create(session, &ask).await.map_err(|error| with_wire_names(error, &fields()))
    }

    /// All auth configs, newest first.
    pub(super) async fn auth_configs(
        &self,
        session: &Session<'_, I>,
        app: Option<&str>,
    ) -> Result<Vec<Arc<AuthConfig>>> {
        if let Some(name) = app.filter(|name| !is_id(name)) {
            return Err(self.unknown(name));
        }
        let version = self.project.version;
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let answer = session.call(version.auth_configs(app, cursor.as_deref())).await?;
            let (items, next) = version.read_page(&answer.json)?;
            for item in items {
                all.push(self.remembered(version.read_auth_config(item)?));
            }
            if next.is_none() || next == cursor {
                break;
            }
            cursor = next;
        }
        all.sort_by(|a, b| b.created_at.cmp(&a.created_at));
        Ok(all)
    }

    pub(super) async fn auth_config(&self, session: &Session<'_, I>, id: &str) -> Result<Arc<AuthConfig>> {
        if let Some(known) = self.cached_config(id).filter(|c| c.read_at.elapsed() < FRESH && c.fields.is_some()) {
            return Ok(known);
        }
        self.fetch_config(session, id).await
    }

    pub(super) async fn fetch_config(&self, session: &Session<'_, I>, id: &str) -> Result<Arc<AuthConfig>> {
        if !is_id(id) {
            return Err(no_integration(id));
        }
        let version = self.project.version;
        let answer = session.call(version.auth_config(id)).await.map_err(|f| match (f.status, f.error) {
            (Some(404), error) => keep_upstream(no_integration(id), &error),
            (_, error) => error,
        })?;
        Ok(self.remembered(version.read_auth_config(&answer.json)?))
    }

    pub(super) async fn toolkit(&self, session: &Session<'_, I>, name: &str) -> Result<Arc<Toolkit>> {
        if !is_id(name) {
            return Err(self.unknown(name));
        }
        if let Some(known) = self.cached_toolkit(name) {
            return Ok(known);
        }
        let version = self.project.version;
        let answer = session.call(version.toolkit(name)).await.map_err(|f| match (f.status, f.error) {
            (Some(404), error) => keep_upstream(self.unknown(name), &error),
            (_, error) => error,
        })?;
        let toolkit = Arc::new(version.read_toolkit(&answer.json)?);
        let mut cache = self.toolkits.lock();
        cache.insert(name.to_ascii_lowercase(), (std::time::Instant::now(), toolkit.clone()));
        Ok(toolkit)
    }

    fn cached_toolkit(&self, name: &str) -> Option<Arc<Toolkit>> {
        let cache = self.toolkits.lock();
        let (read_at, toolkit) = cache.get(&name.to_ascii_lowercase())?;
        (read_at.elapsed() < FRESH).then(|| toolkit.clone())
    }

    fn unknown(&self, name: &str) -> Error {
        unknown_app(name, self.catalog.slugs().iter().map(String::as_str))
    }
}

pub(super) fn no_integration(id: &str) -> Error {
    let shown: String = id.chars().take(64).collect();
    Error::new(ErrorKind::NotFound, format!("there is no integration {shown}")).with_fields(["integration_id"])
}

/// `missing_fields` where the app wants something of the developer that `given` lacks.
pub(super) fn demand(toolkit: &Toolkit, method: &Method, given: &Values) -> Result<()> {
    let missing = method.demands().filter(|f| given.get(&f.name).is_none());
    let problems: Vec<Problem> = missing
        .map(|f| Problem {
            field: f.name.to_string(),
            code: ErrorKind::MissingFields,
            message: format!(
                "{} needs `{}` ({}) from the developer: give it in `fixed_values` of an integration",
                toolkit.name, f.name, f.display_name
            ),
        })
        .collect();
    Error::of_problems(problems, Vec::new()).map_or(Ok(()), Err)
}

/// Our sentence, with what the server said beside it.
pub(super) fn keep_upstream(error: Error, from: &Error) -> Error {
    match from.upstream() {
        Some(upstream) => error.with_upstream(upstream.clone()),
        None => error,
    }
}
