//! Moving a vault's contents by a file: what exports are sealed for and opened with, and what the calls answer.

use std::path::PathBuf;

use serde::Serialize;

use crate::secret::Secret;

/// Who can open an export.
#[derive(Debug)]
#[non_exhaustive]
pub enum SealFor {
    /// Whoever knows this passphrase, stretched with Argon2id (64 MiB, 3 passes).
    Passphrase(Secret),
    /// Whoever has the secret key of this public one: a recipient of age's, `age1…`, as `age-keygen` makes it.
    Recipient(String),
}

/// What opens an export.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenWith {
    /// The passphrase that it was sealed with.
    Passphrase(Secret),
    /// The secret key of its recipient: an identity of age's, `AGE-SECRET-KEY-1…`.
    Identity(Secret),
}

/// Which export is imported, and how.
#[derive(Debug)]
pub struct ImportVault {
    /// The file.
    pub path: PathBuf,
    /// What opens it.
    pub with: OpenWith,
    /// Only to tell what would be done.
    pub dry_run: bool,
}

impl ImportVault {
    /// The import of all that is in this file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, with: OpenWith) -> Self {
        Self { path: path.into(), with, dry_run: false }
    }
}

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Exported {
    /// How many integrations are in the file.
    pub integrations: u64,
    /// How many connections are in the file.
    pub connections: u64,
    /// Integrations that do not open: they are not in the file.
    pub damaged_integrations: Vec<String>,
    /// Connections that do not open, or whose integration does not: they are not in the file.
    pub damaged_connections: Vec<String>,
}

/// What was imported, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Imported {
    /// How many integrations are new in the vault.
    pub integrations: u64,
    /// How many connections are new in the vault.
    pub connections: u64,
    /// How many integrations and connections were there already, with the same values.
    pub already_there: u64,
    /// Integrations whose id another one has: nothing was changed.
    pub conflicting_integrations: Vec<String>,
    /// Connections whose id another one has, or one with other values; whose alias another one of the same user and app has; or
    /// whose integration conflicts: nothing was changed.
    pub conflicting_connections: Vec<String>,
}
