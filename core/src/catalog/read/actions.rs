//! Reads an app's actions: named requests, whose parameters go into path, query or body.

use super::super::definition::{ActionDef, Encoding, Inject, List, ParamDef, SchemeDef};
use super::super::template::{self, Filter, Part};
use super::{Node, kind, wire_name};

pub(super) fn actions(node: &mut Node, slug: &str, schemes: &[SchemeDef]) -> List<ActionDef> {
    let prefix = format!("{}_", slug.to_ascii_uppercase());
    let actions = node.list(|n| action(n, &prefix, schemes));
    node.repeated(&actions, "name", |a| &a.name);
    actions
}

fn action(node: &mut Node, prefix: &str, schemes: &[SchemeDef]) -> ActionDef {
    node.object(&["name", "description", "method", "path", "encoding", "params"]);
    let name = node.get("name").text();
    let plain = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if !name.is_empty() && (!plain || name.strip_prefix(prefix).is_none_or(str::is_empty)) {
        let rest = super::plain(&name).to_ascii_uppercase();
        let rest = rest.strip_prefix(prefix).unwrap_or(&rest);
        let instead = format!("write \"{prefix}{}\"", if rest.is_empty() { "LIST_ITEMS" } else { rest });
        node.get("name").mistake(format!("must be capitals, digits and `_`, and begin with {prefix}"), instead);
    }
    let method = node.get("method").text();
    let in_query = match method.as_ref() {
        "GET" | "HEAD" | "DELETE" => true,
        "POST" | "PUT" | "PATCH" => false,
        _ => {
            node.get("method").not_one_of(&["GET", "HEAD", "DELETE", "POST", "PUT", "PATCH"]);
            false
        }
    };
    let encoding = match (in_query, node.get("encoding").optional_text().as_deref()) {
        (true, None) => Encoding::Query,
        (true, Some(_)) => {
            node.get("encoding").mistake("is for methods with a body", "remove it");
            Encoding::Query
        }
        (false, None | Some("json")) => Encoding::Json,
        (false, Some("form")) => Encoding::Form,
        (false, Some(_)) => {
            node.get("encoding").not_one_of(&["json", "form"]);
            Encoding::Json
        }
    };
    let params = node.get("params").list(param);
    node.get("params").repeated(&params, "name", |p| &p.name);
    for (i, param) in params.iter().enumerate() {
        if encoding == Encoding::Query && carries_credential(schemes, &param.name) {
            node.get("params").get(i).get("name").mistake("carries the credential in the query", "remove it");
        }
    }
    let path = node.get("path").text();
    path_mistakes(&mut node.get("path"), &path, &params);
    let description = node.get("description").text();
    ActionDef { name, description, method, path, encoding, params }
}

fn param(node: &mut Node) -> ParamDef {
    node.object(&["name", "description", "type", "required"]);
    ParamDef {
        name: wire_name(&mut node.get("name")),
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
        node.mistake("must start with one /", "write it without the host, such as \"/v1/items\"");
    }
    let bare = path.split('?').next().unwrap_or_default();
    let climbs = bare.split('/').any(|segment| matches!(segment, "." | ".."));
    if climbs || path.contains(|c: char| c == '#' || c == '\\' || c.is_whitespace() || c.is_control()) {
        let instead = "write spaces as %20, and nothing of `..`, # and \\";
        node.mistake("must be a path and at most a query", instead);
    }
    match template::parse(path) {
        Err(problem) => node.mistake(problem, "write the name of a parameter between braces, such as {id}"),
        Ok(parts) => parts.iter().for_each(|part| match part {
            Part::Text(_) => {}
            Part::Field { filter, .. } if *filter != Filter::Whole => {
                node.mistake("takes parameters whole", "write it without a filter, such as {id}");
            }
            Part::Field { name, .. } => {
                if !params.iter().any(|p| p.name == *name && p.required) {
                    let instead = "write it in `params` with \"required\": true";
                    node.mistake(format!("`{{{name}}}` is not one of the required parameters"), instead);
                }
            }
        }),
    }
}

fn carries_credential(schemes: &[SchemeDef], name: &str) -> bool {
    schemes.iter().flat_map(|s| s.inject.iter()).any(|i| matches!(i, Inject::Query { name: n, .. } if n == name))
}
