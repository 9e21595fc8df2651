//! What a thread with an event loop tells those who wait: once nothing is left of it on the thread's stack, and of connections that
//! it drops.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::{Builder, Runtime};

use super::Fault;
use super::exchange::runtime;
use crate::memory;

/// So much is not kept for a moment without work.
const MANY: usize = 32;

/// So many threads at most wait for the disk, or for a request that stands alone: a burst of calls is no burst of threads.
const MOST_WAITING: usize = 32;

type Telling = Box<dyn FnOnce() + Send>;

/// What is to be told when there is nothing else to do, or there is much of it.
#[derive(Default)]
pub(super) struct Told(Mutex<Vec<Telling>>);

impl Told {
    /// An event loop for this thread, and what it tells.
    pub(super) fn with_runtime() -> Result<(Arc<Self>, Runtime), Fault> {
        let told = Arc::new(Self::default());
        let at_rest = told.clone();
        let mut builder = Builder::new_current_thread();
        builder.on_thread_park(move || at_rest.tell()).thread_name("keylatch-io").max_blocking_threads(MOST_WAITING);
        Ok((told, runtime(&mut builder)?))
    }

    pub(super) fn add(&self, telling: impl FnOnce() + Send + 'static) {
        let mut waiting = self.waiting();
        waiting.push(Box::new(telling));
        let many = waiting.len() >= MANY;
        drop(waiting);
        if many {
            self.tell();
        }
    }

    pub(super) fn tell(&self) {
        memory::bleach();
        let all = std::mem::take(&mut *self.waiting());
        all.into_iter().for_each(|telling| telling());
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Telling>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
