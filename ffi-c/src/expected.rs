//! Discovery: what a user must give to connect.

use std::ffi::c_char;

use keylatch_core::{AuthScheme, Client, ExpectedParams, ExpectedParamsQuery};

use crate::client::{call_with_ask, keylatch_client};
use crate::error::keylatch_error;
use crate::field::keylatch_field;
use crate::guard::{Held, Out, free, guard, lent, text};
use crate::out::{Json, Text, part_at, text_of, value_of};
use crate::status::keylatch_status;

/// Which fields are wanted: the arguments of keylatch_get_expected_params_for_user.
pub struct keylatch_expected_params_ask(Held<ExpectedParamsQuery>);

/// What a user must give to connect.
pub struct keylatch_expected_params {
    app: Text,
    integration_id: Text,
    auth_scheme: Text,
    fields: Vec<keylatch_field>,
    developer_fields: Vec<keylatch_field>,
    json_schema: Text,
    json: Json<ExpectedParams>,
}

impl keylatch_expected_params {
    fn new(expected: ExpectedParams) -> Self {
        Self {
            app: Text::new(&expected.app),
            integration_id: Text::new(&expected.integration_id),
            auth_scheme: Text::new(expected.auth_scheme.as_str()),
            fields: expected.expected_params.iter().map(keylatch_field::new).collect(),
            developer_fields: expected.developer_params.iter().map(keylatch_field::new).collect(),
            json_schema: Text::new(&expected.json_schema.to_string()),
            json: Json::new(expected),
        }
    }
}

/// Makes an empty set of arguments; the app or the integration must be set. The caller owns `*out` and releases it
/// with keylatch_expected_params_ask_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_ask_new(
    out: *mut *mut keylatch_expected_params_ask,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_expected_params_ask(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Slug of the app, in any case. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_ask_set_app(
    ask: *mut keylatch_expected_params_ask,
    app: *const c_char,
    app_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (app, ask) = unsafe { (text("app", app, app_length)?, lent("ask", ask)?) };
        ask.0.lock().app = Some(app.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Id of an integration. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_ask_set_integration_id(
    ask: *mut keylatch_expected_params_ask,
    integration_id: *const c_char,
    integration_id_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (integration_id, ask) =
            unsafe { (text("integration_id", integration_id, integration_id_length)?, lent("ask", ask)?) };
        ask.0.lock().integration_id = Some(integration_id.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The auth scheme. Default: the integration's, or the one that the app prefers. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_ask_set_auth_scheme(
    ask: *mut keylatch_expected_params_ask,
    auth_scheme: *const c_char,
    auth_scheme_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (auth_scheme, ask) = unsafe { (text("auth_scheme", auth_scheme, auth_scheme_length)?, lent("ask", ask)?) };
        ask.0.lock().auth_scheme = Some(AuthScheme::from(auth_scheme));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_ask_free(ask: *mut keylatch_expected_params_ask) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(ask) }
}

/// What a user must give to connect. Names an integration: the one asked for, else the newest of the app that fits,
/// else a default one that this call makes. `ask` stays as it is.
///
/// The caller owns `*out` and releases it with keylatch_expected_params_free. Thread-safe.
/// Errors: unknown_app, unsupported_scheme, not_found, invalid_argument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_get_expected_params_for_user(
    client: *const keylatch_client,
    ask: *const keylatch_expected_params_ask,
    out: *mut *mut keylatch_expected_params,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, ask: &keylatch_expected_params_ask| {
        let ask = ask.0.lock().clone();
        client.get_expected_params_for_user(ask).map(keylatch_expected_params::new)
    };
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_ask(client, ask, out, error, call) }
}

/// Slug of the app. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_app(
    expected: *const keylatch_expected_params,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(expected, text, length, |h| &h.app) }
}

/// The integration that the fields are for. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_integration_id(
    expected: *const keylatch_expected_params,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(expected, text, length, |h| &h.integration_id) }
}

/// Its auth scheme; the set is open. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_auth_scheme(
    expected: *const keylatch_expected_params,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(expected, text, length, |h| &h.auth_scheme) }
}

/// How many fields the user gives. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_field_count(
    expected: *const keylatch_expected_params,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(expected, count, |h| h.fields.len()) }
}

/// One of the fields, in the order to ask. The caller owns `*out` and releases it with keylatch_field_free; it
/// outlives the list. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_field_at(
    expected: *const keylatch_expected_params,
    index: usize,
    out: *mut *mut keylatch_field,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { part_at(expected, out, |h| h.fields.get(index).map(keylatch_field::share)) }
}

/// How many fields the developer must give to the integration, not the user: on Composio's API, those of the auth
/// config. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_developer_field_count(
    expected: *const keylatch_expected_params,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(expected, count, |h| h.developer_fields.len()) }
}

/// One of the developer's fields. The caller owns `*out` and releases it with keylatch_field_free; it outlives the
/// list. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_developer_field_at(
    expected: *const keylatch_expected_params,
    index: usize,
    out: *mut *mut keylatch_field,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { part_at(expected, out, |h| h.developer_fields.get(index).map(keylatch_field::share)) }
}

/// The user's fields as JSON Schema (draft 2020-12) text. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_json_schema(
    expected: *const keylatch_expected_params,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(expected, text, length, |h| &h.json_schema) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_json(
    expected: *const keylatch_expected_params,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(expected, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_expected_params_free(expected: *mut keylatch_expected_params) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(expected) }
}
