//! Reads an app's definition from JSON and collects every mistake in it, each with the place where it stands.

// In the build script this file stands alone, so the folder of its parts is named.
#[path = "read/actions.rs"]
mod actions;
#[path = "read/checks.rs"]
mod checks;
#[path = "read/inject.rs"]
mod inject;
#[path = "read/node.rs"]
mod node;
#[path = "read/signing.rs"]
mod signing;
#[path = "read/unused.rs"]
mod unused;

use serde_json::Value;

pub(crate) use node::Mistake;
use node::{Known, Node};

use super::definition::{AppDef, FieldDef, Hint, Kind, SchemeDef};
use super::template;

/// Reads a definition; on any mistake, all of them.
pub(crate) fn read(definition: &Value) -> Result<AppDef, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let app = app(&mut Node::root(definition, &mut mistakes));
    if mistakes.is_empty() { Ok(app) } else { Err(mistakes) }
}

fn app(node: &mut Node) -> AppDef {
    node.object(&["slug", "name", "category", "docs_url", "schemes", "actions"]);
    let slug = node.get("slug").text();
    if !slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        node.get("slug").mistake("must be lower-case letters, digits and `_`");
    }
    let schemes = node.get("schemes").list(scheme);
    if schemes.is_empty() {
        node.get("schemes").mistake("needs at least one scheme");
    }
    for (i, scheme) in schemes.iter().enumerate() {
        if schemes[..i].iter().any(|s| s.auth_scheme == scheme.auth_scheme) {
            node.get("schemes").get(i).get("auth_scheme").mistake("stands twice");
        }
    }
    let actions = actions::actions(&mut node.get("actions"), &slug, &schemes);
    AppDef {
        slug,
        name: node.get("name").text(),
        category: node.get("category").text(),
        docs_url: node.get("docs_url").web_address(),
        schemes,
        actions,
    }
}

fn scheme(node: &mut Node) -> SchemeDef {
    let keys = ["auth_scheme", "fields", "base_url", "jwt", "trade", "inject", "headers", "checks", "no_checks"];
    node.object(&keys);
    let auth_scheme = node.get("auth_scheme").text();
    if !auth_scheme.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
        node.get("auth_scheme").mistake("must be capitals, digits and `_`, such as API_KEY");
    }
    let fields = node.get("fields").list(field);
    for (i, field) in fields.iter().enumerate() {
        if fields[..i].iter().any(|f| f.name == field.name) {
            node.get("fields").get(i).get("name").mistake("stands twice");
        }
    }
    if fields.is_empty() != (auth_scheme == "NO_AUTH") {
        node.get("fields").mistake("are needed, except for NO_AUTH, which has none");
    }
    let typed = Known::fields(&fields);
    let base_url = node.get("base_url").template(typed);
    base_url_mistakes(&mut node.get("base_url"), &base_url, &fields);
    let jwt = signing::jwt(&mut node.get("jwt"), typed);
    let trade = signing::trade(&mut node.get("trade"), typed, jwt.is_some());
    let made = signing::made(node, &fields, jwt.is_some(), trade.is_some());
    let inject = node.get("inject").list(|n| inject::injection(n, Known { made: &made, ..typed }));
    let headers = inject::headers(&mut node.get("headers"));
    let checks = node.get("checks").list(|n| checks::check(n, typed));
    match (checks.is_empty(), node.get("no_checks").optional_text()) {
        // A token that was granted tells as much as a check.
        (true, None) if trade.is_some() => {}
        (true, None) => node.get("checks").mistake("are missing; without one, say why in `no_checks`"),
        (false, Some(_)) => node.get("no_checks").mistake("is for apps without checks"),
        _ => {}
    }
    let scheme = SchemeDef { auth_scheme, fields, base_url, jwt, trade, inject, headers, checks };
    checks::unfit(node, &scheme);
    unused::unused(node, &scheme);
    scheme
}

