//! Apps, the ways to connect them and the actions they have.

use std::ffi::c_char;
use std::sync::Arc;

use keylatch_core::{App, Client, Error, Scheme};

use crate::action::keylatch_action;
use crate::client::{call_with_text, keylatch_client};
use crate::error::keylatch_error;
use crate::field::keylatch_field;
use crate::guard::{Out, argument, free, guard_call, lent};
use crate::out::{Items, Json, Text, part_at, text_of, value_of};
use crate::status::keylatch_status;

/// Something with an API that users have keys for.
pub struct keylatch_app(Arc<AppData>);

struct AppData {
    slug: Text,
    name: Text,
    category: Text,
    docs_url: Option<Text>,
    schemes: Vec<keylatch_scheme>,
    actions: Vec<keylatch_action>,
    json: Json<App>,
}

/// One way to connect an app.
pub struct keylatch_scheme(Arc<SchemeData>);

struct SchemeData {
    auth_scheme: Text,
    base_url: Text,
    fields: Vec<keylatch_field>,
    developer_fields: Vec<keylatch_field>,
    json: Json<Scheme>,
}

/// Several apps.
pub struct keylatch_app_list {
    apps: Vec<keylatch_app>,
    json: Json<Items<App>>,
}

impl keylatch_app {
    fn new(app: App) -> Self {
        Self(Arc::new(AppData {
            slug: Text::new(&app.slug),
            name: Text::new(&app.name),
            category: Text::new(&app.category),
            docs_url: Text::optional(app.docs_url.as_deref()),
            schemes: app.schemes.iter().map(keylatch_scheme::new).collect(),
            actions: app.actions.iter().map(keylatch_action::new).collect(),
            json: Json::new(app),
        }))
    }
}

impl keylatch_app_list {
    pub(crate) fn new(items: Vec<App>) -> Self {
        let apps = items.iter().cloned().map(keylatch_app::new).collect();
        Self { apps, json: Json::new(Items { items }) }
    }
}

impl keylatch_scheme {
    fn new(scheme: &Scheme) -> Self {
        Self(Arc::new(SchemeData {
            auth_scheme: Text::new(scheme.auth_scheme.as_str()),
            base_url: Text::new(&scheme.base_url),
            fields: scheme.fields.iter().map(keylatch_field::new).collect(),
            developer_fields: scheme.developer_fields.iter().map(keylatch_field::new).collect(),
            json: Json::new(scheme.clone()),
        }))
    }
}

/// Every app, by slug.
///
/// The caller owns `*out` and releases it with keylatch_app_list_free. Thread-safe. Errors: closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_apps_list(
    client: *const keylatch_client,
    out: *mut *mut keylatch_app_list,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (out, client) = unsafe { (Out::handle(out)?, lent("client", client)?) };
        out.give_new(keylatch_app_list::new(client.0.apps()?));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard_call(error, body) }
}

/// The app of this name, compared without regard to case.
///
/// The caller owns `*out` and releases it with keylatch_app_free. Thread-safe. Errors: unknown_app with near names.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_apps_get(
    client: *const keylatch_client,
    app: *const c_char,
    app_length: usize,
    out: *mut *mut keylatch_app,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, app: &str| client.app(app).map(keylatch_app::new);
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_text(client, ("app", app, app_length), out, error, call) }
}

/// Registers an app of your own, for as long as this client lives. `definition` is JSON text in the catalogue's format.
///
/// The caller owns `*out` and releases it with keylatch_app_free. Thread-safe.
/// Errors: invalid_argument with a problem for every mistake; already_exists for the slug of a built-in app.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_apps_register(
    client: *const keylatch_client,
    definition: *const c_char,
    definition_length: usize,
    out: *mut *mut keylatch_app,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, definition: &str| {
        let definition = serde_json::from_str(definition).map_err(|_| argument("definition", "is not JSON text"))?;
        Ok::<_, Error>(keylatch_app::new(client.register_app(&definition)?))
    };
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_text(client, ("definition", definition, definition_length), out, error, call) }
}

/// How many apps there are. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_list_count(list: *const keylatch_app_list, count: *mut usize) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(list, count, |h| h.apps.len()) }
}

