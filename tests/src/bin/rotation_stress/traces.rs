//! What there is of the old key: its id, the sealed key itself, and a record that was sealed with it.

use std::path::Path;

use keylatch::ErrorKind;
use rusqlite::{Connection as Db, params};

use crate::vault;

pub(crate) struct Traces {
    key_id: String,
    wrapped: Vec<u8>,
    /// A connection, and its seal.
    connection: String,
    sealed: Vec<u8>,
}

impl Traces {
    /// Of a vault that has one key.
    pub(crate) fn of(path: &Path) -> Self {
        let db = Db::open(path).expect("the file opens");
        let key = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (key_id, wrapped) =
            db.query_row("SELECT key_id, wrapped FROM keys", [], key).expect("the vault has one key");
        let sql = "SELECT id, sealed FROM connections ORDER BY seq LIMIT 1";
        let (connection, sealed) = db.query_row(sql, [], key).expect("the vault has a connection");
        Self { key_id, wrapped, connection, sealed }
    }

    fn found(&self, path: &Path) -> Vec<&'static str> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let log = std::fs::read(log).unwrap_or_default();
        let files = [std::fs::read(path).expect("the file is there"), log];
        let traces = [("key id", self.key_id.as_bytes()), ("key", &self.wrapped), ("record", &self.sealed)];
        let there = |trace: &[u8]| files.iter().any(|file| file.windows(trace.len()).any(|part| part == trace));
        traces.into_iter().filter(|(_, trace)| there(trace)).map(|(name, _)| name).collect()
    }

    pub(crate) fn are_all_there(&self, path: &Path) {
        assert_eq!(self.found(path), ["key id", "key", "record"], "what is looked for is found");
        self.put_back(path);
        let client = vault::open(path);
        assert_eq!(vault::number_of(&client, &self.connection).expect("it opens"), Some(0));
    }

    pub(crate) fn are_gone(&self, path: &Path) {
        assert_eq!(self.found(path), [""; 0], "nothing is left of the old key in the file and its log");
    }

    /// The old record is put into the vault again: nothing opens it.
    pub(crate) fn open_no_more(&self, path: &Path) {
        self.put_back(path);
        let client = vault::open(path);
        let refused = vault::number_of(&client, &self.connection).expect_err("no key opens it");
        assert_eq!(refused.kind(), ErrorKind::CorruptRecord);
        assert_eq!(client.diagnose().expect("a diagnosis").damaged_connections, [&*self.connection]);
    }

    fn put_back(&self, path: &Path) {
        let db = Db::open(path).expect("the file opens");
        let sql = "PRAGMA foreign_keys = OFF";
        db.execute_batch(sql).expect("the key need not be there");
        let sql = "UPDATE connections SET key_id = ?, sealed = ?, record_version = 1 WHERE id = ?";
        let changed = db.execute(sql, params![self.key_id, self.sealed, self.connection]).expect("it is written");
        assert_eq!(changed, 1);
    }
}