fn field(node: &mut Node) -> FieldDef {
    let keys = ["name", "display_name", "description", "help_url", "no_help_url", "type", "required", "secret"];
    node.object(&[&keys[..], &["default", "enum", "pattern", "example", "hint", "no_hint"]].concat());
    let name = node.get("name").text();
    if !name.is_empty() && !template::is_wire_name(&name) {
        node.get("name").mistake("must be letters, digits, `_`, `-` or `.`");
    }
    let help_url = node.get("help_url").web_address();
    if help_url.is_none() && node.get("no_help_url").optional_text().is_none() {
        node.get("help_url").mistake("is missing; without one, say why in `no_help_url`");
    }
    let kind = kind(&mut node.get("type"), true);
    let default = node.get("default").scalar_text();
    let choices = node.get("enum").list(|n| n.text());
    if let Some(default) = &default
        && !choices.is_empty()
        && !choices.contains(default)
    {
        node.get("default").mistake("is not one of the `enum`");
    }
    let pattern = node.get("pattern").optional_text();
    if let Some(pattern) = &pattern {
        match regex_lite::Regex::new(pattern) {
            Err(_) => node.get("pattern").mistake("is not a regular expression of the kind used here"),
            Ok(_) if !(pattern.starts_with('^') && pattern.ends_with('$')) => {
                node.get("pattern").mistake("must stand between ^ and $");
            }
            Ok(regex) => {
                if default.as_ref().is_some_and(|d| !regex.is_match(d)) {
                    node.get("default").mistake("does not match the `pattern`");
                }
            }
        }
    }
    FieldDef {
        name,
        display_name: node.get("display_name").text(),
        description: node.get("description").text(),
        help_url,
        kind,
        required: node.get("required").flag(true),
        secret: node.get("secret").flag(false),
        default,
        choices,
        pattern,
        example: node.get("example").scalar_text(),
        hint: hint(node),
    }
}

/// The usual form of a value; every secret has one, or a reason for none.
fn hint(node: &mut Node) -> Option<Hint> {
    let reason = node.get("no_hint").optional_text();
    node.get("hint").value?;
    if reason.is_some() {
        node.get("no_hint").mistake("is for fields without a hint");
    }
    let mut node = node.get("hint");
    node.object(&["pattern", "says"]);
    let pattern = node.get("pattern").text();
    if !pattern.starts_with('^') {
        node.get("pattern").mistake("must start with ^");
    } else if regex_lite::Regex::new(&pattern).is_err() {
        node.get("pattern").mistake("is not a regular expression of the kind used here");
    }
    Some(Hint { pattern, says: node.get("says").text() })
}

/// The type of a value; addresses and texts of several lines only a user types.
fn kind(node: &mut Node, typed: bool) -> Kind {
    match node.optional_text().as_deref() {
        None | Some("string") => Kind::String,
        Some("text") if typed => Kind::Text,
        Some("integer") => Kind::Integer,
        Some("number") => Kind::Number,
        Some("boolean") => Kind::Boolean,
        Some("url") if typed => Kind::Url,
        Some(_) => {
            let more = if typed { ", boolean, url or text" } else { " or boolean" };
            node.mistake(format!("must be string, integer, number{more}"));
            Kind::String
        }
    }
}

fn base_url_mistakes(node: &mut Node, base_url: &str, fields: &[FieldDef]) {
    if base_url.is_empty() {
        return;
    }
    if base_url.ends_with('/') {
        node.mistake("must not end with /");
    }
    let names = template::names(base_url);
    let whole = names.len() == 1 && base_url.starts_with('{') && base_url.ends_with('}');
    let is_url = |name: &str| fields.iter().any(|f| f.name == name && f.kind == Kind::Url);
    if whole {
        if !is_url(names[0]) {
            node.mistake("is one field alone, so that field must be of type url");
        }
        return;
    }
    if names.iter().any(|name| is_url(name)) {
        node.mistake("a field of type url must be the whole base_url");
    }
    if !base_url.starts_with("https://") || template::host(base_url).is_empty() {
        node.mistake("must be an https address, or one field of type url");
    } else if base_url.contains(['?', '#', '@', ' ']) && !base_url.contains('{') {
        node.mistake("must be scheme, host and path only");
    }
    let host = template::host(base_url);
    let secret_whole_host = template::parse(host).is_ok_and(|parts| {
        matches!(parts.as_slice(), [template::Part::Field { name, filter: template::Filter::Whole }]
            if fields.iter().any(|f| f.name == *name && f.secret))
    });
    if secret_whole_host {
        node.mistake("a secret must not be the host");
    }
}
