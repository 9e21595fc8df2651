//! Reads a scheme's checks: the requests that tell a good credential from a bad one, and what their answers mean.

use serde_json::Value;
use url::form_urlencoded;

use super::super::definition::{Check, Condition, Inject, List, SchemeDef, Test, VerdictRule};
use super::super::verdict::Verdict;
use super::node::Known;
use super::{Node, Text};

const METHODS: [&str; 3] = ["GET", "HEAD", "POST"];

/// The checks of this scheme, or its reason for none. A token that is granted (`trade`) tells as much as a check.
pub(super) fn checks(scheme: &mut Node, known: Known<'_>, trades: bool) -> List<Check> {
    let checks = scheme.get("checks").list(|n| check(n, known));
    let is_list = scheme.get("checks").value.is_none_or(Value::is_array);
    match (checks.is_empty() && is_list, scheme.get("no_checks").optional_text()) {
        (true, None) if trades => {}
        (true, None) => {
            let instead = "add \"checks\": [ { \"method\": \"GET\", \"path\": \"/…\" } ], or say why in `no_checks`";
            scheme.get("checks").mistake("are missing", instead);
        }
        (false, Some(_)) => scheme.get("no_checks").mistake("is for apps without checks", "remove it, or the `checks`"),
        _ => {}
    }
    checks
}

fn check(node: &mut Node, known: Known<'_>) -> Check {
    node.object(&["method", "path", "body", "form", "accept", "json", "when", "verdicts", "control", "account"]);
    let method = node.get("method").text();
    if !METHODS.contains(&method.as_ref()) {
        node.get("method").not_one_of(&METHODS);
    }
    let path = node.get("path").template(known);
    path_mistakes(&mut node.get("path"), &path);
    let form = form(&mut node.get("form"));
    let json = node.get("body").value.map(|v| Text::Owned(v.to_string()));
    if form.is_some() && json.is_some() {
        node.get("form").mistake("stands beside `body`, but a request has one of them", "remove one of the two");
    }
    let check = Check {
        method,
        path,
        form: form.is_some(),
        body: form.or(json),
        json: node.get("json").flag(true),
        control: node.get("control").flag(false),
        account: pointer(node.get("account")),
        ..meaning(node)
    };
    body_mistakes(node, &check);
    if check.control && !known.fields.iter().any(|f| f.secret) {
        node.get("control").mistake("needs a secret to make up another for", "remove it, or mark a field as secret");
    }
    check
}

/// What answers mean, of a check as of a trade.
pub(super) fn meaning(node: &mut Node) -> Check {
    let meaning = Check {
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
    };
    for (i, status) in meaning.accept.iter().enumerate().filter(|(_, status)| **status != 0) {
        if meaning.accept[..i].contains(status) {
            node.get("accept").get(i).mistake("stands twice", "remove one of the two");
        }
        if meaning.verdicts.iter().any(|rule| rule.status == *status && rule.when.is_empty()) {
            let problem = "has a verdict in `verdicts` too";
            node.get("accept").get(i).mistake(problem, "remove it from one of the two");
        }
    }
    meaning
}

