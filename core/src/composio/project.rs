//! Which project on which server: the API key and the base URL, from options or the environment.

use http::HeaderValue;
use url::Url;

use crate::error::{Error, Result};
use crate::io::addresses::server_address;
use crate::options::{self, ApiVersion};
use crate::secret::Secret;

const HOME: &str = "https://backend.composio.dev";
const KEY_VARIABLE: &str = "COMPOSIO_API_KEY";
const URL_VARIABLE: &str = "COMPOSIO_BASE_URL";

/// A project that can be called.
pub(crate) struct Project {
    pub(super) api_key: Secret,
    /// Ends in `/api`.
    pub(super) base: Url,
    pub(super) version: ApiVersion,
}

impl Project {
    pub(crate) fn open(given: &options::Composio) -> Result<Self> {
        let api_key = match &given.api_key {
            Some(key) => key.duplicate(),
            None => std::env::var(KEY_VARIABLE).map(Secret::from).map_err(|_| {
                Error::argument("api_key", format!("give the project's API key, or set {KEY_VARIABLE}"))
            })?,
        };
        let key = api_key.expose(); // expose: only looked at
        if key.is_empty() || HeaderValue::from_bytes(key).is_err() || key.iter().any(u8::is_ascii_whitespace) {
            return Err(Error::argument("api_key", "the API key is empty or holds a character that no key has"));
        }
        let base_url = given.base_url.clone().or_else(|| std::env::var(URL_VARIABLE).ok().filter(|u| !u.is_empty()));
        let base = base(base_url.as_deref().unwrap_or(HOME))?;
        Ok(Self { api_key, base, version: given.api_version })
    }
}

/// Both customs are taken: with `/api` at the end and without.
fn base(text: &str) -> Result<Url> {
    let mut url = server_address(text).ok_or_else(|| {
        let message = "base_url must be an https address (http for loopback only), with or without /api at the end";
        Error::argument("base_url", message)
    })?;
    let path = url.path().trim_end_matches('/');
    let path = format!("{}/api", path.strip_suffix("/api").unwrap_or(path));
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_base_url_mean_the_same() {
        for text in ["https://c.test", "https://c.test/", "https://c.test/api", "https://c.test/api/"] {
            assert_eq!(base(text).unwrap().as_str(), "https://c.test/api");
        }
        assert_eq!(base("http://127.0.0.1:8099/mock").unwrap().as_str(), "http://127.0.0.1:8099/mock/api");
        for text in ["", "c.test", "http://c.test", "https://u:p@c.test", "https://c.test?x=1", "ftp://c.test"] {
            assert!(base(text).is_err(), "{text}");
        }
    }
}
