//! Where records are kept. A store sees ciphertext and metadata only, and decides what must be decided in one
//! transaction; everything else is decided above it.

#[cfg(test)]
mod at_once;
mod audit;
#[cfg(test)]
mod model;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(test)]
mod random_calls;
mod sqlite;
mod turns;

/// What [`pool`] synchronises its threads with.
mod sync {
    pub(super) use std::sync::atomic::{AtomicUsize, Ordering};
    pub(super) use std::sync::{Arc, Condvar, Mutex, MutexGuard};
}

pub(crate) use audit::{About, AuditKeyRow, AuditRow, AuditRows, Entry, Note, unwritten};
#[cfg(all(test, feature = "postgres"))]
pub(crate) use postgres::tests::Schema;
#[cfg(feature = "postgres")]
pub(crate) use postgres::{Address, PostgresStore};
pub(crate) use sqlite::SqliteStore;

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::allow::Allow;
use crate::choice::Candidate;
use crate::connection::{Connection, Status};
use crate::error::{Error, ErrorKind, Result};
use crate::verdict::Verdict;
use audit::audit_key_lost;

/// A wrapped data key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyRow {
    pub(crate) key_id: String,
    pub(crate) vault_id: String,
    /// How the wrapping key is made, as JSON (see `vault::key_source`).
    pub(crate) derivation: String,
    pub(crate) wrapped: Vec<u8>,
}

/// A stored integration. `sealed` holds the fixed values; opening it proves that the other columns are as written. As JSON it
/// goes into exports, whose version changes with these names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IntegrationRow {
    pub(crate) id: String,
    pub(crate) app: String,
    pub(crate) auth_scheme: String,
    pub(crate) name: String,
    pub(crate) base_url: Option<String>,
    pub(crate) allow: Allow,
    pub(crate) fixed_fields: Vec<String>,
    #[serde(skip)]
    pub(crate) key_id: String,
    #[serde(skip)]
    pub(crate) sealed: Vec<u8>,
    pub(crate) created_at: String,
}

/// A stored connection. `sealed` holds the user's values. As JSON it goes into exports, whose version changes with these names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionRow {
    /// Order of creation; 0 until stored.
    #[serde(skip)]
    pub(crate) seq: i64,
    pub(crate) id: String,
    pub(crate) entity_id: String,
    pub(crate) app: String,
    pub(crate) auth_scheme: String,
    pub(crate) integration_id: String,
    pub(crate) status: Status,
    pub(crate) verdict: Verdict,
    pub(crate) verified_at: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) alias: Option<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) metadata: Value,
    /// Counts the credentials: 1 for the first, one more for each that took its place.
    pub(crate) record_version: i64,
    #[serde(skip)]
    pub(crate) key_id: String,
    #[serde(skip)]
    pub(crate) sealed: Vec<u8>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

impl ConnectionRow {
    pub(crate) fn view(&self) -> Connection {
        Connection {
            id: self.id.clone(),
            app: self.app.clone(),
            auth_scheme: self.auth_scheme.as_str().into(),
            integration_id: self.integration_id.clone(),
            entity_id: self.entity_id.clone(),
            status: self.status.clone(),
            verdict: self.verdict,
            verified_at: self.verified_at.clone(),
            account: self.account.clone(),
            alias: self.alias.clone(),
            labels: self.labels.clone(),
            metadata: self.metadata.clone(),
            created_at: self.created_at.clone(),
            updated_at: self.updated_at.clone(),
        }
    }
}

impl Candidate for ConnectionRow {
    fn id(&self) -> &str {
        &self.id
    }
    fn entity_id(&self) -> &str {
        &self.entity_id
    }
    fn app(&self) -> &str {
        &self.app
    }
    fn status(&self) -> &Status {
        &self.status
    }
    fn alias(&self) -> Option<&str> {
        self.alias.as_deref()
    }
}

/// Which connections to list. All that is given must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionQuery {
    pub(crate) entity_id: Option<String>,
    pub(crate) app: Option<String>,
    pub(crate) integration_id: Option<String>,
    pub(crate) statuses: Vec<String>,
    pub(crate) labels: Vec<String>,
    /// Only those whose key is another one.
    pub(crate) not_sealed_with: Option<String>,
    /// Only those older than this one.
    pub(crate) before: Option<i64>,
    /// Only those newer than this one, and the oldest of them first.
    pub(crate) after: Option<i64>,
    pub(crate) limit: u32,
}

