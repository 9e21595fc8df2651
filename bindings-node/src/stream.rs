//! Bodies in pieces: what JavaScript gives to be sent, and what it reads of an answer.

use std::sync::{Arc, Mutex, PoisonError};

use keylatch::{AsyncResponseStream, Error, ErrorKind, Upload, UploadSender};
use napi::Env;
use napi::bindgen_prelude::Uint8ArraySlice;
use napi_derive::napi;

use crate::answers::NativeAnswers;
use crate::client::Outcome;
use crate::guard::NativeCancel;

/// An answer that is read piece by piece.
#[napi]
pub struct NativeStream(Arc<tokio::sync::Mutex<Option<AsyncResponseStream>>>);

#[napi]
impl NativeStream {
    pub(crate) fn new(stream: AsyncResponseStream) -> Self {
        Self(Arc::new(tokio::sync::Mutex::new(Some(stream))))
    }

    /// The next piece as `body`; none is the end.
    #[napi(catch_unwind)]
    pub fn next(&self, env: &Env, answers: &NativeAnswers, cancel: &NativeCancel) -> napi::Result<u32> {
        let held = self.0.clone();
        answers.start(env, Some(cancel), async move {
            let mut held = held.lock().await;
            let stream = held.as_mut().ok_or_else(|| Error::new(ErrorKind::Closed, "the stream is closed"))?;
            Ok(Outcome { body: stream.next().await?.map(Into::into), ..Outcome::default() })
        })
    }

    /// Ends the request, once nobody reads.
    #[napi(catch_unwind)]
    pub fn close(&self, env: &Env, answers: &NativeAnswers) -> napi::Result<u32> {
        let held = self.0.clone();
        answers.start(env, None, async move {
            drop(held.lock().await.take());
            Ok(Outcome::default())
        })
    }
}

/// A body that is put in piece by piece while the request is under way.
#[napi]
pub struct NativeUpload {
    sender: Arc<tokio::sync::Mutex<Option<UploadSender>>>,
    upload: Mutex<Option<Upload>>,
}

#[napi]
impl NativeUpload {
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        let (sender, upload) = Upload::channel();
        Self { sender: Arc::new(tokio::sync::Mutex::new(Some(sender))), upload: Mutex::new(Some(upload)) }
    }

    /// Hands a copy of a piece over; `json` says whether it is taken.
    #[napi(catch_unwind)]
    pub fn send(&self, env: &Env, answers: &NativeAnswers, piece: Uint8ArraySlice) -> napi::Result<u32> {
        let (held, piece) = (self.sender.clone(), piece.to_vec());
        answers.start(env, None, async move {
            let taken = match &*held.lock().await {
                Some(sender) => sender.send(piece).await,
                None => false,
            };
            Ok(Outcome { json: Some(taken.to_string()), ..Outcome::default() })
        })
    }

    /// Says that this was all, or, where it was not `whole`, that there is no more.
    #[napi(catch_unwind)]
    pub fn end(&self, env: &Env, answers: &NativeAnswers, whole: bool) -> napi::Result<u32> {
        let held = self.sender.clone();
        answers.start(env, None, async move {
            if let Some(sender) = held.lock().await.take().filter(|_| whole) {
                sender.end().await;
            }
            Ok(Outcome::default())
        })
    }

    pub(crate) fn take(&self) -> Option<Upload> {
        self.upload.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
