//! Tells the host of connections that have expired: after the call that found out, so that no lock of ours is held.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::connection::Status;
use crate::process::Lock;

/// A connection that has become EXPIRED: the app no longer takes its credentials, and its user is to be asked for new ones.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Expired {
    /// The connection.
    pub connected_account_id: String,
    /// The application's user.
    pub entity_id: String,
    /// Slug of the app.
    pub app: String,
    /// What the status was before.
    pub previous_status: Status,
}

/// What the host wants done when a connection becomes EXPIRED.
#[derive(Clone)]
pub struct OnExpired(Arc<dyn Fn(Expired) + Send + Sync>);

impl OnExpired {
    /// Called once for each change, on the thread (or by the task) whose call found out or a later one of the same client,
    /// just before that call returns. It may make calls of its own.
    #[must_use]
    pub fn new(tell: impl Fn(Expired) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }
}

impl fmt::Debug for OnExpired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnExpired(…)")
    }
}

/// What a client has yet to tell.
pub(crate) struct News {
    to: Option<OnExpired>,
    untold: Lock<Vec<Expired>>,
}

impl News {
    pub(crate) fn new(to: Option<OnExpired>) -> Self {
        Self { to, untold: Lock::default() }
    }

    pub(crate) fn note(&self, expired: Expired) {
        if self.to.is_some() {
            self.untold.lock().push(expired);
        }
    }

    /// To be called when a call is over.
    pub(crate) fn tell(&self) {
        let Some(to) = &self.to else { return };
        let untold = std::mem::take(&mut *self.untold.lock());
        untold.into_iter().for_each(|expired| to.0(expired));
    }
}