/// One of the apps. The caller owns `*out` and releases it with keylatch_app_free; it outlives the list.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_list_app_at(
    list: *const keylatch_app_list,
    index: usize,
    out: *mut *mut keylatch_app,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { part_at(list, out, |h| h.apps.get(index).map(|app| keylatch_app(Arc::clone(&app.0)))) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_list_json(
    list: *const keylatch_app_list,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(list, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_list_free(list: *mut keylatch_app_list) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(list) }
}

/// Its name in calls, compared without regard to case. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_slug(
    app: *const keylatch_app,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(app, text, length, |h| &h.0.slug) }
}

/// Its name for people. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_name(
    app: *const keylatch_app,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(app, text, length, |h| &h.0.name) }
}

/// One coarse category. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_category(
    app: *const keylatch_app,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(app, text, length, |h| &h.0.category) }
}

/// The provider's page on authentication. NULL where there is none. Borrowed until the handle is freed.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_docs_url(
    app: *const keylatch_app,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(app, text, length, |h| h.0.docs_url.as_ref()) }
}

/// Whether this client registered it at run time. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_is_custom(app: *const keylatch_app, out: *mut bool) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(app, out, |h| h.0.json.value.custom) }
}

/// How many ways there are to connect it. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_scheme_count(app: *const keylatch_app, count: *mut usize) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(app, count, |h| h.0.schemes.len()) }
}

/// One of the ways to connect it, the preferred one first. The caller owns `*out` and releases it with
/// keylatch_scheme_free; it outlives the list. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_scheme_at(
    app: *const keylatch_app,
    index: usize,
    out: *mut *mut keylatch_scheme,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { part_at(app, out, |h| h.0.schemes.get(index).map(|scheme| keylatch_scheme(Arc::clone(&scheme.0)))) }
}

/// How many actions are known beforehand, for keylatch_execute_action. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_action_count(app: *const keylatch_app, count: *mut usize) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(app, count, |h| h.0.actions.len()) }
}

/// One of the actions. The caller owns `*out` and releases it with keylatch_action_free; it outlives the list.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_action_at(
    app: *const keylatch_app,
    index: usize,
    out: *mut *mut keylatch_action,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { part_at(app, out, |h| h.0.actions.get(index).map(keylatch_action::share)) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_json(
    app: *const keylatch_app,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(app, text, length, |h| h.0.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_free(app: *mut keylatch_app) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(app) }
}

/// Its name, such as "API_KEY"; the set is open. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_scheme_auth_scheme(
    scheme: *const keylatch_scheme,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(scheme, text, length, |h| &h.0.auth_scheme) }
}

/// Where requests go; `{field}` stands for a value of the user's. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_scheme_base_url(
    scheme: *const keylatch_scheme,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(scheme, text, length, |h| &h.0.base_url) }
}

/// Whether the provider can be asked about a credential. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_scheme_is_checkable(
    scheme: *const keylatch_scheme,
    out: *mut bool,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(scheme, out, |h| h.0.json.value.checkable) }
}

/// How many fields the user gives. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_scheme_field_count(
    scheme: *const keylatch_scheme,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(scheme, count, |h| h.0.fields.len()) }
}

/// One of the fields, in the order to ask. The caller owns `*out` and releases it with keylatch_field_free; it
/// outlives the list. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_scheme_field_at(
    scheme: *const keylatch_scheme,
    index: usize,
    out: *mut *mut keylatch_field,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { part_at(scheme, out, |h| h.0.fields.get(index).map(keylatch_field::share)) }
}

/// How many fields the developer gives to an integration; none on a vault. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_scheme_developer_field_count(
    scheme: *const keylatch_scheme,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(scheme, count, |h| h.0.developer_fields.len()) }
}

/// One of the developer's fields. The caller owns `*out` and releases it with keylatch_field_free; it outlives the list.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_scheme_developer_field_at(
    scheme: *const keylatch_scheme,
    index: usize,
    out: *mut *mut keylatch_field,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { part_at(scheme, out, |h| h.0.developer_fields.get(index).map(keylatch_field::share)) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_scheme_json(
    scheme: *const keylatch_scheme,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(scheme, text, length, |h| h.0.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_scheme_free(scheme: *mut keylatch_scheme) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(scheme) }
}
