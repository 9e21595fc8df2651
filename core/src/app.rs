//! Apps, their auth schemes and integrations, as hosts see them.

use serde::Serialize;

use crate::allow::Allow;
use crate::connection::open_names;
use crate::field::Field;
use serde::Deserialize;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

open_names! {
    /// How an app is authenticated.
    AuthScheme {
        /// One or more keys.
        ApiKey "API_KEY",
        /// A token sent as `Authorization: Bearer`.
        BearerToken "BEARER_TOKEN",
        /// User name and password.
        Basic "BASIC",
        /// Nothing to give.
        NoAuth "NO_AUTH",
    }
}

/// Something with an API that users have keys for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct App {
    /// Its name in calls, compared without regard to case.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// One coarse category.
    pub category: String,
    /// The provider's page on authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docs_url: Option<String>,
    /// Whether this client registered it at run time.
    pub custom: bool,
    /// How it can be connected, the preferred way first.
    pub schemes: Vec<Scheme>,
    /// What `execute_action` can do, as far as it is known beforehand.
    pub actions: Vec<Action>,
}

/// One way to connect an app.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Scheme {
    /// Its name.
    pub auth_scheme: AuthScheme,
    /// What the user gives.
    pub fields: Vec<Field>,
    /// What the developer gives to an integration; none on a vault.
    pub developer_fields: Vec<Field>,
    /// Where requests go; `{field}` stands for a value of the user's.
    pub base_url: String,
    /// Whether the provider can be asked about a credential.
    pub checkable: bool,
}

/// Something that `execute_action` does with a connection.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Action {
    /// Its name, such as `STRIPE_RETRIEVE_BALANCE`; compared without regard to case.
    pub name: String,
    /// What it does, in a sentence.
    pub description: String,
    /// What it takes.
    pub params: Vec<ActionParam>,
}

/// A parameter of an action.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ActionParam {
    /// Its name.
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Type of the value.
    #[serde(rename = "type")]
    pub kind: crate::field::FieldType,
    /// Whether it must be given.
    pub required: bool,
}

/// An app that a credential could be of, by its form: one of the answers of `identify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyOrigin {
    /// Slug of the app.
    pub app: String,
    /// Its name for people.
    pub app_name: String,
    /// The auth scheme with the field.
    pub auth_scheme: AuthScheme,
    /// Wire name of the field that such values are for.
    pub field: String,
    /// Whether the form is clear, and that of no other app that is known here.
    pub certain: bool,
}

/// The developer's configuration of one app with one scheme.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Integration {
    /// Its id, `ac_…`.
    pub id: String,
    /// Slug of the app.
    pub app: String,
    /// The auth scheme.
    pub auth_scheme: AuthScheme,
    /// The developer's name for it.
    pub name: String,
    /// Where requests go instead of the app's own base URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Fields whose values the developer has fixed; users are not asked for them.
    pub fixed_fields: Vec<String>,
    /// What its hosts may be beyond public ones.
    pub allow: Allow,
    /// When it was made (RFC 3339, UTC).
    pub created_at: String,
}

/// What a user must give to connect: the answer to `get_expected_params_for_user`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ExpectedParams {
    /// Slug of the app.
    pub app: String,
    /// The integration that the fields are for.
    pub integration_id: String,
    /// Its auth scheme.
    pub auth_scheme: AuthScheme,
    /// The fields, in the order to ask.
    pub expected_params: Vec<Field>,
    /// What the developer must give to the integration, not the user: on Composio's API, fields of the auth config.
    pub developer_params: Vec<Field>,
    /// `expected_params` as JSON Schema, draft 2020-12.
    pub json_schema: serde_json::Value,
}
