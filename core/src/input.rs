//! What the user typed: values of any kind come in, and either checked texts or all problems at once come out.

use std::fmt;

use crate::asked;
use crate::catalog::{self, Catalog, FieldDef, Kind};
use crate::connection::Warning;
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::io::addresses::web_address;
use crate::patterns::compiled;
use crate::secret::Secret;

const NOT_WIPEABLE: &str = "must come as a Secret or a buffer that can be wiped, since strict_secrets is on";

/// One value as a host gave it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input {
    /// Text or bytes. `wipeable` is false for a copy of an immutable host string, which the host cannot wipe.
    Text {
        /// The content.
        value: Secret,
        /// Whether the host's own copy can be wiped.
        wipeable: bool,
    },
    /// A number or a boolean, as JSON writes it.
    Scalar(String),
    /// Something that no field takes; the text names its type in the host's words.
    Unfit(String),
}

/// Credential values by wire name, as they go into a call. Each secret in it is wiped when it is dropped.
///
/// ```
/// use keylatch::Params;
///
/// let mut typed = *b"sk_test_123";
/// let params = Params::new().take("api_key", &mut typed);
/// assert_eq!(format!("{params:?}"), "Params([\"api_key\"])");
/// ```
#[derive(Default)]
pub struct Params(Vec<(String, Input)>);

impl Params {
    /// No values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Copies the bytes and wipes the caller's buffer.
    #[must_use]
    pub fn take(self, name: &str, value: &mut [u8]) -> Self {
        self.secret(name, Secret::take(value))
    }

    /// Moves a secret in.
    #[must_use]
    pub fn secret(mut self, name: &str, value: Secret) -> Self {
        self.insert(name, Input::Text { value, wipeable: true });
        self
    }

    /// Copies text that the caller cannot wipe; a client with `strict_secrets` refuses it for secret fields.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.insert(name, Input::Text { value: Secret::new(value.as_bytes()), wipeable: false });
        self
    }

    /// Adds a value of any kind. A name given twice counts as the last.
    pub fn insert(&mut self, name: &str, value: Input) {
        self.0.retain(|(n, _)| n != name);
        self.0.push((name.to_owned(), value));
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one value of this name, for a call that takes no other.
    pub(crate) fn sole(mut self, name: &str, strict_secrets: bool) -> Result<Secret> {
        let given = self.remove(name);
        let problem = |code, message: String| Err(Error::new(code, message).with_fields([name]));
        if let Some((other, _)) = self.0.first() {
            let shown: String = other.chars().take(64).collect();
            return problem(ErrorKind::UnknownField, format!("`{shown}` is not taken here; known is {name}"));
        }
        match given {
            None => problem(ErrorKind::MissingFields, format!("`{name}` is missing")),
            Some(Input::Text { wipeable: false, .. }) if strict_secrets => {
                problem(ErrorKind::InvalidField, format!("`{name}` {NOT_WIPEABLE}"))
            }
            Some(Input::Text { value, .. }) => Ok(value),
            Some(_) => problem(ErrorKind::InvalidField, format!("`{name}` must be text")),
        }
    }

    /// Whether there is a value of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    fn remove(&mut self, name: &str) -> Option<Input> {
        let at = self.0.iter().position(|(n, _)| n == name)?;
        Some(self.0.swap_remove(at).1)
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Params").field(&self.0.iter().map(|(name, _)| name).collect::<Vec<_>>()).finish()
    }
}

/// Checked values by wire name.
#[derive(Default)]
pub(crate) struct Values(Vec<(String, Secret)>);

impl Values {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Secret> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    pub(crate) fn set(&mut self, name: &str, value: Secret) {
        self.0.retain(|(n, _)| n != name);
        self.0.push((name.to_owned(), value));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether these are the same values, in whatever order.
    pub(crate) fn are(&self, others: &Self) -> bool {
        self.0.len() == others.0.len() && self.iter().all(|(name, value)| others.get(name) == Some(value))
    }

