//! Reads an app's definition from JSON and collects every mistake in it, each with the place where it stands and what to
//! write instead.

// In the build script this file stands alone, so the folder of its parts is named.
#[path = "read/actions.rs"]
mod actions;
#[path = "read/checks.rs"]
mod checks;
#[path = "read/fields.rs"]
mod fields;
#[path = "read/login.rs"]
mod login;
#[path = "read/node.rs"]
pub(super) mod node;
#[path = "read/places.rs"]
mod places;
#[path = "read/signing.rs"]
mod signing;
#[path = "read/unused.rs"]
mod unused;

use serde_json::Value;

pub(crate) use node::Mistake;
use node::{Known, Node};

use super::definition::{AppDef, FieldDef, Kind, List, Login, SchemeDef, Text};
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
        let instead = format!("write \"{}\"", plain(&slug).to_ascii_lowercase());
        node.get("slug").mistake("must be lower-case letters, digits and `_`", instead);
    }
    let schemes = node.get("schemes").list(scheme);
    if schemes.is_empty() && !matches!(node.get("schemes").value, Some(v) if !v.is_array()) {
        let instead = "write [ { \"auth_scheme\": \"API_KEY\", \"fields\": [ … ], \"base_url\": \"…\" } ]";
        node.get("schemes").mistake("needs at least one scheme", instead);
    }
    node.get("schemes").repeated(&schemes, "auth_scheme", |s| &s.auth_scheme);
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

const KEYS: [&str; 11] =
    ["auth_scheme", "fields", "base_url", "jwt", "trade", "inject", "headers", "checks", "no_checks", "login", "dsn"];

fn scheme(node: &mut Node) -> SchemeDef {
    let before = node.mistakes();
    node.object(&KEYS);
    let unknown_keys = node.mistakes() - before;
    let auth_scheme = node.get("auth_scheme").text();
    if !auth_scheme.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
        let instead = format!("write \"{}\"", plain(&auth_scheme).to_ascii_uppercase());
        node.get("auth_scheme").mistake("must be capitals, digits and `_`", instead);
    }
    let fields = node.get("fields").list(fields::field);
    node.get("fields").repeated(&fields, "name", |f| &f.name);
    fields::conditions(&mut node.get("fields"), &fields);
    match (fields.is_empty(), auth_scheme == "NO_AUTH") {
        (true, false) => {
            let instead = "write [ { \"name\": \"api_key\", … } ], or \"NO_AUTH\" as `auth_scheme`";
            node.get("fields").mistake("are missing", instead);
        }
        (false, true) => node.get("fields").mistake("are not asked for with NO_AUTH", "write [], or another scheme"),
        _ => {}
    }
    let before = node.mistakes();
    let scheme = match login::login(&mut node.get("login"), &fields) {
        Some(login) => spoken_otherwise(node, auth_scheme, fields, login),
        None => spoken_over_http(node, auth_scheme, fields),
    };
    // What is misspelt where a field should go would only make the field seem unused.
    if unknown_keys == 0 && node.mistakes() == before {
        unused::unused(node, &scheme);
    }
    scheme
}

fn spoken_over_http(node: &mut Node, auth_scheme: Text, fields: List<FieldDef>) -> SchemeDef {
    let typed = Known::fields(&fields);
    let base_url = node.get("base_url").template(typed);
    base_url_mistakes(&mut node.get("base_url"), &base_url, &fields);
    let headers = places::headers(&mut node.get("headers"));
    let jwt = signing::jwt(&mut node.get("jwt"), typed);
    let trade = signing::trade(&mut node.get("trade"), typed, jwt.is_some());
    let made = signing::made(node, &fields, jwt.is_some(), trade.is_some());
    let known = Known { made: &made, ..typed };
    let inject = places::inject(&mut node.get("inject"), known, &headers, &base_url);
    let checks = checks::checks(node, typed, trade.is_some());
    let dsn = login::dsn(&mut node.get("dsn"), &fields);
    let scheme = SchemeDef { auth_scheme, fields, base_url, jwt, trade, inject, headers, checks, login: None, dsn };
    checks::unfit(node, &scheme);
    scheme
}

