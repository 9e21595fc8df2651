//! Connected accounts: fetching, waiting for, switching, naming and deleting connections.

use std::ffi::c_char;
use std::time::Duration;

use keylatch_core::Client;

use crate::client::{act_with_text, call_with_text, keylatch_client};
use crate::connection::keylatch_connection;
use crate::error::keylatch_error;
use crate::guard::{Out, guard_call, lent, text};
use crate::secret::keylatch_secret;
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

/// Fetches the connection until it is ACTIVE: with keys and tokens at once. Waits `timeout_ms` milliseconds at most.
///
/// The caller owns `*out` and releases it with keylatch_connection_free. Thread-safe.
/// Errors: timeout; not_found; invalid_argument at once where it is FAILED, EXPIRED, REVOKED or INACTIVE, which waiting
/// does not change.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connected_accounts_wait_until_active(
    client: *const keylatch_client,
    connected_account_id: *const c_char,
    connected_account_id_length: usize,
    timeout_ms: u64,
    out: *mut *mut keylatch_connection,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let given = ("connected_account_id", connected_account_id, connected_account_id_length);
    let limit = Duration::from_millis(timeout_ms);
    let call = |client: &Client, id: &str| client.wait_until_active(id, limit).map(keylatch_connection::new);
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

/// Gives a connection another alias, or none where `alias` is NULL.
///
/// The caller owns `*out` and releases it with keylatch_connection_free. Thread-safe.
/// Errors: not_found; already_exists where another connection of the entity to the app has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connected_accounts_set_alias(
    client: *const keylatch_client,
    connected_account_id: *const c_char,
    connected_account_id_length: usize,
    alias: *const c_char,
    alias_length: usize,
    out: *mut *mut keylatch_connection,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let given = ("connected_account_id", connected_account_id, connected_account_id_length);
    let call = |client: &Client, id: &str| {
        // SAFETY: the pointers are as the header's opening asks for.
        let name = unsafe { text("alias", alias, alias_length) }?;
        client.set_alias(id, (!alias.is_null()).then_some(name)).map(keylatch_connection::new)
    };
    // SAFETY: as above.
    unsafe { call_with_text(client, given, out, error, call) }
}

/// The connection's credentials as a connection string, such as `postgresql://…`, for a driver, its parts percent-encoded.
/// Read it with keylatch_secret_expose; what it holds is yours to guard.
///
/// The caller owns `*out` and releases it with keylatch_secret_free, which wipes it. Thread-safe.
/// Errors: not_found; invalid_argument where the integration does not allow `reveal`, where drivers of the app take no such
/// thing, and on Composio's API, which gives no credentials back; credentials_rejected once EXPIRED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connected_accounts_dsn(
    client: *const keylatch_client,
    connected_account_id: *const c_char,
    connected_account_id_length: usize,
    out: *mut *mut keylatch_secret,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let given = ("connected_account_id", connected_account_id, connected_account_id_length);
    let call = |client: &Client, id: &str| client.dsn(id).map(keylatch_secret);
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_text(client, given, out, error, call) }
}

/// Deletes a connection and its credentials; with `revoke`, withdraws them at the provider too, which only Composio's API
/// can.
///
/// Thread-safe. Errors: not_found; invalid_argument for `revoke` on a vault.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connected_accounts_delete(
    client: *const keylatch_client,
    connected_account_id: *const c_char,
    connected_account_id_length: usize,
    revoke: bool,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let given = ("connected_account_id", connected_account_id, connected_account_id_length);
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { act_with_text(client, given, error, |client, id| client.delete_connection(id, revoke)) }
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