    /// Length of the longest value, from which a buffer's size follows: one that grew would leave its old block behind.
    pub(crate) fn longest(&self) -> usize {
        self.0.iter().map(|(_, value)| value.len()).max().unwrap_or(0)
    }

    pub(crate) fn remove_all(&mut self, names: &[String]) {
        self.0.retain(|(n, _)| !names.contains(n));
    }

    /// Takes out those whose names are wanted.
    pub(crate) fn take(&mut self, wanted: impl Fn(&str) -> bool) -> Self {
        let (taken, kept) = std::mem::take(&mut self.0).into_iter().partition(|(name, _)| wanted(name));
        self.0 = kept;
        Self(taken)
    }

    /// A second copy of each value.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.iter().map(|(name, value)| (name.clone(), value.lent())).collect())
    }

    /// Adds those of `other` that are not here yet.
    pub(crate) fn fill_from(&mut self, other: Values) {
        for (name, value) in other.0 {
            if self.get(&name).is_none() {
                self.0.push((name, value));
            }
        }
    }
}

/// How the fields that were left out count.
#[derive(Clone, Copy)]
pub(crate) enum Completeness<'v> {
    /// Required ones are problems, defaults are filled in.
    Whole,
    /// They are for others to give.
    Partial,
    /// They keep these values.
    Beside(&'v Values),
}

/// What values are checked by, beside their fields.
pub(crate) struct Rules<'a> {
    pub(crate) completeness: Completeness<'a>,
    /// Values that the developer has given: conditions may depend on them.
    pub(crate) fixed: &'a Values,
    /// Slug of the app.
    pub(crate) app: &'a str,
    /// Knows whose keys look how.
    pub(crate) catalog: &'a Catalog,
    /// Whether secrets must come in a form that can be wiped.
    pub(crate) strict_secrets: bool,
}

impl Rules<'_> {
    /// Whether a field that is asked for, and was not given, is missed. Of what is kept, only a condition that holds now and
    /// did not before can make it so.
    fn wants(&self, field: &FieldDef) -> bool {
        match self.completeness {
            Completeness::Whole => true,
            Completeness::Partial => false,
            Completeness::Beside(kept) => field.when.is_some() && kept.get(&field.name).is_none(),
        }
    }

    /// Whether the field is asked for; `None` where that cannot be known yet. `values` are those of the fields before it, and
    /// `refused` says which of these were given or needed in vain.
    fn asks_for(&self, field: &FieldDef, values: &Values, refused: &[Problem]) -> Option<bool> {
        let Some(when) = &field.when else { return Some(true) };
        let nothing = Values::default();
        let kept = match self.completeness {
            Completeness::Beside(kept) => kept,
            _ => &nothing,
        };
        let known = asked::holds(when, values, self.fixed).or_else(|| asked::holds(when, kept, &nothing));
        let open = matches!(self.completeness, Completeness::Partial) || refused.iter().any(|p| p.field == when.field);
        known.or(if open { None } else { Some(false) })
    }
}

