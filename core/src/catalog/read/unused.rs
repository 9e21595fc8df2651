//! Finds what a user would type for nothing.

use super::super::definition::{Inject, JwtDef, Login, SchemeDef, TradeDef};
use super::super::template;
use super::node::Node;

/// The names in templates, by what becomes of a request without their values.
#[derive(Default)]
struct Uses<'t> {
    /// There is no request without these.
    needed: Vec<&'t str>,
    /// A part of the request, if not all of it, is left out without these.
    sent: Vec<&'t str>,
}

impl<'t> Uses<'t> {
    fn need(&mut self, template: &'t str) {
        self.needed.extend(template::names(template));
        self.send(template);
    }

    fn send(&mut self, template: &'t str) {
        self.sent.extend(template::names(template));
    }

    fn inject(&mut self, inject: &'t [Inject], base_url: &'t str) {
        for place in inject {
            match place {
                Inject::Header { value, .. } | Inject::Query { value, .. } | Inject::Body { value, .. } => {
                    self.send(value);
                }
                Inject::Basic { username, password } => [username, password].into_iter().for_each(|t| self.need(t)),
                Inject::Path => self.send(base_url),
                Inject::AwsSigv4 { service, region, access_key_id, secret_access_key, session_token } => {
                    [service, region, access_key_id, secret_access_key].into_iter().for_each(|t| self.need(t));
                    session_token.iter().for_each(|t| self.send(t));
                }
            }
        }
    }

    fn sign(&mut self, jwt: &'t JwtDef) {
        self.need(&jwt.key);
        jwt.header.iter().chain(jwt.claims.iter()).for_each(|(_, value)| self.send(value));
    }

    fn log_in(&mut self, login: &'t Login) {
        for (role, template) in login.roles.iter() {
            if role == "host" || login.protocol.needed.contains(&role.as_ref()) {
                self.need(template);
            } else {
                self.send(template);
            }
        }
    }

    fn trade(&mut self, trade: &'t TradeDef) {
        self.need(&trade.check.path);
        self.inject(&trade.inject, "");
    }
}

/// A field that goes nowhere, or a secret that is never sent, is a mistake: the user would type it for nothing.
pub(super) fn unused(node: &mut Node, scheme: &SchemeDef) {
    let mut uses = Uses::default();
    match &scheme.login {
        Some(login) => uses.log_in(login),
        None => uses.needed.extend(template::names(&scheme.base_url)),
    }
    uses.inject(&scheme.inject, &scheme.base_url);
    scheme.jwt.iter().for_each(|jwt| uses.sign(jwt));
    scheme.trade.iter().for_each(|trade| uses.trade(trade));
    // A check is left out without its optional fields, but not every check.
    let in_checks: Vec<Vec<&str>> = scheme.checks.iter().map(|c| template::names(&c.path)).collect();
    let in_a_check = |name: &str| in_checks.iter().any(|names| names.contains(&name));
    let in_every_check = |name: &str| !in_checks.is_empty() && in_checks.iter().all(|names| names.contains(&name));
    for (i, field) in scheme.fields.iter().enumerate().filter(|(_, f)| template::is_wire_name(&f.name)) {
        let name = field.name.as_ref();
        let is_needed = uses.needed.contains(&name) || in_every_check(name);
        let sent = format!("write {{{name}}} in an injection, such as \"value\": \"Bearer {{{name}}}\"");
        if field.secret && !uses.sent.contains(&name) {
            node.get("fields").get(i).mistake("is secret but `inject` does not send it", sent);
        } else if !is_needed && !uses.sent.contains(&name) && !in_a_check(name) {
            node.get("fields").get(i).mistake("is used nowhere", format!("remove it, or {sent}"));
        }
        if !field.required && field.default.is_none() && is_needed {
            let instead = "write \"required\": true, or give a default";
            node.get("fields").get(i).mistake("is needed for every request", instead);
        }
        if field.when.is_some() && is_needed {
            let problem = "has a condition, but is needed for every request";
            node.get("fields").get(i).get("when").mistake(problem, "remove it, or the field from there");
        }
    }
    for (name, is_made) in [("jwt", scheme.jwt.is_some()), ("trade", scheme.trade.is_some())] {
        let value = if name == "jwt" { "jwt" } else { "access_token" };
        if is_made && !uses.sent.contains(&value) {
            let instead = format!("remove it, or write {{{value}}} in an injection");
            node.get(name).mistake(format!("makes `{{{value}}}`, which is used nowhere"), instead);
        }
    }
}
