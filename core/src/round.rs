//! A round of checks over many connections, one batch a call: how fast, which apps rest, and the cursor that carries it all
//! from call to call, so that no backend and no client has to remember a round.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::calls::VerifyDue;
use crate::connection::{Connection, Recheck, Rechecks, Status, Verification};
use crate::error::{Error, ErrorKind, Result};
use crate::io::Io;
use crate::verdict::Verdict;

/// How many connections a round comes by, where the caller does not say.
const DEFAULT_LIMIT: u32 = 1_000;
const MOST: u32 = 100_000;
/// The pause between two checks at one app, where the caller does not say.
const DEFAULT_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A batch ends after so many connections, or after the first that ends so late: the caller is told and may stop.
pub(crate) const BATCH: u32 = 20;
const LATE: Duration = Duration::from_secs(1);
/// The states in which a check can change something.
pub(crate) const DUE: [Status; 2] = [Status::Active, Status::Expired];

/// What a cursor says. `P` is where the backend goes on.
#[derive(Deserialize, Serialize)]
struct State<P> {
    /// Connections that were verified later than this (RFC 3339) are not due.
    until: String,
    left: u32,
    /// When each app may be asked next, in milliseconds since 1970.
    next: BTreeMap<String, i64>,
    /// Apps that asked to come back later, and until when they rest.
    resting: BTreeMap<String, i64>,
    at: Option<P>,
}

/// One batch of a round.
pub(crate) struct Round<P> {
    state: State<P>,
    pause: Duration,
    begun: Instant,
    items: Vec<Recheck>,
}

/// A connection as far as a round needs to know it.
pub(crate) struct Due<'c> {
    pub(crate) id: &'c str,
    pub(crate) entity_id: &'c str,
    pub(crate) app: &'c str,
    pub(crate) status: &'c Status,
}

impl<'c> From<&'c Connection> for Due<'c> {
    fn from(c: &'c Connection) -> Self {
        Self { id: &c.id, entity_id: &c.entity_id, app: &c.app, status: &c.status }
    }
}

/// What a check brought, and how long its app wants to be left alone.
pub(crate) type Checked = (Verification, Option<Duration>);