/// Checks `params` against `fields`; on any problem, all of them.
pub(crate) fn check<'f>(
    fields: impl Iterator<Item = &'f FieldDef>,
    mut params: Params,
    rules: &Rules<'_>,
) -> Result<(Values, Vec<Warning>)> {
    let mut values = Values::default();
    let mut warnings = Vec::new();
    let mut problems = Vec::new();
    let mut names = Vec::new();
    for field in fields {
        names.push(field.name.as_ref());
        let asked = rules.asks_for(field, &values, &problems);
        match params.remove(&field.name) {
            Some(_) if asked == Some(false) => problems.push(not_asked(field)),
            Some(input) => match accept(field, input, rules.strict_secrets) {
                Ok((value, warned)) => {
                    warnings.extend(warned.into_iter().map(|message| warning(field, message)));
                    warnings.extend(unusual(field, &value, rules).map(|message| warning(field, message)));
                    values.set(&field.name, value);
                }
                Err(problem) => problems.push(Problem {
                    field: field.name.to_string(),
                    code: ErrorKind::InvalidField,
                    message: format!("`{}` {problem}", field.name),
                }),
            },
            None if asked != Some(true) || !rules.wants(field) => {}
            None => match &field.default {
                Some(default) => values.set(&field.name, Secret::passing(default.as_bytes())),
                None if field.required => problems.push(Problem {
                    field: field.name.to_string(),
                    code: ErrorKind::MissingFields,
                    message: format!("`{}` ({}) is missing", field.name, field.display_name),
                }),
                None => {}
            },
        }
    }
    let mut near = Vec::new();
    for (name, _) in params.0 {
        let like = catalog::near(&name, names.iter().copied());
        let shown: String = name.chars().take(64).collect();
        let hint = if !like.is_empty() {
            format!("did you mean {}?", like.join(", "))
        } else if names.is_empty() {
            "there are none to give".to_owned()
        } else {
            format!("known are {}", names.join(", "))
        };
        let message = format!("`{shown}` is not a field here; {hint}");
        problems.push(Problem { field: shown, code: ErrorKind::UnknownField, message });
        near.extend(like);
    }
    match Error::of_problems(problems, near) {
        Some(error) => Err(error),
        None => Ok((values, warnings)),
    }
}

/// One value as the text that goes to the provider, or what is wrong with it.
fn accept(field: &FieldDef, input: Input, strict_secrets: bool) -> Result<(Secret, Vec<String>), String> {
    let expected = match field.kind {
        Kind::String | Kind::Text => "text",
        Kind::Integer => "a whole number",
        Kind::Number => "a number",
        Kind::Boolean => "true or false",
        Kind::Url => "an https address",
    };
    let (value, warnings) = match input {
        Input::Unfit(found) => return Err(format!("must be {expected}, not {found}")),
        Input::Scalar(_) if matches!(field.kind, Kind::String | Kind::Url | Kind::Text) => {
            return Err(format!("must be {expected}, not a number or a boolean"));
        }
        Input::Scalar(text) => (Secret::passing_from(text), Vec::new()),
        Input::Text { wipeable: false, .. } if strict_secrets && field.secret => {
            return Err(NOT_WIPEABLE.into());
        }
        // A file ends with a line break, which is no slip of the hand.
        Input::Text { value, .. } if field.kind == Kind::Text => (value, Vec::new()),
        Input::Text { value, .. } => trimmed(field, value)?,
    };
    let text = value.expose_text().ok_or("must be UTF-8")?; // expose: only looked at
    if text.trim().is_empty() {
        return Err("is empty".into());
    }
    if field.kind == Kind::Text && text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("has a control character inside that is neither a line break nor a tab".into());
    }
    if field.kind != Kind::Text && text.chars().any(char::is_control) {
        return Err("has a line break or another control character inside".into());
    }
    let fits = match field.kind {
        Kind::String | Kind::Text => true,
        Kind::Integer => text.parse::<i64>().is_ok(),
        Kind::Number => text.parse::<f64>().is_ok_and(f64::is_finite),
        Kind::Boolean => matches!(text, "true" | "false"),
        Kind::Url => web_address(text).is_some(),
    };
    if !fits {
        return Err(format!("must be {expected}"));
    }
    if !field.choices.is_empty() && !field.choices.iter().any(|choice| choice == text) {
        return Err(format!("must be one of {}", field.choices.join(", ")));
    }
    if let Some(pattern) = &field.pattern {
        let regex = compiled(pattern).ok_or("cannot be checked: its pattern is broken")?;
        if !regex.is_match(text) {
            let like = field.example.as_ref().map(|e| format!("; one looks like {e}")).unwrap_or_default();
            return Err(format!("does not have the form of a {}{like}", field.display_name));
        }
    }
    Ok((value, warnings))
}

