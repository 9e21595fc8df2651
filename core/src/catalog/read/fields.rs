//! Reads a field: what a user is asked for, and what the answer usually looks like.

use regex_lite::Regex;
use serde_json::Value;

use super::super::definition::{FieldDef, Hint, Kind, List, When};
use super::super::shape;
use super::{Node, Text, kind, wire_name};

const KEYS: [&str; 17] = [
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
    "when",
    "strip_prefix",
    "strip_suffix",
    "pattern",
    "example",
    "hint",
    "no_hint",
];

pub(super) fn field(node: &mut Node) -> FieldDef {
    node.object(&KEYS);
    let choices = node.get("enum").list(choice);
    let field = FieldDef {
        name: wire_name(&mut node.get("name")),
        display_name: node.get("display_name").text(),
        description: node.get("description").text(),
        help_url: help_url(node),
        kind: kind(&mut node.get("type"), true),
        required: node.get("required").flag(true),
        secret: node.get("secret").flag(false),
        default: node.get("default").scalar_text(),
        choices: choices.iter().map(|(value, _)| value.clone()).collect(),
        choice_labels: labels(&choices),
        when: when(&mut node.get("when")),
        strip_prefix: node.get("strip_prefix").list(|n| n.text()),
        strip_suffix: node.get("strip_suffix").list(|n| n.text()),
        pattern: node.get("pattern").optional_text(),
        example: node.get("example").scalar_text(),
        hint: hint(node),
    };
    secrecy(node, &field);
    values(node, &field);
    stripping(node, &field);
    example(node, &field);
    field
}

/// One of the values allowed: a text, or a value with what people know it by.
fn choice(node: &mut Node) -> (Text, Option<Text>) {
    if !node.value.is_some_and(Value::is_object) {
        return (node.text(), None);
    }
    node.object(&["value", "label"]);
    (node.get("value").text(), Some(node.get("label").text()))
}

/// None where no choice has one; a choice without one is its own label.
fn labels(choices: &[(Text, Option<Text>)]) -> List<Text> {
    if choices.iter().all(|(_, label)| label.is_none()) {
        return List::Borrowed(&[]);
    }
    choices.iter().map(|(value, label)| label.as_ref().unwrap_or(value).clone()).collect()
}

fn when(node: &mut Node) -> Option<When> {
    node.value?;
    node.object(&["field", "in"]);
    let values = node.get("in").list(|n| n.scalar_text().unwrap_or_default());
    if values.is_empty() {
        node.get("in").mistake("names no values", "write those of the other field, such as [\"custom\"]");
    }
    Some(When { field: node.get("field").text(), values })
}

/// What conditions say of the other fields; `node` is the list of all.
pub(super) fn conditions(node: &mut Node, fields: &[FieldDef]) {
    for (i, when) in fields.iter().enumerate().filter_map(|(i, field)| Some((i, field.when.as_ref()?))) {
        let mut node = node.get(i);
        let mut node = node.get("when");
        let Some(other) = fields[..i].iter().find(|field| field.name == when.field) else {
            let known: Vec<&str> = fields[..i].iter().map(|field| field.name.as_ref()).collect();
            let instead = format!("write one of those before it: {}", known.join(", "));
            if !when.field.is_empty() {
                node.get("field").mistake("is not a field that stands before this one", instead);
            }
            continue;
        };
        if other.secret || other.when.is_some() {
            let problem = "is secret, or has a condition itself";
            node.get("field").mistake(problem, "name a field that is always asked for, and may be seen");
        }
        let boolean = ["true".into(), "false".into()];
        let known: &[Text] = if other.kind == Kind::Boolean { &boolean } else { &other.choices };
        for (at, value) in when.values.iter().enumerate().filter(|(_, value)| !known.contains(value)) {
            let mut node = node.get("in");
            match known.is_empty() || value.is_empty() {
                true => node.get(at).mistake("is free text there", format!("give `{}` an `enum`", other.name)),
                false => node.get(at).not_one_of(&known.iter().map(AsRef::as_ref).collect::<Vec<_>>()),
            }
        }
    }
}

/// What is taken off what users paste must not be a part of what is meant.
fn stripping(node: &mut Node, field: &FieldDef) {
    for (key, texts) in [("strip_prefix", &field.strip_prefix), ("strip_suffix", &field.strip_suffix)] {
        node.get(key).repeated_texts(texts);
        if !texts.is_empty() && (field.kind != Kind::String || !field.choices.is_empty()) {
            node.get(key).mistake("is for texts that are typed freely", "remove it, or the `type` and the `enum`");
        }
        for (at, text) in texts.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            let has = |value: &Text| match key {
                "strip_prefix" => value.starts_with(text.as_ref()),
                _ => value.ends_with(text.as_ref()),
            };
            if field.default.as_ref().is_some_and(has) || field.example.as_ref().is_some_and(has) {
                node.get(key)
                    .get(at)
                    .mistake("would be taken off the example or the default", "write these without it");
            }
        }
    }
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
        && let start = shape::beginnings(&hint.pattern)
        && !start.iter().any(|start| agree(start, beginning))
    {
        let instead = format!("write \"{}…\", or correct the pattern of the `hint`", start[0]);
        node.get("example").mistake("does not begin as the `hint` says", instead);
    }
}

fn agree(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}
