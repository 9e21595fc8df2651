//! What is refused unless the developer permits it for one integration, by name: mostly exceptions from the network rules.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::catalog;
use crate::error::{Error, Result};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident $text:literal $told:literal,)*) => {
        /// Something that is refused unless the integration allows it by name. Each allows its own kind only: a
        /// host that needs two needs both.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Permission {
            $($(#[$doc])* $name,)*
        }

        impl Permission {
            /// Every permission.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable text, such as `link_local`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// What is wrong with a host that needs it, behind the words "the host".
            pub(crate) fn told(self) -> &'static str {
                match self {
                    $(Self::$name => $told,)*
                }
            }
        }
    };
}

permissions! {
    /// This machine itself: `127.0.0.0/8`, `::1`, `localhost`.
    Loopback "loopback" "leads to this machine itself",
    /// Private networks: RFC 1918, shared address space, unique local addresses.
    Private "private" "leads into a private network",
    /// Link-local addresses, other than those of metadata services.
    LinkLocal "link_local" "leads to a link-local address",
    /// Metadata services of clouds, which give out the machine's own credentials.
    Metadata "metadata" "leads to a cloud's metadata service",
    /// Every other address that is not public: multicast, documentation, reserved.
    Reserved "reserved" "leads to a reserved address",
    /// `http://`, and logins without TLS, to anything but this machine itself.
    Unencrypted "unencrypted" "would be spoken to without TLS, where everybody on the way can read the key",
    /// A port that no web server is expected at.
    Ports "ports" "has a port that belongs to another service",
    /// Names with letters beyond ASCII, which can look like others.
    InternationalNames "international_names" "has letters beyond ASCII, which can imitate another name",
    /// A host that users type, by way of a proxy, which looks it up itself.
    ThroughProxy "through_proxy" "would be looked up by the proxy, where its address cannot be checked",
    /// Handing out credentials, as connection strings (`dsn`); it concerns no host.
    Reveal "reveal" "hands its credentials out",
}

impl Permission {
    /// The permission of this text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == text)
    }

    /// The permission of this name.
    ///
    /// # Errors
    /// `invalid_argument` with near names where there is none.
    pub fn named(name: &str) -> Result<Self> {
        Self::parse(name).ok_or_else(|| {
            let known = || Self::ALL.iter().map(|permission| permission.as_str());
            let near = catalog::near(name, known());
            let hint = if near.is_empty() {
                format!("known are {}", known().collect::<Vec<_>>().join(", "))
            } else {
                format!("did you mean {}?", near.join(", "))
            };
            let shown: String = name.chars().take(64).collect();
            Error::argument("allow", format!("`{shown}` is not something to allow; {hint}")).with_near(near)
        })
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of permissions. Empty by default: nothing is allowed that is not public.
///
/// ```
/// use keylatch::{Allow, Permission};
///
/// let allow = Allow::from([Permission::Private, Permission::Unencrypted]);
/// assert!(allow.contains(Permission::Private));
/// assert!(!allow.contains(Permission::Loopback));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Allow(u16);

impl Allow {
    /// Whether the permission is in it.
    #[must_use]
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Whether it allows nothing.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its permissions, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }

    /// Adds a permission.
    pub fn insert(&mut self, permission: Permission) {
        self.0 |= permission.bit();
    }

    /// Those that are not in `other`.
    #[must_use]
    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those that are in both.
    #[must_use]
    pub(crate) fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The stable texts.
    pub(crate) fn names(self) -> Vec<&'static str> {
        self.iter().map(Permission::as_str).collect()
    }
}

impl FromIterator<Permission> for Allow {
    fn from_iter<T: IntoIterator<Item = Permission>>(permissions: T) -> Self {
        let mut allow = Self::default();
        permissions.into_iter().for_each(|permission| allow.insert(permission));
        allow
    }
}

impl<const N: usize> From<[Permission; N]> for Allow {
    fn from(permissions: [Permission; N]) -> Self {
        permissions.into_iter().collect()
    }
}

impl fmt::Debug for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for Allow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Allow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Permission>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_written_in_one_order_and_read_back() {
        let allow = Allow::from([Permission::Ports, Permission::LinkLocal, Permission::Ports]);
        let json = serde_json::to_string(&allow).unwrap();
        assert_eq!(json, r#"["link_local","ports"]"#);
        assert_eq!(serde_json::from_str::<Allow>(&json).unwrap(), allow);
    }

    #[test]
    fn every_permission_is_found_by_its_text_and_stands_for_itself_alone() {
        for permission in Permission::ALL.iter().copied() {
            assert_eq!(Permission::parse(permission.as_str()), Some(permission));
            assert_eq!(serde_json::to_value(permission).unwrap(), permission.as_str());
            assert_eq!(Allow::from([permission]).iter().collect::<Vec<_>>(), [permission]);
        }
    }

    #[test]
    fn an_unknown_name_gets_near_ones() {
        let error = Permission::named("privat").unwrap_err();
        assert_eq!((error.near(), error.fields()), (&["private".to_owned()][..], &["allow".to_owned()][..]));
    }
}
