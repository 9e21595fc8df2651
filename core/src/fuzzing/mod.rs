//! What the fuzz targets in `tests/fuzz` call of the inside. The feature `fuzzing` adds this module and changes nothing
//! else; no released library has it. Here things are made reachable, there they are judged.

mod scripted;

use crate::catalog::{Catalog, shape};
use crate::connection::Warning;
use crate::error::Result;
use crate::input::{self, Completeness, Params, Rules, Values};
pub use crate::provider::fuzzing::*;
use crate::secret::Secret;
pub use crate::vault::exports;
use crate::vault::record;
pub use scripted::{Answer, Scripted, Sent};

/// Names and values, as the inside keeps them.
pub type Named = Vec<(String, Vec<u8>)>;

pub(crate) fn values(given: &Named) -> Values {
    let mut values = Values::default();
    given.iter().for_each(|(name, value)| values.set(name, Secret::new(value)));
    values
}

/// A sealed record of these bytes.
#[must_use]
pub fn seal(key: &[u8; 32], binding: &[&str], plain: &[u8]) -> Option<Vec<u8>> {
    record::seal(key, &record::binding(binding), plain).ok()
}

/// What a record holds, where it opens.
#[must_use]
pub fn open(key: &[u8; 32], binding: &[&str], sealed: &[u8]) -> Option<Vec<u8>> {
    record::open(key, &record::binding(binding), sealed).ok().map(|plain| plain.to_vec())
}

/// Values as they are sealed.
#[must_use]
pub fn pack(given: &Named) -> Vec<u8> {
    record::pack(&values(given)).to_vec()
}

/// The values in packed bytes.
#[must_use]
pub fn unpack(packed: &[u8]) -> Option<Named> {
    let values = record::unpack(packed)?;
    Some(values.iter().map(|(name, value)| (name.to_owned(), value.expose().to_vec())).collect()) // expose: to be compared
}

/// The form of a pattern, and whether a value has it: what all matches begin with, and whether `value` matches. None where
/// the pattern is none.
#[must_use]
pub fn pattern(pattern: &str, value: &str) -> Option<(Vec<String>, bool)> {
    let regex = regex_lite::Regex::new(pattern).ok()?;
    Some((shape::beginnings(pattern), regex.is_match(value)))
}

/// Values as they are checked before anything is sent, with what is warned of, for an app's scheme.
///
/// # Errors
/// Everything that is wrong with them.
pub fn checked(app: &str, params: Params) -> Result<(Named, Vec<Warning>)> {
    let catalog = Catalog::default();
    let found = catalog.app(app)?;
    let fixed = Values::default();
    let rules =
        Rules { completeness: Completeness::Whole, fixed: &fixed, app, catalog: &catalog, strict_secrets: false };
    let (values, warnings) = input::check(found.schemes[0].fields.iter(), params, &rules)?;
    Ok((values.iter().map(|(name, value)| (name.to_owned(), value.expose().to_vec())).collect(), warnings)) // expose: to be compared
}
