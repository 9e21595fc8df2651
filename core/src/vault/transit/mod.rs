//! A key of OpenBao's or Vault's Transit engine as the key source: the vault's master key is random, and is kept only as that
//! engine has sealed it. What such a source is made of, and what it is checked for before anything is sent.

mod asking;
mod refusal;

use std::path::PathBuf;

use http::HeaderValue;
use zeroize::Zeroizing;

use super::Means;
use crate::error::{Error, ErrorKind, Result};
use crate::io::addresses::server_address;
use crate::secret::Secret;
use asking::Server;

/// A key of the Transit engine of an OpenBao or Vault server. The vault's master key is sealed there, bound to the vault's id,
/// and only the ciphertext is kept, with the vault; the server opens it once for each opening of the vault.
///
/// The key must be of a type that takes associated data (`aes256-gcm96`, which is the default there, `aes128-gcm96`,
/// `chacha20-poly1305`, `xchacha20-poly1305`) and not be derived. The token needs `update` on `MOUNT/decrypt/KEY`, and on
/// `MOUNT/encrypt/KEY` where a vault is made or its key changed.
///
/// ```
/// use keylatch::{KeySource, Options, Transit, TransitToken};
///
/// let token = TransitToken::File("/run/secrets/bao-token".into());
/// let transit = Transit { mount: "team/transit".into(), ..Transit::new("https://bao.example:8200", "keylatch", token) };
/// let options = Options { key: KeySource::Transit(transit), ..Options::default() };
/// # drop(options);
/// ```
#[derive(Debug)]
pub struct Transit {
    /// Where the server is: an HTTPS address, or HTTP on loopback, without `/v1`.
    pub address: String,
    /// Name of the key. It is not made: an administrator does that.
    pub key: String,
    /// What the server is asked with.
    pub token: TransitToken,
    /// Where the engine is mounted. Default: `transit`.
    pub mount: String,
    /// The namespace that the engine is in (`X-Vault-Namespace`). Default: none.
    pub namespace: Option<String>,
}

/// The token that a Transit engine is asked with. Where it comes from a variable or a file, it is read for each opening, so that
/// whoever renews it there is heard.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransitToken {
    /// The token itself.
    Text(Secret),
    /// The environment variable of this name. None is looked at unasked, not even `VAULT_TOKEN`.
    Environment(String),
    /// This file, as an agent writes it; white space around the token is ignored.
    File(PathBuf),
}

impl TransitToken {
    /// The one of these that is given: the token itself, the name of an environment variable, or a file.
    ///
    /// # Errors
    /// `invalid_argument` where it is none, or more than one.
    pub fn one_of(text: Option<Secret>, environment: Option<String>, file: Option<PathBuf>) -> Result<Self> {
        match (text, environment, file) {
            (Some(token), None, None) => Ok(Self::Text(token)),
            (None, Some(name), None) => Ok(Self::Environment(name)),
            (None, None, Some(path)) => Ok(Self::File(path)),
            _ => Err(unfit("give Transit one of token, token_env and token_file")),
        }
    }

    fn duplicate(&self) -> Self {
        match self {
            Self::Text(token) => Self::Text(token.duplicate()),
            Self::Environment(name) => Self::Environment(name.clone()),
            Self::File(path) => Self::File(path.clone()),
        }
    }

    fn read(&self) -> Result<Secret> {
        let read = match self {
            Self::Text(token) => token.lent(),
            Self::Environment(name) => {
                let text = std::env::var_os(name).ok_or_else(|| {
                    locked(format!("the environment variable {name} with the token for Transit is not set"))
                })?;
                Secret::passing_from(text.into_encoded_bytes())
            }
            Self::File(path) => Secret::passing_from(std::fs::read(path).map_err(|e| {
                locked(format!("the file {} with the token for Transit cannot be read: {}", path.display(), e.kind()))
            })?),
        };
        let token = read.expose().trim_ascii(); // expose: only looked at
        if token.is_empty() || token.len() > 4096 || !token.iter().all(u8::is_ascii_graphic) {
            return Err(unfit("the token for Transit is empty or holds a character that no token has"));
        }
        Ok(Secret::passing(token))
    }
}

impl Transit {
    /// This key on this server, of the engine that is mounted at `transit`.
    #[must_use]
    pub fn new(address: &str, key: &str, token: TransitToken) -> Self {
        Self { address: address.to_owned(), key: key.to_owned(), token, mount: "transit".to_owned(), namespace: None }
    }

