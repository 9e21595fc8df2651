//! Reads how an app that does not speak HTTP is logged in to.

use super::super::definition::{FieldDef, List, Login, Text};
use super::super::protocol::{COMMON_ROLES, Protocol, TlsMode};
use super::super::template;
use super::node::{Known, Node};

/// The login of a scheme; none where it speaks HTTP.
pub(super) fn login(node: &mut Node, fields: &[FieldDef]) -> Option<Login> {
    let map = node.map()?;
    let Some(protocol) = Protocol::named(&node.get("protocol").text()) else {
        let known: Vec<_> = Protocol::names().collect();
        node.get("protocol").not_one_of(&known);
        return None;
    };
    let known = [&["protocol"], &COMMON_ROLES[..], protocol.needed, protocol.optional].concat();
    node.object(&known);
    for role in ["host"].iter().chain(protocol.needed).filter(|role| !map.contains_key(**role)) {
        node.get(role).mistake("is missing", format!("write a template such as \"{{{role}}}\""));
    }
    let roles: List<(Text, Text)> = map
        .keys()
        .filter(|role| *role != "protocol" && known.contains(&role.as_str()))
        .map(|role| (Text::Owned(role.clone()), node.get(role).template(Known::fields(fields))))
        .collect();
    let login = Login { protocol, roles };
    tls(&mut node.get("tls"), &login, fields);
    Some(login)
}

/// What drivers take to connect; none where the app has no such thing.
pub(super) fn dsn(node: &mut Node, fields: &[FieldDef]) -> Option<Text> {
    node.value?;
    let template = node.template(Known::fields(fields));
    if !template.contains("://") {
        let sample = "postgresql://{username}:{password}@{host}:{port}/{database}";
        node.mistake("must be an address", format!("write it such as \"{sample}\""));
    }
    Some(template)
}

/// Every word that may come to stand in the `tls` role must be one that the protocol can do.
fn tls(node: &mut Node, login: &Login, fields: &[FieldDef]) {
    let Some(template) = login.role("tls") else { return };
    let names = template::names(template);
    let Some(field) = names.first().and_then(|name| fields.iter().find(|f| f.name == *name)) else {
        return words(node, login, std::iter::once(template));
    };
    if field.choices.is_empty() || field.default.is_none() {
        let instead = format!("write an \"enum\" and a \"default\" in the field `{}`", field.name);
        return node.mistake("could be anything", instead);
    }
    words(node, login, field.choices.iter());
}

fn words<'w>(node: &mut Node, login: &Login, words: impl Iterator<Item = &'w Text>) {
    for word in words.filter(|word| !TlsMode::parse(word).is_some_and(|mode| login.protocol.tls.contains(&mode))) {
        let problem = format!("`{word}` is not a way to protect {}", login.protocol.name);
        node.mistake(problem, "write one that the catalogue's README names for it, such as \"verify-full\"");
    }
}
