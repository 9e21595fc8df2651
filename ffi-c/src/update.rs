//! Updating credentials in place.

use std::ffi::c_char;

use keylatch_core::{Client, UpdateCredentials};

use crate::client::{call_with_ask, keylatch_client};
use crate::connection_request::keylatch_connection_request;
use crate::error::keylatch_error;
use crate::guard::{Held, Out, free, guard, lent, text};
use crate::params::{emptied, keylatch_params};
use crate::status::{keylatch_status, verify};

/// Which connection gets new credentials: the arguments of keylatch_connected_accounts_update_credentials.
pub struct keylatch_update_ask(Held<UpdateCredentials>);

/// Makes an empty set of arguments; the connection must be set. The caller owns `*out` and releases it with
/// keylatch_update_ask_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_update_ask_new(
    out: *mut *mut keylatch_update_ask,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_update_ask(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The connection. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_update_ask_set_connected_account_id(
    ask: *mut keylatch_update_ask,
    connected_account_id: *const c_char,
    connected_account_id_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (connected_account_id, ask) = unsafe {
            (text("connected_account_id", connected_account_id, connected_account_id_length)?, lent("ask", ask)?)
        };
        connected_account_id.clone_into(&mut ask.0.lock().connected_account_id);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Whether to ask the provider: KEYLATCH_VERIFY_AUTO (the default), _REQUIRED or _OFF. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_update_ask_set_verify(
    ask: *mut keylatch_update_ask,
    mode: u32,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let ask = unsafe { lent("ask", ask) }?;
        ask.0.lock().verify = verify(mode)?;
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_update_ask_free(ask: *mut keylatch_update_ask) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(ask) }
}

/// Puts new credentials in the place of the present ones; fields that are not given keep their values. `params` is
/// emptied by this call, whatever its outcome. `ask` stays as it is.
///
/// The caller owns `*out` and releases it with keylatch_connection_request_free. Thread-safe.
/// Errors: as keylatch_initiate_connection; the present credentials stay then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connected_accounts_update_credentials(
    client: *const keylatch_client,
    ask: *const keylatch_update_ask,
    params: *mut keylatch_params,
    out: *mut *mut keylatch_connection_request,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    let connected_account_params = unsafe { emptied(params) };
    let call = |client: &Client, ask: &keylatch_update_ask| {
        let ask = {
            let held = ask.0.lock();
            UpdateCredentials {
                connected_account_id: held.connected_account_id.clone(),
                verify: held.verify,
                connected_account_params,
            }
        };
        client.update_credentials(ask).map(keylatch_connection_request::new)
    };
    // SAFETY: as above.
    unsafe { call_with_ask(client, ask, out, error, call) }
}