/// Which connections are due for a check: ACTIVE or EXPIRED, longest not verified first.
#[derive(Clone, Debug)]
pub(crate) struct DueQuery {
    pub(crate) entity_id: Option<String>,
    pub(crate) app: Option<String>,
    /// Only those never verified or not later than this (RFC 3339).
    pub(crate) until: String,
    /// Those verified later than this too: the clock was set back since.
    pub(crate) now: String,
    /// Only those behind this one: when it was verified (empty: never), and its place in the order of creation.
    pub(crate) after: Option<(String, i64)>,
    pub(crate) limit: u32,
}

/// What became of a wish to delete an integration.
#[derive(Debug)]
pub(crate) enum Deletion {
    Done,
    Missing,
    /// This many connections still use it.
    InUse(u64),
}

/// A record of this table under a new seal.
#[derive(Clone, Debug)]
pub(crate) struct Resealed {
    pub(crate) table: Table,
    pub(crate) id: String,
    /// The seal that it had when it was read. No two are alike, so it tells of every change.
    pub(crate) former: Vec<u8>,
    pub(crate) key_id: String,
    pub(crate) sealed: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Table {
    Integrations,
    Connections,
    AuditKeys,
}

/// Of a record that is to be stored under another key than the newest: read the keys, and seal it again.
pub(crate) fn not_the_newest() -> Error {
    Error::new(ErrorKind::WrongKey, "the vault has another data key by now; nothing was stored, call again")
}

/// A change to a stored connection, made inside the store's transaction; an error leaves the row as it was.
pub(crate) type Change<'c> = &'c mut dyn FnMut(&mut ConnectionRow) -> Result<()>;

/// A place for records. Every method is one transaction, durable when it returns; all may be called from any thread. The entry of
/// a `note` is stored where the change is made, in its transaction; an entry that is not required never hinders it.
pub(crate) trait Store: Send + Sync {
    /// The vault's data keys, oldest first.
    fn keys(&self) -> Result<Vec<KeyRow>>;
    /// Stores the vault's first key, unless another process was quicker; returns the one that is stored.
    fn add_first_key(&self, key: &KeyRow) -> Result<KeyRow>;
    /// Puts `to` in the place of the stored keys, where these are `from` still; tells whether they were. `to` has all keys of
    /// `from` in their order, perhaps sealed anew, and perhaps newer ones. `last` is done just before the commit, and while
    /// nobody else can change the keys; its error undoes all.
    fn swap_keys(
        &self,
        from: &[KeyRow],
        to: &[KeyRow],
        note: Note<'_>,
        last: &mut dyn FnMut() -> Result<()>,
    ) -> Result<bool>;
    /// Deletes the keys that no record is sealed with, except the newest, and every trace of what was deleted before; returns
    /// those that are left, oldest first. `storage` where others read the traces for too long: the keys are deleted then.
    fn drop_unused_keys(&self) -> Result<Vec<KeyRow>>;
    /// How many integrations and connections, and keys of the audit log, have another key than this one.
    fn older_records(&self, key_id: &str) -> Result<u64>;
    /// Gives records new seals and changes nothing else in them, except those that are not as they were read; tells how many.
    /// `wrong_key` where the key is not the newest.
    fn reseal(&self, records: &[Resealed]) -> Result<u64>;

