//! Reads checks: requests that tell a good credential from a bad one, and what their answers mean.

use serde_json::Value;
use url::form_urlencoded;

use super::super::definition::{Check, Condition, Inject, List, SchemeDef, Test, Text, VerdictRule};
use super::super::verdict::Verdict;
use super::node::{Known, Node};

pub(super) fn check(node: &mut Node, known: Known<'_>) -> Check {
    let keys = ["method", "path", "body", "form", "accept", "json", "when", "verdicts", "control", "account"];
    node.object(&keys);
    let method = node.get("method").text();
    if !["GET", "HEAD", "POST"].contains(&method.as_ref()) {
        node.get("method").mistake("must be GET, HEAD or POST");
    }
    let path = node.get("path").template(known);
    if !path.starts_with('/') {
        node.get("path").mistake("must start with /");
    }
    let form = form(&mut node.get("form"));
    let json = node.get("body").value.map(|v| Text::Owned(v.to_string()));
    if form.is_some() && json.is_some() {
        node.get("form").mistake("stands beside `body`: a request has one of them");
    }
    Check {
        method,
        path,
        form: form.is_some(),
        body: form.or(json),
        account: pointer(node.get("account")),
        control: node.get("control").flag(false),
        json: node.get("json").flag(true),
        ..meaning(node)
    }
}

/// What answers mean, of a check as of a trade.
pub(super) fn meaning(node: &mut Node) -> Check {
    Check {
        method: Text::Borrowed(""),
        path: Text::Borrowed(""),
        body: None,
        form: false,
        accept: node.get("accept").list(|n| n.status()),
        json: true,
        when: node.get("when").list(condition),
        verdicts: verdicts(node.get("verdicts")),
        control: false,
        account: None,
    }
}

fn form(node: &mut Node) -> Option<Text> {
    let map = node.map()?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    for name in map.keys() {
        form.append_pair(name, &node.get(name).text());
    }
    Some(Text::Owned(form.finish()))
}

/// A verdict for each status, or a list of verdicts with the conditions on which they hold.
fn verdicts(mut node: Node) -> List<VerdictRule> {
    let Some(map) = node.map() else { return List::Borrowed(&[]) };
    let mut rules = Vec::new();
    for (status, value) in map {
        let mut node = node.get(status);
        let Ok(code @ 100..=599) = status.parse() else {
            node.mistake("must be under an HTTP status");
            continue;
        };
        if value.is_array() {
            rules.extend_from_slice(&node.list(|n| {
                n.object(&["when", "verdict"]);
                let when = n.get("when").list(condition);
                if when.is_empty() {
                    n.get("when").mistake("is missing; a verdict without conditions stands alone");
                }
                VerdictRule { status: code, when, verdict: verdict(&mut n.get("verdict")) }
            }));
        } else {
            rules.push(VerdictRule { status: code, when: List::Borrowed(&[]), verdict: verdict(&mut node) });
        }
    }
    rules.into()
}

fn verdict(node: &mut Node) -> Verdict {
    match node.value.and_then(Value::as_str).and_then(Verdict::parse) {
        Some(verdict) if verdict != Verdict::NotChecked => verdict,
        _ => {
            node.mistake("must be a verdict, such as rejected");
            Verdict::NotCheckable
        }
    }
}

pub(super) fn pointer(mut node: Node) -> Option<Text> {
    let text = node.optional_text()?;
    if !text.starts_with('/') {
        node.mistake("must be a JSON pointer, such as /account/name");
    }
    Some(text)
}

fn condition(node: &mut Node) -> Condition {
    if node.get("text_has").value.is_some() {
        node.object(&["text_has"]);
        let texts = match node.get("text_has").value {
            Some(Value::String(_)) => List::Owned(vec![node.get("text_has").text()]),
            _ => node.get("text_has").list(|n| n.text()),
        };
        return Condition { at: Text::Borrowed(""), test: Test::TextHas(texts) };
    }
    node.object(&["at", "equals", "not_equals", "present", "text_has"]);
    let at = pointer(node.get("at"));
    if at.is_none() {
        node.get("at").mistake("is missing");
    }
    let test = match (node.get("equals").value, node.get("not_equals").value, node.get("present").value) {
        (Some(value), None, None) => Test::Equals(Text::Owned(value.to_string())),
        (None, Some(value), None) => Test::NotEquals(Text::Owned(value.to_string())),
        (None, None, Some(_)) => Test::Present(node.get("present").flag(true)),
        _ => {
            node.mistake("needs one of equals, not_equals, present");
            Test::Present(true)
        }
    };
    Condition { at: at.unwrap_or_default(), test }
}

/// Checks that do not go together with how the scheme sends its credential.
pub(super) fn unfit(node: &mut Node, scheme: &SchemeDef) {
    let in_body = scheme.inject.iter().any(|i| matches!(i, Inject::Body { .. }));
    for (i, check) in scheme.checks.iter().enumerate() {
        if check.control && (scheme.jwt.is_some() || scheme.trade.is_some()) {
            node.get("checks")
                .get(i)
                .get("control")
                .mistake("is not for keys that sign or are traded: none can be made up");
        }
        if in_body && check.method != "POST" {
            node.get("checks").get(i).get("method").mistake("must be POST, since the credential goes into the body");
        }
    }
}
