//! Executing actions: what to do with whose connection, and what came of it.

use std::ffi::c_char;

use keylatch_core::{ActionResult, Client, ExecuteAction};

use crate::client::{call_with_ask, keylatch_client};
use crate::error::keylatch_error;
use crate::guard::{Held, Out, argument, free, guard, lent, text};
use crate::out::{Json, Text, text_of};
use crate::status::keylatch_status;

/// What to do and with which connection: the arguments of keylatch_execute_action.
pub struct keylatch_action_ask(Held<ExecuteAction>);

/// What an action brought.
pub struct keylatch_action_result {
    data: Text,
    log_id: Option<Text>,
    json: Json<ActionResult>,
}

impl keylatch_action_result {
    fn new(result: ActionResult) -> Self {
        Self {
            data: Text::new(&result.data.to_string()),
            log_id: Text::optional(result.log_id.as_deref()),
            json: Json::new(result),
        }
    }
}

/// Makes an empty set of arguments; the action must be set, and the connection or the entity. The caller owns `*out`
/// and releases it with keylatch_action_ask_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_ask_new(
    out: *mut *mut keylatch_action_ask,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_action_ask(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The action's name, such as "STRIPE_RETRIEVE_BALANCE", in any case. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_ask_set_action(
    ask: *mut keylatch_action_ask,
    action: *const c_char,
    action_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (action, ask) = unsafe { (text("action", action, action_length)?, lent("ask", ask)?) };
        action.clone_into(&mut ask.0.lock().action);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// What it takes, as the JSON text of an object. Default: nothing. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_ask_set_params(
    ask: *mut keylatch_action_ask,
    json: *const c_char,
    json_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (json, ask) = unsafe { (text("json", json, json_length)?, lent("ask", ask)?) };
        ask.0.lock().params = serde_json::from_str(json).map_err(|_| argument("json", "is not JSON text"))?;
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The connection to use; or set the entity. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_ask_set_connected_account_id(
    ask: *mut keylatch_action_ask,
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

/// Whose connection to the action's app to use. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_ask_set_entity_id(
    ask: *mut keylatch_action_ask,
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

/// Longest time in milliseconds. Default: that of the client. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_ask_set_timeout_ms(
    ask: *mut keylatch_action_ask,
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

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_ask_free(ask: *mut keylatch_action_ask) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(ask) }
}

/// Does one of an app's actions with a user's connection. That there is a result says that the app did it. `ask` stays
/// as it is.
///
/// The caller owns `*out` and releases it with keylatch_action_result_free. Thread-safe.
/// Errors: invalid_argument for an action that is not known; missing_fields and the like for its params; action_failed
/// where the app did not do it; not_found, ambiguous, and those of keylatch_request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_execute_action(
    client: *const keylatch_client,
    ask: *const keylatch_action_ask,
    out: *mut *mut keylatch_action_result,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, ask: &keylatch_action_ask| {
        let ask = ask.0.lock().clone();
        client.execute_action(ask).map(keylatch_action_result::new)
    };
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_ask(client, ask, out, error, call) }
}

/// The app's answer as the JSON text of an object; what was not one stands in one, as `value`. Borrowed until the handle
/// is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_result_data_json(
    result: *const keylatch_action_result,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(result, text, length, |h| &h.data) }
}

/// Composio's id for what it did. NULL where there is none. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_result_log_id(
    result: *const keylatch_action_result,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(result, text, length, |h| h.log_id.as_ref()) }
}

/// The whole as JSON text. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_result_json(
    result: *const keylatch_action_result,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(result, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_action_result_free(result: *mut keylatch_action_result) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(result) }
}
