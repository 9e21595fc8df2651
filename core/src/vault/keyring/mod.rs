//! Keys in the operating system's keyring: Secret Service, Keychain, Credential Manager. Asking it may mean that it asks
//! somebody for a password, so each call has a time limit.

#[cfg_attr(any(target_os = "macos", windows), path = "native.rs")]
#[cfg_attr(not(any(target_os = "macos", windows)), path = "secret_service.rs")]
mod store;

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::memory;
use crate::process::PerProcess;
use crate::secret::Secret;

/// Where a key stands in the keyring.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) service: String,
    pub(super) account: String,
}

/// Why a keyring does not do what it is asked to.
enum Refusal {
    /// It has no such entry.
    Gone,
    /// It has more than one.
    Several,
    /// Nobody unlocked it, or let this program in.
    Locked,
    /// There is none, or none that we understand.
    Silent,
    /// It let the short time pass that there is for one message, as when it is just starting.
    #[cfg_attr(any(target_os = "macos", windows), expect(dead_code, reason = "there are no messages"))]
    Slow,
}

/// The key as it is written there.
pub(super) fn read(entry: &Entry, patience: Duration) -> Result<Secret> {
    ask(entry, patience, move |entry| store::read(entry, patience).map(Secret::passing_from))
}

/// Writes a key where none is yet.
pub(super) fn write(entry: &Entry, key: Zeroizing<String>, patience: Duration) -> Result<()> {
    ask(entry, patience, move |entry| store::write(entry, key.as_bytes(), patience))
}

pub(super) fn remove(entry: &Entry, patience: Duration) -> Result<()> {
    ask(entry, patience, move |entry| store::remove(entry, patience))
}

/// One call to the keyring, with a connection of its own, so that a fork has none to copy. It happens on a thread that is left
/// behind where the keyring does not answer in time.
fn ask<T: Send + 'static>(
    entry: &Entry,
    patience: Duration,
    call: impl Fn(&Entry) -> Result<T, Refusal> + Send + 'static,
) -> Result<T> {
    let limit = Instant::now() + patience;
    let late = || {
        let message = format!(
            "the system's keyring did not answer within {patience:?}; it may be asking for its password: unlock it, then open \
             the vault again"
        );
        locked(message)
    };
    let turn = Turn::take(limit).ok_or_else(late)?;
    let (answer, answered) = sync_channel(1);
    let to = entry.clone();
    let thread = memory::Thread::spawn(move || {
        let _turn = turn;
        let said = loop {
            match memory::bleached(|| call(&to)) {
                Err(Refusal::Slow) if Instant::now() < limit => {}
                said => break said,
            }
        };
        let _ = answer.send(said); // nobody may be waiting any more
    })
    .map_err(|_| Error::new(ErrorKind::Internal, "the system gives no thread to ask the keyring on"))?;
    match answered.recv_timeout(limit.saturating_duration_since(Instant::now())) {
        Ok(said) => said.map_err(|why| why.explained(entry)),
        Err(RecvTimeoutError::Timeout) => {
            TURNS.get().lock().late = Some(thread);
            Err(late())
        }
        Err(RecvTimeoutError::Disconnected) => {
            Err(Error::new(ErrorKind::Internal, "asking the keyring ended without an answer"))
        }
    }
}

impl Refusal {
    fn explained(self, Entry { service, account }: &Entry) -> Error {
        locked(match self {
            Self::Gone => format!(
                "the system's keyring has no entry {account} of {service}; put it back, the vault does not open without it"
            ),
            Self::Several => format!(
                "the system's keyring has several entries {account} of {service}; leave the one that is the vault's key"
            ),
            Self::Locked => "the system's keyring is locked, or does not let this program in: unlock it, then open the vault \
                             again"
                .to_owned(),
            Self::Silent | Self::Slow => "no keyring answers here (on Linux it is a Secret Service on the session's D-Bus): start one, or \
                             give the vault's key in another way: as a file, an environment variable, bytes or a passphrase"
                .to_owned(),
        })
    }
}

fn locked(message: String) -> Error {
    Error::new(ErrorKind::VaultLocked, message).with_fields(["key"])
}

/// Whose turn it is to ask. One at a time in each process: a keyring that waits for somebody asks once, and threads that wait
/// for it do not pile up.
#[derive(Default)]
struct Turns {
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Default)]
struct State {
    taken: bool,
    /// One that was left behind, to be cleared away once it has ended.
    late: Option<memory::Thread>,
}

static TURNS: PerProcess<Arc<Turns>> = PerProcess::new();

impl Turns {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Given back when it is dropped.
struct Turn(Arc<Turns>);

impl Turn {
    fn take(limit: Instant) -> Option<Self> {
        let turns = TURNS.get().clone();
        let left = limit.saturating_duration_since(Instant::now());
        let waited = turns.given_back.wait_timeout_while(turns.lock(), left, |state| state.taken);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut state.taken, true) {
            return None;
        }
        let ended = state.late.take();
        drop(state);
        drop(ended); // has given its turn back, so this does not wait
        Some(Self(turns))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.lock().taken = false;
        self.0.given_back.notify_one();
    }
}
