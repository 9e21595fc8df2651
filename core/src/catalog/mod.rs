//! The catalogue: apps as data. The built-in ones are compiled in; custom ones are registered while a client runs.

mod builtin;
mod definition;
mod identify;
mod near;
mod oauth_only;
pub(crate) mod protocol;
mod read;
pub(crate) mod search;
pub(crate) mod shape;
#[cfg(test)]
mod source;
pub(crate) mod template;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

pub(crate) use definition::{
    ActionDef, Algorithm, AppDef, Check, Condition, Encoding, Expiry, FieldDef, Inject, JwtDef, KeyForm, Kind, Login,
    ParamDef, SchemeDef, Test, Text, TradeDef, When,
};
pub(crate) use near::near;
use search::Head;
use serde_json::Value;

use crate::app::{Action, ActionParam, App, AuthScheme, Scheme};
use crate::calls::AppSearch;
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::field::{Field, FieldCondition, FieldType};
use crate::process::Lock;
use crate::verdict; // named as a sibling by `definition.rs` and `read.rs`, as it is one in the build script

/// An app's definition, wherever it came from.
#[derive(Clone, Debug)]
pub(crate) enum AppRef {
    Builtin(&'static AppDef),
    Custom(Arc<AppDef>),
}

impl Deref for AppRef {
    type Target = AppDef;
    fn deref(&self) -> &AppDef {
        match self {
            Self::Builtin(app) => app,
            Self::Custom(app) => app,
        }
    }
}

impl AppRef {
    pub(crate) fn view(&self) -> App {
        App {
            slug: self.slug.to_string(),
            name: self.name.to_string(),
            category: self.category.to_string(),
            docs_url: self.docs_url.as_ref().map(ToString::to_string),
            custom: matches!(self, Self::Custom(_)),
            schemes: self.schemes.iter().map(SchemeDef::view).collect(),
            actions: self.actions.iter().map(ActionDef::view).collect(),
        }
    }

    /// The scheme of this name, or the preferred one where none is named.
    pub(crate) fn scheme(&self, wanted: Option<&AuthScheme>) -> Result<&SchemeDef> {
        let Some(wanted) = wanted else { return Ok(&self.schemes[0]) };
        self.schemes.iter().find(|s| s.auth_scheme.eq_ignore_ascii_case(wanted.as_str())).ok_or_else(|| {
            let offered: Vec<String> = self.schemes.iter().map(|s| s.auth_scheme.to_string()).collect();
            let message = format!("{} is not connected with {wanted}; it offers {}", self.name, offered.join(", "));
            Error::new(ErrorKind::UnsupportedScheme, message).with_fields(["auth_scheme"]).with_near(offered)
        })
    }
}

impl SchemeDef {
    pub(crate) fn scheme(&self) -> AuthScheme {
        AuthScheme::from(self.auth_scheme.as_ref())
    }

    /// Whether the app can be asked about a credential.
    pub(crate) fn checkable(&self) -> bool {
        !self.checks.is_empty() || self.trade.is_some() || self.login.is_some()
    }

    fn view(&self) -> Scheme {
        Scheme {
            auth_scheme: self.scheme(),
            fields: self.fields.iter().map(FieldDef::view).collect(),
            developer_fields: Vec::new(),
            base_url: self.base_url.to_string(),
            checkable: self.checkable(),
        }
    }
}

impl FieldDef {
    pub(crate) fn view(&self) -> Field {
        let owned = |text: &Option<definition::Text>| text.as_ref().map(ToString::to_string);
        let texts = |all: &[definition::Text]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        Field {
            name: self.name.to_string(),
            display_name: self.display_name.to_string(),
            description: self.description.to_string(),
            kind: self.kind.view(),
            required: self.required,
            is_secret: self.secret,
            default: owned(&self.default),
            choices: (!self.choices.is_empty()).then(|| texts(&self.choices)),
            choice_labels: (!self.choice_labels.is_empty()).then(|| texts(&self.choice_labels)),
            when: self.when.as_ref().map(|w| FieldCondition { field: w.field.to_string(), values: texts(&w.values) }),
            pattern: owned(&self.pattern),
            hint: self.hint.as_ref().map(|hint| hint.says.to_string()),
            example: owned(&self.example),
            help_url: owned(&self.help_url),
            strip_prefix: texts(&self.strip_prefix),
            strip_suffix: texts(&self.strip_suffix),
        }
    }
}

impl Kind {
    fn view(self) -> FieldType {
        match self {
            Self::String => FieldType::String,
            Self::Text => FieldType::Text,
            Self::Integer => FieldType::Integer,
            Self::Number => FieldType::Number,
            Self::Boolean => FieldType::Boolean,
            Self::Url => FieldType::Url,
        }
    }
}

impl ActionDef {
    fn view(&self) -> Action {
        let param = |p: &ParamDef| ActionParam {
            name: p.name.to_string(),
            description: p.description.to_string(),
            kind: p.kind.view(),
            required: p.required,
        };
        Action {
            name: self.name.to_string(),
            description: self.description.to_string(),
            params: self.params.iter().map(param).collect(),
        }
    }
}

/// The built-in apps and this client's own.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    custom: Lock<BTreeMap<String, Arc<AppDef>>>,
}

