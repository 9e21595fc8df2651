//! The store in one SQLite file, shared by any number of threads and processes (write-ahead log, synced at each commit).

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection as Db, OptionalExtension, Row, Transaction, TransactionBehavior, params, params_from_iter};

use super::pool::Pool;
use super::{Change, ConnectionQuery, ConnectionRow, Deletion, DueQuery, IntegrationRow, KeyRow, Store};
use crate::connection::Status;
use crate::error::{Error, ErrorKind, Result};
use crate::memory;
use crate::process::{self, Reopened, at_rest};
use crate::verdict::Verdict;

const SCHEMA_VERSION: i64 = 2;
const SCHEMA: &str = include_str!("schema.sql");
/// How long to wait while other processes write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Connections that read at once; more would not read faster.
const MOST_READERS: usize = 8;

/// Opened again by whoever needs it on this or that side of a fork.
pub(crate) struct SqliteStore(Reopened<Connections>);

/// One writer and a few readers over the same file: writers would only wait for each other in SQLite's own, less
/// patient, queue.
struct Connections {
    path: PathBuf,
    writer: Mutex<Writer>,
    readers: Pool<Db>,
}

#[derive(Default)]
struct Writer {
    idle: Option<Db>,
    closed: bool,
}

impl process::Close for Connections {
    fn close_before_fork(&self) {
        lock(&self.writer).idle = None;
        self.readers.let_go();
    }
}

impl SqliteStore {
    /// Opens the file, and makes it (and its folder) where there is none.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let connections = Reopened::new(Connections {
            path: path.to_owned(),
            writer: Mutex::default(),
            readers: Pool::new(MOST_READERS),
        });
        let _fork = at_rest();
        create_private(path)?;
        let mut db = connect(path)?;
        migrate(&mut db)?;
        lock(&connections.writer).idle = Some(db);
        Ok(Self(connections))
    }

    fn write<T>(&self, work: impl FnOnce(&Transaction) -> Result<T>) -> Result<T> {
        let _fork = at_rest();
        let mut writer = lock(&self.0.writer);
        if writer.closed {
            return Err(Error::closed());
        }
        let db = match &mut writer.idle {
            Some(db) => db,
            none => none.insert(connect(&self.0.path)?),
        };
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
        let value = work(&transaction)?; // an error drops the transaction, which rolls it back
        if memory::ending() {
            return Err(Error::closed()); // what was sealed may have been sealed with a key that is wiped by now
        }
        transaction.commit().map_err(failure)?;
        Ok(value)
    }

    fn read<T>(&self, work: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        let _fork = at_rest();
        let mut reader = self.0.readers.lease().ok_or_else(Error::closed)?;
        work(reader.or_make(|| connect(&self.0.path))?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What SQLite says names tables and paths at most, never a value: all values are bound, none is in the SQL text.
fn failure(error: rusqlite::Error) -> Error {
    let code = match &error {
        rusqlite::Error::SqliteFailure(e, _) => format!("{:?}", e.code),
        _ => "unexpected row".to_owned(),
    };
    Error::new(ErrorKind::Storage, format!("the vault file cannot be read or written ({code})"))
}

fn create_private(path: &Path) -> Result<()> {
    let report = |what: &str, e: std::io::Error| {
        Error::new(ErrorKind::Storage, format!("{what} {} cannot be made: {}", path.display(), e.kind()))
    };
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|e| report("the folder of", e))?;
    }
    // Made before SQLite does, so that the file and its companions are private from the first byte.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(report("the vault", e)),
        _ => Ok(()),
    }
}

fn connect(path: &Path) -> Result<Db> {
    let db = Db::open(path).map_err(failure)?;
    db.busy_timeout(BUSY_TIMEOUT).map_err(failure)?;
    db.set_prepared_statement_cache_capacity(64);
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;")
        .map_err(failure)?;
    Ok(db)
}

