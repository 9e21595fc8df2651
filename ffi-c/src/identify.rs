//! Whose a credential could be, by its form.

use std::ffi::c_char;

use keylatch_core::KeyOrigin;

use crate::client::keylatch_client;
use crate::error::keylatch_error;
use crate::guard::{Out, free, guard_call, lent};
use crate::out::{Items, Json, Text, text_at, text_of, value_at, value_of};
use crate::secret::keylatch_secret;
use crate::status::keylatch_status;

/// The apps that a credential could be of, the most specific form first.
pub struct keylatch_key_origin_list {
    origins: Vec<Origin>,
    json: Json<Items<KeyOrigin>>,
}

struct Origin {
    app: Text,
    app_name: Text,
    auth_scheme: Text,
    field: Text,
}

impl keylatch_key_origin_list {
    fn new(items: Vec<KeyOrigin>) -> Self {
        let origin = |one: &KeyOrigin| Origin {
            app: Text::new(&one.app),
            app_name: Text::new(&one.app_name),
            auth_scheme: Text::new(one.auth_scheme.as_str()),
            field: Text::new(&one.field),
        };
        Self { origins: items.iter().map(origin).collect(), json: Json::new(Items { items }) }
    }
}

/// The apps that a credential could be of, by its form alone: nothing is asked and nothing is kept. Of forms that many
/// share, such as 32 hexadecimal digits, nothing is said. `value` stays the caller's.
///
/// The caller owns `*out` and releases it with keylatch_key_origin_list_free. Thread-safe. Errors: closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_apps_identify(
    client: *const keylatch_client,
    value: *const keylatch_secret,
    out: *mut *mut keylatch_key_origin_list,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (out, client, value) = unsafe { (Out::handle(out)?, lent("client", client)?, lent("value", value)?) };
        out.give_new(keylatch_key_origin_list::new(client.0.identify(value.0.duplicate())?));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard_call(error, body) }
}

/// How many there are. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_key_origin_list_count(
    list: *const keylatch_key_origin_list,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(list, count, |h| h.origins.len()) }
}

/// Slug of the app. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_key_origin_list_app_at(
    list: *const keylatch_key_origin_list,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(list, text, length, |h| h.origins.get(index).map(|origin| &origin.app)) }
}

/// The app's name for people. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_key_origin_list_app_name_at(
    list: *const keylatch_key_origin_list,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(list, text, length, |h| h.origins.get(index).map(|origin| &origin.app_name)) }
}

/// The auth scheme with the field; the set is open. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_key_origin_list_auth_scheme_at(
    list: *const keylatch_key_origin_list,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(list, text, length, |h| h.origins.get(index).map(|origin| &origin.auth_scheme)) }
}

/// Name of the field that such values are for. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_key_origin_list_field_at(
    list: *const keylatch_key_origin_list,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(list, text, length, |h| h.origins.get(index).map(|origin| &origin.field)) }
}

/// Whether the form is clear, and that of no other app that is known here. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_key_origin_list_is_certain_at(
    list: *const keylatch_key_origin_list,
    index: usize,
    out: *mut bool,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_at(list, out, |h| h.json.value.items.get(index).map(|origin| origin.certain)) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_key_origin_list_json(
    list: *const keylatch_key_origin_list,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(list, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_key_origin_list_free(list: *mut keylatch_key_origin_list) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(list) }
}