    pub(super) fn duplicate(&self) -> Self {
        Self {
            address: self.address.clone(),
            key: self.key.clone(),
            token: self.token.duplicate(),
            mount: self.mount.clone(),
            namespace: self.namespace.clone(),
        }
    }

    /// Has a master key sealed for the vault of this id. Nothing is to rely on the ciphertext before the server has opened it
    /// again, and has refused to do so without the vault's id: one of before Vault 1.13 would not bind it, and would no
    /// longer open it once it is updated.
    pub(super) fn wrap(&self, master: &[u8; 32], vault_id: &str, means: &Means) -> Result<String> {
        let server = self.server(means)?;
        let ciphertext = server.encrypt(master, vault_id)?;
        if *server.decrypt(&ciphertext, vault_id)? != *master || server.opens_unbound(&ciphertext)? {
            return Err(unfit(
                "this server's Transit engine does not bind what it seals to associated data, as OpenBao and Vault do from \
                 1.13 on: update it",
            ));
        }
        Ok(ciphertext)
    }

    /// The master key of the vault of this id.
    pub(super) fn unwrap(&self, ciphertext: &str, vault_id: &str, means: &Means) -> Result<Zeroizing<[u8; 32]>> {
        self.server(means)?.decrypt(ciphertext, vault_id)
    }

    /// The mount's path in its parts.
    fn mount(&self) -> impl Iterator<Item = &str> {
        self.mount.trim_matches('/').split('/')
    }

    fn server(&self, means: &Means) -> Result<Server<'_>> {
        if !is_name(&self.key) || !self.mount().all(is_name) {
            return Err(unfit(
                "key and mount of Transit are names of letters, digits, `_`, `-` and `.`; a mount may have several with `/` between",
            ));
        }
        let namespace =
            self.namespace.as_deref().filter(|name| !name.is_empty()).map(HeaderValue::from_str).transpose();
        let namespace = namespace.map_err(|_| unfit("the namespace of Transit holds a character that none has"))?;
        let base = server_address(&self.address).ok_or_else(|| {
            unfit("the address of Transit must be an https address (http for loopback only), without user, query or fragment")
        })?;
        Ok(Server::new(self, base, namespace, self.token.read()?, means))
    }
}

/// As these servers take them: word characters, with `-` and `.` between.
fn is_name(text: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let ends = [text.as_bytes().first(), text.as_bytes().last()];
    ends.into_iter().all(|end| end.is_some_and(is_word))
        && text.bytes().all(|b| is_word(&b) || matches!(b, b'-' | b'.'))
}

fn locked(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::VaultLocked, message).with_fields(["key"])
}

fn unfit(message: &str) -> Error {
    Error::argument("key", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut Transit)) -> String {
        let token = TransitToken::Text(Secret::new(b"s.token"));
        let mut transit = Transit::new("https://bao.test:8200", "app", token);
        change(&mut transit);
        let error = transit.server(&Means::plain()).err().expect("it cannot be asked");
        assert_eq!((error.kind(), error.fields()), (ErrorKind::InvalidArgument, &["key".to_owned()][..]));
        error.message().to_owned()
    }

    #[test]
    fn what_cannot_be_asked_is_refused_before_anything_is_sent() {
        for address in
            ["", "bao.test", "http://bao.test", "https://u:p@bao.test", "https://bao.test/?a", "ftp://bao.test"]
        {
            assert!(refusal(|t| t.address = address.into()).contains("must be an https address"), "{address}");
        }
        for name in ["", "a/b", "..", "a b", "-a", "a.", "ü"] {
            assert!(refusal(|t| t.key = name.into()).contains("names of letters"), "{name}");
        }
        for mount in ["", "/", "a//b", "../sys", "a?b"] {
            assert!(refusal(|t| t.mount = mount.into()).contains("names of letters"), "{mount}");
        }
        assert!(refusal(|t| t.namespace = Some("a\nb".into())).contains("namespace"));
        for token in ["", " \n", "a b", "s.ü"] {
            let given = Secret::new(token.as_bytes());
            assert!(refusal(|t| t.token = TransitToken::Text(given)).contains("the token"), "{token}");
        }
    }

    #[test]
    fn a_source_prints_no_token() {
        let transit = Transit::new("https://bao.test", "app", TransitToken::Text(Secret::new(b"s.canary")));
        assert!(!format!("{transit:?} {:?}", transit.duplicate()).contains("canary"));
    }
}
