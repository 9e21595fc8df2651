//! Connections that a client found expired, kept until the facade fetches them: JavaScript is called on its own thread only.

use std::sync::{Arc, Mutex, PoisonError};

use keylatch::{Expired, OnExpired};
use napi_derive::napi;

/// A connection that has become EXPIRED.
#[napi(object, object_from_js = false)]
pub struct NativeExpired {
    pub connected_account_id: String,
    pub entity_id: String,
    pub app: String,
    pub previous_status: String,
}

/// What a client has found out since it was last asked.
#[napi]
#[derive(Default)]
pub struct NativeNews(Arc<Mutex<Vec<Expired>>>);

#[napi]
impl NativeNews {
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self::default()
    }

    /// What came since the last time.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Vec<NativeExpired> {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let plain = |expired: Expired| NativeExpired {
            connected_account_id: expired.connected_account_id,
            entity_id: expired.entity_id,
            app: expired.app,
            previous_status: expired.previous_status.to_string(),
        };
        all.into_iter().map(plain).collect()
    }

    pub(crate) fn listener(&self) -> OnExpired {
        let told = self.0.clone();
        OnExpired::new(move |expired| told.lock().unwrap_or_else(PoisonError::into_inner).push(expired))
    }
}
