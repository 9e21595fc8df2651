//! What a client is opened with, collected from keyword arguments.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keylatch::{ApiVersion, Audit, Composio, KeySource, Secret, Transit, TransitToken};
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::buffer;
use crate::error;
use crate::news::News;
use crate::secret::Secret as PySecret;

/// Options for one opening; the key in them goes into the client and is wiped with it.
#[pyclass(frozen, module = "keylatch._native")]
pub(crate) struct Options(Mutex<Option<keylatch::Options>>);

impl Options {
    fn ready(options: keylatch::Options) -> Self {
        Self(Mutex::new(Some(options)))
    }

    pub(crate) fn consume(&self, py: Python<'_>) -> PyResult<keylatch::Options> {
        let options = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        options.ok_or_else(|| error::invalid(py, "these options have opened a client already"))
    }
}

#[pymethods]
impl Options {
    #[new]
    #[pyo3(signature = (*, path, tenant, key, key_env, key_file, passphrase, keyring, transit, timeout, max_response_bytes, extra_ca_pem,
        proxy, strict_secrets, hold_for, audit, news))]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments, and only the facade gives them")]
    fn new(
        py: Python<'_>,
        path: Option<PathBuf>,
        tenant: String,
        key: Option<&Bound<'_, PyAny>>,
        key_env: Option<String>,
        key_file: Option<PathBuf>,
        passphrase: Option<&Bound<'_, PyAny>>,
        keyring: Option<String>,
        transit: Option<TransitParts<'_>>,
        timeout: f64,
        max_response_bytes: usize,
        extra_ca_pem: Option<Vec<u8>>,
        proxy: Option<String>,
        strict_secrets: bool,
        hold_for: f64,
        audit: &str,
        news: Option<&Bound<'_, News>>,
    ) -> PyResult<Self> {
        let mut sources = Vec::new();
        if let Some(key) = key {
            sources.push(KeySource::Bytes(key_material(key, "key")?));
        }
        sources.extend(key_env.map(KeySource::Environment));
        sources.extend(key_file.map(KeySource::File));
        if let Some(passphrase) = passphrase {
            sources.push(KeySource::Passphrase(key_material(passphrase, "passphrase")?));
        }
        sources.extend(keyring.map(KeySource::Keyring));
        sources.extend(transit.map(|parts| parts.whole(py)).transpose()?.map(KeySource::Transit));
        if sources.len() > 1 {
            let message = "give at most one of key, key_env, key_file, passphrase, keyring and transit";
            return Err(error::invalid(py, message));
        }
        Ok(Self::ready(keylatch::Options {
            path,
            tenant,
            key: sources.pop().unwrap_or_default(),
            timeout: seconds(py, "timeout", timeout)?,
            max_response_bytes,
            extra_ca_pem,
            proxy,
            strict_secrets,
            hold_for: seconds(py, "hold_for", hold_for)?,
            audit: Audit::named(audit).map_err(|e| error::raise(py, &e))?,
            on_expired: news.map(|news| news.get().listener()),
            ..keylatch::Options::default()
        }))
    }

    /// For a project on Composio's API.
    #[staticmethod]
    #[pyo3(signature = (*, api_key, base_url, api_version, timeout, max_response_bytes, extra_ca_pem, proxy, strict_secrets))]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments, and only the facade gives them")]
    fn composio(
        py: Python<'_>,
        api_key: Option<&Bound<'_, PyAny>>,
        base_url: Option<String>,
        api_version: &str,
        timeout: f64,
        max_response_bytes: usize,
        extra_ca_pem: Option<Vec<u8>>,
        proxy: Option<String>,
        strict_secrets: bool,
    ) -> PyResult<Self> {
        let project = Composio {
            api_key: api_key.map(|key| key_material(key, "api_key")).transpose()?,
            base_url,
            api_version: ApiVersion::parse(api_version)
                .ok_or_else(|| error::invalid(py, "api_version must be \"v3.1\" or \"v1\""))?,
        };
        Ok(Self::ready(keylatch::Options {
            composio: Some(project),
            timeout: seconds(py, "timeout", timeout)?,
            max_response_bytes,
            extra_ca_pem,
            proxy,
            strict_secrets,
            ..keylatch::Options::default()
        }))
    }

    fn __repr__(&self) -> &'static str {
        "Options(…)"
    }
}

/// The attributes of a `keylatch.Transit`.
#[derive(FromPyObject)]
struct TransitParts<'py> {
    address: String,
    key: String,
    token: Option<Bound<'py, PyAny>>,
    token_env: Option<String>,
    token_file: Option<PathBuf>,
    mount: String,
    namespace: Option<String>,
}

impl TransitParts<'_> {
    fn whole(self, py: Python<'_>) -> PyResult<Transit> {
        let token = self.token.map(|token| key_material(&token, "token")).transpose()?;
        let token = TransitToken::one_of(token, self.token_env, self.token_file);
        let token = token.map_err(|why| error::raise(py, &why))?;
        Ok(Transit { mount: self.mount, namespace: self.namespace, ..Transit::new(&self.address, &self.key, token) })
    }
}

fn seconds(py: Python<'_>, name: &str, value: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value)
        .map_err(|_| error::invalid(py, format!("{name} must be a number of seconds above zero")))
}

/// A key or passphrase: text or bytes are copied, a mutable buffer is taken and wiped.
fn key_material(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Secret> {
    let py = value.py();
    if let Ok(secret) = value.cast::<PySecret>() {
        return secret
            .get()
            .duplicate()
            .ok_or_else(|| error::invalid(py, format!("{name} is a Secret that has been wiped")));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Secret::new(text.to_str()?.as_bytes()));
    }
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Secret::new(bytes.as_bytes()));
    }
    let Ok(view) = PyBuffer::<u8>::get(value) else {
        return Err(error::invalid(py, format!("{name} must be a Secret, a bytearray, bytes or text")));
    };
    match buffer::take(&view, py)? {
        Some(secret) => Ok(secret),
        None => buffer::copy(&view, py),
    }
}
