//! Connections and pages of them.

use std::ffi::c_char;
use std::sync::Arc;

use keylatch_core::{Connection, Page};

use crate::guard::free;
use crate::out::{Json, Text, part_at, text_at, text_of, value_of};
use crate::status::keylatch_status;

/// One user's connection to one app. It never carries the credential.
pub struct keylatch_connection(Arc<Data>);

struct Data {
    id: Text,
    app: Text,
    auth_scheme: Text,
    integration_id: Text,
    entity_id: Text,
    status: Text,
    verdict: Text,
    verified_at: Option<Text>,
    account: Option<Text>,
    alias: Option<Text>,
    labels: Vec<Text>,
    metadata: Text,
    created_at: Text,
    updated_at: Text,
    json: Json<Connection>,
}

/// Connections, and where to go on if they are not all.
pub struct keylatch_page {
    connections: Vec<keylatch_connection>,
    next_cursor: Option<Text>,
    json: Json<Page<Connection>>,
}

impl keylatch_connection {
    pub(crate) fn new(connection: Connection) -> Self {
        Self(Arc::new(Data {
            id: Text::new(&connection.id),
            app: Text::new(&connection.app),
            auth_scheme: Text::new(connection.auth_scheme.as_str()),
            integration_id: Text::new(&connection.integration_id),
            entity_id: Text::new(&connection.entity_id),
            status: Text::new(connection.status.as_str()),
            verdict: Text::new(connection.verdict.as_str()),
            verified_at: Text::optional(connection.verified_at.as_deref()),
            account: Text::optional(connection.account.as_deref()),
            alias: Text::optional(connection.alias.as_deref()),
            labels: Text::all(&connection.labels),
            metadata: Text::new(&connection.metadata.to_string()),
            created_at: Text::new(&connection.created_at),
            updated_at: Text::new(&connection.updated_at),
            json: Json::new(connection),
        }))
    }
}

impl keylatch_page {
    pub(crate) fn new(page: Page<Connection>) -> Self {
        Self {
            connections: page.items.iter().cloned().map(keylatch_connection::new).collect(),
            next_cursor: Text::optional(page.next_cursor.as_deref()),
            json: Json::new(page),
        }
    }
}

/// The connected account's id. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_id(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| &h.0.id) }
}

/// Slug of the app. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_app(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| &h.0.app) }
}

/// Auth scheme of its integration; the set is open. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_auth_scheme(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| &h.0.auth_scheme) }
}

/// The integration it belongs to. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_integration_id(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| &h.0.integration_id) }
}

/// The application's user whose connection it is. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_entity_id(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| &h.0.entity_id) }
}

/// Where it stands, such as "ACTIVE"; the set is open. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_status(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| &h.0.status) }
}

/// What the provider said last, such as "accepted". Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_verdict(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| &h.0.verdict) }
}

/// When the provider was last asked (RFC 3339, UTC). NULL where there is none. Borrowed until the handle is freed.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_verified_at(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| h.0.verified_at.as_ref()) }
}

/// Whose account it is, where the provider tells. NULL where there is none. Borrowed until the handle is freed.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_account(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| h.0.account.as_ref()) }
}

/// The application's own name for it, unique per entity and app. NULL where there is none. Borrowed until the
/// handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_alias(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| h.0.alias.as_ref()) }
}

/// How many labels it has. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_label_count(
    connection: *const keylatch_connection,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(connection, count, |h| h.0.labels.len()) }
}

/// One of the application's labels. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_label_at(
    connection: *const keylatch_connection,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(connection, text, length, |h| h.0.labels.get(index)) }
}

/// The application's own data, as JSON text. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_metadata(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| &h.0.metadata) }
}

/// When it was made (RFC 3339, UTC). Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_created_at(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| &h.0.created_at) }
}

/// When it was last changed (RFC 3339, UTC). Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_updated_at(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| &h.0.updated_at) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_json(
    connection: *const keylatch_connection,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(connection, text, length, |h| h.0.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_free(connection: *mut keylatch_connection) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(connection) }
}

/// How many connections are on this page. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_page_count(page: *const keylatch_page, count: *mut usize) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(page, count, |h| h.connections.len()) }
}

/// One of the connections, newest first. The caller owns `*out` and releases it with keylatch_connection_free; it
/// outlives the list. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_page_connection_at(
    page: *const keylatch_page,
    index: usize,
    out: *mut *mut keylatch_connection,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { part_at(page, out, |h| h.connections.get(index).map(|c| keylatch_connection(Arc::clone(&c.0)))) }
}

/// What to give as the cursor for the next page; this is the last one where there is none. NULL where there is
/// none. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_page_next_cursor(
    page: *const keylatch_page,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(page, text, length, |h| h.next_cursor.as_ref()) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_page_json(
    page: *const keylatch_page,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(page, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_page_free(page: *mut keylatch_page) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(page) }
}
