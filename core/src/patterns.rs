//! Patterns of fields, kept as they are compiled: that takes longer than everything else that is done with a value.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex_lite::Regex;

use crate::process::Lock;

/// So many are kept at most; others, which only apps of the host's could have, are compiled each time.
const MOST: usize = 512;

static COMPILED: Lock<BTreeMap<String, Arc<Regex>>> = Lock::new(BTreeMap::new());

/// The pattern, ready to use; `None` where it is none.
pub(crate) fn compiled(pattern: &str) -> Option<Arc<Regex>> {
    if let Some(kept) = COMPILED.lock().get(pattern) {
        return Some(kept.clone());
    }
    let regex = Arc::new(Regex::new(pattern).ok()?);
    let mut all = COMPILED.lock();
    if all.len() < MOST {
        all.insert(pattern.to_owned(), regex.clone());
    }
    Some(regex)
}
