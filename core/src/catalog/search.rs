//! Finding apps by what a person types: a slug, a name or a part of one, also misspelt; and by category.

use super::near;
use crate::calls::AppSearch;
use crate::error::{Error, ErrorKind, Result};

/// Below this a name is another name, not a misspelt one.
const ALIKE: f64 = 0.7;
/// Shorter words are like too many others.
const FEWEST_MISSPELT: usize = 4;

/// As much of an app as a search looks at.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) slug: &'a str,
    pub(crate) name: &'a str,
    pub(crate) category: &'a str,
}

/// Which of these apps are meant, by their place in the list, best first and then by slug.
pub(crate) fn ranked(heads: &[Head], ask: &AppSearch, limit: usize) -> Result<Vec<usize>> {
    let category = ask.category.as_deref().map(|name| category(heads, name)).transpose()?;
    let query = ask.query.as_deref().map(words).unwrap_or_default();
    let asked_nothing = ask.query.as_deref().is_none_or(|query| query.trim().is_empty());
    let mut found: Vec<(f64, usize)> = heads
        .iter()
        .enumerate()
        .filter(|(_, head)| category.is_none_or(|name| head.category == name))
        .map(|(at, head)| (if asked_nothing { 1.0 } else { score(&query, head) }, at))
        .filter(|(score, _)| *score > 0.0)
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| heads[a.1].slug.cmp(heads[b.1].slug)));
    Ok(found.into_iter().take(limit).map(|(_, at)| at).collect())
}

/// The category of this name as the apps write it.
fn category<'a>(heads: &[Head<'a>], wanted: &str) -> Result<&'a str> {
    if let Some(head) = heads.iter().find(|head| head.category.eq_ignore_ascii_case(wanted.trim())) {
        return Ok(head.category);
    }
    let mut known: Vec<&str> = heads.iter().map(|head| head.category).filter(|name| !name.is_empty()).collect();
    known.sort_unstable();
    known.dedup();
    let near = near(wanted, known.iter().copied());
    let shown: String = wanted.chars().take(64).collect();
    let hint = if near.is_empty() {
        format!("known are {}", known.join(", "))
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    let message = format!("no app is of the category `{shown}`; {hint}");
    Err(Error::new(ErrorKind::InvalidArgument, message).with_fields(["category"]).with_near(near))
}

/// Lower-case words of letters and digits.
fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    parts.map(str::to_lowercase).collect()
}

/// How well the app is what was typed, from 0 (not at all) to 1 (its very name).
fn score(query: &[String], head: &Head) -> f64 {
    let of_name = [head.slug, head.name].map(|text| alike(query, &words(text)));
    let of_category = if words(head.category) == query { 0.1 } else { 0.0 };
    of_name.into_iter().fold(of_category, f64::max)
}

/// The same with one of its names. What is written in one word may be meant in two.
fn alike(query: &[String], name: &[String]) -> f64 {
    let (wanted, whole) = (query.concat(), name.concat());
    if wanted.is_empty() {
        return 0.0;
    }
    if wanted == whole {
        return 1.0;
    }
    // Of names that begin alike, the shorter one has less that was not asked for.
    let share = |of: &str| share_of(&wanted, of);
    let begun = if whole.starts_with(&wanted) { 0.8 + 0.1 * share(&whole) } else { 0.0 };
    let contained = if wanted.len() >= 3 && whole.contains(&wanted) { 0.5 + 0.1 * share(&whole) } else { 0.0 };
    let each = query.iter().map(|word| name.iter().map(|own| word_score(word, own)).fold(0.0, f64::max));
    let weakest = each.fold(1.0, f64::min);
    let by_words = if weakest > 0.0 { weakest + 0.05 * share(&whole) } else { 0.0 };
    [begun, contained, by_words, misspelt(&wanted, &whole)].into_iter().fold(0.0, f64::max)
}

fn word_score(word: &str, own: &str) -> f64 {
    if word == own {
        0.75
    } else if own.starts_with(word) {
        0.6 + 0.1 * share_of(word, own)
    } else {
        misspelt(word, own) * 0.9
    }
}

fn misspelt(wanted: &str, name: &str) -> f64 {
    if wanted.len() < FEWEST_MISSPELT {
        return 0.0;
    }
    let alike = strsim::normalized_damerau_levenshtein(wanted, name);
    if alike >= ALIKE { alike * 0.55 } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "names are short")]
fn share_of(part: &str, whole: &str) -> f64 {
    part.len() as f64 / whole.len().max(1) as f64
}
