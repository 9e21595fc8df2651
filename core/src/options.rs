//! What a client is opened with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroize as _;

use crate::audit::Audit;
use crate::expired::OnExpired;
use crate::secret::Secret;
use crate::vault::{KeySource, url};

/// A project on Composio's API.
///
/// ```
/// use keylatch::{Composio, Options, Secret};
///
/// let project = Composio { api_key: Some(Secret::new(b"ak_example")), ..Composio::default() };
/// let options = Options { composio: Some(project), ..Options::default() };
/// # drop(options);
/// ```
#[derive(Debug, Default)]
pub struct Composio {
    /// The project's API key. Default: the environment variable `COMPOSIO_API_KEY`.
    pub api_key: Option<Secret>,
    /// Where the API is, with or without `/api` at the end. Default: the environment variable `COMPOSIO_BASE_URL`, else
    /// `https://backend.composio.dev`.
    pub base_url: Option<String>,
    /// Which generation of the API to speak. Default: v3.1.
    pub api_version: ApiVersion,
}

impl Composio {
    fn duplicate(&self) -> Self {
        Self {
            api_key: self.api_key.as_ref().map(Secret::duplicate),
            base_url: self.base_url.clone(),
            api_version: self.api_version,
        }
    }
}

/// A generation of Composio's API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiVersion {
    /// `/api/v3.1`, the current one.
    #[default]
    V3_1,
    /// `/api/v1` and `/api/v2`, for servers that still speak them.
    V1,
}

impl ApiVersion {
    /// The version of this text: `v3.1` or `v1`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "v3.1" => Some(Self::V3_1),
            "v1" => Some(Self::V1),
            _ => None,
        }
    }
}

/// The tenant where none is named.
pub(crate) const TENANT: &str = "default";

/// How to open a client. `Options::default()` is a vault in the platform's data folder, its key in a file beside it.
///
/// ```
/// use keylatch::{KeySource, Options, Secret};
/// use std::time::Duration;
///
/// let options = Options {
///     path: Some("vault.db".into()),
///     key: KeySource::Passphrase(Secret::new(b"correct horse battery staple")),
///     timeout: Duration::from_secs(10),
///     ..Options::default()
/// };
/// # drop(options);
/// ```
pub struct Options {
    /// Composio's API instead of a vault; `path` and `key` then mean nothing. Default: none, so a vault.
    pub composio: Option<Composio>,
    /// The vault's file, or the URL of a vault in PostgreSQL, such as `postgres://user:password@host/database`; made at first
    /// use. Default: `keylatch/vault.db` in the platform's data folder.
    pub path: Option<PathBuf>,
    /// Whose vault: each tenant's rows and data keys are its own, bound to it by their seals, and no call sees those of another.
    /// Default: `default`.
    pub tenant: String,
    /// Where the vault's key comes from. Default: a private file beside the vault; a vault in PostgreSQL needs another.
    pub key: KeySource,
    /// Longest time for one request to a provider, from the start to the last byte, and for waiting until other processes have
    /// written to the vault, or a keyring has been unlocked; on Composio's API for one call with all its retries and pauses.
    /// Default: 30 seconds.
    pub timeout: Duration,
    /// Largest answer of a provider that is taken, in bytes. Default: 32 MiB.
    pub max_response_bytes: usize,
    /// Certificate authorities to trust besides the system's, in PEM. Default: none.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// Proxy for requests to providers, such as `http://proxy:3128`. Default: none; the environment is not consulted.
    pub proxy: Option<String>,
    /// Refuse secrets in immutable host strings, and keep no connection on which a credential has travelled.
    /// Default: off.
    pub strict_secrets: bool,
    /// How long the opened record of a connection may be used again by `request` and `execute_action` without asking the vault. What
    /// this client changes is seen at once, what others change when this time is over, after a day at most. Meanwhile it stands in memory that is left out
    /// of core dumps and locked as far as the system allows. Default: zero, no longer than a call.
    pub hold_for: Duration,
    /// Whether this client writes what it does into the vault's audit log. A use of a connection costs a transaction then. Default:
    /// off. Composio's API has no such log.
    pub audit: Audit,
    /// Whom to tell of connections that become EXPIRED: by a 401 that the app's check confirms, a check, or a token that is
    /// refused. Never on Composio's API, where only Composio changes a status. Default: nobody.
    pub on_expired: Option<OnExpired>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            composio: None,
            path: None,
            tenant: TENANT.to_owned(),
            key: KeySource::default(),
            timeout: Duration::from_secs(30),
            max_response_bytes: 32 << 20,
            extra_ca_pem: None,
            proxy: None,
            strict_secrets: false,
            hold_for: Duration::ZERO,
            audit: Audit::Off,
            on_expired: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL holds a password.
        let path = self.path.as_ref().map(|path| url(path).map_or(path.as_path(), |_| Path::new("[redacted]")));
        f.debug_struct("Options")
            .field("composio", &self.composio)
            .field("path", &path)
            .field("tenant", &self.tenant)
            .field("key", &self.key)
            .field("timeout", &self.timeout)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("extra_ca_pem", &self.extra_ca_pem)
            .field("proxy", &self.proxy)
            .field("strict_secrets", &self.strict_secrets)
            .field("audit", &self.audit)
            .field("on_expired", &self.on_expired)
            .finish()
    }
}

impl Options {
    /// Wipes a URL that holds a password, once it has been read.
    pub(crate) fn forget_url(&mut self) {
        if let Some(path) = self.path.take_if(|path| url(path).is_some()) {
            path.into_os_string().into_encoded_bytes().zeroize();
        }
    }

    /// A second copy, its secrets wiped on their own drop, to open another client with.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            composio: self.composio.as_ref().map(Composio::duplicate),
            path: self.path.clone(),
            tenant: self.tenant.clone(),
            key: self.key.duplicate(),
            extra_ca_pem: self.extra_ca_pem.clone(),
            proxy: self.proxy.clone(),
            on_expired: self.on_expired.clone(),
            ..*self
        }
    }
}
