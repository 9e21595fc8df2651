//! The store in one SQLite file, shared by any number of threads and processes (write-ahead log, synced at each commit).

mod backup;
mod failure;
mod file;
mod insert;
mod keys;
mod queries;
mod rows;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection as Db, TransactionBehavior};

use crate::error::{Error, Result};
use crate::memory;
use crate::process::{self, Reopened, at_rest};
use crate::store::pool::Pool;
use failure::failure;
use file::Access;

/// Connections that read at once; more would not read faster.
const MOST_READERS: usize = 8;

/// How long who only looks waits while other processes write.
const LOOKING: Duration = Duration::from_secs(5);

/// Opened again by whoever needs it on this or that side of a fork.
pub(crate) struct SqliteStore {
    tenant: String,
    connections: Reopened<Connections>,
}

/// A connection as a call uses it: for the rows of one tenant.
pub(super) struct Rows<'d> {
    db: &'d Db,
    tenant: &'d str,
}

/// One writer and a few readers over the same file: writers would only wait for each other in SQLite's own, less
/// patient, queue.
struct Connections {
    path: PathBuf,
    access: Access,
    /// How long to wait while other processes write.
    patience: Duration,
    writer: Mutex<Writer>,
    readers: Pool<Db>,
}

#[derive(Default)]
struct Writer {
    idle: Option<Db>,
    closed: bool,
}

impl Connections {
    fn new(path: &Path, access: Access, patience: Duration) -> Self {
        Self { path: path.to_owned(), access, patience, writer: Mutex::default(), readers: Pool::new(MOST_READERS) }
    }

    fn connect(&self) -> Result<Db> {
        file::connect(&self.path, self.access, self.patience)
    }
}

impl process::Close for Connections {
    fn close_before_fork(&self) {
        lock(&self.writer).idle = None;
        self.readers.let_go();
    }
}

impl SqliteStore {
    /// Opens the file, and makes it (and its folder) where there is none. `patience` is how long a call waits while other
    /// processes write.
    pub(crate) fn open(path: &Path, tenant: &str, patience: Duration) -> Result<Self> {
        let connections = Reopened::new(Connections::new(path, Access::Write, patience));
        let _fork = at_rest();
        let db = file::open(path, patience)?;
        lock(&connections.writer).idle = Some(db);
        Ok(Self { tenant: tenant.to_owned(), connections })
    }

    /// The file as it is: it is not changed, and what would write is `closed`.
    pub(crate) fn open_to_read(path: &Path, tenant: &str) -> Result<Self> {
        let connections = Reopened::new(Connections::new(path, Access::Read, LOOKING));
        lock(&connections.writer).closed = true;
        let store = Self { tenant: tenant.to_owned(), connections };
        store.read(|_| Ok(()))?;
        Ok(store)
    }

    fn write<T>(&self, work: impl FnOnce(&Rows<'_>) -> Result<T>) -> Result<T> {
        memory::bleach(); // SQLite's memory, which nobody wipes, gets what was on the stack where it copies gaps along
        self.with_writer(|db| {
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
            let value = work(&Rows { db: &transaction, tenant: &self.tenant })?; // an error drops the transaction, which rolls it back
            if memory::ending() {
                return Err(Error::closed()); // what was sealed may have been sealed with a key that is wiped by now
            }
            transaction.commit().map_err(failure)?;
            Ok(value)
        })
    }

    fn with_writer<T>(&self, work: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        let _fork = at_rest();
        let mut writer = lock(&self.connections.writer);
        if writer.closed {
            return Err(Error::closed());
        }
        work(match &mut writer.idle {
            Some(db) => db,
            none => none.insert(self.connections.connect()?),
        })
    }

    fn read<T>(&self, work: impl FnOnce(&Rows<'_>) -> Result<T>) -> Result<T> {
        memory::bleach(); // as above
        let _fork = at_rest();
        let mut reader = self.connections.readers.lease().ok_or_else(Error::closed)?;
        let db = reader.or_make(|| self.connections.connect())?;
        work(&Rows { db, tenant: &self.tenant })
    }

    /// Empties the log, in which changed and deleted rows stand as they were. Waits for those who read in it.
    fn clear_log(&self) -> Result<()> {
        self.with_writer(|db| file::clear_log(db))
    }

    fn let_go(&self) {
        let _fork = at_rest();
        self.connections.readers.close();
        *lock(&self.connections.writer) = Writer { idle: None, closed: true };
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
