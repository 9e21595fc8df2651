//! Asks a Transit engine to seal or open a key: each request on a connection of its own, all of them within one time limit.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Request};
use serde::Deserialize;
use serde_json::json;
use url::Url;
use zeroize::{Zeroize as _, Zeroizing};

use super::Transit;
use super::refusal::{Refusal, Why};
use crate::error::{Error, Result};
use crate::io::{BlockingIo, Incoming, Io as _, Outgoing, run_now};
use crate::limits::retry_after;
use crate::retry::Tries;
use crate::secret::Secret;
use crate::vault::Means;

/// What is bound to a sealed key beside the vault's id, so that whoever may use the same Transit key for something else can
/// neither have a vault's key opened there nor bring one in.
const PURPOSE: &str = "keylatch/vault-key/";

/// An engine that can be asked, as long as the time lasts.
pub(super) struct Server<'t> {
    pub(super) asked: &'t Transit,
    pub(super) base: Url,
    pub(super) namespace: Option<HeaderValue>,
    pub(super) token: Secret,
    io: BlockingIo,
    until: Instant,
}

/// The parts of an answer that are read, without a copy: one of them is a key.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    ciphertext: Option<&'a str>,
    plaintext: Option<&'a str>,
}

impl<'t> Server<'t> {
    pub(super) fn new(
        asked: &'t Transit,
        base: Url,
        namespace: Option<HeaderValue>,
        token: Secret,
        means: &Means,
    ) -> Self {
        let io = BlockingIo::new(means.network.clone());
        Self { asked, base, namespace, token, io, until: Instant::now() + means.patience }
    }

    /// The key, sealed for the vault of this id.
    pub(super) fn encrypt(&self, key: &[u8; 32], vault_id: &str) -> Result<String> {
        let (head, tail) = (r#"{"plaintext":""#, format!(r#"","associated_data":"{}"}}"#, bound_to(vault_id)));
        let mut body = Zeroizing::new(vec![0; head.len() + 44 + tail.len()]); // 44: 32 bytes in Base64
        body[..head.len()].copy_from_slice(head.as_bytes());
        let filled = BASE64.encode_slice(key, &mut body[head.len()..head.len() + 44]);
        debug_assert_eq!(filled, Ok(44));
        body[head.len() + 44..].copy_from_slice(tail.as_bytes());
        let answer =
            self.ask("encrypt", &Secret::passing_from(std::mem::take(&mut *body))).map_err(|r| self.told(r))?;
        let sealed = read(&answer.body).and_then(|data| data.ciphertext).filter(|text| is_ciphertext(text));
        sealed.map(str::to_owned).ok_or_else(|| self.told(Why::Strange.into()))
    }

    /// The key in a ciphertext that was sealed for the vault of this id.
    pub(super) fn decrypt(&self, ciphertext: &str, vault_id: &str) -> Result<Zeroizing<[u8; 32]>> {
        self.open(ciphertext, Some(vault_id)).map_err(|r| self.told(r))
    }

    /// Whether the ciphertext opens though no vault is named.
    pub(super) fn opens_unbound(&self, ciphertext: &str) -> Result<bool> {
        match self.open(ciphertext, None) {
            Ok(_) => Ok(true),
            Err(Refusal { why: Why::Shut, .. }) => Ok(false),
            Err(other) => Err(self.told(other)),
        }
    }

    fn open(&self, ciphertext: &str, vault_id: Option<&str>) -> Result<Zeroizing<[u8; 32]>, Refusal> {
        let mut body = json!({ "ciphertext": ciphertext });
        if let Some(vault_id) = vault_id {
            body["associated_data"] = bound_to(vault_id).into();
        }
        let answer = self.ask("decrypt", &Secret::passing_from(body.to_string().into_bytes()))?;
        let text = read(&answer.body).and_then(|data| data.plaintext).ok_or(Why::Strange)?;
        let mut opened = Zeroizing::new([0; 36]); // room for what 44 characters could be
        match BASE64.decode_slice(text, &mut *opened) {
            Ok(32) => Ok(Zeroizing::new(opened[..32].try_into().expect("32 of them"))),
            _ => Err(Why::Shut.into()),
        }
    }

    /// Sends, and again where another answer may come soon: neither request changes anything there.
    fn ask(&self, what: &str, body: &Secret) -> Result<Zeroed, Refusal> {
        run_now(async {
            let time = self.until.saturating_duration_since(Instant::now());
            let mut tries = Tries::new("GET", None, time).map_err(|_| Why::Strange)?;
            loop {
                let timeout = tries.begin();
                let request = self.request(what, body)?;
                let sent = self.io.send(Outgoing { request, timeout, guarded: None, alone: true }).await;
                let refusal = match sent {
                    Ok(answer) if answer.status == 200 => return Ok(Zeroed(answer)),
                    Ok(answer) => {
                        let answer = Zeroed(answer);
                        tracing::debug!(
                            "keylatch.route" = what,
                            "http.response.status_code" = answer.status,
                            "transit refused"
                        );
                        Refusal::of(answer.status, &answer.body).after(retry_after(&answer.headers))
                    }
                    Err(fault) => fault.into(),
                };
                if !refusal.may_pass() || !tries.after_failure(&self.io, false, refusal.pause).await {
                    return Err(refusal);
                }
            }
        })
    }

    fn request(&self, what: &str, body: &Secret) -> Result<Request<Bytes>, Refusal> {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v1").extend(self.asked.mount()).extend([what, &self.asked.key]);
        }
        let mut token =
            HeaderValue::from_maybe_shared(Bytes::from_owner(self.token.lent())).map_err(|_| Why::Strange)?;
        token.set_sensitive(true);
        let mut request = Request::post(url.as_str())
            .header("x-vault-token", token)
            .header("x-vault-request", "true") // agents and proxies of these servers may insist on it
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json");
        if let Some(namespace) = &self.namespace {
            request = request.header("x-vault-namespace", namespace);
        }
        request.body(Bytes::from_owner(body.lent())).map_err(|_| Why::Strange.into())
    }

    fn told(&self, refusal: Refusal) -> Error {
        refusal.told(self.asked, &self.base)
    }
}

/// An answer whose body is wiped.
struct Zeroed(Incoming);

impl std::ops::Deref for Zeroed {
    type Target = Incoming;

    fn deref(&self) -> &Incoming {
        &self.0
    }
}

impl Drop for Zeroed {
    fn drop(&mut self) {
        self.0.body.zeroize();
    }
}

/// What a key that is sealed for the vault of this id is bound to, as it is sent.
fn bound_to(vault_id: &str) -> String {
    BASE64.encode(format!("{PURPOSE}{vault_id}"))
}

/// Whether a text looks like what the engine seals: it is kept, and sent back.
fn is_ciphertext(text: &str) -> bool {
    text.len() <= 1024 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn read(body: &[u8]) -> Option<Data<'_>> {
    serde_json::from_slice::<Answer<'_>>(body).ok().map(|answer| answer.data)
}
