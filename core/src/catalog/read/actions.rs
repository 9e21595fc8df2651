//! Reads an app's actions: named requests, whose parameters go into path, query or body.

use super::super::definition::{ActionDef, Encoding, Inject, List, ParamDef, SchemeDef};
use super::super::template::{self, Filter, Part};
use super::{Node, kind};

pub(super) fn actions(node: &mut Node, slug: &str, schemes: &[SchemeDef]) -> List<ActionDef> {
    let prefix = format!("{}_", slug.to_ascii_uppercase());
    let actions = node.list(|n| action(n, &prefix, schemes));
    for (i, action) in actions.iter().enumerate() {
        if !action.name.is_empty() && actions[..i].iter().any(|a| a.name == action.name) {
            node.get(i).get("name").mistake("stands twice");
        }
    }
    actions
}

fn action(node: &mut Node, prefix: &str, schemes: &[SchemeDef]) -> ActionDef {
    node.object(&["name", "description", "method", "path", "encoding", "params"]);
    let name = node.get("name").text();
    let plain = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if !name.is_empty() && (!plain || name.strip_prefix(prefix).is_none_or(str::is_empty)) {
        node.get("name").mistake(format!("must be capitals, digits and `_`, and begin with {prefix}"));
    }
    let method = node.get("method").text();
    let in_query = match method.as_ref() {
        "GET" | "HEAD" | "DELETE" => true,
        "POST" | "PUT" | "PATCH" => false,
        _ => {
            node.get("method").mistake("must be GET, HEAD, DELETE, POST, PUT or PATCH");
            false
        }
    };
    let encoding = match (in_query, node.get("encoding").optional_text().as_deref()) {
        (true, None) => Encoding::Query,
        (true, Some(_)) => {
            node.get("encoding").mistake("is for methods with a body");
            Encoding::Query
        }
        (false, None | Some("json")) => Encoding::Json,
        (false, Some("form")) => Encoding::Form,
        (false, Some(_)) => {
            node.get("encoding").mistake("must be json or form");
            Encoding::Json
        }
    };
    let params = node.get("params").list(param);
    for (i, param) in params.iter().enumerate() {
        if params[..i].iter().any(|p| p.name == param.name) {
            node.get("params").get(i).get("name").mistake("stands twice");
        }
        if encoding == Encoding::Query && carries_credential(schemes, &param.name) {
            node.get("params").get(i).get("name").mistake("carries the credential in the query");
        }
    }
    let path = node.get("path").text();
    path_mistakes(&mut node.get("path"), &path, &params);
    let description = node.get("description").text();
    ActionDef { name, description, method, path, encoding, params }
}

fn param(node: &mut Node) -> ParamDef {
    node.object(&["name", "description", "type", "required"]);
    let name = node.get("name").text();
    if !name.is_empty() && !template::is_wire_name(&name) {
        node.get("name").mistake("must be letters, digits, `_`, `-` or `.`");
    }
    ParamDef {
        name,
        description: node.get("description").text(),
        kind: kind(&mut node.get("type"), false),
        required: node.get("required").flag(false),
    }
}

fn path_mistakes(node: &mut Node, path: &str, params: &[ParamDef]) {
    if path.is_empty() {
        return;
    }
    if !path.starts_with('/') || path.starts_with("//") {
        node.mistake("must start with one /");
    }
    let bare = path.split('?').next().unwrap_or_default();
    let climbs = bare.split('/').any(|segment| matches!(segment, "." | ".."));
    if climbs || path.contains(|c: char| c == '#' || c == '\\' || c.is_whitespace() || c.is_control()) {
        node.mistake("must be a path and at most a query, without spaces and `..`");
    }
    match template::parse(path) {
        Err(problem) => node.mistake(problem),
        Ok(parts) => parts.iter().for_each(|part| match part {
            Part::Text(_) => {}
            Part::Field { filter, .. } if *filter != Filter::Whole => {
                node.mistake("takes parameters whole, without a filter")
            }
            Part::Field { name, .. } => {
                if !params.iter().any(|p| p.name == *name && p.required) {
                    node.mistake(format!("`{{{name}}}` is not one of the required parameters"));
                }
            }
        }),
    }
}

fn carries_credential(schemes: &[SchemeDef], name: &str) -> bool {
    schemes.iter().flat_map(|s| s.inject.iter()).any(|i| matches!(i, Inject::Query { name: n, .. } if n == name))
}
