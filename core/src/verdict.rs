//! The verdict: what the provider said of a credential, with the evidence for it.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! verdicts {
    ($($(#[$doc:meta])* $name:ident $text:literal,)*) => {
        /// What is known of a credential, beside the connection's status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Verdict {
            $($(#[$doc])* $name,)*
        }

        impl Verdict {
            /// Every verdict.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable text, such as `under_scoped`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The verdict of this text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str() == text)
            }
        }
    };
}

// In the order in which the answers of several checks combine: the first that any check gave is the verdict.
verdicts! {
    /// The provider accepted it.
    Accepted "accepted",
    /// The provider knows it, but it may not do what the check asked.
    UnderScoped "under_scoped",
    /// The provider refused it.
    Rejected "rejected",
    /// Something answered that is not this app: a mistyped subdomain, a captive portal.
    WrongHost "wrong_host",
    /// The provider asked to come back later.
    RateLimited "rate_limited",
    /// No usable answer: no connection, a time-out, a server error.
    Unreachable "unreachable",
    /// The app has no check, or its answer decides nothing.
    NotCheckable "not_checkable",
    /// Nobody asked.
    NotChecked "not_checked",
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
