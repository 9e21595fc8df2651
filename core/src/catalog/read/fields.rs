//! Reads a field: what a user is asked for, and what the answer usually looks like.

use regex_lite::Regex;

use super::super::definition::{FieldDef, Hint, Kind};
use super::{Node, Text, kind, wire_name};

const KEYS: [&str; 14] = [
    "name",
    "display_name",
    "description",
    "help_url",
    "no_help_url",
    "type",
    "required",
    "secret",
    "default",
    "enum",
    "pattern",
    "example",
    "hint",
    "no_hint",
];

pub(super) fn field(node: &mut Node) -> FieldDef {
    node.object(&KEYS);
    let field = FieldDef {
        name: wire_name(&mut node.get("name")),
        display_name: node.get("display_name").text(),
        description: node.get("description").text(),
        help_url: help_url(node),
        kind: kind(&mut node.get("type"), true),
        required: node.get("required").flag(true),
        secret: node.get("secret").flag(false),
        default: node.get("default").scalar_text(),
        choices: node.get("enum").list(|n| n.text()),
        pattern: node.get("pattern").optional_text(),
        example: node.get("example").scalar_text(),
        hint: hint(node),
    };
    secrecy(node, &field);
    values(node, &field);
    example(node, &field);
    field
}

fn help_url(node: &mut Node) -> Option<Text> {
    let url = node.get("help_url").web_address();
    let reason = node.get("no_help_url").optional_text();
    if node.get("help_url").value.is_none() && reason.is_none() {
        let instead =
            "add \"help_url\": \"https://…\" where the value is found, or say why there is none in `no_help_url`";
        node.get("help_url").mistake("is missing", instead);
    }
    url
}

/// The usual form of a value; every secret has one, or a reason for none.
fn hint(node: &mut Node) -> Option<Hint> {
    let reason = node.get("no_hint").optional_text();
    node.get("hint").value?;
    if reason.is_some() {
        node.get("no_hint").mistake("is for fields without a hint", "remove it, or the `hint`");
    }
    let mut node = node.get("hint");
    node.object(&["pattern", "says"]);
    let pattern = node.get("pattern").text();
    if !pattern.starts_with('^') {
        node.get("pattern").mistake("must start with ^", format!("write \"^{}\"", pattern.replace('\\', "\\\\")));
    } else if Regex::new(&pattern).is_err() {
        not_regular(&mut node.get("pattern"));
    }
    Some(Hint { pattern, says: node.get("says").text() })
}

fn not_regular(node: &mut Node) {
    let instead = "close each ( and [, write no look-ahead, no back-reference and no \\p{…}";
    node.mistake("is not a regular expression of the kind used here", instead);
}

/// A key that is not marked secret would be shown, logged and kept in clear.
fn secrecy(node: &mut Node, field: &FieldDef) {
    let name = field.name.to_ascii_lowercase().replace(['-', '.'], "_");
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let public = name.contains("public") || ["_id", "_identifier", "_name"].iter().any(|end| name.ends_with(end));
    if field.secret || public || !has(&["key", "token", "secret", "password"]) {
        return;
    }
    let said = match node.get("secret").value {
        None => false,
        Some(value) if value.is_boolean() => true,
        Some(_) => return,
    };
    let surely = has(&["secret", "password", "api_key", "private_key", "access_token", "auth_token"]);
    if surely {
        node.get("secret").mistake("is not true, but the name says that this is one", "write \"secret\": true");
    } else if !said {
        let instead = "write \"secret\": true, or \"secret\": false if anybody may see it";
        node.get("secret").mistake("is missing, and the name sounds like one", instead);
    }
}

