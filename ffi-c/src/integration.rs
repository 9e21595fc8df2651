//! Integrations: the developer's configurations of apps.

use std::ffi::c_char;
use std::sync::Arc;

use keylatch_core::{Client, Error, Integration};

use crate::client::{act_with_text, call_with_text, keylatch_client};
use crate::error::keylatch_error;
use crate::guard::free;
use crate::out::{Items, Json, Text, part_at, text_at, text_of, value_of};
use crate::status::keylatch_status;

/// The developer's configuration of one app with one auth scheme.
pub struct keylatch_integration(Arc<Data>);

struct Data {
    id: Text,
    app: Text,
    auth_scheme: Text,
    name: Text,
    base_url: Option<Text>,
    fixed_fields: Vec<Text>,
    allow: Vec<Text>,
    created_at: Text,
    json: Json<Integration>,
}

/// Several integrations.
pub struct keylatch_integration_list {
    integrations: Vec<keylatch_integration>,
    json: Json<Items<Integration>>,
}

impl keylatch_integration {
    pub(crate) fn new(integration: Integration) -> Self {
        Self(Arc::new(Data {
            id: Text::new(&integration.id),
            app: Text::new(&integration.app),
            auth_scheme: Text::new(integration.auth_scheme.as_str()),
            name: Text::new(&integration.name),
            base_url: Text::optional(integration.base_url.as_deref()),
            fixed_fields: Text::all(&integration.fixed_fields),
            allow: integration.allow.iter().map(|exception| Text::new(exception.as_str())).collect(),
            created_at: Text::new(&integration.created_at),
            json: Json::new(integration),
        }))
    }
}

/// The integration of this id.
///
/// The caller owns `*out` and releases it with keylatch_integration_free. Thread-safe. Errors: not_found.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integrations_get(
    client: *const keylatch_client,
    integration_id: *const c_char,
    integration_id_length: usize,
    out: *mut *mut keylatch_integration,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, id: &str| client.integration(id).map(keylatch_integration::new);
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_text(client, ("integration_id", integration_id, integration_id_length), out, error, call) }
}

/// The integrations of this app, or all where `app` is NULL; newest first.
///
/// The caller owns `*out` and releases it with keylatch_integration_list_free. Thread-safe. Errors: unknown_app.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integrations_list(
    client: *const keylatch_client,
    app: *const c_char,
    app_length: usize,
    out: *mut *mut keylatch_integration_list,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, name: &str| {
        let items = client.integrations((!app.is_null()).then_some(name))?;
        let integrations = items.iter().cloned().map(keylatch_integration::new).collect();
        Ok::<_, Error>(keylatch_integration_list { integrations, json: Json::new(Items { items }) })
    };
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_text(client, ("app", app, app_length), out, error, call) }
}

/// Deletes an integration that no connection uses.
///
/// Thread-safe. Errors: not_found; invalid_argument while connections use it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integrations_delete(
    client: *const keylatch_client,
    integration_id: *const c_char,
    integration_id_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let given = ("integration_id", integration_id, integration_id_length);
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { act_with_text(client, given, error, Client::delete_integration) }
}

/// Its id. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_id(
    integration: *const keylatch_integration,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(integration, text, length, |h| &h.0.id) }
}

/// Slug of the app. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_app(
    integration: *const keylatch_integration,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(integration, text, length, |h| &h.0.app) }
}

/// The auth scheme; the set is open. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_auth_scheme(
    integration: *const keylatch_integration,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(integration, text, length, |h| &h.0.auth_scheme) }
}

/// The developer's name for it. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_name(
    integration: *const keylatch_integration,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(integration, text, length, |h| &h.0.name) }
}

/// Where requests go instead of the app's own base URL. NULL where there is none. Borrowed until the handle is
/// freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_base_url(
    integration: *const keylatch_integration,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(integration, text, length, |h| h.0.base_url.as_ref()) }
}

/// How many fields have values that the developer fixed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_fixed_field_count(
    integration: *const keylatch_integration,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(integration, count, |h| h.0.fixed_fields.len()) }
}

/// Wire name of a field whose value the developer fixed. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_fixed_field_at(
    integration: *const keylatch_integration,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(integration, text, length, |h| h.0.fixed_fields.get(index)) }
}

/// How many exceptions from the network rules its hosts have. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_allow_count(
    integration: *const keylatch_integration,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(integration, count, |h| h.0.allow.len()) }
}

/// Name of an exception from the network rules. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_allow_at(
    integration: *const keylatch_integration,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(integration, text, length, |h| h.0.allow.get(index)) }
}

/// When it was made (RFC 3339, UTC). Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_created_at(
    integration: *const keylatch_integration,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(integration, text, length, |h| &h.0.created_at) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_json(
    integration: *const keylatch_integration,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(integration, text, length, |h| h.0.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_free(integration: *mut keylatch_integration) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(integration) }
}

/// How many integrations there are. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_list_count(
    list: *const keylatch_integration_list,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(list, count, |h| h.integrations.len()) }
}

/// One of the integrations. The caller owns `*out` and releases it with keylatch_integration_free; it outlives the
/// list. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_list_integration_at(
    list: *const keylatch_integration_list,
    index: usize,
    out: *mut *mut keylatch_integration,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { part_at(list, out, |h| h.integrations.get(index).map(|i| keylatch_integration(Arc::clone(&i.0)))) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_list_json(
    list: *const keylatch_integration_list,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(list, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_list_free(list: *mut keylatch_integration_list) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(list) }
}
