//! `Secret`: a credential in memory that is wiped on drop and never printed.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::memory::{self, Guarded, Span};

/// A credential: bytes that are wiped when dropped, compared in constant time and never shown.
///
/// On Unix it stands in memory of its own: left out of core dumps, locked against swapping as far as the system's limit
/// (`ulimit -l`) allows, and wiped when the process ends.
///
/// `Debug` and `Display` print `[redacted]`; there is no `Clone` and no `Serialize`. The content is reached only
/// through [`Secret::expose`], so that each place that reads one can be found by name.
///
/// ```
/// use keylatch::Secret;
///
/// let mut typed = *b"sk_test_123";
/// let secret = Secret::take(&mut typed);
/// assert_eq!(typed, [0; 11]);                       // the caller's buffer is blank
/// assert_eq!(format!("{secret} {secret:?}"), "[redacted] [redacted]");
/// assert_eq!(secret.expose(), b"sk_test_123");
/// ```
pub struct Secret(Guarded);

impl Secret {
    /// Copies `bytes`. The caller's own copy stays as it is: prefer [`Secret::take`] where the buffer can be written.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let secret = Self(Guarded::copy_of(bytes, Span::Held));
        memory::clear_registers(); // the host has just moved the bytes through them
        secret
    }

    /// A copy for a call: blank in a child of `fork`, which has no use for it.
    pub(crate) fn passing(bytes: &[u8]) -> Self {
        Self(Guarded::copy_of(bytes, Span::Passing))
    }

    /// Moves bytes into one for a call, and wipes where they were.
    pub(crate) fn passing_from(mut bytes: impl AsRef<[u8]> + Zeroize) -> Self {
        let secret = Self::passing(bytes.as_ref());
        bytes.zeroize();
        secret
    }

    /// A second copy for a call.
    pub(crate) fn lent(&self) -> Self {
        Self::passing(&self.0)
    }

    /// Copies `bytes` and overwrites them with zeros.
    #[must_use]
    pub fn take(bytes: &mut [u8]) -> Self {
        let secret = Self::new(bytes);
        bytes.zeroize();
        secret
    }

    /// The content. Name the reason where you call it, and let no copy outlive the call.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The content as text, if it is UTF-8.
    #[must_use]
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// A second copy, wiped on its own drop. Explicit, because each copy is one more place to guard.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(Guarded::copy_of(&self.0, Span::Held))
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    /// Moves the text in and wipes the `String`'s buffer, spare capacity included.
    fn from(mut text: String) -> Self {
        let secret = Self::new(text.as_bytes());
        text.zeroize();
        secret
    }
}

impl From<Vec<u8>> for Secret {
    /// Moves the bytes in and wipes the vector's buffer, spare capacity included.
    fn from(mut bytes: Vec<u8>) -> Self {
        let secret = Self::new(&bytes);
        bytes.zeroize();
        secret
    }
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl From<Guarded> for Secret {
    fn from(bytes: Guarded) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
