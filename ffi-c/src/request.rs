//! Use: a request to the app, into which the core puts the credential.

use std::ffi::{c_char, c_void};

use keylatch_core::{Client, Request};

use crate::client::{call_with_ask, keylatch_client};
use crate::error::keylatch_error;
use crate::guard::{Held, Out, bytes, free, guard, lent, text};
use crate::response::keylatch_response;
use crate::status::keylatch_status;

/// What to send and over which connection: the arguments of keylatch_request.
pub struct keylatch_request_ask(Held<Request>);

impl keylatch_request_ask {
    pub(crate) fn copy(&self) -> Request {
        self.0.lock().clone()
    }
}

/// Makes an empty set of arguments; method and path must be set, and the connection, or entity and app. The caller
/// owns `*out` and releases it with keylatch_request_ask_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_ask_new(
    out: *mut *mut keylatch_request_ask,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_request_ask(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The connection to use; or set entity and app. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_ask_set_connected_account_id(
    ask: *mut keylatch_request_ask,
    connected_account_id: *const c_char,
    connected_account_id_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (connected_account_id, ask) = unsafe {
            (text("connected_account_id", connected_account_id, connected_account_id_length)?, lent("ask", ask)?)
        };
        ask.0.lock().connected_account_id = Some(connected_account_id.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Whose connection to use. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_ask_set_entity_id(
    ask: *mut keylatch_request_ask,
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

/// To which app. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_ask_set_app(
    ask: *mut keylatch_request_ask,
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

/// HTTP method. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_ask_set_method(
    ask: *mut keylatch_request_ask,
    method: *const c_char,
    method_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (method, ask) = unsafe { (text("method", method, method_length)?, lent("ask", ask)?) };
        method.clone_into(&mut ask.0.lock().method);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Below the connection's base URL; a whole URL is taken if it is on the connection's own origin. Copied.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_ask_set_path(
    ask: *mut keylatch_request_ask,
    path: *const c_char,
    path_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (path, ask) = unsafe { (text("path", path, path_length)?, lent("ask", ask)?) };
        path.clone_into(&mut ask.0.lock().path);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Adds a query parameter; a name may stand several times. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_ask_add_query(
    ask: *mut keylatch_request_ask,
    name: *const c_char,
    name_length: usize,
    value: *const c_char,
    value_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (name, value) = unsafe { (text("name", name, name_length)?, text("value", value, value_length)?) };
        // SAFETY: as above.
        let ask = unsafe { lent("ask", ask) }?;
        ask.0.lock().query.push((name.to_owned(), value.to_owned()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Adds a header; not one of those that carry the credential. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_ask_add_header(
    ask: *mut keylatch_request_ask,
    name: *const c_char,
    name_length: usize,
    value: *const c_char,
    value_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (name, value) = unsafe { (text("name", name, name_length)?, text("value", value, value_length)?) };
        // SAFETY: as above.
        let ask = unsafe { lent("ask", ask) }?;
        ask.0.lock().headers.push((name.to_owned(), value.to_owned()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Longest time in milliseconds, with all retries and waits. Default: that of the client. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_ask_set_timeout_ms(
    ask: *mut keylatch_request_ask,
    milliseconds: u64,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let ask = unsafe { lent("ask", ask) }?;
        ask.0.lock().timeout_ms = Some(milliseconds);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// How often to send again at most, 0 to 10. Default: 2. GET, HEAD and OPTIONS are sent again after 429, 502, 503, 504 and
/// broken connections, any method where there was no connection. Where an answer told that the app's limit is used up, the
/// next request waits for it; with 0 it does not. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_ask_set_retry(
    ask: *mut keylatch_request_ask,
    times: u32,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let ask = unsafe { lent("ask", ask) }?;
        ask.0.lock().retry = Some(times);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// What to send. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_ask_set_body(
    ask: *mut keylatch_request_ask,
    body: *const c_void,
    body_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let run = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (body, ask) = unsafe { (bytes("body", body, body_length)?, lent("ask", ask)?) };
        ask.0.lock().body = body.to_owned();
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, run) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_ask_free(ask: *mut keylatch_request_ask) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(ask) }
}

/// Sends a request to the app with the user's credential in it. A 401 that the app's check confirms makes the
/// connection EXPIRED; the answer is given all the same. `ask` stays as it is.
///
/// The caller owns `*out` and releases it with keylatch_response_free. Thread-safe.
/// Errors: not_found, ambiguous, forbidden_host, credentials_rejected (EXPIRED), provider_unreachable, timeout;
/// rate_limited where a limit that an earlier answer told of outlasts the request's time: the app was not asked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request(
    client: *const keylatch_client,
    ask: *const keylatch_request_ask,
    out: *mut *mut keylatch_response,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, ask: &keylatch_request_ask| client.request(ask.copy()).map(keylatch_response::new);
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_ask(client, ask, out, error, call) }
}
