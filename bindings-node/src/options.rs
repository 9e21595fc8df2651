//! What a client is opened with, from JavaScript's types to the core's.

use std::time::Duration;

use keylatch::{
    ApiVersion, Audit, Composio, Error, ErrorKind, KeySource, Options, Result, Secret, Transit, TransitToken,
};
use napi_derive::napi;

/// A project on Composio's API, without its key.
#[napi(object, object_to_js = false)]
pub struct NativeProject {
    pub base_url: Option<String>,
    pub api_version: Option<String>,
}

/// A Transit key, without the token itself.
#[napi(object, object_to_js = false)]
pub struct NativeTransit {
    pub address: Option<String>,
    pub key: Option<String>,
    pub mount: Option<String>,
    pub namespace: Option<String>,
    pub token_env: Option<String>,
    pub token_file: Option<String>,
}

/// The options without the secret ones.
#[napi(object, object_to_js = false)]
pub struct NativeOptions {
    /// Composio's API instead of a vault.
    pub composio: Option<NativeProject>,
    pub path: Option<String>,
    pub tenant: Option<String>,
    pub key_env: Option<String>,
    pub key_file: Option<String>,
    pub keyring: Option<String>,
    pub transit: Option<NativeTransit>,
    pub timeout_ms: Option<f64>,
    pub max_response_bytes: Option<f64>,
    pub extra_ca: Option<String>,
    pub proxy: Option<String>,
    pub strict_secrets: Option<bool>,
    pub hold_for_ms: Option<f64>,
    pub audit: Option<String>,
}

impl NativeOptions {
    /// The options with the secrets that belong to them: a vault's key or passphrase, a token for Transit, or a project's API
    /// key.
    pub(crate) fn with_secrets(self, [key, passphrase, token, api_key]: [Option<Secret>; 4]) -> Result<Options> {
        let mut sources: Vec<KeySource> = [
            key.map(KeySource::Bytes),
            passphrase.map(KeySource::Passphrase),
            self.key_env.map(KeySource::Environment),
            self.key_file.map(|file| KeySource::File(file.into())),
            self.keyring.map(KeySource::Keyring),
            self.transit.map(|transit| transit.with_token(token)).transpose()?.map(KeySource::Transit),
        ]
        .into_iter()
        .flatten()
        .collect();
        let key = sources.pop().unwrap_or_default();
        if !sources.is_empty() {
            let message = "give one of key, passphrase, keyEnv, keyFile, keyring and transit, not several";
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let defaults = Options::default();
        Ok(Options {
            composio: self.composio.map(|project| project.with_key(api_key)).transpose()?,
            path: self.path.map(Into::into),
            tenant: self.tenant.unwrap_or(defaults.tenant),
            key,
            timeout: self.timeout_ms.map_or(Ok(defaults.timeout), |value| milliseconds("timeoutMs", value))?,
            max_response_bytes: self.max_response_bytes.map_or(Ok(defaults.max_response_bytes), bytes)?,
            extra_ca_pem: self.extra_ca.map(String::into_bytes),
            proxy: self.proxy,
            strict_secrets: self.strict_secrets.unwrap_or(defaults.strict_secrets),
            hold_for: self.hold_for_ms.map_or(Ok(defaults.hold_for), |value| milliseconds("holdForMs", value))?,
            audit: self.audit.map_or(Ok(defaults.audit), |name| Audit::named(&name))?,
            on_expired: None,
        })
    }
}

impl NativeTransit {
    fn with_token(self, token: Option<Secret>) -> Result<Transit> {
        let token = TransitToken::one_of(token, self.token_env, self.token_file.map(Into::into))?;
        let [address, key] = [self.address, self.key].map(Option::unwrap_or_default);
        let made = Transit::new(&address, &key, token);
        Ok(Transit { mount: self.mount.unwrap_or(made.mount), namespace: self.namespace, ..made })
    }
}

impl NativeProject {
    fn with_key(self, api_key: Option<Secret>) -> Result<Composio> {
        let api_version = match self.api_version {
            Some(text) => ApiVersion::parse(&text)
                .ok_or_else(|| Error::argument("api_version", "apiVersion must be 'v3.1' or 'v1'"))?,
            None => ApiVersion::default(),
        };
        Ok(Composio { api_key, base_url: self.base_url, api_version })
    }
}

fn milliseconds(name: &str, value: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(value / 1000.0)
        .map_err(|_| Error::new(ErrorKind::InvalidArgument, format!("{name} must be a number of milliseconds above 0")))
}

fn bytes(value: f64) -> Result<usize> {
    const MOST: f64 = 9_007_199_254_740_991.0; // the largest whole number that JavaScript has
    if !(1.0..=MOST).contains(&value) {
        return Err(Error::new(ErrorKind::InvalidArgument, "maxResponseBytes must be a number of bytes above 0"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just above")]
    let whole = value as u64;
    Ok(usize::try_from(whole).unwrap_or(usize::MAX))
}
