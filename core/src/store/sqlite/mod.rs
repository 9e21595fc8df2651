//! The store in one SQLite file, shared by any number of threads and processes (write-ahead log, synced at each commit).

mod audit;
mod backup;
mod failure;
mod file;
mod insert;
mod keys;
mod queries;
mod rows;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection as Db;

use crate::error::{Error, Result};
use crate::memory;
use crate::process::{self, Reopened, at_rest};
use crate::store::pool::Pool;
use crate::store::turns::{Turn, Turns};
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
/// patient, queue, each for the disk.
struct Connections {
    path: PathBuf,
    access: Access,
    /// How long to wait while other processes write.
    patience: Duration,
    writer: Turns<Db>,
    readers: Pool<Db>,
}

impl Connections {
    fn new(path: &Path, access: Access, patience: Duration) -> Self {
        Self { path: path.to_owned(), access, patience, writer: Turns::default(), readers: Pool::new(MOST_READERS) }
    }

    fn connect(&self) -> Result<Db> {
        file::connect(&self.path, self.access, self.patience)
    }
}

impl process::Close for Connections {
    fn close_before_fork(&self) {
        self.writer.let_go();
        self.readers.let_go();
    }
}

impl SqliteStore {
    /// Opens the file, and makes it (and its folder) where there is none. `patience` is how long a call waits while other
    /// processes write.
    pub(crate) fn open(path: &Path, tenant: &str, patience: Duration) -> Result<Self> {
        let connections = Reopened::new(Connections::new(path, Access::Write, patience));
        let _fork = at_rest();
        connections.writer.begin_with(file::open(path, patience)?);
        Ok(Self { tenant: tenant.to_owned(), connections })
    }

    /// The file as it is: it is not changed, and what would write is `closed`.
    pub(crate) fn open_to_read(path: &Path, tenant: &str) -> Result<Self> {
        let connections = Reopened::new(Connections::new(path, Access::Read, LOOKING));
        connections.writer.close();
        let store = Self { tenant: tenant.to_owned(), connections };
        store.read(|_| Ok(()))?;
        Ok(store)
    }

    /// Writes in a transaction that others may share, and answers once it is on the disk.
    fn write<T>(&self, work: impl FnOnce(&Rows<'_>) -> Result<T>) -> Result<T> {
        self.write_in(Turns::next, work)
    }

    /// The same with one statement, the last that the work makes.
    fn write_once<T>(&self, work: impl FnOnce(&Rows<'_>) -> Result<T>) -> Result<T> {
        self.write_in(|turns| turns.next().map(Turn::writing_once), work)
    }

    /// Writes in a transaction that is committed right after this.
    fn write_last<T>(&self, work: impl FnOnce(&Rows<'_>) -> Result<T>) -> Result<T> {
        self.write_in(Turns::last, work)
    }

    fn write_in<T>(
        &self,
        turn: impl for<'t> FnOnce(&'t Turns<Db>) -> Option<Turn<'t, Db>>,
        work: impl FnOnce(&Rows<'_>) -> Result<T>,
    ) -> Result<T> {
        memory::bleach_briefly();
        let _fork = at_rest();
        let turn = turn(&self.connections.writer).ok_or_else(Error::closed)?;
        turn.write(|| self.connections.connect(), |db| work(&Rows { db, tenant: &self.tenant }))
    }

    fn read<T>(&self, work: impl FnOnce(&Rows<'_>) -> Result<T>) -> Result<T> {
        memory::bleach_briefly();
        let _fork = at_rest();
        let mut reader = self.connections.readers.lease().ok_or_else(Error::closed)?;
        let db = reader.or_make(|| self.connections.connect())?;
        work(&Rows { db, tenant: &self.tenant })
    }

    /// Empties the log, in which changed and deleted rows stand as they were. Waits for those who read in it.
    fn clear_log(&self) -> Result<()> {
        let _fork = at_rest();
        let turn = self.connections.writer.last().ok_or_else(Error::closed)?;
        turn.apart(|| self.connections.connect(), file::clear_log)
    }

    fn let_go(&self) {
        let _fork = at_rest();
        self.connections.readers.close();
        self.connections.writer.close();
    }
}
