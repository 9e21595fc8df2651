//! Reads a scheme's checks: the requests that tell a good credential from a bad one.

use serde_json::Value;

use super::super::definition::{Check, Condition, FieldDef, List, Test};
use super::super::verdict::Verdict;
use super::{Node, Text};

const METHODS: [&str; 3] = ["GET", "HEAD", "POST"];

/// The checks of this scheme, or its reason for none.
pub(super) fn checks(scheme: &mut Node, fields: &[FieldDef]) -> List<Check> {
    let checks = scheme.get("checks").list(|n| check(n, fields));
    let is_list = scheme.get("checks").value.is_none_or(Value::is_array);
    match (checks.is_empty() && is_list, scheme.get("no_checks").optional_text()) {
        (true, None) => {
            let instead = "add \"checks\": [ { \"method\": \"GET\", \"path\": \"/…\" } ], or say why in `no_checks`";
            scheme.get("checks").mistake("are missing", instead);
        }
        (false, Some(_)) => scheme.get("no_checks").mistake("is for apps without checks", "remove it, or the `checks`"),
        _ => {}
    }
    checks
}

fn check(node: &mut Node, fields: &[FieldDef]) -> Check {
    node.object(&["method", "path", "body", "accept", "json", "when", "verdicts", "control", "account"]);
    let method = node.get("method").text();
    if !METHODS.contains(&method.as_ref()) {
        node.get("method").not_one_of(&METHODS);
    }
    let path = node.get("path").template(fields);
    path_mistakes(&mut node.get("path"), &path);
    let check = Check {
        method,
        path,
        body: node.get("body").value.map(|v| Text::Owned(v.to_string())),
        accept: node.get("accept").list(|n| n.status()),
        json: node.get("json").flag(true),
        when: node.get("when").list(condition),
        verdicts: verdict_map(node.get("verdicts")),
        control: node.get("control").flag(false),
        account: pointer(node.get("account")),
    };
    answer_mistakes(node, &check);
    if check.body.is_some() && check.method != "POST" && METHODS.contains(&check.method.as_ref()) {
        node.get("body").mistake("is for POST", "remove it, or write \"method\": \"POST\"");
    }
    if check.control && !fields.iter().any(|f| f.secret) {
        node.get("control").mistake("needs a secret to make up another for", "remove it, or mark a field as secret");
    }
    check
}

fn path_mistakes(node: &mut Node, path: &str) {
    if path.is_empty() {
        return;
    }
    if !path.starts_with('/') {
        node.mistake("must start with /", "write it without the host, such as \"/v1/me\"");
    }
    if path.contains(|c: char| c.is_whitespace() || c.is_control()) {
        node.mistake("has a space", format!("write \"{}\"", path.replace(char::is_whitespace, "%20")));
    }
    if path.matches('?').count() > 1 {
        let mut parts = path.splitn(2, '?');
        let first = parts.next().unwrap_or_default();
        let instead = format!("write \"{first}?{}\"", parts.next().unwrap_or_default().replace('?', "&"));
        node.mistake("has more than one ?", instead);
    }
    if path.contains('#') {
        node.mistake("has a #, after which nothing is sent", "remove what follows it, or write %23");
    }
}

/// What is said of the answer must fit together.
fn answer_mistakes(node: &mut Node, check: &Check) {
    for (i, status) in check.accept.iter().enumerate().filter(|(_, status)| **status != 0) {
        if check.accept[..i].contains(status) {
            node.get("accept").get(i).mistake("stands twice", "remove one of the two");
        }
        if check.verdicts.iter().any(|(other, _)| other == status) {
            let problem = "has a verdict in `verdicts` too";
            node.get("accept").get(i).mistake(problem, "remove it from one of the two");
        }
    }
    if check.method == "HEAD" {
        for (key, there) in [("when", !check.when.is_empty()), ("account", check.account.is_some())] {
            if there {
                node.get(key).mistake("looks into a body, but an answer to HEAD has none", "remove it, or use GET");
            }
        }
    } else if !check.json && !check.when.is_empty() {
        node.get("when").mistake("looks into JSON, but `json` is false", "remove it, or remove \"json\": false");
    }
}

fn verdict_map(mut node: Node) -> List<(u16, Verdict)> {
    let Some(map) = node.map() else { return List::Borrowed(&[]) };
    let known: Vec<&str> = Verdict::ALL.iter().filter(|v| **v != Verdict::NotChecked).map(|v| v.as_str()).collect();
    let mut verdicts = Vec::new();
    for (status, verdict) in map {
        match (status.parse(), verdict.as_str().filter(|v| known.contains(v)).and_then(Verdict::parse)) {
            (Ok(code @ 100..=599), Some(verdict)) => verdicts.push((code, verdict)),
            (Ok(100..=599), None) if verdict.as_str().is_some_and(|v| !v.is_empty()) => {
                node.get(status).not_one_of(&known);
            }
            (Ok(100..=599), None) => node.get(status).mistake("must be a verdict", "write \"rejected\" or the like"),
            _ => node.get(status).mistake("must be under an HTTP status", "write a key such as \"403\""),
        }
    }
    verdicts.into()
}

fn pointer(mut node: Node) -> Option<Text> {
    let text = node.optional_text()?;
    if !text.starts_with('/') {
        let instead = format!("write \"/{}\"", text.trim_start_matches("$.").replace('.', "/"));
        node.mistake("must be a JSON pointer", instead);
    }
    Some(text)
}

fn condition(node: &mut Node) -> Condition {
    node.object(&["at", "equals", "not_equals", "present"]);
    if node.get("at").value.is_none() {
        node.get("at").mistake("is missing", "add \"at\": \"/…\", a JSON pointer into the answer");
    }
    let at = pointer(node.get("at"));
    let test = match (node.get("equals").value, node.get("not_equals").value, node.get("present").value) {
        (Some(value), None, None) => Test::Equals(Text::Owned(value.to_string())),
        (None, Some(value), None) => Test::NotEquals(Text::Owned(value.to_string())),
        (None, None, Some(_)) => Test::Present(node.get("present").flag(true)),
        _ => {
            let instead = "write exactly one, such as \"present\": true";
            node.mistake("needs one of equals, not_equals, present", instead);
            Test::Present(true)
        }
    };
    Condition { at: at.unwrap_or_default(), test }
}
