//! One connection as a call uses it: statements that wait for their answers until the call's deadline.

use std::time::{Duration, Instant};

use tokio_postgres::types::{FromSqlOwned, ToSql, Type};
use tokio_postgres::{Client, Error as Theirs, Row};

use super::failure::{self, Trouble};
use crate::io::wait_until;

/// The server ends what takes too long by itself, and says why; whoever hears nothing of that waits so much longer.
const GRACE: Duration = Duration::from_secs(1);

/// A value for a statement, and its type: statements are not prepared, which keeps a call at one round trip for each.
pub(super) type Value<'v> = (&'v (dyn ToSql + Sync), Type);

pub(super) const TEXT: Type = Type::TEXT;
pub(super) const TEXTS: Type = Type::TEXT_ARRAY;
pub(super) const NUMBER: Type = Type::INT8;
pub(super) const BYTES: Type = Type::BYTEA;
pub(super) const TRUTH: Type = Type::BOOL;

/// What a transaction has for itself until it ends. Besides, each one but that for the keys can rely on the keys.
#[derive(Clone, Copy)]
pub(super) enum Lock<'l> {
    Keys,
    Of(&'l [&'l str]),
}

/// What makes a row to what it stands for.
pub(super) type Reader<T> = fn(&Row) -> Result<T, Theirs>;

/// What a call does its work with.
pub(super) struct Session<'s> {
    pub(super) client: &'s Client,
    pub(super) tenant: &'s str,
    pub(super) deadline: Instant,
    /// An earlier try at the same work may have been committed, and is over by the time that a lock of this one is had.
    pub(super) again: bool,
}

impl Session<'_> {
    /// The rows that the statement gives, each made to what it stands for. Its first parameter is the tenant.
    pub(super) fn rows<T>(&self, sql: &str, values: &[Value<'_>], of: Reader<T>) -> Result<Vec<T>, Trouble> {
        let rows = self.wait(self.client.query_typed(sql, &self.with_tenant(values)))?;
        rows.iter().map(of).collect::<Result<_, _>>().map_err(|error| failure::trouble(&error))
    }

    /// The first of them.
    pub(super) fn row<T>(&self, sql: &str, values: &[Value<'_>], of: Reader<T>) -> Result<Option<T>, Trouble> {
        Ok(self.rows(sql, values, of)?.into_iter().next())
    }

    /// The only column of the only row of a statement that is not about a tenant.
    pub(super) fn answer<T: FromSqlOwned>(&self, sql: &str, values: &[Value<'_>]) -> Result<T, Trouble> {
        let row = self.wait(self.client.query_typed_one(sql, values))?;
        row.try_get(0).map_err(|error| failure::trouble(&error))
    }

    /// How many rows the statement changed.
    pub(super) fn change(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, Trouble> {
        self.wait(self.client.execute_typed(sql, &self.with_tenant(values)))
    }

    /// Statements without values.
    pub(super) fn script(&self, sql: &str) -> Result<(), Trouble> {
        self.wait(self.client.batch_execute(sql))
    }

    /// Begins a transaction that has this lock. Each statement in it sees what others committed before it began.
    pub(super) fn begin(&self, lock: Lock<'_>) -> Result<(), Trouble> {
        let keys = lock_number(&["keys", self.tenant]);
        let locks = match lock {
            Lock::Keys => format!("SELECT pg_advisory_xact_lock({keys})"),
            Lock::Of(name) => {
                let own = self.lock_number(name);
                format!("SELECT pg_advisory_xact_lock_shared({keys}); SELECT pg_advisory_xact_lock({own})")
            }
        };
        self.script(&format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {locks}"))
    }

    /// The number of a tenant's [`Lock::Of`] this name.
    pub(super) fn lock_number(&self, name: &[&str]) -> i64 {
        lock_number(&[&["of", self.tenant], name].concat())
    }

    fn with_tenant<'v>(&'v self, values: &[Value<'v>]) -> Vec<Value<'v>> {
        let tenant: Value<'v> = (&self.tenant, Type::TEXT);
        std::iter::once(tenant).chain(values.iter().cloned()).collect()
    }

    fn wait<T>(&self, answer: impl Future<Output = Result<T, Theirs>>) -> Result<T, Trouble> {
        match wait_until(answer, self.deadline + GRACE) {
            Some(answer) => answer.map_err(|error| failure::trouble(&error)),
            None => Err(Trouble::timeout()),
        }
    }
}

/// The number by which PostgreSQL knows a lock. Two that fall together only wait for each other without need.
pub(super) fn lock_number(name: &[&str]) -> i64 {
    use sha2::{Digest as _, Sha256};
    let hash = Sha256::digest(crate::vault::record::binding(name));
    i64::from_be_bytes(hash[..8].try_into().expect("a hash is longer"))
}
