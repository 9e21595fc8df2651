//! From page to page of an app's list: where the next one is, as the app's answer tells. A cursor carries all that is to be
//! known, so that no callback crosses a border and no client has to remember a list.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calls::{Request, Response};
use crate::error::{Error, ErrorKind, Result};

/// How many pages there are at most, where the caller does not say.
const DEFAULT_PAGES: u32 = 1_000;
const MOST_PAGES: u32 = 100_000;
/// So many places are remembered, to notice a list that leads back to one of them.
const REMEMBERED: usize = 1_000;

/// How an app's list goes on. By default as a `Link` header says.
///
/// ```
/// use keylatch::{Paging, PagingBy};
///
/// // {"data": [{"id": "cus_1"}, …], "has_more": true}, and ?starting_after=cus_1 for what follows
/// let stripe = Paging {
///     by: PagingBy::Cursor,
///     next: Some("/data/-/id".into()),
///     query: Some("starting_after".into()),
///     more: Some("/has_more".into()),
///     ..Paging::default()
/// };
/// # drop(stripe);
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Paging {
    /// What leads to the next page.
    pub by: PagingBy,
    /// The query parameter that chooses the page. Default: `page` or `offset`; a cursor without one is the next page's address.
    pub query: Option<String>,
    /// JSON pointer to the cursor in the answer; `-` stands for the last item of a list, as in `/data/-/id`. No text or number
    /// there, or an empty text, is the end.
    pub next: Option<String>,
    /// JSON pointer to the list in the answer, which ends where that is empty. Default: the whole answer.
    pub items: Option<String>,
    /// JSON pointer to what is `true` as long as there are more pages.
    pub more: Option<String>,
    /// Number of the first page, by default 1; or the first offset, by default 0.
    pub first: Option<u64>,
    /// How many pages at most, 1 to 100 000. Default: 1 000.
    pub max_pages: Option<u32>,
}

/// What leads to the next page of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PagingBy {
    /// The `Link` header of the answer, with `rel="next"`, on the connection's own origin.
    #[default]
    Link,
    /// A cursor in the answer.
    Cursor,
    /// Pages are numbered.
    Page,
    /// Items are counted.
    Offset,
}

/// Where a page is.
#[derive(Clone, Debug, Deserialize, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// What the caller asked for.
    Start,
    /// This value of the query parameter.
    Query(String),
    /// What `to` leads to, seen from the path `from`.
    Link { from: String, to: String },
}

/// What a cursor says.
#[derive(Deserialize, Serialize)]
struct State {
    /// How many pages there were before.
    pages: u32,
    place: Place,
    /// Hashes of the places that were asked for.
    seen: Vec<u64>,
}

/// One page on its way.
pub(crate) struct Pager {
    paging: Paging,
    state: State,
}

impl Pager {
    /// The page that the cursor tells of, or the first.
    pub(crate) fn new(paging: Paging, cursor: Option<&str>) -> Result<Self> {
        paging.check()?;
        let state = match cursor {
            Some(cursor) => read_cursor(cursor)?,
            None => State { pages: 0, place: paging.start(), seen: Vec::new() },
        };
        Ok(Self { paging, state })
    }

    /// Where the page is; a query parameter is put into the request.
    pub(crate) fn place(&self, request: &mut Request) -> Result<Place> {
        if let Some(name) = self.paging.query() {
            let first = self.state.pages == 0;
            let is_in_path =
                url::form_urlencoded::parse(request.path.split_once('?').map_or("", |(_, q)| q).as_bytes())
                    .any(|(given, _)| given == name);
            let is_given = request.query.iter().any(|(given, _)| given == name);
            if is_in_path || (is_given && (!first || self.paging.by != PagingBy::Cursor)) {
                let message = format!("the query parameter `{name}` chooses the page; leave it out");
                return Err(Error::argument("query", message));
            }
            if let Place::Query(value) = &self.state.place {
                request.query.push((name.to_owned(), value.clone()));
            }
        }
        Ok(self.state.place.clone())
    }

    /// The cursor of the page after this answer, which came from the path `from`; `None` at the end of the list.
    pub(crate) fn next(mut self, from: &str, response: &Response) -> Result<Option<String>> {
        self.state.pages += 1;
        if !(200..300).contains(&response.status) || self.state.pages >= self.paging.max_pages() {
            return Ok(None);
        }
        let Some(place) = self.paging.after(&self.state.place, from, response)? else { return Ok(None) };
        self.state.seen.push(hash(&self.state.place));
        if self.state.seen.contains(&hash(&place)) {
            return Ok(None); // it would go round for ever
        }
        let excess = self.state.seen.len().saturating_sub(REMEMBERED);
        self.state.seen.drain(..excess);
        self.state.place = place;
        Ok(Some(URL_SAFE_NO_PAD.encode(serde_json::to_vec(&self.state).unwrap_or_default())))
    }
}

