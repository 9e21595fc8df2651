//! Compares a result with what a case expects: objects by the keys named, arrays item by item, and the `$` matchers of
//! `tests/cases/README.md`.

use serde_json::Value;

/// The first difference, with its place; `None` where `found` is as expected.
#[must_use]
pub fn difference(expected: &Value, found: Option<&Value>, at: &str) -> Option<String> {
    if let Some((matcher, argument)) = matcher(expected) {
        return by_matcher(matcher, argument, found, at);
    }
    if expected.is_null() && found.is_none() {
        return None;
    }
    let Some(found) = found else { return Some(format!("{at} is absent, expected {expected}")) };
    match (expected, found) {
        (Value::Object(wanted), Value::Object(has)) => {
            wanted.iter().find_map(|(key, value)| difference(value, has.get(key), &format!("{at}/{key}")))
        }
        (Value::Array(wanted), Value::Array(has)) if wanted.len() == has.len() => wanted
            .iter()
            .zip(has)
            .enumerate()
            .find_map(|(i, (value, item))| difference(value, Some(item), &format!("{at}/{i}"))),
        _ if same(expected, found) => None,
        _ => Some(format!("{at} is {found}, expected {expected}")),
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() < f64::EPSILON,
        _ => a == b,
    }
}

fn matcher(expected: &Value) -> Option<(&str, &Value)> {
    let map = expected.as_object().filter(|map| map.len() == 1)?;
    let (key, argument) = map.iter().next()?;
    (key.starts_with('$') && key != "$schema").then_some((key, argument))
}

fn by_matcher(matcher: &str, argument: &Value, found: Option<&Value>, at: &str) -> Option<String> {
    let unlike = || {
        let shown = found.map_or("absent".to_owned(), ToString::to_string);
        Some(format!("{at} is {shown}, expected {matcher} {argument}"))
    };
    let ok = match matcher {
        "$absent" => found.is_none_or(Value::is_null),
        "$all" => {
            return argument.as_array()?.iter().find_map(|each| difference(each, found, at));
        }
        "$not" => found.is_some_and(|f| difference(argument, Some(f), at).is_some()),
        "$type" => argument.as_str() == found.map(type_name),
        "$has" => found.is_some_and(|f| plain(f).contains(&plain(argument))),
        "$lacks" => !found.is_some_and(|f| plain(f).contains(&plain(argument))),
        "$len" => found.and_then(length) == argument.as_u64(),
        "$min" => found.and_then(Value::as_f64) >= argument.as_f64() && found.is_some(),
        "$contains" => found
            .and_then(Value::as_array)
            .is_some_and(|items| items.iter().any(|item| difference(argument, Some(item), at).is_none())),
        _ => panic!("{at}: unknown matcher {matcher}"),
    };
    if ok { None } else { unlike() }
}

/// A text as it is, anything else as its JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// As [`difference`], for an error: `fields` are a set, and `message_has` lists what the sentence must contain.
#[must_use]
pub fn error_difference(expected: &Value, found: &Value) -> Option<String> {
    let mut rest = expected.clone();
    let special = rest.as_object_mut()?;
    let sorted = |value: &Value| {
        let mut names: Vec<String> = value.as_array().into_iter().flatten().map(plain).collect();
        names.sort();
        names
    };
    if let Some(fields) = special.get("fields").filter(|f| f.is_array())
        && sorted(fields) != sorted(&found["fields"])
    {
        return Some(format!("error/fields is {}, expected {fields}", found["fields"]));
    }
    if special.get("fields").is_some_and(Value::is_array) {
        special.remove("fields");
    }
    for part in special.remove("message_has").iter().flat_map(|m| m.as_array().into_iter().flatten()) {
        if !plain(&found["message"]).contains(&plain(part)) {
            return Some(format!("error/message is {}, expected to have {part}", found["message"]));
        }
    }
    difference(&rest, Some(found), "error")
}

fn length(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => Some(text.chars().count() as u64),
        Value::Array(items) => Some(items.len() as u64),
        Value::Object(map) => Some(map.len() as u64),
        _ => None,
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
