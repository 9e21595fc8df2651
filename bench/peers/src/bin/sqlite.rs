//! A raw insert into SQLite with the durability of a vault: one row a transaction, in the write-ahead log, synced before
//! it counts. The file is BENCH_RAW.

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keylatch_peers::{setting, work};
use rusqlite::{Connection, TransactionBehavior, params};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS rows (
    id TEXT PRIMARY KEY, entity TEXT NOT NULL, sealed BLOB NOT NULL, created_at TEXT NOT NULL
)";
/// As long as a sealed key is.
const SEALED: [u8; 160] = [7; 160];

thread_local! {
    static DB: RefCell<Connection> = RefCell::new(opened().expect("a database"));
}

fn main() {
    let number = AtomicU64::new(0);
    let process = std::process::id();
    work(|_| {
        let id = format!("ca_{process}_{}", number.fetch_add(1, Ordering::Relaxed));
        DB.with_borrow_mut(|db| insert(db, &id)).expect("an insert");
    });
}

fn opened() -> rusqlite::Result<Connection> {
    let db = Connection::open(setting("BENCH_RAW"))?;
    db.busy_timeout(Duration::from_secs(30))?;
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    db.execute_batch("PRAGMA synchronous = FULL")?;
    db.execute_batch(SCHEMA)?;
    Ok(db)
}

fn insert(db: &mut Connection, id: &str) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.prepare_cached("INSERT INTO rows VALUES (?, ?, ?, ?)")?.execute(params![
        id,
        "user-1",
        SEALED,
        "2026-01-01T00:00:00Z"
    ])?;
    transaction.commit()
}
