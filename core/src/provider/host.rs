//! Which exceptions the host of a base URL needs: what a user typed is judged by all rules, a developer's own by one.

use url::Url;

use crate::allow::{Allow, Permission};
use crate::catalog::template::{self, Part};
use crate::catalog::{FieldDef, SchemeDef};
use crate::input::Values;
use crate::io::addresses::{is_loopback, is_usual_port, kind_of_host, web_address};

/// A base URL filled with values, and what it was filled from.
pub(super) struct Filled<'f> {
    pub(super) scheme: &'f SchemeDef,
    pub(super) template: &'f str,
    /// Fields of the host that the developer has not fixed.
    pub(super) asked: &'f [String],
    pub(super) values: &'f Values,
    pub(super) base: &'f Url,
    /// `base` as it was before it was parsed, without what follows the host.
    pub(super) authority: &'f str,
    pub(super) proxied: bool,
}

impl Filled<'_> {
    /// Whether the user had a free choice in the host.
    pub(super) fn is_typed(&self) -> bool {
        self.asked.iter().any(|name| self.is_free(name))
    }

    /// All exceptions that it needs, as far as that shows without a look-up.
    pub(super) fn needed(&self) -> Allow {
        let mut needed = Allow::default();
        if self.base.scheme() != "https" && !is_loopback(self.base) {
            needed.insert(Permission::Unencrypted);
        }
        if !self.is_typed() {
            return needed;
        }
        if let Some(kind) = kind_of_host(self.base) {
            needed.insert(kind);
        }
        if self.port_is_unusual() {
            needed.insert(Permission::Ports);
        }
        if self.is_international() {
            needed.insert(Permission::InternationalNames);
        }
        if self.proxied {
            needed.insert(Permission::ThroughProxy);
        }
        needed
    }

    /// A default and a list of choices are the app's, not the user's.
    fn is_free(&self, name: &str) -> bool {
        self.field(name).is_none_or(|field| {
            let default = field.default.as_ref().map(|default| default.as_bytes());
            let value = self.values.get(name).map(|value| value.expose()); // expose: compared with a public text
            field.choices.is_empty() && (default.is_none() || value != default)
        })
    }

    fn field(&self, name: &str) -> Option<&FieldDef> {
        self.scheme.fields.iter().find(|field| field.name == name)
    }

    /// Whether the user chose a port, and one where no web server is expected.
    fn port_is_unusual(&self) -> bool {
        let Some(port) = self.base.port() else { return false };
        let parts = template::parse(template::host(self.template)).unwrap_or_default();
        // A port can only be in a value that nothing follows.
        let Some(Part::Field { name, .. }) = parts.last() else { return false };
        let own = self.field(name).and_then(|field| port_in(field.default.as_deref()?));
        self.asked.iter().any(|asked| asked == name) && self.is_free(name) && own != Some(port) && !is_usual_port(port)
    }

    /// Whether letters beyond ASCII are in what the user typed: as they are, percent-encoded, or as `xn--`.
    fn is_international(&self) -> bool {
        let whole = self.template.starts_with('{');
        let encoded =
            |after: &str| after.starts_with(['8', '9']) || after.starts_with(|c: char| c.is_ascii_alphabetic());
        if whole && (!self.authority.is_ascii() || self.authority.split('%').skip(1).any(encoded)) {
            return true;
        }
        let own = sample(self.template);
        let own = own.as_ref().and_then(Url::host_str).unwrap_or_default();
        let host = self.base.host_str().unwrap_or_default();
        host.split('.').any(|label| label.starts_with("xn--") && !own.split('.').any(|known| known == label))
    }
}

/// The port that a default value names: a whole address, `host:port`, or the number alone.
fn port_in(default: &str) -> Option<u16> {
    match Url::parse(default) {
        Ok(url) if url.has_host() => url.port(),
        _ => default.rsplit(':').next()?.parse().ok(),
    }
}

/// A base URL's template with a letter for each value (a digit for a port); none where it begins with a value or is no
/// web address.
pub(super) fn sample(template: &str) -> Option<Url> {
    let mut text = String::with_capacity(template.len());
    for part in template::parse(template).ok()? {
        match part {
            Part::Text(own) => text.push_str(own),
            Part::Field { .. } => text.push(if text.ends_with(':') { '1' } else { 'x' }),
        }
    }
    web_address(&text)
}

/// What is wrong with a host that needs these, and how the developer can allow it.
pub(super) fn explained(needed: Allow) -> String {
    let told: Vec<_> = needed.iter().map(Permission::told).collect();
    let names: Vec<_> = needed.names().iter().map(|name| format!("\"{name}\"")).collect();
    format!(
        "the host {}; the developer can allow that with allow=[{}] on the integration",
        told.join(", and "),
        names.join(", ")
    )
}
