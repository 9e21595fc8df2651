//! Opened records that are used again without asking the vault, for as long as the host wants that (`hold_for`).

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Embedded, Opened};
use crate::choice::{Found, Whose};
use crate::error::Result;
use crate::io::Io;
use crate::process::PerProcess;
use crate::store::ConnectionRow;

/// So many at most: each takes a little of the memory that may be locked.
const MOST: usize = 1024;
/// For so long at most.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The records of a client that are held open. A child of a fork opens its own: to it, these are blank.
pub(super) struct HeldRecords {
    hold_for: Duration,
    shelf: PerProcess<Arc<Shelf>>,
}

#[derive(Default)]
struct Shelf {
    state: Mutex<State>,
    emptied: Condvar,
}

#[derive(Default)]
struct State {
    records: HashMap<Asked, (Instant, Arc<Opened>)>,
    /// Counts changes: what was read before one is not held after it.
    changes: u64,
    /// A thread takes away what is over.
    watched: bool,
}

/// How a connection was asked for.
#[derive(PartialEq, Eq, Hash)]
enum Asked {
    ById(String),
    Sole(String, String),
}

impl From<Found<'_>> for Asked {
    fn from(found: Found<'_>) -> Self {
        match found {
            Found::ById(id) => Self::ById(id.to_owned()),
            Found::Sole(entity_id, app) => Self::Sole(entity_id.to_owned(), app.to_ascii_lowercase()),
        }
    }
}

impl HeldRecords {
    pub(super) fn new(hold_for: Duration) -> Self {
        Self { hold_for: hold_for.min(LONGEST), shelf: PerProcess::default() }
    }

    /// Lets go of a connection that changes, however it was asked for.
    pub(super) fn forget(&self, id: &str) {
        self.forget_where(|row| row.id == id);
    }

    /// Lets go of an entity's connections: one more may make its sole one ambiguous.
    pub(super) fn forget_entity(&self, entity_id: &str) {
        self.forget_where(|row| row.entity_id == entity_id);
    }

    pub(super) fn forget_all(&self) {
        self.forget_where(|_| true);
    }

    fn forget_where(&self, changed: impl Fn(&ConnectionRow) -> bool) {
        let Some(shelf) = self.shelf() else { return };
        let mut state = shelf.state();
        state.changes += 1;
        state.records.retain(|_, (_, opened)| !changed(&opened.row));
        if state.records.is_empty() {
            shelf.emptied.notify_all();
        }
    }

    /// Where records are held at all.
    fn shelf(&self) -> Option<&Arc<Shelf>> {
        (!self.hold_for.is_zero()).then(|| self.shelf.get())
    }

    fn changes(&self) -> u64 {
        self.shelf().map_or(0, |shelf| shelf.state().changes)
    }

    fn find(&self, asked: &Asked) -> Option<Arc<Opened>> {
        let state = self.shelf()?.state();
        state.records.get(asked).filter(|(until, _)| Instant::now() < *until).map(|(_, opened)| opened.clone())
    }

    /// Holds what was read when there had been so many `changes`.
    fn keep(&self, asked: Asked, opened: &Arc<Opened>, changes: u64) {
        let Some(shelf) = self.shelf() else { return };
        let mut state = shelf.state();
        if state.changes == changes && state.records.len() < MOST && shelf.is_watched(&mut state) {
            state.records.insert(asked, (Instant::now() + self.hold_for, opened.clone()));
        }
    }
}

impl Drop for HeldRecords {
    fn drop(&mut self) {
        self.forget_all();
    }
}

impl Shelf {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what is over will be taken away.
    fn is_watched(self: &Arc<Self>, state: &mut State) -> bool {
        if !state.watched {
            let shelf = self.clone();
            let begun = thread::Builder::new().name("keylatch-held".into()).spawn(move || shelf.watch());
            state.watched = begun.is_ok();
        }
        state.watched
    }

    /// Takes records away when their time is over, until there are none.
    fn watch(&self) {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            state.records.retain(|_, (until, _)| now < *until);
            let Some(next) = state.records.values().map(|(until, _)| *until).min() else {
                // Where the shelf was new, the record for which this thread was begun is not there yet: `keep` holds the lock.
                state.watched = false;
                return;
            };
            state = self.emptied.wait_timeout(state, next - now).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl<I: Io> Embedded<I> {
    /// The connection that a call uses: held from an earlier call, or opened for this one.
    pub(super) async fn opened_for(&self, whose: &Whose<'_>) -> Result<Arc<Opened>> {
        let asked = Asked::from(whose.how()?);
        if let Some(opened) = self.held.find(&asked) {
            whose.must_own(&opened.row)?;
            return Ok(opened);
        }
        let changes = self.held.changes();
        let opened = Arc::new(self.opened_by(whose).await?);
        self.held.keep(asked, &opened, changes);
        Ok(opened)
    }
}
