//! Actions: what an app can do with a connection, as far as it is known beforehand.

use std::ffi::c_char;
use std::sync::Arc;

use keylatch_core::Action;

use crate::guard::free;
use crate::out::{Json, Text, text_at, text_of, value_at, value_of};
use crate::status::keylatch_status;

/// Something that keylatch_execute_action does with a connection.
pub struct keylatch_action(Arc<Data>);

struct Data {
    name: Text,
    description: Text,
    params: Vec<Param>,
    json: Json<Action>,
}

struct Param {
    name: Text,
    description: Text,
    kind: Text,
    required: bool,
}

impl keylatch_action {
    pub(crate) fn new(action: &Action) -> Self {
        let params = action.params.iter().map(|param| Param {
            name: Text::new(&param.name),
            description: Text::new(&param.description),
            kind: Text::new(param.kind.as_str()),
            required: param.required,
        });
        Self(Arc::new(Data {
            name: Text::new(&action.name),
            description: Text::new(&action.description),
            params: params.collect(),
            json: Json::new(action.clone()),
        }))
    }

    /// Another handle to the same action.
    pub(crate) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Its name, such as "STRIPE_RETRIEVE_BALANCE", compared without regard to case. Borrowed until the handle is freed.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_name(
    action: *const keylatch_action,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(action, text, length, |h| &h.0.name) }
}

/// What it does, in a sentence. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_description(
    action: *const keylatch_action,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(action, text, length, |h| &h.0.description) }
}

/// How many params it takes. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_param_count(
    action: *const keylatch_action,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(action, count, |h| h.0.params.len()) }
}

/// Name of a param. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_param_name(
    action: *const keylatch_action,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(action, text, length, |h| h.0.params.get(index).map(|p| &p.name)) }
}

/// What a param is, in a sentence. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_param_description(
    action: *const keylatch_action,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(action, text, length, |h| h.0.params.get(index).map(|p| &p.description)) }
}

/// Type of a param's value, as keylatch_field_type. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_param_type(
    action: *const keylatch_action,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(action, text, length, |h| h.0.params.get(index).map(|p| &p.kind)) }
}

/// Whether a param must be given. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_param_is_required(
    action: *const keylatch_action,
    index: usize,
    out: *mut bool,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_at(action, out, |h| h.0.params.get(index).map(|p| p.required)) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_json(
    action: *const keylatch_action,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(action, text, length, |h| h.0.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_free(action: *mut keylatch_action) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(action) }
}