fn migrate(db: &mut Db) -> Result<()> {
    let version: i64 = db.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(failure)?;
    if version == 0 {
        // Under the write lock, since several processes may find the file new; the journal mode cannot be changed
        // inside a transaction, and where another process holds the file it is that process which changes it.
        let deadline = std::time::Instant::now() + BUSY_TIMEOUT;
        while let Err(e) = db.pragma_update(None, "journal_mode", "WAL") {
            if std::time::Instant::now() > deadline {
                return Err(failure(e));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
        let version: i64 = transaction.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(failure)?;
        if version == 0 {
            transaction.execute_batch(SCHEMA).map_err(failure)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(failure)?;
        }
        transaction.commit().map_err(failure)?;
    } else if version != SCHEMA_VERSION {
        let todo = if version > SCHEMA_VERSION {
            "update Keylatch"
        } else {
            "it was made before the first release; connect again in a new vault"
        };
        let message = format!("the vault has format {version}, this Keylatch reads {SCHEMA_VERSION}: {todo}");
        return Err(Error::new(ErrorKind::Storage, message));
    }
    Ok(())
}

const INTEGRATION: &str = "id, app, auth_scheme, name, base_url, allow, fixed_fields, key_id, sealed, created_at";
const CONNECTION: &str = "seq, id, entity_id, app, auth_scheme, integration_id, status, verdict, verified_at, account, \
     alias, labels, metadata, record_version, key_id, sealed, created_at, updated_at";

fn integration(row: &Row) -> rusqlite::Result<IntegrationRow> {
    Ok(IntegrationRow {
        id: row.get(0)?,
        app: row.get(1)?,
        auth_scheme: row.get(2)?,
        name: row.get(3)?,
        base_url: row.get(4)?,
        allow: serde_json::from_str(&row.get::<_, String>(5)?).unwrap_or_default(),
        fixed_fields: json_list(&row.get::<_, String>(6)?),
        key_id: row.get(7)?,
        sealed: row.get(8)?,
        created_at: row.get(9)?,
    })
}

/// A damaged label or metadata column reads as empty rather than hiding the row.
fn connection(row: &Row) -> rusqlite::Result<ConnectionRow> {
    Ok(ConnectionRow {
        seq: row.get(0)?,
        id: row.get(1)?,
        entity_id: row.get(2)?,
        app: row.get(3)?,
        auth_scheme: row.get(4)?,
        integration_id: row.get(5)?,
        status: Status::from(row.get::<_, String>(6)?.as_str()),
        verdict: Verdict::parse(&row.get::<_, String>(7)?).unwrap_or(Verdict::NotChecked),
        verified_at: row.get(8)?,
        account: row.get(9)?,
        alias: row.get(10)?,
        labels: json_list(&row.get::<_, String>(11)?),
        metadata: serde_json::from_str(&row.get::<_, String>(12)?).unwrap_or_default(),
        record_version: row.get(13)?,
        key_id: row.get(14)?,
        sealed: row.get(15)?,
        created_at: row.get(16)?,
        updated_at: row.get(17)?,
    })
}

fn json_list(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}

fn json_text(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}

fn insert_integration(db: &Db, row: &IntegrationRow) -> Result<()> {
    let sql = format!("INSERT INTO integrations ({INTEGRATION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    let fixed = json_text(&row.fixed_fields);
    let allow = serde_json::Value::from(row.allow.names()).to_string();
    let values = params![
        row.id,
        row.app,
        row.auth_scheme,
        row.name,
        row.base_url,
        allow,
        fixed,
        row.key_id,
        row.sealed,
        row.created_at
    ];
    db.prepare_cached(&sql).and_then(|mut s| s.execute(values)).map_err(failure)?;
    Ok(())
}

fn newest_integration(db: &Db, app: &str, auth_scheme: Option<&str>) -> Result<Option<IntegrationRow>> {
    let sql = format!(
        "SELECT {INTEGRATION} FROM integrations WHERE app = ?1 AND (?2 IS NULL OR auth_scheme = ?2) \
         ORDER BY seq DESC LIMIT 1"
    );
    let mut statement = db.prepare_cached(&sql).map_err(failure)?;
    statement.query_row(params![app, auth_scheme], integration).optional().map_err(failure)
}

fn connection_by_id(db: &Db, id: &str) -> Result<Option<ConnectionRow>> {
    let sql = format!("SELECT {CONNECTION} FROM connections WHERE id = ?");
    db.prepare_cached(&sql).and_then(|mut s| s.query_row([id], connection).optional()).map_err(failure)
}

/// `already_exists` where another connection has this one's alias.
fn alias_must_be_free(db: &Db, row: &ConnectionRow) -> Result<()> {
    let Some(alias) = &row.alias else { return Ok(()) };
    let sql = "SELECT id FROM connections WHERE entity_id = ? AND app = ? AND alias = ? AND id <> ?";
    let holder: Option<String> = db
        .prepare_cached(sql)
        .and_then(|mut s| s.query_row(params![row.entity_id, row.app, alias, row.id], |r| r.get(0)).optional())
        .map_err(failure)?;
    match holder {
        None => Ok(()),
        Some(id) => {
            let message = "this alias is taken by another connection of the entity and app; choose another";
            Err(Error::new(ErrorKind::AlreadyExists, message).with_fields(["alias"]).with_connection(&id))
        }
    }
}

fn must_be_the_first(db: &Db, row: &ConnectionRow) -> Result<()> {
    let sql = "SELECT id FROM connections WHERE integration_id = ? AND entity_id = ? AND status = 'ACTIVE' LIMIT 1";
    let first: Option<String> = db
        .prepare_cached(sql)
        .and_then(|mut s| s.query_row(params![row.integration_id, row.entity_id], |r| r.get(0)).optional())
        .map_err(failure)?;
    first.map_or(Ok(()), |id| Err(Error::already_connected(&id)))
}

fn integration_must_exist(db: &Db, id: &str) -> Result<()> {
    let sql = "SELECT 1 FROM integrations WHERE id = ?";
    let found = db.prepare_cached(sql).and_then(|mut s| s.exists([id])).map_err(failure)?;
    if found {
        return Ok(());
    }
    Err(Error::new(ErrorKind::NotFound, "the integration was deleted meanwhile").with_fields(["integration_id"]))
}

impl Store for SqliteStore {
    fn keys(&self) -> Result<Vec<KeyRow>> {
        self.read(keys)
    }

    fn add_first_key(&self, key: &KeyRow) -> Result<KeyRow> {
        self.write(|db| {
            if let Some(first) = keys(db)?.into_iter().next() {
                return Ok(first);
            }
            let sql = "INSERT INTO keys (key_id, vault_id, derivation, wrapped) VALUES (?, ?, ?, ?)";
            db.execute(sql, params![key.key_id, key.vault_id, key.derivation, key.wrapped]).map_err(failure)?;
            Ok(key.clone())
        })
    }

    fn integration(&self, id: &str) -> Result<Option<IntegrationRow>> {
        let sql = format!("SELECT {INTEGRATION} FROM integrations WHERE id = ?");
        self.read(|db| {
            db.prepare_cached(&sql).and_then(|mut s| s.query_row([id], integration).optional()).map_err(failure)
        })
    }

    fn integrations(&self, app: Option<&str>) -> Result<Vec<IntegrationRow>> {
        let sql = format!("SELECT {INTEGRATION} FROM integrations WHERE ?1 IS NULL OR app = ?1 ORDER BY seq DESC");
        self.read(|db| {
            let mut statement = db.prepare_cached(&sql).map_err(failure)?;
            let rows = statement.query_map([app], integration).map_err(failure)?;
            rows.collect::<rusqlite::Result<_>>().map_err(failure)
        })
    }

    fn newest_integration(&self, app: &str, auth_scheme: Option<&str>) -> Result<Option<IntegrationRow>> {
        self.read(|db| newest_integration(db, app, auth_scheme))
    }

    fn insert_integration(&self, row: &IntegrationRow) -> Result<()> {
        self.write(|db| insert_integration(db, row))
    }

    fn default_integration(&self, row: &IntegrationRow) -> Result<IntegrationRow> {
        self.write(|db| match newest_integration(db, &row.app, Some(&row.auth_scheme))? {
            Some(found) => Ok(found),
            None => insert_integration(db, row).map(|()| row.clone()),
        })
    }

    fn delete_integration(&self, id: &str) -> Result<Deletion> {
        self.write(|db| {
            let users: i64 = db
                .query_row("SELECT count(*) FROM connections WHERE integration_id = ?", [id], |r| r.get(0))
                .map_err(failure)?;
            if users > 0 {
                return Ok(Deletion::InUse(users.unsigned_abs()));
            }
            match db.execute("DELETE FROM integrations WHERE id = ?", [id]).map_err(failure)? {
                0 => Ok(Deletion::Missing),
                _ => Ok(Deletion::Done),
            }
        })
    }

    fn connection(&self, id: &str) -> Result<Option<ConnectionRow>> {
        self.read(|db| connection_by_id(db, id))
    }

    fn connections(&self, query: &ConnectionQuery) -> Result<Vec<ConnectionRow>> {
        let mut sql = format!("SELECT {CONNECTION} FROM connections WHERE 1");
        let mut values: Vec<Sql> = Vec::new();
        let mut text = |sql: &mut String, condition: &str, value: &Option<String>| {
            if let Some(value) = value {
                sql.push_str(condition);
                values.push(Sql::Text(value.clone()));
            }
        };
        text(&mut sql, " AND entity_id = ?", &query.entity_id);
        text(&mut sql, " AND app = ?", &query.app);
        text(&mut sql, " AND integration_id = ?", &query.integration_id);
        for label in &query.labels {
            sql.push_str(" AND EXISTS (SELECT 1 FROM json_each(labels) WHERE value = ?)");
            values.push(Sql::Text(label.clone()));
        }
        if !query.statuses.is_empty() {
            let places = vec!["?"; query.statuses.len()].join(", ");
            sql.push_str(&format!(" AND status IN ({places})"));
            values.extend(query.statuses.iter().cloned().map(Sql::Text));
        }
        if let Some(before) = query.before {
            sql.push_str(" AND seq < ?");
            values.push(Sql::Integer(before));
        }
        sql.push_str(" ORDER BY seq DESC LIMIT ?");
        values.push(Sql::Integer(query.limit.into()));
        self.read(|db| {
            let mut statement = db.prepare_cached(&sql).map_err(failure)?;
            let rows = statement.query_map(params_from_iter(values), connection).map_err(failure)?;
            rows.collect::<rusqlite::Result<_>>().map_err(failure)
        })
    }

    fn due_connections(&self, query: &DueQuery) -> Result<(Vec<ConnectionRow>, u64)> {
        let due = "FROM connections WHERE status IN ('ACTIVE', 'EXPIRED') AND ifnull(verified_at, '') <= ?1 \
                   AND (ifnull(verified_at, ''), seq) > (?2, ?3) AND (?4 IS NULL OR entity_id = ?4) \
                   AND (?5 IS NULL OR app = ?5)";
        let (verified, seq) = query.after.clone().unwrap_or_default();
        let values = params![query.until, verified, seq, query.entity_id, query.app];
        self.read(|db| {
            let _one_moment = db.unchecked_transaction().map_err(failure)?;
            let count: i64 = db
                .prepare_cached(&format!("SELECT count(*) {due}"))
                .and_then(|mut s| s.query_row(values, |r| r.get(0)))
                .map_err(failure)?;
            let order = "ORDER BY ifnull(verified_at, ''), seq LIMIT ?6";
            let mut statement = db.prepare_cached(&format!("SELECT {CONNECTION} {due} {order}")).map_err(failure)?;
            let values = params![query.until, verified, seq, query.entity_id, query.app, query.limit];
            let rows = statement.query_map(values, connection).map_err(failure)?;
            let rows = rows.collect::<rusqlite::Result<_>>().map_err(failure)?;
            Ok((rows, count.unsigned_abs()))
        })
    }

    fn insert_connection(&self, row: &ConnectionRow, allow_multiple: bool) -> Result<()> {
        let sql = "INSERT INTO connections (id, entity_id, app, auth_scheme, integration_id, status, verdict, \
                   verified_at, account, alias, labels, metadata, record_version, key_id, sealed, created_at, \
                   updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        self.write(|db| {
            integration_must_exist(db, &row.integration_id)?;
            if !allow_multiple {
                must_be_the_first(db, row)?;
            }
            alias_must_be_free(db, row)?;
            let values = params![
                row.id,
                row.entity_id,
                row.app,
                row.auth_scheme,
                row.integration_id,
                row.status.as_str(),
                row.verdict.as_str(),
                row.verified_at,
                row.account,
                row.alias,
                json_text(&row.labels),
                row.metadata.to_string(),
                row.record_version,
                row.key_id,
                row.sealed,
                row.created_at,
                row.updated_at
            ];
            db.prepare_cached(sql).and_then(|mut s| s.execute(values)).map_err(failure)?;
            Ok(())
        })
    }

    fn update_connection(&self, id: &str, change: Change<'_>) -> Result<Option<ConnectionRow>> {
        let sql = "UPDATE connections SET status = ?, verdict = ?, verified_at = ?, account = ?, alias = ?, labels = ?, \
                   metadata = ?, record_version = ?, key_id = ?, sealed = ?, updated_at = ? WHERE id = ?";
        self.write(|db| {
            let Some(mut row) = connection_by_id(db, id)? else { return Ok(None) };
            change(&mut row)?;
            alias_must_be_free(db, &row)?;
            let values = params![
                row.status.as_str(),
                row.verdict.as_str(),
                row.verified_at,
                row.account,
                row.alias,
                json_text(&row.labels),
                row.metadata.to_string(),
                row.record_version,
                row.key_id,
                row.sealed,
                row.updated_at,
                id
            ];
            db.prepare_cached(sql).and_then(|mut s| s.execute(values)).map_err(failure)?;
            Ok(Some(row))
        })
    }

    fn delete_connection(&self, id: &str) -> Result<bool> {
        let sql = "DELETE FROM connections WHERE id = ?";
        self.write(|db| Ok(db.execute(sql, [id]).map_err(failure)? > 0))
    }

    fn close(&self) {
        let _fork = at_rest();
        self.0.readers.close();
        *lock(&self.0.writer) = Writer { idle: None, closed: true };
    }
}

fn keys(db: &Db) -> Result<Vec<KeyRow>> {
    let mut statement =
        db.prepare_cached("SELECT key_id, vault_id, derivation, wrapped FROM keys ORDER BY rowid").map_err(failure)?;
    let rows = statement
        .query_map([], |r| {
            Ok(KeyRow { key_id: r.get(0)?, vault_id: r.get(1)?, derivation: r.get(2)?, wrapped: r.get(3)? })
        })
        .map_err(failure)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failure)
}
