//! Reads how an app that does not speak HTTP is logged in to.

use super::super::definition::{FieldDef, List, Login, Text};
use super::super::protocol::{COMMON_ROLES, Protocol, TlsMode};
use super::super::template;
use super::node::Node;

/// The login of a scheme; none where it speaks HTTP.
pub(super) fn login(node: &mut Node, fields: &[FieldDef]) -> Option<Login> {
    let map = node.map()?;
    let Some(protocol) = Protocol::named(&node.get("protocol").text()) else {
        let known: Vec<_> = Protocol::names().collect();
        node.get("protocol").mistake(format!("must be one of {}", known.join(", ")));
        return None;
    };
    let known = [&["protocol"], &COMMON_ROLES[..], protocol.needed, protocol.optional].concat();
    node.object(&known);
    for role in ["host"].iter().chain(protocol.needed).filter(|role| !map.contains_key(**role)) {
        node.get(role).mistake(format!("is missing; write a template such as \"{{{role}}}\""));
    }
    let roles: List<(Text, Text)> = map
        .keys()
        .filter(|role| *role != "protocol" && known.contains(&role.as_str()))
        .map(|role| (Text::Owned(role.clone()), node.get(role).template(fields)))
        .collect();
    let login = Login { protocol, roles };
    tls(&mut node.get("tls"), &login, fields);
    Some(login)
}

/// What drivers take to connect; none where the app has no such thing.
pub(super) fn dsn(node: &mut Node, fields: &[FieldDef]) -> Option<Text> {
    node.value?;
    let template = node.template(fields);
    if !template.contains("://") {
        node.mistake("must be an address such as \"postgresql://{username}:{password}@{host}:{port}/{database}\"");
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
        return node.mistake(format!("the field `{}` needs an `enum` and a `default`", field.name));
    }
    words(node, login, field.choices.iter());
}

fn words<'w>(node: &mut Node, login: &Login, words: impl Iterator<Item = &'w Text>) {
    for word in words.filter(|word| !TlsMode::parse(word).is_some_and(|mode| login.protocol.tls.contains(&mode))) {
        let protocol = login.protocol.name;
        node.mistake(format!("`{word}` is not a way to protect {protocol}; see the catalogue's README"));
    }
}
