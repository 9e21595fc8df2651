//! The built-in apps, as the build script left them: texts without a single pointer, so that loading the library costs the
//! same however many apps there are. A definition is read when its app is first asked for; slugs, names, categories and the
//! forms of keys stand apart, so that finding an app reads none.

use once_cell::race::OnceBox;
use regex_lite::Regex;

use super::definition::AppDef;
use super::read;
use super::search::Head;
use super::shape::Form;

/// The definitions as JSON, one after the other, by slug.
static TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/catalog.txt"));
/// Where each app begins in `TEXT`, and at last its length.
static STARTS: &[u32] = &include!(concat!(env!("OUT_DIR"), "/catalog_starts.rs"));
/// Slug, name and category with tabs between them, one app after the other in the same order.
static HEADS: &str = include_str!(concat!(env!("OUT_DIR"), "/catalog_heads.txt"));
/// Where each app begins in `HEADS`, and at last its length.
static HEAD_STARTS: &[u32] = &include!(concat!(env!("OUT_DIR"), "/catalog_head_starts.rs"));
/// A line for each field whose values tell whose they are: slug, auth scheme, field and pattern with tabs between them.
static SHAPES: &str = include_str!(concat!(env!("OUT_DIR"), "/catalog_shapes.txt"));
const COUNT: usize = STARTS.len() - 1;

/// Whoever comes first leaves what it read; nobody waits for another, who might be gone after a fork.
static APPS: [OnceBox<AppDef>; COUNT] = [const { OnceBox::new() }; COUNT];
static READ_SHAPES: OnceBox<Vec<Shape>> = OnceBox::new();

/// A field whose values tell whose they are.
pub(super) struct Shape {
    pub(super) app: &'static str,
    pub(super) auth_scheme: &'static str,
    pub(super) field: &'static str,
    pub(super) form: Form,
    pattern: &'static str,
    regex: OnceBox<Option<Regex>>,
}

impl Shape {
    pub(super) fn matches(&self, value: &str) -> bool {
        let regex = self.regex.get_or_init(|| Box::new(Regex::new(self.pattern).ok()));
        regex.as_ref().is_some_and(|regex| regex.is_match(value))
    }
}

pub(super) fn app(slug: &str) -> Option<&'static AppDef> {
    let (mut low, mut high) = (0, COUNT);
    while low < high {
        let middle = low.midpoint(high);
        match head(middle).slug.cmp(slug) {
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

/// The names of every app, by slug; reads no definition.
pub(super) fn heads() -> impl Iterator<Item = Head<'static>> {
    (0..COUNT).map(head)
}

/// The fields of all apps whose values tell whose they are; reads no definition. The first call reads the patterns.
pub(super) fn shapes() -> &'static [Shape] {
    READ_SHAPES.get_or_init(|| {
        let shape = |line| {
            let [app, auth_scheme, field, pattern] = parts(line);
            Shape { app, auth_scheme, field, form: Form::of(pattern), pattern, regex: OnceBox::new() }
        };
        Box::new(SHAPES.lines().map(shape).collect())
    })
}

fn at(index: usize) -> &'static AppDef {
    APPS[index].get_or_init(|| {
        let json = &TEXT[STARTS[index] as usize..STARTS[index + 1] as usize];
        let json = serde_json::from_str(json).expect("the build script wrote JSON");
        Box::new(read::read(&json).expect("the build script found no mistake"))
    })
}

fn head(index: usize) -> Head<'static> {
    let line = &HEADS[HEAD_STARTS[index] as usize..HEAD_STARTS[index + 1] as usize];
    let [slug, name, category] = parts(line);
    Head { slug, name, category }
}

fn parts<const N: usize>(line: &'static str) -> [&'static str; N] {
    let mut parts = line.splitn(N, '\t');
    std::array::from_fn(|_| parts.next().expect("the build script wrote a tab"))
}