/// What to warn of where the value does not look as values of this field usually do. Providers change the form of their keys
/// without notice, so it is never refused for that.
fn unusual(field: &FieldDef, value: &Secret, rules: &Rules) -> Option<String> {
    let text = value.expose_text()?; // expose: only looked at
    let foreign = || rules.catalog.looks_foreign(rules.app, text).filter(|_| field.secret);
    let Some(hint) = &field.hint else { return foreign().map(|looks| format!("{looks}, not like one of this app")) };
    let regex = compiled(&hint.pattern)?;
    (!regex.is_match(text)).then(|| match foreign() {
        Some(looks) => format!("{}; {looks}", hint.says.trim_end_matches('.')),
        None => hint.says.to_string(),
    })
}

fn warning(field: &FieldDef, message: String) -> Warning {
    Warning { field: field.name.to_string(), message }
}

fn not_asked(field: &FieldDef) -> Problem {
    let only = field.when.iter().map(|when| format!(" only for `{}` {}", when.field, when.values.join(", ")));
    Problem {
        field: field.name.to_string(),
        code: ErrorKind::InvalidField,
        message: format!("`{}` is{}; leave it out", field.name, only.collect::<String>()),
    }
}

/// The value without white space around it, and without what people paste along with it.
fn trimmed(field: &FieldDef, value: Secret) -> Result<(Secret, Vec<String>), String> {
    let text = value.expose_text().ok_or("must be UTF-8")?; // expose: only looked at
    let spaceless = text.trim();
    let (inner, off) = stripped(field, spaceless);
    let mut warnings = Vec::new();
    if spaceless.len() < text.len() {
        warnings.push(format!("white space around `{}` was removed", field.name));
    }
    if !off.is_empty() {
        let listed = off.iter().map(|part| format!("`{part}`")).collect::<Vec<_>>().join(" and ");
        warnings.push(format!("{listed} was taken off `{}`, which is the part without it", field.name));
    }
    if warnings.is_empty() {
        return Ok((value, warnings));
    }
    Ok((Secret::passing(inner.as_bytes()), warnings))
}

/// What is left without the field's prefixes and suffixes, and which of these it had. A suffix ends the value also where a
/// path follows it, as in the address of a page.
fn stripped<'v, 'f>(field: &'f FieldDef, value: &'v str) -> (&'v str, Vec<&'f str>) {
    let (mut inner, mut off) = (value, Vec::new());
    for prefix in field.strip_prefix.iter() {
        if inner.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
            inner = &inner[prefix.len()..];
            off.push(prefix.as_ref());
        }
    }
    for suffix in field.strip_suffix.iter() {
        let ends = |at: &usize| {
            let (own, rest) = (inner.get(*at..at + suffix.len()), inner.get(at + suffix.len()..));
            own.is_some_and(|own| own.eq_ignore_ascii_case(suffix))
                && rest.is_some_and(|r| r.is_empty() || r.starts_with('/'))
        };
        if let Some(at) = (0..inner.len()).find(ends) {
            inner = &inner[..at];
            off.push(suffix.as_ref());
        }
    }
    (inner, off)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sole_value_comes_alone_as_text_and_where_that_is_wanted_in_a_form_that_can_be_wiped() {
        let kind = |params: Params, strict| params.sole("value", strict).map_err(|error| error.kind()).map(|_| ());
        assert_eq!(kind(Params::new().text("value", "sk-1"), false), Ok(()));
        assert_eq!(kind(Params::new().text("value", "sk-1"), true), Err(ErrorKind::InvalidField));
        assert_eq!(kind(Params::new().take("value", &mut b"sk-1".to_owned()), true), Ok(()));
        assert_eq!(kind(Params::new(), false), Err(ErrorKind::MissingFields));
        assert_eq!(kind(Params::new().text("value", "a").text("other", "b"), false), Err(ErrorKind::UnknownField));
        let mut number = Params::new();
        number.insert("value", Input::Scalar("5".into()));
        assert_eq!(kind(number, false), Err(ErrorKind::InvalidField));
    }
}