fn form(node: &mut Node) -> Option<Text> {
    let map = node.map()?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    for name in map.keys() {
        form.append_pair(name, &node.get(name).text());
    }
    Some(Text::Owned(form.finish()))
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

/// What is said of the bodies, sent and answered, must fit the method and one another.
fn body_mistakes(node: &mut Node, check: &Check) {
    if check.body.is_some() && check.method != "POST" && METHODS.contains(&check.method.as_ref()) {
        let key = if check.form { "form" } else { "body" };
        node.get(key).mistake("is for POST", "remove it, or write \"method\": \"POST\"");
    }
    let in_text = |condition: &Condition| matches!(condition.test, Test::TextHas(_));
    if check.method == "HEAD" {
        for (key, there) in [("when", !check.when.is_empty()), ("account", check.account.is_some())] {
            if there {
                node.get(key).mistake("looks into a body, but an answer to HEAD has none", "remove it, or use GET");
            }
        }
    } else if !check.json && !check.when.iter().all(in_text) {
        node.get("when").mistake("looks into JSON, but `json` is false", "remove it, or remove \"json\": false");
    }
}

/// A verdict for each status, or a list of verdicts with the conditions on which they hold.
fn verdicts(mut node: Node) -> List<VerdictRule> {
    let Some(map) = node.map() else { return List::Borrowed(&[]) };
    let mut rules = Vec::new();
    for (status, value) in map {
        let mut node = node.get(status);
        let Ok(code @ 100..=599) = status.parse() else {
            node.mistake("must be under an HTTP status", "write a key such as \"403\"");
            continue;
        };
        if value.is_array() {
            rules.extend_from_slice(&node.list(|n| conditional(n, code)));
        } else {
            rules.push(VerdictRule { status: code, when: List::Borrowed(&[]), verdict: verdict(&mut node) });
        }
    }
    rules.into()
}

fn conditional(node: &mut Node, status: u16) -> VerdictRule {
    node.object(&["when", "verdict"]);
    let when = node.get("when").list(condition);
    if when.is_empty() && node.get("when").value.is_none_or(Value::is_array) {
        let instead = "add \"when\": [ { \"text_has\": \"…\" } ], or write the verdict alone in the place of the list";
        node.get("when").mistake("is missing", instead);
    }
    VerdictRule { status, when, verdict: verdict(&mut node.get("verdict")) }
}

fn verdict(node: &mut Node) -> Verdict {
    let known: Vec<&str> = Verdict::ALL.iter().filter(|v| **v != Verdict::NotChecked).map(|v| v.as_str()).collect();
    let written = node.value.and_then(Value::as_str).unwrap_or_default();
    if let Some(verdict) = known.contains(&written).then(|| Verdict::parse(written)).flatten() {
        return verdict;
    }
    if written.is_empty() {
        node.mistake("must be a verdict", "write \"rejected\" or the like");
    } else {
        node.not_one_of(&known);
    }
    Verdict::NotCheckable
}

pub(super) fn pointer(mut node: Node) -> Option<Text> {
    let text = node.optional_text()?;
    if !text.starts_with('/') {
        let instead = format!("write \"/{}\"", text.trim_start_matches("$.").replace('.', "/"));
        node.mistake("must be a JSON pointer", instead);
    }
    Some(text)
}

fn condition(node: &mut Node) -> Condition {
    if let Some(value) = node.get("text_has").value {
        node.object(&["text_has"]);
        let texts = if value.is_array() {
            node.get("text_has").list(|n| n.text())
        } else {
            vec![node.get("text_has").text()].into()
        };
        if texts.is_empty() {
            node.get("text_has").mistake("has no text", "write the texts of which one must be in the answer");
        }
        return Condition { at: Text::Borrowed(""), test: Test::TextHas(texts) };
    }
    node.object(&["at", "equals", "not_equals", "present", "text_has"]);
    if node.get("at").value.is_none() {
        let instead = "add \"at\": \"/…\", a JSON pointer into the answer, or write \"text_has\" alone";
        node.get("at").mistake("is missing", instead);
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

/// Checks that do not go together with how the scheme sends its credential.
pub(super) fn unfit(node: &mut Node, scheme: &SchemeDef) {
    let in_body = scheme.inject.iter().any(|i| matches!(i, Inject::Body { .. }));
    for (i, check) in scheme.checks.iter().enumerate() {
        if check.control && (scheme.jwt.is_some() || scheme.trade.is_some()) {
            let problem = "is not for keys that sign or are traded, since none can be made up";
            node.get("checks").get(i).get("control").mistake(problem, "remove it");
        }
        if in_body && matches!(check.method.as_ref(), "GET" | "HEAD") {
            let problem = "must be POST, since the credential goes into the body";
            node.get("checks").get(i).get("method").mistake(problem, "write \"POST\", or another injection");
        }
    }
}
