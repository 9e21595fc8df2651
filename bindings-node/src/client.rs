//! The client as Node calls it: each call starts at once on an event loop of its own, and what it comes to is handed over later, so
//! that neither Node's event loop nor libuv's few threads ever wait. Only what is looked up in the vault's file by its id is done where
//! it was asked for: that takes microseconds, fewer than it takes to wake another thread.

use std::sync::{Arc, OnceLock};

use keylatch::{AsyncClient, Error, ErrorKind, Options, Payload, Reply, Result};
use napi::Env;
use napi::bindgen_prelude::{Buffer, Either, Uint8ArraySlice};
use napi_derive::napi;

use crate::answers::NativeAnswers;
use crate::guard::{NativeCancel, at_once};
use crate::news::NativeNews;
use crate::options::NativeOptions;
use crate::params::NativeParams;
use crate::secret::NativeSecret;
use crate::stream::{NativeStream, NativeUpload};

/// How a call ended: `error` has the error as JSON, else `json` the result, `body` the bytes of an app's answer and `secret`
/// what was asked for by name, `stream` an answer in pieces. `call` is the number of a call that was under way.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Outcome {
    pub call: Option<u32>,
    pub json: Option<String>,
    pub body: Option<Buffer>,
    pub secret: Option<NativeSecret>,
    pub stream: Option<NativeStream>,
    pub error: Option<String>,
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        Self {
            json: Some(reply.json),
            body: reply.body.map(Into::into),
            secret: reply.secret.map(NativeSecret::new),
            ..Self::default()
        }
    }
}

impl From<Error> for Outcome {
    fn from(error: Error) -> Self {
        Self { error: Some(error.to_json()), ..Self::default() }
    }
}

/// One client, open or not yet. It is its own object before it is open, since outcomes are plain data. Calls give the number that
/// their outcome will have among the answers.
#[napi]
#[derive(Default)]
pub struct NativeClient(Arc<OnceLock<AsyncClient>>);

#[napi]
impl NativeClient {
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the vault, or the project on Composio's API. To be called once, before any other call. The secrets are spent.
    #[napi(catch_unwind)]
    #[allow(clippy::too_many_arguments, reason = "one for each secret, and only the facade gives them")]
    pub fn open(
        &self,
        env: &Env,
        answers: &NativeAnswers,
        options: NativeOptions,
        key: Option<&mut NativeSecret>,
        passphrase: Option<&mut NativeSecret>,
        token: Option<&mut NativeSecret>,
        api_key: Option<&mut NativeSecret>,
        news: Option<&NativeNews>,
    ) -> napi::Result<u32> {
        let slot = self.0.clone();
        let secrets = [key, passphrase, token, api_key].map(|secret| secret.map(NativeSecret::spend));
        let on_expired = news.map(NativeNews::listener);
        let options = options.with_secrets(secrets).map(|options| Options { on_expired, ..options });
        answers.start(env, None, async move {
            let client = AsyncClient::open(options?).await?;
            slot.set(client).map_err(|_| Error::new(ErrorKind::Internal, "this client was opened twice"))?;
            Ok(Outcome::default())
        })
    }

    /// Makes a call by its name; gives its outcome where that is there at once. Values are taken out of `params` before this returns.
    #[napi(catch_unwind)]
    #[allow(clippy::too_many_arguments, reason = "only the facade gives them")]
    pub fn call(
        &self,
        env: &Env,
        answers: &NativeAnswers,
        name: String,
        json: String,
        params: Option<&mut NativeParams>,
        body: Option<Uint8ArraySlice>,
        cancel: Option<&NativeCancel>,
    ) -> napi::Result<Either<u32, Outcome>> {
        let payload = Payload {
            params: params.map(NativeParams::drain).unwrap_or_default(),
            body: body.map(|bytes| bytes.to_vec()).unwrap_or_default(),
        };
        match self.opened() {
            Ok(client) if client.is_brief(&name) => {
                let done = at_once(|| client.call_here(&name, &json, payload));
                Ok(Either::B(done.map_or_else(Outcome::from, Outcome::from)))
            }
            client => {
                let work = async move { client?.call(&name, &json, payload).await.map(Outcome::from) };
                answers.start(env, cancel, work).map(Either::A)
            }
        }
    }

    /// Sends a request; `json` is the head of the answer, `stream` the rest.
    #[napi(catch_unwind)]
    pub fn stream(
        &self,
        env: &Env,
        answers: &NativeAnswers,
        json: String,
        body: Option<Uint8ArraySlice>,
        upload: Option<&NativeUpload>,
        cancel: Option<&NativeCancel>,
    ) -> napi::Result<u32> {
        let body = body.map(|bytes| bytes.to_vec()).unwrap_or_default();
        let (client, upload) = (self.opened(), upload.and_then(NativeUpload::take));
        answers.start(env, cancel, async move {
            let stream = client?.call_stream(&json, body, upload).await?;
            let json = Some(stream.head_json());
            Ok(Outcome { json, stream: Some(NativeStream::new(stream)), ..Outcome::default() })
        })
    }

    /// Closes the client. Calls that are under way finish or fail.
    #[napi(catch_unwind)]
    pub fn close(&self, env: &Env, answers: &NativeAnswers) -> napi::Result<u32> {
        let client = self.opened();
        answers.start(env, None, async move {
            let client = client?;
            // Closing a store may wait for the disk.
            tokio::task::spawn_blocking(move || client.close())
                .await
                .map_err(|_| Error::new(ErrorKind::Internal, "a defect in Keylatch ended the closing"))?;
            Ok(Outcome::default())
        })
    }

    /// The state of a vault that may not open. The secrets are spent.
    #[napi(catch_unwind)]
    pub fn diagnose(
        env: &Env,
        answers: &NativeAnswers,
        options: NativeOptions,
        key: Option<&mut NativeSecret>,
        passphrase: Option<&mut NativeSecret>,
        token: Option<&mut NativeSecret>,
    ) -> napi::Result<u32> {
        let secrets = [key, passphrase, token, None].map(|secret| secret.map(NativeSecret::spend));
        let options = options.with_secrets(secrets);
        answers.start(env, None, async move {
            let options = options?;
            let looked = tokio::task::spawn_blocking(move || keylatch::diagnose(&options)).await;
            let found =
                looked.map_err(|_| Error::new(ErrorKind::Internal, "a defect in Keylatch ended the look"))??;
            Ok(Outcome { json: Some(found.to_json()), ..Outcome::default() })
        })
    }

    fn opened(&self) -> Result<AsyncClient> {
        self.0.get().cloned().ok_or_else(|| Error::new(ErrorKind::Closed, "this client is not open"))
    }
}
