//! Listing connections.

use std::ffi::c_char;

use keylatch_core::{Client, ConnectionFilter, Status};

use crate::client::{call_with_ask, keylatch_client};
use crate::connection::keylatch_page;
use crate::error::keylatch_error;
use crate::guard::{Held, Out, free, guard, lent, text};
use crate::status::keylatch_status;

/// Which connections to list: the arguments of keylatch_connected_accounts_list. All that is set must hold.
pub struct keylatch_list_ask(Held<ConnectionFilter>);

/// Makes an empty set of arguments, which lists all connections. The caller owns `*out` and releases it with
/// keylatch_list_ask_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_list_ask_new(
    out: *mut *mut keylatch_list_ask,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_list_ask(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Of this user. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_list_ask_set_entity_id(
    ask: *mut keylatch_list_ask,
    entity_id: *const c_char,
    entity_id_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (entity_id, ask) = unsafe { (text("entity_id", entity_id, entity_id_length)?, lent("ask", ask)?) };
        ask.0.lock().entity_id = Some(entity_id.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// To this app. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_list_ask_set_app(
    ask: *mut keylatch_list_ask,
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

/// With this integration. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_list_ask_set_integration_id(
    ask: *mut keylatch_list_ask,
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

/// Adds a status, such as "ACTIVE", of those that a connection may have. Default: any. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_list_ask_add_status(
    ask: *mut keylatch_list_ask,
    status: *const c_char,
    status_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (status, ask) = unsafe { (text("status", status, status_length)?, lent("ask", ask)?) };
        ask.0.lock().statuses.push(Status::from(status));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Adds a label that must be on it. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_list_ask_add_label(
    ask: *mut keylatch_list_ask,
    label: *const c_char,
    label_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (label, ask) = unsafe { (text("label", label, label_length)?, lent("ask", ask)?) };
        ask.0.lock().labels.push(label.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// How many at most, 1 to 500. Default: 50. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_list_ask_set_limit(
    ask: *mut keylatch_list_ask,
    limit: u32,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let ask = unsafe { lent("ask", ask) }?;
        ask.0.lock().limit = Some(limit);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The next_cursor of the page before. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_list_ask_set_cursor(
    ask: *mut keylatch_list_ask,
    cursor: *const c_char,
    cursor_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (cursor, ask) = unsafe { (text("cursor", cursor, cursor_length)?, lent("ask", ask)?) };
        ask.0.lock().cursor = Some(cursor.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_list_ask_free(ask: *mut keylatch_list_ask) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(ask) }
}

/// Connections that fit, newest first, page by page. `ask` stays as it is.
///
/// The caller owns `*out` and releases it with keylatch_page_free. Thread-safe.
/// Errors: invalid_argument for a limit or cursor that cannot be.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connected_accounts_list(
    client: *const keylatch_client,
    ask: *const keylatch_list_ask,
    out: *mut *mut keylatch_page,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, ask: &keylatch_list_ask| {
        let filter = ask.0.lock().clone();
        client.connected_accounts(filter).map(keylatch_page::new)
    };
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_ask(client, ask, out, error, call) }
}