impl<P: Serialize + DeserializeOwned> Round<P> {
    /// The batch that the cursor tells of, or the first.
    pub(crate) fn new(ask: &VerifyDue) -> Result<Self> {
        let limit = ask.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MOST).contains(&limit) {
            return Err(Error::argument("limit", format!("limit must be 1 to {MOST}")));
        }
        let pause = ask.pause_ms.map_or(DEFAULT_PAUSE, Duration::from_millis);
        if pause > LONGEST_PAUSE {
            let message = format!("pause_ms must be {} at most", LONGEST_PAUSE.as_millis());
            return Err(Error::argument("pause_ms", message));
        }
        let state = match &ask.cursor {
            Some(cursor) => read_cursor(cursor)?,
            None => State {
                until: before(ask.older_than_ms.unwrap_or(0))?,
                left: limit,
                next: BTreeMap::new(),
                resting: BTreeMap::new(),
                at: None,
            },
        };
        Ok(Self { state, pause, begun: Instant::now(), items: Vec::new() })
    }

    pub(crate) fn until(&self) -> &str {
        &self.state.until
    }

    pub(crate) fn at(&self) -> Option<&P> {
        self.state.at.as_ref()
    }

    /// How many connections this batch may come by yet; none where it has taken long enough.
    pub(crate) fn room(&self) -> u32 {
        let taken = u32::try_from(self.items.len()).unwrap_or(BATCH);
        if taken > 0 && self.begun.elapsed() >= LATE { 0 } else { self.state.left.min(BATCH - taken.min(BATCH)) }
    }

    /// Whether the app rests; waits until it may be asked, where it does not.
    pub(crate) async fn may_ask<I: Io>(&mut self, io: &I, app: &str) -> bool {
        if self.state.resting.get(app).is_some_and(|until| *until > now()) {
            return false;
        }
        let wait = self.state.next.get(app).map_or(0, |next| next.saturating_sub(now()));
        io.sleep(Duration::from_millis(u64::try_from(wait).unwrap_or(0)).min(self.pause)).await;
        true
    }

    /// Notes a check that was made. One that cannot be made hides no others; a store or a server that fails ends the call.
    pub(crate) fn note(&mut self, due: &Due<'_>, outcome: Result<Checked>) -> Result<()> {
        let mut item = Recheck {
            connected_account_id: due.id.to_owned(),
            entity_id: due.entity_id.to_owned(),
            app: due.app.to_owned(),
            previous_status: due.status.clone(),
            status: due.status.clone(),
            verdict: Verdict::NotChecked,
            skipped: None,
        };
        match outcome {
            Ok((verification, rest)) => {
                item.status = verification.status;
                item.verdict = verification.verdict;
                self.pace(due.app, &item, rest, !verification.evidence.is_empty());
            }
            Err(error) => match error.kind() {
                ErrorKind::CorruptRecord
                | ErrorKind::ForbiddenHost
                | ErrorKind::InvalidArgument
                | ErrorKind::InvalidField
                | ErrorKind::NotFound
                | ErrorKind::UnknownApp
                | ErrorKind::UnsupportedScheme => item.skipped = Some(error.kind().code().to_owned()),
                _ => return Err(error),
            },
        }
        self.push(item);
        Ok(())
    }

    /// Notes that the connection's app rests.
    pub(crate) fn pass_by(&mut self, due: &Due<'_>) {
        self.push(Recheck {
            connected_account_id: due.id.to_owned(),
            entity_id: due.entity_id.to_owned(),
            app: due.app.to_owned(),
            previous_status: due.status.clone(),
            status: due.status.clone(),
            verdict: Verdict::NotChecked,
            skipped: Some(ErrorKind::RateLimited.code().to_owned()),
        });
    }

    fn push(&mut self, item: Recheck) {
        self.state.left = self.state.left.saturating_sub(1);
        self.items.push(item);
    }

    fn pace(&mut self, app: &str, item: &Recheck, rest: Option<Duration>, asked: bool) {
        let later = |time: Duration| now().saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        if asked {
            self.state.next.insert(app.to_owned(), later(self.pause));
        }
        if item.verdict == Verdict::RateLimited {
            // Without a time, for the rest of the round.
            self.state.resting.insert(app.to_owned(), rest.map_or(i64::MAX, later));
        }
    }

    /// The batch, and the cursor to `at`, if there is something left there. `remaining`: how many are due from here on, where
    /// that is known.
    pub(crate) fn end(mut self, at: Option<P>, remaining: Option<u64>) -> Rechecks {
        let passed = now();
        self.state.next.retain(|_, next| *next > passed);
        let left = self.state.left;
        self.state.at = at;
        let goes_on = left > 0 && self.state.at.is_some();
        Rechecks {
            items: self.items,
            next_cursor: goes_on.then(|| write_cursor(&self.state)),
            remaining: if goes_on { remaining.map(|n| n.min(left.into())) } else { Some(0) },
        }
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// The time so long ago, as records write theirs.
fn before(milliseconds: u64) -> Result<String> {
    let unfit = || Error::argument("older_than_ms", "older_than_ms is longer than time itself");
    let then = i64::try_from(milliseconds).ok().and_then(|ms| now().checked_sub(ms)).ok_or_else(unfit)?;
    let then = jiff::Timestamp::from_millisecond(then).map_err(|_| unfit())?;
    Ok(format!("{then:.3}"))
}

fn write_cursor<P: Serialize>(state: &State<P>) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(state).unwrap_or_default())
}

fn read_cursor<P: DeserializeOwned>(cursor: &str) -> Result<State<P>> {
    let state = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let state: Option<State<P>> = state.filter(|state: &State<P>| state.at.is_some() && state.left <= MOST);
    state.ok_or_else(|| Error::argument("cursor", "the cursor is not one that verify_due returned"))
}
