//! Connections: one user's credentials for one integration, as hosts see them (never with the credential).

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

macro_rules! open_names {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $name:ident $text:literal,)* }) => {
        $(#[$doc])*
        ///
        /// The set is open: a name that this version does not know is kept as it is in `Other`.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$variant_doc])* $name,)*
            /// A name that this version does not know, as it was given.
            Other(String),
        }

        impl $type {
            /// The wire name, in capitals for every known one.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other(name) => name,
                }
            }
        }

        impl From<&str> for $type {
            fn from(name: &str) -> Self {
                $(if name.eq_ignore_ascii_case($text) { return Self::$name; })*
                Self::Other(name.to_owned())
            }
        }

        impl FromStr for $type {
            type Err = Infallible;
            fn from_str(name: &str) -> Result<Self, Infallible> {
                Ok(name.into())
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(|name| Self::from(name.as_str()))
            }
        }
    };
}
pub(crate) use open_names;

open_names! {
    /// Where a connection stands.
    Status {
        /// Being set up.
        Initializing "INITIALIZING",
        /// Waiting for the user.
        Initiated "INITIATED",
        /// Ready to use.
        Active "ACTIVE",
        /// Could not be set up.
        Failed "FAILED",
        /// The provider no longer accepts its credentials.
        Expired "EXPIRED",
        /// Switched off by the application.
        Inactive "INACTIVE",
        /// Withdrawn at the provider.
        Revoked "REVOKED",
    }
}

/// One user's connection to one app. It never carries the credential.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Connection {
    /// The connected account's id, `ca_…`.
    pub id: String,
    /// Slug of the app.
    pub app: String,
    /// Auth scheme of its integration.
    pub auth_scheme: crate::AuthScheme,
    /// The integration it belongs to.
    pub integration_id: String,
    /// The application's user whose connection it is.
    pub entity_id: String,
    /// Where it stands.
    pub status: Status,
    /// What the provider said last.
    pub verdict: Verdict,
    /// When the provider was last asked (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<String>,
    /// Whose account it is, where the provider tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The application's own name for it, unique per entity and app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The application's labels.
    pub labels: Vec<String>,
    /// The application's own data.
    pub metadata: serde_json::Value,
    /// When it was made (RFC 3339, UTC).
    pub created_at: String,
    /// When it was last changed (RFC 3339, UTC).
    pub updated_at: String,
}

/// One request that was made to check a credential, and what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Evidence {
    /// Method and path as the catalogue writes them (placeholders unfilled, so no value shows), or `log in by` and the
    /// protocol.
    pub request: String,
    /// The HTTP status, where there was an answer over HTTP.
    pub status: Option<u16>,
    /// The server's own code, where it does not speak HTTP (an SQLSTATE such as `28P01`, a reply code such as `535`); or why
    /// there was no answer, such as `the certificate is not trusted`.
    pub detail: Option<String>,
    /// What this answer alone means.
    pub verdict: Verdict,
}

/// Something about the input that was put right, and that the user may want to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Warning {
    /// Wire name of the field.
    pub field: String,
    /// What was done.
    pub message: String,
}

/// The answer to `initiate_connection`: ACTIVE at once, since there is nothing to redirect to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConnectionRequest {
    /// `ACTIVE`.
    pub connection_status: Status,
    /// Id of the connection.
    pub connected_account_id: String,
    /// Always `None` for keys and tokens.
    pub redirect_url: Option<String>,
    /// What the provider said.
    pub verdict: Verdict,
    /// The requests behind the verdict.
    pub evidence: Vec<Evidence>,
    /// Whose account it is, where the provider tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What was put right in the input.
    pub warnings: Vec<Warning>,
    /// Whether an existing connection got new credentials instead of a new one being made.
    pub replaced: bool,
}

/// The answer to a renewed check of a connection.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// Id of the connection.
    pub connected_account_id: String,
    /// Its status after the check.
    pub status: Status,
    /// What the provider said.
    pub verdict: Verdict,
    /// When (RFC 3339, UTC); `None` where the app has no check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<String>,
    /// Whose account it is, where the provider tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The requests behind the verdict.
    pub evidence: Vec<Evidence>,
}

/// One connection that a round of checks came by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Recheck {
    /// Id of the connection.
    pub connected_account_id: String,
    /// The application's user whose connection it is.
    pub entity_id: String,
    /// Slug of the app.
    pub app: String,
    /// Its status before the check.
    pub previous_status: Status,
    /// Its status after the check.
    pub status: Status,
    /// What the provider said; `not_checked` where it was not asked.
    pub verdict: Verdict,
    /// Why the provider was not asked: `rate_limited` where the app had asked to come back later, else the code of the error,
    /// such as `corrupt_record`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// One batch of a round of checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rechecks {
    /// What this batch came by, in that order.
    pub items: Vec<Recheck>,
    /// Give it back as `cursor` for the next batch; `None` on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many the round will come by yet; `None` where Composio does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
}

/// A list, and where to go on if it is not the whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// This page, newest first.
    pub items: Vec<T>,
    /// Give it back as `cursor` for the next page; `None` on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
