//! Credential values on their way into a call.

use keylatch::{Input, Params, Secret};
use napi::bindgen_prelude::Uint8ArraySlice;
use napi_derive::napi;

use crate::secret::{self, NativeSecret};

/// Values by wire name, filled one by one and used by one call.
#[napi]
#[derive(Default)]
pub struct NativeParams(Params);

#[napi]
impl NativeParams {
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Text, which the caller cannot wipe.
    #[napi(catch_unwind)]
    pub fn text(&mut self, name: String, value: String) {
        self.0.insert(&name, Input::Text { value: Secret::from(value), wipeable: false });
    }

    /// Bytes, which are filled with zeros. The facade lets no shared or resizable memory through.
    #[napi(catch_unwind)]
    pub fn take(&mut self, name: String, mut value: Uint8ArraySlice) {
        self.0.insert(&name, Input::Text { value: secret::take(&mut value), wipeable: true });
    }

    /// A copy of a secret, which stays usable.
    #[napi(catch_unwind)]
    pub fn secret(&mut self, name: String, value: &NativeSecret) {
        self.0.insert(&name, Input::Text { value: value.duplicate(), wipeable: true });
    }

    /// A number or a boolean, as JSON writes it.
    #[napi(catch_unwind)]
    pub fn scalar(&mut self, name: String, json_text: String) {
        self.0.insert(&name, Input::Scalar(json_text));
    }

    /// Something that no field takes, named for the error.
    #[napi(catch_unwind)]
    pub fn unfit(&mut self, name: String, type_name: String) {
        self.0.insert(&name, Input::Unfit(type_name));
    }

    pub(crate) fn drain(&mut self) -> Params {
        std::mem::take(&mut self.0)
    }
}
