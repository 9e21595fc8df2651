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
        filter: Filter,
    },
}

/// What a template makes of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Filter {
    /// The value as it is.
    Whole,
    /// Only what follows the last of this character.
    After(char),
    /// The value in Base64.
    Base64,
    /// Of a way to protect a connection: an `s` where TLS is there from the first byte, as in `redis{tls|s}://`.
    Secure,
    /// Of a way to protect a connection: `true` where there is TLS, else `false`.
    Flag,
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
    let filter = match filter.map(|f| (f, f.strip_prefix("after:").unwrap_or_default().chars().collect::<Vec<_>>())) {
        None => Filter::Whole,
        Some(("base64", _)) => Filter::Base64,
        Some(("s", _)) => Filter::Secure,
        Some(("flag", _)) => Filter::Flag,
        Some((_, chars)) if chars.len() == 1 => Filter::After(chars[0]),
        Some(_) => {
            return Err(format!(
                "`{{{inner}}}`: the filters are `|base64`, `|s`, `|flag`, and `|after:` with one character"
            ));
        }
    };
    Ok(Part::Field { name, filter })
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
