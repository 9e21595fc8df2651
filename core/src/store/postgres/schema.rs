//! The vault's tables: made, and brought to the format of today, by whoever comes first.

use tokio_postgres::types::Type;

use super::failure::Trouble;
use super::session::{Session, lock_number};
use crate::store::must_be_within;

/// What a new vault gets, and what [`STEPS`] make of an old one.
const SCHEMA: &str = concat!(include_str!("schema.sql"), include_str!("audit.sql"));
/// The oldest format that is still read.
pub(super) const OLDEST: i64 = 1;
/// What turns each format since [`OLDEST`] into the next.
const STEPS: &[&str] = &[include_str!("audit.sql")];
/// The format of [`SCHEMA`].
pub(super) const FORMAT: i64 = OLDEST + STEPS.len() as i64;

/// Sees to it that the tables are there. Where they are as they should be, no right to make any is needed.
pub(super) fn prepare(session: &Session<'_>, schema: &str) -> Result<(), Trouble> {
    if let Some(format) = format(session, schema)? {
        must_be_within(OLDEST, FORMAT, format)?;
        if format == FORMAT {
            return Ok(());
        }
    }
    let lock = lock_number(&["schema", schema]);
    session
        .script(&format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock({lock})"))?;
    // Another process may have been quicker, also one that knows more formats.
    let script = match format(session, schema)? {
        None => first(session, schema)?,
        Some(format) => {
            must_be_within(OLDEST, FORMAT, format)?;
            let steps = STEPS.iter().skip(usize::try_from(format - OLDEST).unwrap_or(0));
            format!("{}; UPDATE vault SET format = {FORMAT};", steps.copied().collect::<Vec<_>>().join(";"))
        }
    };
    session.script(&script)?;
    session.script("COMMIT")
}

/// The format that the tables say they have; `None` where there are none.
pub(super) fn format(session: &Session<'_>, schema: &str) -> Result<Option<i64>, Trouble> {
    let table = format!("{schema}.vault");
    let there: bool = session.answer("SELECT to_regclass($1) IS NOT NULL", &[(&table, Type::TEXT)])?;
    if there { session.answer("SELECT max(format) FROM vault", &[]) } else { Ok(None) }
}

fn first(session: &Session<'_>, schema: &str) -> Result<String, Trouble> {
    let there: bool = session.answer("SELECT to_regnamespace($1) IS NOT NULL", &[(&schema, Type::TEXT)])?;
    let make = if there { String::new() } else { format!("CREATE SCHEMA {schema};") };
    Ok(format!("{make} {SCHEMA} INSERT INTO vault VALUES ({FORMAT});"))
}
