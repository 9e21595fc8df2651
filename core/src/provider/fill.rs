//! Puts a user's values into templates, as each place wants them.

use base64::Engine as _;
use zeroize::Zeroizing;

use super::inject::broken_entry;
use super::{json, jwt};
use crate::catalog::protocol::TlsMode;
use crate::catalog::template::{self, Filter, Part};
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::input::Values;
use crate::secret::Secret;

/// A template with its values; `None` where an optional one was not given.
pub(super) fn fill(template: &str, values: &Values) -> Result<Option<Secret>> {
    let parts = template::parse(template).map_err(|_| broken_entry())?;
    let size = template.len() + 2 * parts.len() * (values.longest() + 2); // Base64 makes four of three
    let mut filled: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(size));
    for part in parts {
        match part {
            Part::Text(text) => filled.extend_from_slice(text.as_bytes()),
            Part::Field { name, .. } if values.get(name).is_none() => return Ok(None),
            Part::Field { name, filter } => filled.extend_from_slice(value_of(values, name, filter)?.bytes()),
        }
    }
    debug_assert!(filled.len() <= size, "the buffer has grown");
    Ok(Some(Secret::passing(&filled)))
}

/// A check's path: placeholders percent-encoded.
pub(super) fn fill_path(template: &str, values: &Values) -> Result<Secret> {
    let parts = template::parse(template).map_err(|_| broken_entry())?;
    // Base64 makes four of three, and percent-encoding three of one.
    let size = template.len() + 4 * parts.len() * (values.longest() + 2);
    let mut filled: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(size));
    for part in parts {
        match part {
            Part::Text(text) => filled.extend_from_slice(text.as_bytes()),
            Part::Field { name, filter } => percent_encode(value_of(values, name, filter)?.bytes(), &mut filled),
        }
    }
    debug_assert!(filled.len() <= size, "the buffer has grown");
    Ok(Secret::passing(&filled))
}

/// What a filter makes of a value.
pub(super) enum Filtered<'v> {
    Part(&'v [u8]),
    Encoded(Secret),
}

impl Filtered<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Part(bytes) => bytes,
            Self::Encoded(secret) => secret.expose(), // expose: into the request
        }
    }
}

/// A value as a template wants it.
pub(super) fn value_of<'v>(values: &'v Values, name: &str, filter: Filter<'_>) -> Result<Filtered<'v>> {
    let missing = || {
        Error::new(ErrorKind::MissingFields, format!("`{name}` is missing from the connection; update its credentials"))
            .with_fields([name])
    };
    let value = values.get(name).ok_or_else(missing)?.expose(); // expose: into the request
    let unfit = |what: String| {
        let problem = Problem { field: name.to_owned(), code: ErrorKind::InvalidField, message: what };
        Error::of_problems(vec![problem], Vec::new()).expect("one problem")
    };
    let text = std::str::from_utf8(value).unwrap_or_default();
    match filter {
        Filter::Whole => Ok(Filtered::Part(value)),
        Filter::Base64 => {
            Ok(Filtered::Encoded(Secret::passing_from(base64::engine::general_purpose::STANDARD.encode(value))))
        }
        Filter::Secure => {
            let later = matches!(TlsMode::parse(text), Some(TlsMode::Off | TlsMode::Upgraded));
            Ok(Filtered::Part(if later { b"" } else { b"s" }))
        }
        Filter::Flag => {
            let off = TlsMode::parse(text) == Some(TlsMode::Off);
            Ok(Filtered::Part(if off { b"false" } else { b"true" }))
        }
        Filter::Upper => Ok(Filtered::Encoded(Secret::passing_from(value.to_ascii_uppercase()))),
        Filter::Json(pointer) => json::text_at(value, pointer)
            .map(Filtered::Encoded)
            .ok_or_else(|| unfit(format!("`{name}` must be the whole JSON file, with a text at {pointer}"))),
        Filter::Fingerprint => jwt::fingerprint(value).map(Filtered::Encoded).ok_or_else(|| unfit(jwt::not_rsa(name))),
        Filter::After(c) => match text.rsplit_once(c) {
            Some((_, rest)) if !rest.is_empty() => Ok(Filtered::Part(rest.as_bytes())),
            _ => Err(unfit(format!("`{name}` must hold `{c}` and something behind it"))),
        },
        Filter::Before(c) => match text.rsplit_once(c) {
            Some((rest, _)) if !rest.is_empty() => Ok(Filtered::Part(rest.as_bytes())),
            _ => Err(unfit(format!("`{name}` must hold `{c}` and something before it"))),
        },
    }
}

/// Everything but unreserved characters and `:` (which tokens in paths use) becomes `%XX`.
pub(super) fn percent_encode(value: &[u8], out: &mut Vec<u8>) {
    percent_encode_but(value, b"-._~:", out);
}

/// Everything but letters, digits and `kept` becomes `%XX`.
pub(super) fn percent_encode_but(value: &[u8], kept: &[u8], out: &mut Vec<u8>) {
    for byte in value {
        if byte.is_ascii_alphanumeric() || kept.contains(byte) {
            out.push(*byte);
        } else {
            let digit = |nibble: u8| char::from_digit(nibble.into(), 16).map_or(b'0', |c| c.to_ascii_uppercase() as u8);
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Templates out of texts and fields, and what they hold.
    fn templates() -> impl Strategy<Value = Vec<(String, &'static str)>> {
        let filter = prop::sample::select(&["", "|base64", "|upper"][..]);
        vec(("[^{}]{0,6}", filter), 0..4)
    }

    fn text_of(template: &[(String, &str)]) -> String {
        template.iter().map(|(text, filter)| format!("{text}{{a{filter}}}")).collect()
    }

    fn filtered(value: &[u8], filter: &str) -> Vec<u8> {
        match filter {
            "|base64" => base64::engine::general_purpose::STANDARD.encode(value).into_bytes(),
            "|upper" => value.to_ascii_uppercase(),
            _ => value.to_vec(),
        }
    }

    /// Percent-decoding by another hand.
    fn decoded(text: &[u8]) -> Vec<u8> {
        let text = std::str::from_utf8(text).unwrap();
        let mut parts = text.split('%');
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
            bytes.extend_from_slice(&part.as_bytes()[2..]);
        }
        bytes
    }

    proptest! {
        #[test]
        fn a_template_holds_its_texts_and_the_value(template in templates(), value in vec(any::<u8>(), 0..40)) {
            let mut values = Values::default();
            prop_assert_eq!(fill(&text_of(&template), &values).unwrap().is_none(), !template.is_empty());
            values.set("a", Secret::new(&value));
            let expected: Vec<u8> =
                template.iter().flat_map(|(text, filter)| [text.as_bytes().to_vec(), filtered(&value, filter)].concat()).collect();
            let filled = fill(&text_of(&template), &values).unwrap().unwrap();
            prop_assert_eq!(filled.expose(), expected);
        }

        #[test]
        fn a_value_in_a_path_is_one_segment_and_decodes_to_itself(before in "[a-z/]{0,6}", value in vec(any::<u8>(), 0..40)) {
            let mut values = Values::default();
            values.set("a", Secret::new(&value));
            let path = fill_path(&format!("/{before}/{{a}}"), &values).unwrap();
            let segment = &path.expose()[before.len() + 2..];
            prop_assert!(segment.iter().all(|b| b.is_ascii_alphanumeric() || b"-._~:%".contains(b)));
            prop_assert_eq!(decoded(segment), value);
        }
    }
}
