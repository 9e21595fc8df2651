//! The client as Node calls it: each call starts at once on an event loop of its own and answers through a Promise, so that
//! neither Node's event loop nor libuv's few threads ever wait. Only what is looked up in the vault's file by its id is done where
//! it was asked for: that takes microseconds, fewer than it takes to wake another thread.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use keylatch::{AsyncClient, Error, ErrorKind, EventLoop, Options, Payload, Reply, Result};
use napi::bindgen_prelude::{Buffer, PromiseRaw, Uint8ArraySlice};
use napi::{Env, JsValue};
use napi_derive::napi;

use crate::guard::{NativeCancel, at_once, guarded};
use crate::news::NativeNews;
use crate::options::NativeOptions;
use crate::params::NativeParams;
use crate::secret::NativeSecret;
use crate::stream::{NativeStream, NativeUpload};

/// How a call ended: `error` has the error as JSON, else `json` the result, `body` the bytes of an app's answer and `secret`
/// what was asked for by name, `stream` an answer in pieces.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Outcome {
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

/// One client, open or not yet. It is its own object before it is open, since only Promises of plain data are made here.
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
    pub fn open<'env>(
        &self,
        env: &'env Env,
        options: NativeOptions,
        key: Option<&mut NativeSecret>,
        passphrase: Option<&mut NativeSecret>,
        token: Option<&mut NativeSecret>,
        api_key: Option<&mut NativeSecret>,
        news: Option<&NativeNews>,
    ) -> napi::Result<PromiseRaw<'env, Outcome>> {
        let slot = self.0.clone();
        let secrets = [key, passphrase, token, api_key].map(|secret| secret.map(NativeSecret::spend));
        let on_expired = news.map(NativeNews::listener);
        let options = options.with_secrets(secrets).map(|options| Options { on_expired, ..options });
        promise(env, &NativeCancel::new(), async move {
            let client = AsyncClient::open(options?).await?;
            slot.set(client).map_err(|_| Error::new(ErrorKind::Internal, "this client was opened twice"))?;
            Ok(Outcome::default())
        })
    }

    /// Makes a call by its name. Values are taken out of `params` before this returns.
    #[napi(catch_unwind)]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        name: String,
        json: String,
        params: Option<&mut NativeParams>,
        body: Option<Uint8ArraySlice>,
        cancel: &NativeCancel,
    ) -> napi::Result<PromiseRaw<'env, Outcome>> {
        let payload = Payload {
            params: params.map(NativeParams::drain).unwrap_or_default(),
            body: body.map(|bytes| bytes.to_vec()).unwrap_or_default(),
        };
        let client = self.opened();
        match client {
            Ok(client) if client.is_brief(&name) => kept(env, at_once(|| client.call_here(&name, &json, payload))),
            client => promise(env, cancel, async move { client?.call(&name, &json, payload).await.map(Outcome::from) }),
        }
    }

    /// Sends a request; `json` is the head of the answer, `stream` the rest.
    #[napi(catch_unwind)]
    pub fn stream<'env>(
        &self,
        env: &'env Env,
        json: String,
        body: Option<Uint8ArraySlice>,
        upload: Option<&NativeUpload>,
        cancel: &NativeCancel,
    ) -> napi::Result<PromiseRaw<'env, Outcome>> {
        let body = body.map(|bytes| bytes.to_vec()).unwrap_or_default();
        let (client, upload) = (self.opened(), upload.and_then(NativeUpload::take));
        promise(env, cancel, async move {
            let stream = client?.call_stream(&json, body, upload).await?;
            let json = Some(stream.head_json());
            Ok(Outcome { json, stream: Some(NativeStream::new(stream)), ..Outcome::default() })
        })
    }

    /// Closes the client. Calls that are under way finish or fail.
    #[napi(catch_unwind)]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Outcome>> {
        let client = self.opened();
        promise(env, &NativeCancel::new(), async move {
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
    pub fn diagnose<'env>(
        env: &'env Env,
        options: NativeOptions,
        key: Option<&mut NativeSecret>,
        passphrase: Option<&mut NativeSecret>,
        token: Option<&mut NativeSecret>,
    ) -> napi::Result<PromiseRaw<'env, Outcome>> {
        let secrets = [key, passphrase, token, None].map(|secret| secret.map(NativeSecret::spend));
        let options = options.with_secrets(secrets);
        promise(env, &NativeCancel::new(), async move {
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

/// A Promise that always resolves, to the outcome of `work`.
pub(crate) fn promise<'env>(
    env: &'env Env,
    cancel: &NativeCancel,
    work: impl Future<Output = Result<Outcome>> + Send + 'static,
) -> napi::Result<PromiseRaw<'env, Outcome>> {
    let event_loop = match EventLoop::of_this_process() {
        Ok(event_loop) => event_loop,
        Err(error) => return kept(env, Err(error)),
    };
    let (deferred, promise) = env.create_deferred::<Outcome, _>()?;
    event_loop.spawn(guarded(work, cancel.signal()), move |done| {
        deferred.resolve(|_| Ok(done.unwrap_or_else(Outcome::from)));
    });
    Ok(PromiseRaw::new(env.raw(), promise.raw()))
}

/// The same, of an outcome that is there.
fn kept(env: &Env, done: Result<Reply>) -> napi::Result<PromiseRaw<'_, Outcome>> {
    PromiseRaw::resolve(env, done.map_or_else(Outcome::from, Outcome::from))
}
