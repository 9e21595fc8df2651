//! Connected accounts: fetching, switching and deleting connections.

use std::ffi::c_char;

use keylatch_core::Client;

use crate::client::{act_with_text, call_with_text, keylatch_client};
use crate::connection::keylatch_connection;
use crate::error::keylatch_error;
use crate::guard::{Out, guard_call, lent, text};
use crate::status::keylatch_status;

/// The connection of this id.
///
/// The caller owns `*out` and releases it with keylatch_connection_free. Thread-safe.
/// Errors: not_found.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connected_accounts_get(
    client: *const keylatch_client,
    connected_account_id: *const c_char,
    connected_account_id_length: usize,
    out: *mut *mut keylatch_connection,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let given = ("connected_account_id", connected_account_id, connected_account_id_length);
    let call = |client: &Client, id: &str| client.connected_account(id).map(keylatch_connection::new);
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_text(client, given, out, error, call) }
}

/// Switches a connection on.
///
/// The caller owns `*out` and releases it with keylatch_connection_free. Thread-safe.
/// Errors: not_found; invalid_argument where it is neither ACTIVE nor INACTIVE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connected_accounts_enable(
    client: *const keylatch_client,
    connected_account_id: *const c_char,
    connected_account_id_length: usize,
    out: *mut *mut keylatch_connection,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let given = ("connected_account_id", connected_account_id, connected_account_id_length);
    let call = |client: &Client, id: &str| client.enable_connection(id).map(keylatch_connection::new);
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_text(client, given, out, error, call) }
}

/// Switches a connection off: it stays, but is not used.
///
/// The caller owns `*out` and releases it with keylatch_connection_free. Thread-safe.
/// Errors: not_found.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connected_accounts_disable(
    client: *const keylatch_client,
    connected_account_id: *const c_char,
    connected_account_id_length: usize,
    out: *mut *mut keylatch_connection,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let given = ("connected_account_id", connected_account_id, connected_account_id_length);
    let call = |client: &Client, id: &str| client.disable_connection(id).map(keylatch_connection::new);
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_text(client, given, out, error, call) }
}

/// Deletes a connection and its credentials. Thread-safe. Errors: not_found.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connected_accounts_delete(
    client: *const keylatch_client,
    connected_account_id: *const c_char,
    connected_account_id_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let given = ("connected_account_id", connected_account_id, connected_account_id_length);
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { act_with_text(client, given, error, Client::delete_connection) }
}

/// The one active connection of this user to this app.
///
/// The caller owns `*out` and releases it with keylatch_connection_free. Thread-safe.
/// Errors: not_found; ambiguous with the candidates where there are several.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_get_connection(
    client: *const keylatch_client,
    entity_id: *const c_char,
    entity_id_length: usize,
    app: *const c_char,
    app_length: usize,
    out: *mut *mut keylatch_connection,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (out, client) = unsafe { (Out::handle(out)?, lent("client", client)?) };
        // SAFETY: as above.
        let (entity_id, app) =
            unsafe { (text("entity_id", entity_id, entity_id_length)?, text("app", app, app_length)?) };
        out.give_new(keylatch_connection::new(client.0.get_connection(entity_id, app)?));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard_call(error, body) }
}
