//! Tokens that apps gave for credentials: kept in wiped memory, one for each connection, and asked for once however many
//! wait for it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::request::describe;
use super::{Embedded, Opened};
use crate::error::{Error, ErrorKind, Result};
use crate::input::Values;
use crate::io::Io;
use crate::process::PerProcess;
use crate::provider::{Judgement, Target, Token, Traded, trade};
use crate::verdict::Verdict;

/// From so many connections on, those whose token has ended are forgotten.
const MANY: usize = 1024;

/// The tokens of a client. A child asks for its own: whoever was asking for one of these may be gone.
#[derive(Default)]
pub(super) struct Tokens(PerProcess<Mutex<HashMap<String, Arc<Slot>>>>);

/// The place of one connection's token.
struct Slot {
    /// Of the credentials that the token was given for.
    record_version: i64,
    /// How often the app was asked.
    tries: AtomicU64,
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<(u64, Token)>,
    /// What came of the last try, where it was no token.
    failure: Option<Error>,
}

/// A connection's values with its token.
pub(super) struct Held {
    pub(super) values: Values,
    /// Which token it is.
    pub(super) number: u64,
    /// Whether it was there before this call.
    pub(super) kept: bool,
}

impl Tokens {
    pub(super) fn forget(&self, connection: &str) {
        self.slots().remove(connection);
    }

    pub(super) fn forget_all(&self) {
        self.slots().clear();
    }

    fn slot(&self, connection: &str, record_version: i64) -> Arc<Slot> {
        let mut slots = self.slots();
        if slots.len() >= MANY {
            slots.retain(|_, slot| !slot.is_over());
        }
        if let Some(slot) = slots.get(connection).filter(|slot| slot.record_version == record_version) {
            return slot.clone();
        }
        let slot = Arc::new(Slot { record_version, tries: AtomicU64::new(0), state: tokio::sync::Mutex::default() });
        slots.insert(connection.to_owned(), slot.clone());
        slot
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.0.get().lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Whether nobody uses it and its token has ended.
    fn is_over(&self) -> bool {
        self.state.try_lock().is_ok_and(|state| state.token.as_ref().is_none_or(|(_, token)| !token.is_good()))
    }
}

impl Token {
    fn is_good(&self) -> bool {
        Instant::now() < self.good_until
    }
}

impl<I: Io> Embedded<I> {
    /// The connection's values with its token, kept or new; `None` where its app trades nothing. `refused` is the number
    /// of a token that the app no longer takes.
    pub(super) async fn held_token(
        &self,
        opened: &Opened,
        target: &Target,
        refused: Option<u64>,
    ) -> Result<Option<Held>> {
        let scheme = opened.integration.scheme()?;
        let Some(def) = &scheme.trade else { return Ok(None) };
        let slot = self.tokens.slot(&opened.row.id, opened.row.record_version);
        let before = slot.tries.load(Ordering::SeqCst);
        let mut state = self.io.lock(&slot.state).await;
        if let Some((number, token)) = state.token.as_ref().filter(|(n, token)| Some(*n) != refused && token.is_good())
        {
            return Ok(Some(Held { values: token.with(&opened.values), number: *number, kept: true }));
        }
        if slot.tries.load(Ordering::SeqCst) != before
            && let Some(failure) = &state.failure
        {
            // Somebody asked while this call waited: asking again would tell nothing else.
            return Err(failure.clone());
        }
        *state = State::default();
        let number = slot.tries.fetch_add(1, Ordering::SeqCst) + 1;
        let traded = trade(&self.io, scheme, def, target, &opened.values, self.timeout).await?;
        match traded.token {
            Some(token) => {
                let values = token.with(&opened.values);
                state.token = Some((number, token));
                Ok(Some(Held { values, number, kept: false }))
            }
            None => {
                let error = self.not_granted(opened, traded).await;
                state.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    /// The error for a token that was not given; credentials that are refused make the connection EXPIRED.
    async fn not_granted(&self, opened: &Opened, traded: Traded) -> Error {
        let app = &opened.integration.app.name;
        let verdict = traded.evidence.verdict;
        if let Some(fault) = traded.fault {
            return describe(fault, opened).with_verdict(verdict);
        }
        let (kind, message) = match verdict {
            Verdict::Rejected => (
                ErrorKind::CredentialsRejected,
                format!("{app} no longer takes the credentials; ask the user for new ones"),
            ),
            Verdict::UnderScoped => (
                ErrorKind::CredentialsRejected,
                format!("{app} knows the credentials but gives no token for them: they lack a permission"),
            ),
            Verdict::RateLimited => (ErrorKind::RateLimited, format!("{app} asks to come back later; try again")),
            _ => (ErrorKind::ProviderUnreachable, format!("{app} gave no token for the credentials; try again")),
        };
        if verdict == Verdict::Rejected {
            let judgement = Judgement { verdict, evidence: vec![traded.evidence], account: None, retry_after: None };
            // The host has its error either way; if this cannot be noted now, the next call asks again.
            let _ = self.note(&opened.row, &judgement).await;
        }
        Error::new(kind, message)
            .with_connection(&opened.row.id)
            .with_verdict(verdict)
            .with_retry_after(traded.retry_after)
    }
}