/// The login is the check, and the address follows from its roles.
fn spoken_otherwise(node: &mut Node, auth_scheme: Text, fields: List<FieldDef>, login: Login) -> SchemeDef {
    for key in ["base_url", "jwt", "trade", "inject", "headers", "checks", "no_checks"] {
        if node.get(key).value.is_some() {
            node.get(key).mistake("is for apps that speak HTTP", "leave it out beside `login`");
        }
    }
    let place = ["host", "port"].iter().filter_map(|role| login.role(role)).cloned().collect::<Vec<_>>().join(":");
    let dsn = login::dsn(&mut node.get("dsn"), &fields);
    SchemeDef {
        auth_scheme,
        fields,
        base_url: Text::Owned(format!("{}://{place}", login.protocol.name)),
        jwt: None,
        trade: None,
        inject: List::Borrowed(&[]),
        headers: List::Borrowed(&[]),
        checks: List::Borrowed(&[]),
        login: Some(login),
        dsn,
    }
}

fn base_url_mistakes(node: &mut Node, base_url: &str, fields: &[FieldDef]) {
    if base_url.is_empty() {
        return;
    }
    if base_url.ends_with('/') {
        node.mistake("must not end with /", format!("write \"{}\"", base_url.trim_end_matches('/')));
    }
    let names = template::names(base_url);
    let whole = names.len() == 1 && base_url.starts_with('{') && base_url.ends_with('}');
    let is_url = |name: &str| fields.iter().any(|f| f.name == name && f.kind == Kind::Url);
    if whole {
        if fields.iter().any(|f| f.name == names[0]) && !is_url(names[0]) {
            let instead = format!("write \"type\": \"url\" in the field `{}`", names[0]);
            node.mistake("is one field alone, which must be of type url", instead);
        }
        return;
    }
    if let Some(name) = names.iter().find(|name| is_url(name)) {
        let instead = format!("write \"{{{name}}}\" alone, or remove \"type\": \"url\" from the field");
        node.mistake("has more than its field of type url", instead);
    }
    let host = template::host(base_url);
    if let Some(rest) = base_url.strip_prefix("http://") {
        node.mistake("must be an https address", format!("write \"https://{}\"", rest.trim_end_matches('/')));
    } else if !base_url.starts_with("https://") || host.is_empty() {
        node.mistake("must be an https address", "write \"https://\" and a host, or one field of type url alone");
    } else if base_url.contains(['?', '#', '@', ' ']) && !base_url.contains('{') {
        let instead = "write what follows ? as an injection in the query, and nothing of # and @";
        node.mistake("must be scheme, host and path only", instead);
    }
    // The host may be well written where the rest is not.
    let parts = template::parse(host).unwrap_or_default();
    if let [template::Part::Field { name, filter: template::Filter::Whole }] = parts.as_slice()
        && fields.iter().any(|f| f.name == *name && f.secret)
    {
        let instead = format!("remove \"secret\": true from the field `{name}`, or name another");
        node.mistake("has a secret as its host", instead);
    }
}

/// The type of a value; an address can only be typed by a user.
fn kind(node: &mut Node, url: bool) -> Kind {
    let text = node.optional_text();
    match text.as_deref() {
        None | Some("string") => Kind::String,
        Some("text") if url => Kind::Text,
        Some("integer") => Kind::Integer,
        Some("number") => Kind::Number,
        Some("boolean") => Kind::Boolean,
        Some("url") if url => Kind::Url,
        Some(_) => {
            let known = ["string", "integer", "number", "boolean", "text", "url"];
            node.not_one_of(if url { &known } else { &known[..4] });
            Kind::String
        }
    }
}

/// A name with `_` in the place of what may not stand in it.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// A name as the wire knows it: of a field, or of an action's parameter.
fn wire_name(node: &mut Node) -> Text {
    let name = node.text();
    if !name.is_empty() && !template::is_wire_name(&name) {
        node.mistake("must be letters, digits, `_`, `-` or `.`", format!("write \"{}\"", plain(&name)));
    }
    name
}