impl Catalog {
    /// The app of this name, compared without regard to case.
    pub(crate) fn app(&self, name: &str) -> Result<AppRef> {
        let slug = name.to_ascii_lowercase();
        if let Some(app) = self.find(&slug) {
            return Ok(app);
        }
        if let Some(refusal) = oauth_only::refusal(&slug) {
            return Err(refusal);
        }
        let near = near(&slug, self.slugs().iter().map(String::as_str));
        let hint = hint(&near, "see apps.list, or register it");
        let shown: String = name.chars().take(64).collect();
        Err(Error::new(ErrorKind::UnknownApp, format!("no app is called `{shown}`; {hint}"))
            .with_fields(["app"])
            .with_near(near))
    }

    /// The action of this name with its app, compared without regard to case. `acme_pay` goes before `acme`: both may
    /// have an `ACME_PAY_…`.
    pub(crate) fn action(&self, name: &str) -> Result<(AppRef, ActionDef)> {
        let wanted = name.to_ascii_uppercase();
        let slug = name.to_ascii_lowercase();
        let owners: Vec<AppRef> = slug.rmatch_indices('_').filter_map(|(end, _)| self.find(&slug[..end])).collect();
        let found = owners.iter().find_map(|app| {
            let action = app.actions.iter().find(|a| a.name == wanted)?;
            Some((app.clone(), action.clone()))
        });
        if let Some(found) = found {
            return Ok(found);
        }
        let app = owners.first();
        let candidates = app.map_or_else(|| self.apps(), |app| vec![app.clone()]);
        let near = near(&wanted, candidates.iter().flat_map(|a| a.actions.iter()).map(|a| a.name.as_ref()));
        let shown: String = name.chars().take(64).collect();
        let message = match app {
            Some(app) if app.actions.is_empty() => format!("{} has no actions here; use request", app.name),
            Some(app) => format!("{} has no action `{shown}`; {}", app.name, hint(&near, "see apps.get")),
            None => format!("no action is called `{shown}`; {}", hint(&near, "its name begins with the app's")),
        };
        Err(Error::argument("action", message).with_near(near))
    }

    /// Every app, by slug.
    pub(crate) fn apps(&self) -> Vec<AppRef> {
        let custom = self.custom.lock();
        let mut apps: Vec<AppRef> = builtin::apps().map(AppRef::Builtin).collect();
        apps.extend(custom.values().cloned().map(AppRef::Custom));
        apps.sort_by(|a, b| a.slug.cmp(&b.slug));
        apps
    }

    /// The apps that a person's words mean, best first; reads no definition but theirs.
    pub(crate) fn search(&self, ask: &AppSearch, limit: usize) -> Result<Vec<AppRef>> {
        let custom = self.custom_apps();
        let built_in: Vec<Head<'static>> = builtin::heads().collect();
        let mut heads: Vec<Head> = built_in;
        heads.extend(custom.iter().map(|a| Head { slug: &a.slug, name: &a.name, category: &a.category }));
        let found = search::ranked(&heads, ask, limit)?;
        Ok(found.into_iter().filter_map(|at| self.find(heads[at].slug)).collect())
    }

    /// Adds an app for as long as this client lives. The same slug again replaces the former definition.
    pub(crate) fn register(&self, definition: &Value) -> Result<AppRef> {
        let app = read::read(definition).map_err(refusal)?;
        if builtin::app(&app.slug).is_some() {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("`{}` is a built-in app; give yours another slug", app.slug),
            )
            .with_fields(["slug"]));
        }
        let app = Arc::new(app);
        self.custom.lock().insert(app.slug.to_string(), app.clone());
        Ok(AppRef::Custom(app))
    }

    /// The slug of every app, for suggestions; costs less than `apps`.
    pub(crate) fn slugs(&self) -> Vec<String> {
        let custom = self.custom.lock();
        builtin::heads().map(|head| head.slug.to_owned()).chain(custom.keys().cloned()).collect()
    }

    fn custom_apps(&self) -> Vec<Arc<AppDef>> {
        self.custom.lock().values().cloned().collect()
    }

    fn find(&self, slug: &str) -> Option<AppRef> {
        let custom = self.custom.lock();
        builtin::app(slug).map(AppRef::Builtin).or_else(|| custom.get(slug).cloned().map(AppRef::Custom))
    }
}

fn refusal(mistakes: Vec<read::Mistake>) -> Error {
    let problems = mistakes
        .into_iter()
        .map(|m| Problem {
            message: format!("{} {}", if m.at.is_empty() { "the definition" } else { &m.at }, m.problem),
            field: m.at,
            code: ErrorKind::InvalidArgument,
        })
        .collect();
    Error::of_problems(problems, Vec::new()).expect("a refused definition has a mistake")
}

fn hint(near: &[String], otherwise: &str) -> String {
    if near.is_empty() { otherwise.to_owned() } else { format!("did you mean {}?", near.join(", ")) }
}
