//! The client: opening, closing, and the shape that all its calls share.

use std::ffi::c_char;

use keylatch_core::{Client, Options, Result};

use crate::error::keylatch_error;
use crate::guard::{Out, free, guard_call, lent, text};
use crate::options::keylatch_options;
use crate::status::keylatch_status;

/// An open vault, or a project on Composio's API, and the connections that its calls make. All calls on it may be made
/// from any thread at any time.
pub struct keylatch_client(pub(crate) Client);

/// Opens the vault, making it on first use; or, where the options name a project on Composio's API, stands for that
/// (nothing is sent yet). `options` may be NULL for the defaults; they are read and not kept.
///
/// The caller owns `*out` and releases it with keylatch_client_free. Thread-safe.
/// Errors: wrong_key, vault_locked, storage; invalid_argument for options that cannot be.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_client_open(
    options: *const keylatch_options,
    out: *mut *mut keylatch_client,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (out, options) = unsafe { (Out::handle(out)?, options.as_ref()) };
        let options = options.map_or_else(|| Ok(Options::default()), keylatch_options::copy)?;
        out.give_new(keylatch_client(Client::open(options)?));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard_call(error, body) }
}

/// Lets go of the vault and of all connections. Calls that are under way finish or fail, later ones fail with
/// KEYLATCH_CLOSED; closing twice is fine. The handle is still to be freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_client_close(
    client: *const keylatch_client,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { lent("client", client) }?.0.close();
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard_call(error, body) }
}

/// Closes the client and releases it; NULL is a no-op. No call may be under way on it. What its calls gave stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_client_free(client: *mut keylatch_client) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(client) }
}

/// A call that takes one text and gives a handle.
///
/// # Safety
/// All pointers are as the header's opening asks for.
pub(crate) unsafe fn call_with_text<H>(
    client: *const keylatch_client,
    (name, pointer, length): (&'static str, *const c_char, usize),
    out: *mut *mut H,
    error: *mut *mut keylatch_error,
    call: impl FnOnce(&Client, &str) -> Result<H>,
) -> keylatch_status {
    let body = || {
        // SAFETY: passed on.
        let (out, client, given) =
            unsafe { (Out::handle(out)?, lent("client", client)?, text(name, pointer, length)?) };
        out.give_new(call(&client.0, given)?);
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { guard_call(error, body) }
}

/// A call that takes one text and gives nothing.
///
/// # Safety
/// All pointers are as the header's opening asks for.
pub(crate) unsafe fn act_with_text(
    client: *const keylatch_client,
    (name, pointer, length): (&'static str, *const c_char, usize),
    error: *mut *mut keylatch_error,
    call: impl FnOnce(&Client, &str) -> Result<()>,
) -> keylatch_status {
    let body = || {
        // SAFETY: passed on.
        let (client, given) = unsafe { (lent("client", client)?, text(name, pointer, length)?) };
        call(&client.0, given)
    };
    // SAFETY: passed on.
    unsafe { guard_call(error, body) }
}

/// A call that takes a set of arguments and gives a handle.
///
/// # Safety
/// All pointers are as the header's opening asks for.
pub(crate) unsafe fn call_with_ask<A, H>(
    client: *const keylatch_client,
    ask: *const A,
    out: *mut *mut H,
    error: *mut *mut keylatch_error,
    call: impl FnOnce(&Client, &A) -> Result<H>,
) -> keylatch_status {
    let body = || {
        // SAFETY: passed on.
        let (out, client, ask) = unsafe { (Out::handle(out)?, lent("client", client)?, lent("ask", ask)?) };
        out.give_new(call(&client.0, ask)?);
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { guard_call(error, body) }
}
