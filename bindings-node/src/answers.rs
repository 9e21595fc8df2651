//! What calls came to, handed to JavaScript on its own thread: all that has come since it last looked, in one wake-up.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use keylatch::{EventLoop, Result};
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};
use napi_derive::napi;

use crate::client::Outcome;
use crate::guard::{NativeCancel, guarded};

/// Calls a function on its own thread, from any thread; by itself it keeps no process going.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true>;

/// The calls that one thread of JavaScript's makes. What is in it when that thread has ended is dropped with it.
#[napi]
pub struct NativeAnswers(Arc<Mutex<Calls>>);

struct Calls {
    wake: Wake,
    last: u32,
    under_way: usize,
    ended: Vec<Outcome>,
}

#[napi]
impl NativeAnswers {
    /// `wake` is called when there is something to take.
    #[napi(constructor, catch_unwind)]
    pub fn new(wake: Function<'_, (), ()>) -> napi::Result<Self> {
        let wake = wake.build_threadsafe_function::<()>().weak::<true>().build()?;
        Ok(Self(Arc::new(Mutex::new(Calls { wake, last: 0, under_way: 0, ended: Vec::new() }))))
    }

    /// The answers that came since the last time.
    #[napi(catch_unwind)]
    pub fn take(&self, env: &Env) -> napi::Result<Vec<Outcome>> {
        let mut calls = locked(&self.0);
        let ended = std::mem::take(&mut calls.ended);
        calls.under_way -= ended.len();
        calls.keep_going(env)?;
        Ok(ended)
    }

    /// Does `work`, and gives the number that its outcome will have.
    pub(crate) fn start(
        &self,
        env: &Env,
        cancel: Option<&NativeCancel>,
        work: impl Future<Output = Result<Outcome>> + Send + 'static,
    ) -> napi::Result<u32> {
        let call = locked(&self.0).begin(env)?;
        let answers = Arc::downgrade(&self.0);
        match EventLoop::of_this_process() {
            Ok(event_loop) => {
                let work = guarded(work, cancel.map(NativeCancel::signal).unwrap_or_default());
                event_loop.spawn(work, move |done| end(&answers, call, done));
            }
            Err(error) => end(&answers, call, Err(error)),
        }
        Ok(call)
    }
}

impl Calls {
    fn begin(&mut self, env: &Env) -> napi::Result<u32> {
        self.last = self.last.wrapping_add(1);
        self.under_way += 1;
        self.keep_going(env)?;
        Ok(self.last)
    }

    /// Node goes on as long as a call is under way.
    #[expect(deprecated, reason = "the one that takes its place is a threadsafe function for each call")]
    fn keep_going(&mut self, env: &Env) -> napi::Result<()> {
        if self.under_way > 0 { self.wake.refer(env) } else { self.wake.unref(env) }
    }
}

/// Leaves the outcome to be taken, and says so where nothing else was left. Drops it where its thread has ended.
fn end(answers: &Weak<Mutex<Calls>>, call: u32, done: Result<Outcome>) {
    let Some(calls) = answers.upgrade() else { return };
    let mut calls = locked(&calls);
    calls.ended.push(Outcome { call: Some(call), ..done.unwrap_or_else(Outcome::from) });
    if calls.ended.len() == 1 {
        calls.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }
}

fn locked(calls: &Mutex<Calls>) -> MutexGuard<'_, Calls> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}
