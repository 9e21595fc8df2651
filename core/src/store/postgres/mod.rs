//! The store in a schema of a PostgreSQL database, shared by any number of machines.
//!
//! What no two connections may do at once is decided under a lock in the transaction (`pg_advisory_xact_lock`), never in memory. A
//! try that came to nothing is made again while the call's time lasts. One that broke off during its COMMIT may have been
//! committed: the next try, which gets the lock only once the first is over, looks before it writes.

mod address;
mod audit;
mod failure;
mod insert;
mod keeper;
mod keys;
mod queries;
mod rows;
mod schema;
mod session;
#[cfg(test)]
pub(crate) mod tests;
mod tls;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::Client;
use tokio_postgres::types::Type;

pub(crate) use address::Address;
use failure::{Trouble, indeterminate};
use keeper::Keeper;
use session::{Lock, Session};

use crate::error::{Error, ErrorKind, Result};
use crate::io::Network;
use crate::memory;
use crate::process::PerProcess;
use crate::store::pool::Pool;

/// How long opening a vault waits for a server that starts or is not there.
const OPENING: Duration = Duration::from_secs(5);
/// Between two tries: the first pause, each time twice as long, up to the longest.
const PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

pub(crate) struct PostgresStore {
    address: Arc<Address>,
    network: Network,
    tenant: String,
    /// How long a call may take.
    patience: Duration,
    closed: AtomicBool,
    /// A child of `fork` leaves its parent's connections alone and makes its own.
    links: PerProcess<Links>,
}

struct Links {
    pool: Pool<Client>,
    keeper: Mutex<Option<Keeper>>,
}

impl PostgresStore {
    /// Connects, and makes the tables where there are none.
    pub(crate) fn open(address: Arc<Address>, network: Network, tenant: &str, patience: Duration) -> Result<Self> {
        let store = Self::new(address, network, tenant, patience);
        store.until(store.patience.min(OPENING), |session| schema::prepare(session, &store.address.schema))?;
        Ok(store)
    }

    /// What is there as it is; `None` where there are no tables.
    pub(crate) fn open_to_read(address: Arc<Address>, network: Network, tenant: &str) -> Result<Option<Self>> {
        let store = Self::new(address, network, tenant, OPENING);
        let format = store.read(|session| schema::format(session, &store.address.schema))?;
        Ok(format.map(|_| store))
    }

    fn new(address: Arc<Address>, network: Network, tenant: &str, patience: Duration) -> Self {
        let tenant = tenant.to_owned();
        Self { address, network, tenant, patience, closed: AtomicBool::new(false), links: PerProcess::default() }
    }

    /// Does work that changes nothing, or that does no harm when it is done twice.
    fn read<T>(&self, work: impl Fn(&Session<'_>) -> Result<T, Trouble>) -> Result<T> {
        self.until(self.patience, work)
    }

    fn until<T>(&self, patience: Duration, work: impl Fn(&Session<'_>) -> Result<T, Trouble>) -> Result<T> {
        let deadline = Instant::now() + patience;
        let mut pauses = Pauses::until(deadline);
        loop {
            match self.with_session(deadline, false, |session| work(session)) {
                Ok(value) => return Ok(value),
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Passing(error) | Trouble::Lost(error)) => pauses.pause().ok_or(error)?,
            }
        }
    }

    /// Does work in a transaction that has this lock, and commits it.
    fn write<T>(&self, lock: Lock<'_>, mut work: impl FnMut(&Session<'_>) -> Result<T, Trouble>) -> Result<T> {
        let deadline = Instant::now() + self.patience;
        let mut pauses = Pauses::until(deadline);
        let mut doubt = false;
        loop {
            let mut committing = false;
            let outcome = self.with_session(deadline, doubt, |session| {
                session.begin(lock)?;
                let value = work(session)?;
                if memory::ending() {
                    return Err(Error::closed().into()); // what was sealed may have been sealed with a key that is wiped by now
                }
                committing = true;
                session.script("COMMIT")?;
                Ok(value)
            });
            doubt |= committing && outcome.as_ref().is_err_and(Trouble::leaves_doubt);
            let error = match outcome {
                Ok(value) => return Ok(value),
                Err(Trouble::Final(error)) => Some(error),
                Err(Trouble::Passing(error) | Trouble::Lost(error)) => pauses.pause().is_none().then_some(error),
            };
            match error {
                Some(error) if doubt && error.kind() == ErrorKind::Storage => return Err(indeterminate()),
                Some(error) => return Err(error),
                None => {}
            }
        }
    }

    /// Lends a connection to one try. One that may be half-way through something does not go back to the others.
    fn with_session<T>(
        &self,
        deadline: Instant,
        again: bool,
        work: impl FnOnce(&Session<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::closed().into());
        }
        let links = self.links();
        let mut lease = links.pool.lease().ok_or_else(Error::closed)?;
        if lease.get().is_some_and(Client::is_closed) {
            lease.discard();
        }
        let client = lease.or_make(|| self.connect(links, deadline))?;
        let session = Session { client, tenant: &self.tenant, deadline, again };
        let outcome = work(&session);
        let usable = match &outcome {
            Ok(_) => true,
            Err(Trouble::Lost(_)) => false,
            Err(_) => session.script("ROLLBACK").is_ok(),
        };
        if !usable {
            lease.discard();
        }
        outcome
    }

    fn connect(&self, links: &Links, deadline: Instant) -> Result<Client, Trouble> {
        let dialler = {
            let mut keeper = links.keeper.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *keeper {
                Some(keeper) => keeper.dialler(),
                none => none.insert(Keeper::begin(&self.network, self.address.tls)?).dialler(),
            }
        };
        let client = dialler.connect(&self.address, deadline)?;
        let session = Session { client: &client, tenant: &self.tenant, deadline, again: false };
        self.set_up(&session)?;
        Ok(client)
    }

    /// The settings of a connection, all in one question.
    fn set_up(&self, session: &Session<'_>) -> Result<(), Trouble> {
        let sql = "SELECT concat(set_config('search_path', $1, false), set_config('statement_timeout', $2, false), \
                   set_config('lock_timeout', $2, false), set_config('idle_in_transaction_session_timeout', $2, false), \
                   set_config('keylatch.tenant', $3, false), \
                   CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') \
                   THEN set_config('synchronous_commit', 'on', false) END)";
        let path = format!("{}, pg_temp", self.address.schema);
        let patience = self.patience.as_millis().min(i32::MAX as u128).to_string();
        let values = [(&path as _, Type::TEXT), (&patience as _, Type::TEXT), (&self.tenant as _, Type::TEXT)];
        session.answer::<String>(sql, &values).map(drop)
    }

    /// This process's own connections.
    fn links(&self) -> &Links {
        self.links.get_or(|| Links { pool: Pool::new(self.address.pool), keeper: Mutex::default() })
    }

    fn let_go(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let links = self.links();
        links.pool.close();
        let keeper = links.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(keeper); // waits for the thread, not under the lock
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// The pauses between tries.
struct Pauses {
    next: Duration,
    deadline: Instant,
}

impl Pauses {
    fn until(deadline: Instant) -> Self {
        Self { next: PAUSE, deadline }
    }

    /// Waits; `None` where the time is over.
    fn pause(&mut self) -> Option<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left <= self.next {
            return None;
        }
        std::thread::sleep(self.next);
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        Some(())
    }
}