    fn integration(&self, id: &str) -> Result<Option<IntegrationRow>>;
    /// Newest first.
    fn integrations(&self, app: Option<&str>) -> Result<Vec<IntegrationRow>>;
    fn newest_integration(&self, app: &str, auth_scheme: Option<&str>) -> Result<Option<IntegrationRow>>;
    /// `wrong_key` where it is not sealed with the newest key.
    fn insert_integration(&self, row: &IntegrationRow, note: Note<'_>) -> Result<()>;
    /// As `insert_integration`, unless the app has an integration with this scheme already; returns the one that is stored.
    fn default_integration(&self, row: &IntegrationRow, note: Note<'_>) -> Result<IntegrationRow>;
    fn delete_integration(&self, id: &str, note: Note<'_>) -> Result<Deletion>;

    fn connection(&self, id: &str) -> Result<Option<ConnectionRow>>;
    /// Both as they are at one moment.
    fn connection_and_integration(&self, id: &str) -> Result<Option<(ConnectionRow, Option<IntegrationRow>)>>;
    /// Newest first, but for [`ConnectionQuery::after`].
    fn connections(&self, query: &ConnectionQuery) -> Result<Vec<ConnectionRow>>;
    /// Those that are due, and how many there are without the limit.
    fn due_connections(&self, query: &DueQuery) -> Result<(Vec<ConnectionRow>, u64)>;
    /// Stores a connection; `already_exists` where its alias is taken or, unless `allow_multiple`, where the entity
    /// has an active one with that integration; `not_found` where the integration is gone; `wrong_key` where it is not sealed
    /// with the newest key.
    fn insert_connection(&self, row: &ConnectionRow, allow_multiple: bool, note: Note<'_>) -> Result<()>;
    /// Reads, changes and writes a connection; `None` where there is none, `wrong_key` where it has got a new seal, and that is
    /// not with the newest key.
    fn update_connection(&self, id: &str, change: Change<'_>, note: Note<'_>) -> Result<Option<ConnectionRow>>;
    /// Whether there was one.
    fn delete_connection(&self, id: &str, note: Note<'_>) -> Result<bool>;

    /// Stores an integration unless one has its id; tells whether it was stored. `wrong_key` as `insert_integration`.
    fn add_integration(&self, row: &IntegrationRow) -> Result<bool>;
    /// Stores those connections whose id and alias are free; tells which. The errors of `insert_connection`; nothing is stored
    /// then.
    fn add_connections(&self, rows: &[ConnectionRow]) -> Result<Vec<bool>>;
    /// Whether an integration of this id could be added.
    fn integration_is_free(&self, id: &str) -> Result<bool>;
    /// Whether the connection could be added, as far as its id and alias go.
    fn connection_is_free(&self, row: &ConnectionRow) -> Result<bool>;

    /// The key of the audit log, where there is one.
    fn audit_key(&self) -> Result<Option<AuditKeyRow>>;
    /// Stores the key of the audit log, unless another process was quicker; returns the one that is stored. `wrong_key` where it is
    /// not sealed with the newest key, `corrupt_record` where the log has entries and its key is gone.
    fn add_audit_key(&self, row: &AuditKeyRow) -> Result<AuditKeyRow>;
    /// Puts an entry behind the last one.
    fn append_entry(&self, entry: &dyn Entry, about: About<'_>) -> Result<()>;
    /// The newest entry.
    fn last_entry(&self) -> Result<Option<AuditRow>>;
    /// Oldest first.
    fn entries(&self, query: &AuditRows) -> Result<Vec<AuditRow>>;

    /// Writes all that is stored at this moment to a new file, while others go on; `already_exists` where there is a file.
    fn backup(&self, to: &Path) -> Result<()>;

    /// Whether reading waits for this machine's disk alone.
    fn is_local(&self) -> bool;

    /// The version of the store's tables.
    fn format(&self) -> Result<i64>;
    /// Refuses a version that is not read here.
    fn must_be_readable(&self, format: i64) -> Result<()>;
    /// How many faults the store's structure has, where that can be found out; looks at all of it.
    fn faults(&self) -> Result<Option<u64>>;

    /// Lets go of files and connections; later calls fail with `closed`.
    fn close(&self);
}

fn must_be_within(oldest: i64, newest: i64, version: i64) -> Result<()> {
    let todo = if (oldest..=newest).contains(&version) {
        return Ok(());
    } else if version > newest {
        "update Keylatch"
    } else if version == 0 {
        "it is another program's file; name the vault's"
    } else {
        "it was made before the first release; connect again in a new vault"
    };
    let message = format!("the vault has format {version}, this Keylatch reads {newest}: {todo}");
    Err(Error::new(ErrorKind::Storage, message))
}

fn alias_taken(by: &str) -> Error {
    let message = "this alias is taken by another connection of the entity and app; choose another";
    Error::new(ErrorKind::AlreadyExists, message).with_fields(["alias"]).with_connection(by)
}

fn integration_gone() -> Error {
    Error::new(ErrorKind::NotFound, "the integration was deleted meanwhile").with_fields(["integration_id"])
}

/// Of a new connection: whether its key is the newest and its integration there, and which active connection is in its way.
fn must_be_storable((is_newest, is_there, first): (bool, bool, Option<String>)) -> Result<()> {
    match first {
        _ if !is_newest => Err(not_the_newest()),
        _ if !is_there => Err(integration_gone()),
        Some(id) => Err(Error::already_connected(&id)),
        None => Ok(()),
    }
}

/// A vault that holds something has had a key; another one would make the loss final.
fn key_lost() -> Error {
    Error::new(ErrorKind::CorruptRecord, "the vault's own key record is gone: restore a backup")
}
