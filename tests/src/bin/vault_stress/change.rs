//! The changes that processes make to connections, and what each makes of one.

use std::fmt;
use std::str::FromStr;

/// What is there of a user's connection. A number stands for everything that one change has written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Kept {
    /// Which change wrote user name and password.
    pub(crate) credential: u64,
    /// Which change wrote alias, labels and metadata.
    pub(crate) description: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Initiate,
    Replace,
    Update,
    Delete,
    Backup,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [Self::Initiate, Self::Replace, Self::Update, Self::Delete, Self::Backup];

    /// What can be done with a connection that is there, or is not.
    pub(crate) fn possible(there: bool) -> &'static [Self] {
        use Kind::{Backup, Delete, Initiate, Replace, Update};
        if there { &[Replace, Update, Delete, Backup] } else { &[Initiate, Replace, Backup] }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Initiate => "initiate",
            Self::Replace => "replace",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Backup => "backup",
        }
    }
}

/// One change to one user's connection, or a backup, number `number` of all that are made to a vault.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) kind: Kind,
    pub(crate) user: String,
    pub(crate) number: u64,
}

impl Change {
    /// What it makes of the connection.
    pub(crate) fn applied(&self, before: Option<Kept>) -> Option<Kept> {
        match self.kind {
            Kind::Initiate | Kind::Replace => Some(Kept { credential: self.number, description: self.number }),
            Kind::Update => before.map(|kept| Kept { credential: self.number, ..kept }),
            Kind::Delete => None,
            Kind::Backup => before,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.kind.name(), self.user, self.number)
    }
}

impl FromStr for Change {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let [kind, user, number] = text.split(' ').collect::<Vec<_>>()[..] else { return Err(()) };
        let kind = Kind::ALL.into_iter().find(|k| k.name() == kind).ok_or(())?;
        Ok(Self { kind, user: user.to_owned(), number: number.parse().map_err(|_| ())? })
    }
}
