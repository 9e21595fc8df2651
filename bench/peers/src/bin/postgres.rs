//! A raw insert into PostgreSQL, as durable as the server is. The database is BENCH_RAW.

#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering};

use keylatch_peers::{setting, work};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Error, NoTls, Statement};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS rows (id text PRIMARY KEY, entity text NOT NULL, sealed bytea NOT NULL, created_at text NOT NULL)";
/// As long as a sealed key is.
const SEALED: [u8; 160] = [7; 160];

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (client, statement) = runtime.block_on(opened()).expect("a database");
    let number = AtomicU64::new(0);
    let process = std::process::id();
    work(|_| {
        let id = format!("ca_{process}_{}", number.fetch_add(1, Ordering::Relaxed));
        insert(&runtime, &client, &statement, &id).expect("an insert");
    });
}

async fn opened() -> Result<(Client, Statement), Error> {
    let (client, connection) = tokio_postgres::connect(&setting("BENCH_RAW"), NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(SCHEMA).await?;
    let statement = client.prepare("INSERT INTO rows VALUES ($1, $2, $3, $4)").await?;
    Ok((client, statement))
}

fn insert(runtime: &Runtime, client: &Client, statement: &Statement, id: &str) -> Result<u64, Error> {
    runtime.block_on(client.execute(statement, &[&id, &"user-1", &SEALED.as_slice(), &"2026-01-01T00:00:00Z"]))
}
