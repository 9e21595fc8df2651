//! Patterns, hints and what is taken off pasted values: a value comes through as a piece of what was typed, no problem
//! quotes a secret, and what a pattern is said to begin with is what its matches begin with.

use std::collections::BTreeSet;

use keylatch::fuzzing::{checked, pattern};
use keylatch::{Params, Secret};

use crate::input::Input;

/// Apps whose first scheme shows one kind of rule each, with its fields.
const APPS: [(&str, &[&str]); 6] = [
    ("stripe", &["api_key"]),
    ("zendesk", &["subdomain", "email", "api_token"]),
    ("shopify", &["subdomain", "access_token"]),
    ("twilio", &["account_sid", "auth_token"]),
    ("postgresql", &["host", "port", "database", "username", "password", "tls", "ca_certificate"]),
    ("openai", &["api_key", "organization"]),
];

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    if input.byte().is_multiple_of(2) {
        forms(input.text(), input.text());
    } else {
        let (app, fields) = input.one_of(&APPS);
        values(app, fields, input);
    }
}

fn forms(text: &str, value: &str) {
    let Some((beginnings, matches)) = pattern(text, value) else { return };
    // Anchored patterns alone say how a value begins.
    if matches && text.starts_with('^') {
        let begins = |beginning: &String| value.starts_with(beginning.as_str());
        assert!(beginnings.iter().any(begins), "{value:?} matches {text:?}, but begins with none of {beginnings:?}");
    }
}

fn values(app: &str, fields: &[&str], mut input: Input) {
    let mut params = Params::new();
    let mut typed = Vec::new();
    for field in fields {
        let value = input.bytes();
        if !value.is_empty() {
            params = params.secret(field, Secret::new(value));
            typed.push((*field, value));
        }
    }
    match checked(app, params) {
        Ok((found, warnings)) => {
            for (name, value) in &found {
                let given = typed.iter().find(|(field, _)| field == name).map(|(_, value)| *value);
                let piece = |given: &[u8]| value.is_empty() || given.windows(value.len()).any(|w| w == value);
                assert!(given.is_none_or(piece), "{app}: {name} is not what was typed");
                let text = std::str::from_utf8(value).expect("checked values are text");
                assert!(!text.trim().is_empty());
            }
            for warning in warnings {
                tells_nothing(&warning.message, &typed);
            }
        }
        Err(error) => {
            assert!(!error.problems().is_empty());
            tells_nothing(&error.to_json(), &typed);
        }
    }
}

/// A value that is long and unlike any text of ours must not be in it.
fn tells_nothing(text: &str, typed: &[(&str, &[u8])]) {
    for (_, value) in typed.iter().filter(|(_, value)| value.len() >= 12) {
        let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
        let unlike = digits >= 3 && value.iter().collect::<BTreeSet<_>>().len() >= 8;
        let quoted = std::str::from_utf8(value).is_ok_and(|value| text.contains(value));
        assert!(!unlike || !quoted, "a value is quoted: {text}");
    }
}
