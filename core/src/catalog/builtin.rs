//! The built-in apps, as the build script left them: one text without a single pointer, so that loading the library
//! costs the same however many apps there are. A definition is read when its app is first asked for.

use std::sync::OnceLock;

use super::definition::AppDef;
use super::read;

/// One after the other, by slug: the slug, a line feed, the definition as JSON.
static TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/catalog.txt"));
/// Where each app begins in `TEXT`, and at last its length.
static STARTS: &[u32] = &include!(concat!(env!("OUT_DIR"), "/catalog_starts.rs"));
const COUNT: usize = STARTS.len() - 1;

static APPS: [OnceLock<Box<AppDef>>; COUNT] = [const { OnceLock::new() }; COUNT];

pub(super) fn app(slug: &str) -> Option<&'static AppDef> {
    let (mut low, mut high) = (0, COUNT);
    while low < high {
        let middle = low.midpoint(high);
        match entry(middle).0.cmp(slug) {
            std::cmp::Ordering::Equal => return Some(at(middle)),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

/// Every app, by slug. The first call reads all of them.
pub(super) fn apps() -> impl Iterator<Item = &'static AppDef> {
    (0..COUNT).map(at)
}

/// The slugs, in order; reads no definition.
pub(super) fn slugs() -> impl Iterator<Item = &'static str> {
    (0..COUNT).map(|i| entry(i).0)
}

fn at(index: usize) -> &'static AppDef {
    APPS[index].get_or_init(|| {
        let json = serde_json::from_str(entry(index).1).expect("the build script wrote JSON");
        Box::new(read::read(&json).expect("the build script found no mistake"))
    })
}

fn entry(index: usize) -> (&'static str, &'static str) {
    let (start, end) = (STARTS[index] as usize, STARTS[index + 1] as usize);
    TEXT[start..end].split_once('\n').expect("the build script wrote a line feed")
}
