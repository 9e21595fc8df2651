//! Writers that wait for each other share one transaction, and with it the one sync of the disk that a commit costs: each takes
//! its turn in it, and the first behind whom nobody waits commits for all. Each is told only then.
//!
//! `tests/interleavings.rs` runs it under every order of its threads, with another `sync`.

use std::sync::PoisonError;

use super::sync::{Arc, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering};

/// So many turns at most are in one transaction: other processes wait for it.
const MOST: usize = 64;

/// What writes, in transactions.
pub(crate) trait Writer {
    type Error: Clone;

    fn begin(&self) -> Result<(), Self::Error>;
    /// Where it fails, nothing of the transaction is left. It does where none is open any more.
    fn commit(&self) -> Result<(), Self::Error>;
    fn roll_back(&self);
    /// Whether the transaction goes on. Some failures end it, with all that is in it.
    fn is_open(&self) -> bool;

    /// Begins a part of the transaction that may fail alone.
    fn begin_part(&self) -> Result<(), Self::Error>;
    fn end_part(&self) -> Result<(), Self::Error>;
    fn take_part_back(&self);
}

/// One writer for any number of threads.
pub(crate) struct Turns<W: Writer> {
    /// How many are about to take the place.
    waiting: AtomicUsize,
    place: Mutex<Place<W>>,
}

struct Place<W: Writer> {
    /// Made when it is needed.
    writer: Option<W>,
    closed: bool,
    open: Option<Open<W::Error>>,
}

/// A transaction that goes on.
struct Open<E> {
    turns: usize,
    outcome: Arc<Outcome<E>>,
}

/// What becomes of a transaction, for all who wrote in it.
struct Outcome<E> {
    known: Mutex<Option<Result<(), E>>>,
    is_known: Condvar,
}

/// The right to write. When it ends, so does the transaction, unless somebody waits who will end it.
pub(crate) struct Turn<'t, W: Writer> {
    of: &'t Turns<W>,
    place: MutexGuard<'t, Place<W>>,
    /// Whether it shares the transaction with those who come after it.
    shares: bool,
    /// Whether what it writes is a part of the transaction that it can take back alone.
    is_part: bool,
    /// Whether its work has begun and not ended.
    is_at_work: bool,
}

impl<W: Writer> Default for Turns<W> {
    fn default() -> Self {
        let place = Place { writer: None, closed: false, open: None };
        Self { waiting: AtomicUsize::new(0), place: Mutex::new(place) }
    }
}

impl<W: Writer> Turns<W> {
    /// What writes, where it is there before the first turn.
    pub(crate) fn begin_with(&self, writer: W) {
        if let Some(mut turn) = self.last() {
            turn.place.writer = Some(writer);
        }
    }

    /// Waits for a turn, whose transaction others may share; `None` where this is closed.
    pub(crate) fn next(&self) -> Option<Turn<'_, W>> {
        self.turn(true)
    }

    /// Waits for a turn at whose end everything is committed.
    pub(crate) fn last(&self) -> Option<Turn<'_, W>> {
        self.turn(false)
    }

    fn turn(&self, shares: bool) -> Option<Turn<'_, W>> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        let turn = Turn { of: self, place, shares, is_part: true, is_at_work: false };
        if turn.place.closed { None } else { Some(turn) }
    }

    /// Drops the writer; it is made anew when it is needed.
    pub(crate) fn let_go(&self) {
        if let Some(mut turn) = self.last() {
            turn.commit();
            turn.place.writer = None;
        }
    }

    /// Nobody gets a turn any more.
    pub(crate) fn close(&self) {
        if let Some(mut turn) = self.last() {
            turn.commit();
            turn.place.writer = None;
            turn.place.closed = true;
        }
    }
}

impl<W: Writer> Turn<'_, W> {
    /// For work that writes once, as its last step, where failing leaves nothing by itself: a part of its own costs two statements more.
    pub(crate) fn writing_once(mut self) -> Self {
        self.is_part = false;
        self
    }

    /// Does `work` in a transaction, and answers once that is committed. What fails leaves nothing.
    pub(crate) fn write<T>(
        mut self,
        make: impl FnOnce() -> Result<W, W::Error>,
        work: impl FnOnce(&W) -> Result<T, W::Error>,
    ) -> Result<T, W::Error> {
        let place = &mut *self.place;
        let writer = made(&mut place.writer, make)?;
        let open = match &mut place.open {
            Some(open) => {
                if self.is_part {
                    writer.begin_part()?;
                }
                open
            }
            none => {
                writer.begin()?;
                self.is_part = false; // it is the whole as yet
                none.insert(Open { turns: 0, outcome: Arc::default() })
            }
        };
        open.turns += 1;
        let (is_part, outcome) = (self.is_part, open.outcome.clone());
        self.is_at_work = true;
        let done = work(writer).and_then(|value| if is_part { writer.end_part().map(|()| value) } else { Ok(value) });
        self.is_at_work = false;
        if let Err(error) = &done {
            self.take_back(Some(error));
        }
        drop(self);
        // For an error too, which may be due to what others wrote before: that must be there for good.
        outcome.wait()?;
        done
    }

    /// Does `work` outside of transactions.
    pub(crate) fn apart<T>(
        mut self,
        make: impl FnOnce() -> Result<W, W::Error>,
        work: impl FnOnce(&W) -> Result<T, W::Error>,
    ) -> Result<T, W::Error> {
        self.commit();
        work(made(&mut self.place.writer, make)?)
    }

    /// Takes back what this turn wrote. Where the transaction has ended by itself, all turns in it fail with the error.
    fn take_back(&mut self, error: Option<&W::Error>) {
        let place = &mut *self.place;
        let (Some(writer), Some(open)) = (&place.writer, &place.open) else { return };
        let outcome = match error {
            _ if open.turns == 1 => {
                writer.roll_back();
                Ok(())
            }
            Some(error) if !writer.is_open() => Err(error.clone()),
            _ if self.is_part => return writer.take_part_back(),
            Some(_) => return, // it has left nothing
            None => {
                writer.roll_back(); // with all that others wrote
                writer.commit()
            }
        };
        open.outcome.tell(outcome);
        place.open = None;
    }

    fn commit(&mut self) {
        let place = &mut *self.place;
        if let (Some(writer), Some(open)) = (&place.writer, place.open.take()) {
            open.outcome.tell(writer.commit());
        }
    }
}

impl<W: Writer> Drop for Turn<'_, W> {
    fn drop(&mut self) {
        if self.is_at_work {
            self.take_back(None); // the work panicked
        }
        let is_full = self.place.open.as_ref().is_some_and(|open| open.turns >= MOST);
        if !self.shares || is_full || self.of.waiting.load(Ordering::SeqCst) == 0 {
            self.commit();
        }
    }
}

fn made<W, E>(writer: &mut Option<W>, make: impl FnOnce() -> Result<W, E>) -> Result<&W, E> {
    Ok(match writer {
        Some(writer) => writer,
        none => none.insert(make()?),
    })
}

impl<E> Default for Outcome<E> {
    fn default() -> Self {
        Self { known: Mutex::new(None), is_known: Condvar::new() }
    }
}

impl<E: Clone> Outcome<E> {
    fn tell(&self, outcome: Result<(), E>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.is_known.notify_all();
    }

    fn wait(&self) -> Result<(), E> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match &*known {
                Some(outcome) => return outcome.clone(),
                None => known = self.is_known.wait(known).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}
