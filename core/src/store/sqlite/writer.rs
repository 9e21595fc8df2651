//! How a connection writes in turns: the transaction is SQLite's, each part of it a savepoint.

use rusqlite::Connection as Db;

use super::failure::{failure, undone};
use crate::error::{Error, Result};
use crate::memory;
use crate::store::turns::Writer;

impl Writer for Db {
    type Error = Error;

    fn begin(&self) -> Result<()> {
        run(self, "BEGIN IMMEDIATE")
    }

    fn commit(&self) -> Result<()> {
        // What was sealed may have been sealed with a key that is wiped by now.
        let done = match self.is_open() {
            _ if memory::ending() => Err(Error::closed()),
            true => run(self, "COMMIT"),
            false => Err(undone()),
        };
        if done.is_err() {
            self.roll_back();
        }
        done
    }

    fn roll_back(&self) {
        if self.is_open() {
            let _ = run(self, "ROLLBACK"); // fails where there is nothing to take back
        }
    }

    fn is_open(&self) -> bool {
        !self.is_autocommit()
    }

    fn begin_part(&self) -> Result<()> {
        run(self, "SAVEPOINT part")
    }

    fn end_part(&self) -> Result<()> {
        run(self, "RELEASE part")
    }

    fn take_part_back(&self) {
        if run(self, "ROLLBACK TO part").and_then(|()| run(self, "RELEASE part")).is_err() {
            self.roll_back(); // what is left of it must not be committed with the rest
        }
    }
}

fn run(db: &Db, sql: &str) -> Result<()> {
    db.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map(drop).map_err(failure)
}
