//! What a client is opened with.

use std::path::PathBuf;
use std::time::Duration;

use crate::vault::KeySource;

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
#[derive(Debug)]
pub struct Options {
    /// The vault's file, made at first use. Default: `keylatch/vault.db` in the platform's data folder.
    pub path: Option<PathBuf>,
    /// Where the vault's key comes from. Default: a private file beside the vault.
    pub key: KeySource,
    /// Longest time for one request to a provider, from the start to the last byte. Default: 30 seconds.
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
}

impl Default for Options {
    fn default() -> Self {
        Self {
            path: None,
            key: KeySource::default(),
            timeout: Duration::from_secs(30),
            max_response_bytes: 32 << 20,
            extra_ca_pem: None,
            proxy: None,
            strict_secrets: false,
        }
    }
}

impl Options {
    /// A second copy, its secrets wiped on their own drop, to open another client with.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            path: self.path.clone(),
            key: self.key.duplicate(),
            extra_ca_pem: self.extra_ca_pem.clone(),
            proxy: self.proxy.clone(),
            ..*self
        }
    }
}
