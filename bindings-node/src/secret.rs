//! Secrets that JavaScript holds: the bytes stay on this side, wiped when disposed of or collected.

use keylatch::Secret;
use napi::bindgen_prelude::{Buffer, Uint8ArraySlice};
use napi_derive::napi;

/// A credential's bytes; empty once disposed of.
#[napi]
pub struct NativeSecret(Option<Secret>);

#[napi]
impl NativeSecret {
    /// Copies the bytes and fills the caller's with zeros. The facade lets no shared or resizable memory through.
    #[napi(factory, catch_unwind)]
    pub fn take(mut bytes: Uint8ArraySlice) -> Self {
        Self(Some(take(&mut bytes)))
    }

    /// Copies text, which the caller cannot wipe.
    #[napi(factory, catch_unwind)]
    pub fn from_text(text: String) -> Self {
        Self(Some(Secret::from(text)))
    }

    /// Whether both hold the same bytes, in constant time.
    #[napi(catch_unwind)]
    pub fn equals(&self, other: &NativeSecret) -> bool {
        self.0 == other.0
    }

    /// How many bytes.
    #[napi(getter, catch_unwind)]
    pub fn length(&self) -> u32 {
        self.0.as_ref().map_or(0, |secret| u32::try_from(secret.len()).unwrap_or(u32::MAX))
    }

    /// A copy, which the caller must wipe.
    #[napi(catch_unwind)]
    pub fn expose(&self) -> Buffer {
        self.0.as_ref().map_or_else(Buffer::default, |secret| secret.expose().to_vec().into()) // expose: the host asks
    }

    /// Another with the same bytes.
    #[napi(catch_unwind)]
    pub fn copy(&self) -> Self {
        Self(Some(self.duplicate()))
    }

    /// Wipes the bytes now.
    #[napi(catch_unwind)]
    pub fn dispose(&mut self) {
        self.0 = None;
    }

    pub(crate) fn new(secret: Secret) -> Self {
        Self(Some(secret))
    }

    /// The bytes, which are not here any more.
    pub(crate) fn spend(&mut self) -> Secret {
        self.0.take().unwrap_or_else(|| Secret::new(&[]))
    }

    pub(crate) fn duplicate(&self) -> Secret {
        self.0.as_ref().map_or_else(|| Secret::new(&[]), Secret::duplicate)
    }
}

/// The bytes of a JavaScript array as a secret, and zeros in their place.
pub(crate) fn take(bytes: &mut Uint8ArraySlice) -> Secret {
    // SAFETY: the facade passes arrays over memory that no other thread shares and that cannot shrink, and no
    // JavaScript runs until this function has returned, so this is the only access to those bytes.
    Secret::take(unsafe { bytes.as_mut() })
}