/// What default, choices and pattern say must agree.
fn values(node: &mut Node, field: &FieldDef) {
    node.get("enum").repeated_texts(&field.choices);
    let regex = field.pattern.as_ref().map(|pattern| (pattern, Regex::new(pattern)));
    match &regex {
        Some((_, Err(_))) => not_regular(&mut node.get("pattern")),
        Some((pattern, Ok(_))) if !(pattern.starts_with('^') && pattern.ends_with('$')) => {
            let inner = pattern.trim_start_matches('^').trim_end_matches('$').replace('\\', "\\\\");
            node.get("pattern").mistake("must stand between ^ and $", format!("write \"^{inner}$\""));
        }
        _ => {}
    }
    let Some(default) = &field.default else { return };
    if field.required {
        let problem = "is not false, but a user need not type what has a default";
        node.get("required").mistake(problem, "write \"required\": false, or remove the `default`");
    }
    if !field.choices.is_empty() && !field.choices.contains(default) {
        let instead = format!("write \"{}\", or another of them", field.choices[0]);
        node.get("default").mistake("is not one of the `enum`", instead);
    }
    if !is_of(field.kind, default) {
        node.get("default").mistake("is not of the field's type", OF_TYPE);
    }
    if let Some((_, Ok(regex))) = &regex
        && !regex.is_match(default)
    {
        node.get("default").mistake("does not match the `pattern`", "write a value that does, or widen the `pattern`");
    }
}

const OF_TYPE: &str = "write a value that is, or another `type`";

fn is_of(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::String | Kind::Text => true,
        Kind::Integer => text.parse::<i64>().is_ok(),
        Kind::Number => text.parse::<f64>().is_ok_and(f64::is_finite),
        Kind::Boolean => matches!(text, "true" | "false"),
        Kind::Url => text.contains('…') || url::Url::parse(text).is_ok_and(|u| u.scheme() == "https" && u.has_host()),
    }
}

/// An example is what users see first, so it must be one of what they may type; of a secret, only its beginning.
fn example(node: &mut Node, field: &FieldDef) {
    let Some(example) = &field.example else { return };
    if !field.choices.is_empty() && !field.choices.contains(example) {
        let instead = format!("write \"{}\", or another of them", field.choices[0]);
        node.get("example").mistake("is not one of the `enum`", instead);
    }
    let (beginning, cut) = match example.split_once('…') {
        Some((beginning, _)) => (beginning, true),
        None => (example.as_ref(), false),
    };
    if field.secret && !cut {
        let shape: String = example.chars().take(4).collect();
        node.get("example").mistake("of a secret shows all of it", format!("cut it short, such as \"{shape}…\""));
    } else if !cut {
        if !is_of(field.kind, example) {
            node.get("example").mistake("is not of the field's type", OF_TYPE);
        }
        let regex = field.pattern.as_ref().and_then(|pattern| Regex::new(pattern).ok());
        if regex.is_some_and(|regex| !regex.is_match(example)) {
            let instead = "write a value that does, or widen the `pattern`";
            node.get("example").mistake("does not match the `pattern`", instead);
        }
    }
    if let Some(hint) = &field.hint
        && let Some(start) = beginnings(&hint.pattern).filter(|starts| !starts.iter().any(|s| agree(s, beginning)))
    {
        let instead = format!("write \"{}…\", or correct the pattern of the `hint`", start[0]);
        node.get("example").mistake("does not begin as the `hint` says", instead);
    }
}

fn agree(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// The texts that a pattern's matches begin with, where that is plain to see: `^sk_` or `^(sk|rk)_`.
fn beginnings(pattern: &str) -> Option<Vec<String>> {
    let rest = pattern.strip_prefix('^')?;
    let (starts, rest) = match rest.strip_prefix('(') {
        None => (vec![""], rest),
        Some(group) => {
            let (inner, rest) = group.split_once(')')?;
            if rest.starts_with(['?', '*', '+', '{']) {
                return None;
            }
            (inner.trim_start_matches("?:").split('|').collect(), rest)
        }
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let follows: String = rest.chars().take_while(|c| is_plain(*c)).collect();
    // The last one may be optional or repeated.
    let sure = match rest[follows.len()..].chars().next() {
        Some('?' | '*' | '+' | '{') => &follows[..follows.len().saturating_sub(1)],
        _ => &follows,
    };
    let decided = !rest.contains('|') && starts.iter().all(|start| start.chars().all(is_plain));
    let found: Vec<String> = starts.iter().map(|start| format!("{start}{sure}")).collect();
    (decided && found.iter().all(|start| !start.is_empty())).then_some(found)
}
