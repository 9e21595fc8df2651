//! Templates such as `Bearer {api_key}` or `{api_key|after:-}`: text with places for a user's values.

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part<'t> {
    /// Stands as it is.
    Text(&'t str),
    /// A field's value.
    Field {
        /// The field's wire name.
        name: &'t str,
        /// What is made of the value.
        filter: Filter<'t>,
    },
}

/// What a template makes of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Filter<'t> {
    /// The value as it is.
    Whole,
    /// Only what follows the last of this character.
    After(char),
    /// Only what stands before the last of this character.
    Before(char),
    /// The value in Base64.
    Base64,
    /// Of a way to protect a connection: an `s` where TLS is there from the first byte, as in `redis{tls|s}://`.
    Secure,
    /// Of a way to protect a connection: `true` where there is TLS, else `false`.
    Flag,
    /// The value in capitals.
    Upper,
    /// The text at this pointer into the value, which is JSON.
    Json(&'t str),
    /// `SHA256:` and the Base64 of the hash of the public half of the value, which is an RSA key in PEM.
    Fingerprint,
}

impl Filter<'_> {
    /// How many bytes it takes up in a template, with the braces.
    pub(crate) fn width(self) -> usize {
        let name = match self {
            Self::Whole => return "{}".len(),
            Self::After(c) => "after:".len() + c.len_utf8(),
            Self::Before(c) => "before:".len() + c.len_utf8(),
            Self::Base64 => "base64".len(),
            Self::Secure => "s".len(),
            Self::Flag => "flag".len(),
            Self::Upper => "upper".len(),
            Self::Json(pointer) => "json:".len() + pointer.len(),
            Self::Fingerprint => "fingerprint".len(),
        };
        "{|}".len() + name
    }
}

/// Cuts a template into its parts, or says what is wrong with it.
pub(crate) fn parse(template: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find(['{', '}']) {
        if rest[open..].starts_with('}') {
            return Err("a `}` without its `{`".into());
        }
        if open > 0 {
            parts.push(Part::Text(&rest[..open]));
        }
        let close = rest[open..].find('}').ok_or("a `{` without its `}`")? + open;
        parts.push(placeholder(&rest[open + 1..close])?);
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

fn placeholder(inner: &str) -> Result<Part<'_>, String> {
    let (name, filter) = match inner.split_once('|') {
        Some((name, filter)) => (name, Some(filter)),
        None => (inner, None),
    };
    if !is_wire_name(name) {
        return Err(format!("`{{{inner}}}` does not name a field"));
    }
    let filter = match filter {
        None => Filter::Whole,
        Some(filter) => read_filter(filter).ok_or_else(|| {
            format!(
                "`{{{inner}}}`: the filters are `|base64`, `|s`, `|flag`, `|upper`, `|fingerprint`, `|json:` with a pointer, \
                 and `|after:` and `|before:` with one character"
            )
        })?,
    };
    Ok(Part::Field { name, filter })
}

fn read_filter(text: &str) -> Option<Filter<'_>> {
    let sole = |rest: &str| {
        let mut chars = rest.chars();
        chars.next().filter(|_| chars.next().is_none())
    };
    match text {
        "base64" => Some(Filter::Base64),
        "s" => Some(Filter::Secure),
        "flag" => Some(Filter::Flag),
        "upper" => Some(Filter::Upper),
        "fingerprint" => Some(Filter::Fingerprint),
        _ => match text.split_once(':')? {
            ("after", rest) => sole(rest).map(Filter::After),
            ("before", rest) => sole(rest).map(Filter::Before),
            ("json", pointer) => pointer.starts_with('/').then_some(Filter::Json(pointer)),
            _ => None,
        },
    }
}

/// The names of the fields that a template uses; none where it does not parse.
pub(crate) fn names(template: &str) -> Vec<&str> {
    parse(template)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|part| match part {
            Part::Field { name, .. } => Some(name),
            Part::Text(_) => None,
        })
        .collect()
}

/// The host part of a URL template: what stands between `://` and the next `/`; the first field of `{base_url}`.
pub(crate) fn host(base_url: &str) -> &str {
    let rest = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

/// Whether this can be the wire name of a field.
pub(crate) fn is_wire_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_parses_is_made_of_its_parts_and_as_wide(
            template in "([a-z /]{0,3}|\\{[a-z_.-]{1,4}(\\|(base64|s|flag|upper|fingerprint|after:[^{}]|before:é|json:/[a-z]{1,3}))?\\}|[{}|:]){0,5}",
        ) {
            let Ok(parts) = parse(&template) else { return Ok(()) };
            let width = |part: &Part<'_>| match part {
                Part::Text(text) => text.len(),
                Part::Field { name, filter } => name.len() + filter.width(),
            };
            prop_assert_eq!(parts.iter().map(width).sum::<usize>(), template.len());
            let fields = parts.iter().filter(|part| matches!(part, Part::Field { .. })).count();
            prop_assert_eq!(template.matches('{').count(), fields);
            prop_assert_eq!(names(&template).len(), fields);
        }
    }
}