impl Paging {
    fn check(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::argument("paging", format!("paging: {what}")));
        let pointers = [&self.next, &self.items, &self.more];
        if pointers.into_iter().flatten().any(|pointer| !pointer.is_empty() && !pointer.starts_with('/')) {
            return wrong("a JSON pointer begins with /");
        }
        let counts = matches!(self.by, PagingBy::Page | PagingBy::Offset);
        if (self.by == PagingBy::Cursor) != self.next.is_some() {
            return wrong("by cursor needs `next`, where the cursor is in the answer; nothing else takes it");
        }
        if !counts && (self.items.is_some() || self.first.is_some()) {
            return wrong("`items` and `first` are for pages by number or offset");
        }
        if self.by == PagingBy::Link && (self.query.is_some() || self.more.is_some()) {
            return wrong("by link takes neither `query` nor `more`");
        }
        if !(1..=MOST_PAGES).contains(&self.max_pages()) {
            return wrong(&format!("max_pages must be 1 to {MOST_PAGES}"));
        }
        Ok(())
    }

    fn max_pages(&self) -> u32 {
        self.max_pages.unwrap_or(DEFAULT_PAGES)
    }

    fn query(&self) -> Option<&str> {
        let usual = match self.by {
            PagingBy::Page => Some("page"),
            PagingBy::Offset => Some("offset"),
            PagingBy::Link | PagingBy::Cursor => None,
        };
        self.query.as_deref().or(usual)
    }

    fn start(&self) -> Place {
        match self.by {
            PagingBy::Page => Place::Query(self.first.unwrap_or(1).to_string()),
            PagingBy::Offset => Place::Query(self.first.unwrap_or(0).to_string()),
            PagingBy::Link | PagingBy::Cursor => Place::Start,
        }
    }

    /// Where the page after this one is.
    fn after(&self, place: &Place, from: &str, response: &Response) -> Result<Option<Place>> {
        let link = |to: String| Place::Link { from: from.to_owned(), to };
        if self.by == PagingBy::Link {
            return Ok(next_link(&response.headers).map(link));
        }
        if response.body.trim_ascii().is_empty() {
            return Ok(None);
        }
        let json = response.json()?;
        if self.more.as_deref().is_some_and(|pointer| at(&json, pointer) != Some(&Value::Bool(true))) {
            return Ok(None);
        }
        if let Some(pointer) = &self.next {
            let next = match at(&json, pointer) {
                Some(Value::String(text)) if !text.is_empty() => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => return Ok(None),
            };
            return Ok(Some(if self.query.is_some() { Place::Query(next) } else { link(next) }));
        }
        let pointer = self.items.as_deref().unwrap_or_default();
        let Some(Value::Array(items)) = at(&json, pointer) else {
            let message = "the app's answer has no list where paging says; `items` is the JSON pointer to it";
            return Err(Error::new(ErrorKind::Server, message));
        };
        let Place::Query(now) = place else { return Ok(None) };
        let step = if self.by == PagingBy::Page { 1 } else { items.len() as u64 };
        let next = now.parse::<u64>().ok().and_then(|now| now.checked_add(step)).filter(|_| !items.is_empty());
        Ok(next.map(|next| Place::Query(next.to_string())))
    }
}

/// What a JSON pointer leads to; `-` is the last item of a list.
fn at<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    pointer.split('/').skip(1).try_fold(value, |value, token| match value {
        Value::Array(items) if token == "-" => items.last(),
        _ => value.pointer(&format!("/{token}")),
    })
}

/// The target of the link whose relation is `next`, out of all `Link` headers.
fn next_link(headers: &[(String, String)]) -> Option<String> {
    let lines = headers.iter().filter(|(name, _)| name == "link").map(|(_, value)| value.as_str());
    lines.flat_map(links).find(|(_, parameters)| is_next(parameters)).map(|(target, _)| target.to_owned())
}

/// The links of one header: target, and the text of its parameters. A comma may stand in both.
fn links(mut header: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    while let Some((target, rest)) = header.split_once('<').and_then(|(_, rest)| rest.split_once('>')) {
        let mut quoted = false;
        let end = rest.find(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        let (parameters, after) = rest.split_at(end.unwrap_or(rest.len()));
        found.push((target.trim(), parameters));
        header = after;
    }
    found
}

fn is_next(parameters: &str) -> bool {
    let relation = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let mut relation = relation.filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
    relation.any(|(_, names)| {
        names.trim().trim_matches('"').split_ascii_whitespace().any(|name| name.eq_ignore_ascii_case("next"))
    })
}

fn hash(place: &Place) -> u64 {
    let mut hasher = DefaultHasher::new();
    // The page that a link was on does not make it another one.
    match place {
        Place::Link { to, .. } => to.hash(&mut hasher),
        place => place.hash(&mut hasher),
    }
    hasher.finish()
}

fn read_cursor(cursor: &str) -> Result<State> {
    let state = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    state.ok_or_else(|| Error::argument("cursor", "the cursor is not one that request_page returned"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        let header = |value: &str| vec![("link".to_owned(), value.to_owned())];
        for (value, found) in [
            (r#"</a?page=2>; rel="next""#, Some("/a?page=2")),
            (r#"</p>; rel="prev", </n,2>; title="a, <b>"; rel="last next""#, Some("/n,2")),
            ("<https://x.example/2>;rel=next", Some("https://x.example/2")),
            (r#"</l>; rel="last""#, None),
            (r#"</l>; rel="nextish"; title="next""#, None),
            ("", None),
            ("<", None),
        ] {
            assert_eq!(next_link(&header(value)).as_deref(), found, "{value}");
        }
    }

    #[test]
    fn a_pointer_finds_the_last_item() {
        let json = serde_json::json!({"data": [{"id": "a"}, {"id": "b/~"}], "b/~": 1});
        assert_eq!(at(&json, "/data/-/id"), Some(&Value::from("b/~")));
        assert_eq!(at(&json, "/data/0/id"), Some(&Value::from("a")));
        assert_eq!(at(&json, "/b~1~0"), Some(&Value::from(1)));
        assert_eq!(at(&json, ""), Some(&json));
        assert_eq!(at(&json, "/data/2/id"), None);
    }
}
