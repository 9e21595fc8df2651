//! The vault's keys: another master key, and a new data key for every record.

use std::ffi::c_char;

use keylatch_core::{Client, RotateDataKey, Rotation};

use crate::client::{call_with_ask, keylatch_client};
use crate::error::keylatch_error;
use crate::guard::{Held, Out, free, guard, guard_call, lent, text};
use crate::options::keylatch_options;
use crate::out::{Json, Text, text_at, text_of, value_of};
use crate::status::keylatch_status;

/// Gives the vault another key, the one that `options` name (NULL for a file beside the vault); other options mean nothing here. Its
/// data keys are sealed with that, all at once, and no record is touched. A key file that is not there is made; the one in use gets
/// a new key in the place of its own. Other clients that have the vault open go on until they need a data key that came later, then
/// wrong_key tells them to open it again. Backups keep their key.
///
/// Thread-safe. Errors: wrong_key where another client has changed the key since this one opened the vault; vault_locked for a source
/// without a key; invalid_argument for the key that the vault has already, and on Composio's API, where there is no vault.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_client_change_key(
    client: *const keylatch_client,
    options: *const keylatch_options,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (client, options) = unsafe { (lent("client", client)?, options.as_ref()) };
        client.0.change_key(options.map(keylatch_options::key).unwrap_or_default())
    };
    // SAFETY: as above.
    unsafe { guard_call(error, body) }
}

/// Which batch of a rotation is wanted: the arguments of keylatch_client_rotate_data_key.
pub struct keylatch_rotate_ask(Held<RotateDataKey>);

/// Makes an empty set of arguments, for which a rotation that was broken off goes on, or another one begins. The caller owns `*out`
/// and releases it with keylatch_rotate_ask_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotate_ask_new(
    out: *mut *mut keylatch_rotate_ask,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_rotate_ask(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// How many records to seal anew in this batch, 1 to 5 000. Default: 500. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotate_ask_set_limit(
    ask: *mut keylatch_rotate_ask,
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

/// The next_cursor of the batch before. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotate_ask_set_cursor(
    ask: *mut keylatch_rotate_ask,
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
pub unsafe extern "C" fn keylatch_rotate_ask_free(ask: *mut keylatch_rotate_ask) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(ask) }
}

/// One batch of a rotation of the data key.
pub struct keylatch_rotation {
    key_id: Text,
    damaged_integrations: Vec<Text>,
    damaged_connections: Vec<Text>,
    kept_keys: Vec<Text>,
    next_cursor: Option<Text>,
    json: Json<Rotation>,
}

impl keylatch_rotation {
    fn new(rotation: Rotation) -> Self {
        Self {
            key_id: Text::new(&rotation.key_id),
            damaged_integrations: Text::all(&rotation.damaged_integrations),
            damaged_connections: Text::all(&rotation.damaged_connections),
            kept_keys: Text::all(&rotation.kept_keys),
            next_cursor: Text::optional(rotation.next_cursor.as_deref()),
            json: Json::new(rotation),
        }
    }
}

/// Gives the vault a new data key, and seals every record with it, a batch a call, while this and other clients read and write. Go
/// on by setting the batch's next_cursor in `ask`, until there is none; or without it, also after a kill and from another process: a
/// rotation that was broken off goes on. The last batch deletes the older data keys, in a transaction that finds no record sealed
/// with them. A record that does not open stays as it is, and its key with it: the answers name both.
///
/// The caller owns `*out` and releases it with keylatch_rotation_free. Thread-safe.
/// Errors: wrong_key as keylatch_client_change_key; storage; invalid_argument for a limit or cursor that cannot be, and on Composio's
/// API, where there is no vault.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_client_rotate_data_key(
    client: *const keylatch_client,
    ask: *const keylatch_rotate_ask,
    out: *mut *mut keylatch_rotation,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, ask: &keylatch_rotate_ask| {
        let batch = ask.0.lock().clone();
        client.rotate_data_key(batch).map(keylatch_rotation::new)
    };
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_ask(client, ask, out, error, call) }
}

/// Id of the newest data key. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotation_key_id(
    rotation: *const keylatch_rotation,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(rotation, text, length, |h| &h.key_id) }
}

/// How many records this batch has sealed with it. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotation_resealed(
    rotation: *const keylatch_rotation,
    resealed: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(rotation, resealed, |h| h.json.value.resealed) }
}

/// How many the rotation will come by yet. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotation_remaining(
    rotation: *const keylatch_rotation,
    remaining: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(rotation, remaining, |h| h.json.value.remaining) }
}

/// How many integrations this batch came by that do not open: they stay as they are. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotation_damaged_integration_count(
    rotation: *const keylatch_rotation,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(rotation, count, |h| h.damaged_integrations.len()) }
}

/// Id of such an integration. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotation_damaged_integration_at(
    rotation: *const keylatch_rotation,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(rotation, text, length, |h| h.damaged_integrations.get(index)) }
}

/// How many connections this batch came by that do not open: they stay as they are. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotation_damaged_connection_count(
    rotation: *const keylatch_rotation,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(rotation, count, |h| h.damaged_connections.len()) }
}

/// Id of such a connection. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotation_damaged_connection_at(
    rotation: *const keylatch_rotation,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(rotation, text, length, |h| h.damaged_connections.get(index)) }
}

/// On the last batch: how many older data keys stay, since records that do not open are sealed with them. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotation_kept_key_count(
    rotation: *const keylatch_rotation,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(rotation, count, |h| h.kept_keys.len()) }
}

/// Id of such a key. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotation_kept_key_at(
    rotation: *const keylatch_rotation,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(rotation, text, length, |h| h.kept_keys.get(index)) }
}

/// Where to go on. NULL where this was the last batch. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotation_next_cursor(
    rotation: *const keylatch_rotation,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(rotation, text, length, |h| h.next_cursor.as_ref()) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotation_json(
    rotation: *const keylatch_rotation,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(rotation, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rotation_free(rotation: *mut keylatch_rotation) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(rotation) }
}
