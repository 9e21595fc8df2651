//! Verifying all that is due: asking the providers again about many connections, batch by batch.

use std::ffi::c_char;

use keylatch_core::{Client, Recheck, Rechecks, VerifyDue};

use crate::client::{call_with_ask, keylatch_client};
use crate::error::keylatch_error;
use crate::guard::{Held, Out, free, guard, lent, text};
use crate::out::{Json, Text, known_at, text_at, text_of, value_of};
use crate::status::keylatch_status;

/// Which connections to check again, and how fast: the arguments of keylatch_connected_accounts_verify_due. All that is set
/// must hold.
pub struct keylatch_due_ask(Held<VerifyDue>);

/// Makes an empty set of arguments, for which all ACTIVE and EXPIRED connections are due. The caller owns `*out` and releases
/// it with keylatch_due_ask_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_due_ask_new(
    out: *mut *mut keylatch_due_ask,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_due_ask(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Only those that were verified longer ago than this many milliseconds, or never. Default: 0, all. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_due_ask_set_older_than_ms(
    ask: *mut keylatch_due_ask,
    milliseconds: u64,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let ask = unsafe { lent("ask", ask) }?;
        ask.0.lock().older_than_ms = Some(milliseconds);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Of this user. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_due_ask_set_entity_id(
    ask: *mut keylatch_due_ask,
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
pub unsafe extern "C" fn keylatch_due_ask_set_app(
    ask: *mut keylatch_due_ask,
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

/// How many to come by in the whole round, 1 to 100 000. Default: 1 000. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_due_ask_set_limit(
    ask: *mut keylatch_due_ask,
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

/// The pause between two checks at the same app in milliseconds, at most 60 000. Default: 200. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_due_ask_set_pause_ms(
    ask: *mut keylatch_due_ask,
    milliseconds: u64,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let ask = unsafe { lent("ask", ask) }?;
        ask.0.lock().pause_ms = Some(milliseconds);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The next_cursor of the batch before. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_due_ask_set_cursor(
    ask: *mut keylatch_due_ask,
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
pub unsafe extern "C" fn keylatch_due_ask_free(ask: *mut keylatch_due_ask) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(ask) }
}

/// One batch of a round of checks.
pub struct keylatch_rechecks {
    items: Vec<Item>,
    next_cursor: Option<Text>,
    json: Json<Rechecks>,
}

struct Item {
    connected_account_id: Text,
    entity_id: Text,
    app: Text,
    previous_status: Text,
    status: Text,
    verdict: Text,
    skipped: Text,
}

impl Item {
    fn new(recheck: &Recheck) -> Self {
        Self {
            connected_account_id: Text::new(&recheck.connected_account_id),
            entity_id: Text::new(&recheck.entity_id),
            app: Text::new(&recheck.app),
            previous_status: Text::new(recheck.previous_status.as_str()),
            status: Text::new(recheck.status.as_str()),
            verdict: Text::new(recheck.verdict.as_str()),
            skipped: Text::new(recheck.skipped.as_deref().unwrap_or_default()),
        }
    }
}

impl keylatch_rechecks {
    fn new(rechecks: Rechecks) -> Self {
        Self {
            items: rechecks.items.iter().map(Item::new).collect(),
            next_cursor: Text::optional(rechecks.next_cursor.as_deref()),
            json: Json::new(rechecks),
        }
    }
}

/// Asks the providers again about ACTIVE and EXPIRED connections that were not verified lately, longest ago first, one after
/// the other with a pause between two at the same app. An app that asks to come back later is left alone, for as long as it
/// says. A call checks a batch of 20 at most and takes about a second, so that the caller can show progress and stop; go on by
/// setting the batch's next_cursor in `ask`, until there is none.
///
/// The caller owns `*out` and releases it with keylatch_rechecks_free. Thread-safe.
/// Errors: invalid_argument for a limit, pause or cursor that cannot be. A connection that cannot be checked is skipped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connected_accounts_verify_due(
    client: *const keylatch_client,
    ask: *const keylatch_due_ask,
    out: *mut *mut keylatch_rechecks,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, ask: &keylatch_due_ask| {
        let due = ask.0.lock().clone();
        client.verify_due(due).map(keylatch_rechecks::new)
    };
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_ask(client, ask, out, error, call) }
}

/// How many connections this batch came by. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rechecks_count(
    rechecks: *const keylatch_rechecks,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(rechecks, count, |h| h.items.len()) }
}

/// Id of a connection. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rechecks_connected_account_id(
    rechecks: *const keylatch_rechecks,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(rechecks, text, length, |h| h.items.get(index).map(|item| &item.connected_account_id)) }
}

/// The application's user whose connection it is. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rechecks_entity_id(
    rechecks: *const keylatch_rechecks,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(rechecks, text, length, |h| h.items.get(index).map(|item| &item.entity_id)) }
}

/// Slug of its app. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rechecks_app(
    rechecks: *const keylatch_rechecks,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(rechecks, text, length, |h| h.items.get(index).map(|item| &item.app)) }
}

/// Its status before the check; the set is open. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rechecks_previous_status(
    rechecks: *const keylatch_rechecks,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(rechecks, text, length, |h| h.items.get(index).map(|item| &item.previous_status)) }
}

/// Its status after the check; the set is open. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rechecks_status(
    rechecks: *const keylatch_rechecks,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(rechecks, text, length, |h| h.items.get(index).map(|item| &item.status)) }
}

/// What the provider said; "not_checked" where it was not asked. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rechecks_verdict(
    rechecks: *const keylatch_rechecks,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(rechecks, text, length, |h| h.items.get(index).map(|item| &item.verdict)) }
}

/// Why the provider was not asked: "rate_limited" where the app had asked to come back later, else the code of the error, such as
/// "corrupt_record"; empty where it was. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rechecks_skipped(
    rechecks: *const keylatch_rechecks,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(rechecks, text, length, |h| h.items.get(index).map(|item| &item.skipped)) }
}

/// Where to go on. NULL where this was the last batch. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rechecks_next_cursor(
    rechecks: *const keylatch_rechecks,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(rechecks, text, length, |h| h.next_cursor.as_ref()) }
}

/// How many connections the round will come by yet; `*known` is false where Composio does not tell. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rechecks_remaining(
    rechecks: *const keylatch_rechecks,
    known: *mut bool,
    remaining: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(rechecks, known, remaining, |h| Some(h.json.value.remaining)) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rechecks_json(
    rechecks: *const keylatch_rechecks,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(rechecks, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_rechecks_free(rechecks: *mut keylatch_rechecks) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(rechecks) }
}
