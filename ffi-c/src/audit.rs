//! The audit log: its entries, page by page, and the check of all of it.

use std::ffi::c_char;

use keylatch_core::{AuditCheck, AuditEntry, AuditLog, AuditQuery, Client};

use crate::client::{call_with_ask, call_with_text, keylatch_client};
use crate::error::keylatch_error;
use crate::guard::{Held, Out, free, guard, lent, text};
use crate::out::{Json, Text, text_at, text_of, value_at, value_of};
use crate::status::keylatch_status;

/// Which entries of the audit log are wanted: the arguments of keylatch_client_audit_log.
pub struct keylatch_audit_ask(Held<AuditQuery>);

/// Makes an empty set of arguments, for which the log begins with its first entry. The caller owns `*out` and releases it with
/// keylatch_audit_ask_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_ask_new(
    out: *mut *mut keylatch_audit_ask,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_audit_ask(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Only entries behind the one of this number. Default: 0, all. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_ask_set_after(
    ask: *mut keylatch_audit_ask,
    after: u64,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let ask = unsafe { lent("ask", ask) }?;
        ask.0.lock().after = after;
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// How many entries at most, 1 to 500. Default: 50. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_ask_set_limit(
    ask: *mut keylatch_audit_ask,
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

/// Only entries about this user. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_ask_set_entity_id(
    ask: *mut keylatch_audit_ask,
    entity_id: *const c_char,
    entity_id_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (id, ask) = unsafe { (text("entity_id", entity_id, entity_id_length)?, lent("ask", ask)?) };
        ask.0.lock().entity_id = Some(id.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Only entries about this connection, which may be gone. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_ask_set_connected_account_id(
    ask: *mut keylatch_audit_ask,
    connected_account_id: *const c_char,
    connected_account_id_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (id, ask) = unsafe {
            (text("connected_account_id", connected_account_id, connected_account_id_length)?, lent("ask", ask)?)
        };
        ask.0.lock().connected_account_id = Some(id.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_ask_free(ask: *mut keylatch_audit_ask) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(ask) }
}

/// A page of the audit log, oldest entry first.
pub struct keylatch_audit_log {
    items: Vec<Item>,
    head: Text,
    json: Json<AuditLog>,
}

struct Item {
    at: Text,
    action: Text,
    outcome: Text,
    entity_hash: Text,
    record_hash: Text,
    app: Text,
    process: Text,
}

impl Item {
    fn new(entry: &AuditEntry) -> Self {
        Self {
            at: Text::new(&entry.at),
            action: Text::new(&entry.action),
            outcome: Text::new(&entry.outcome),
            entity_hash: Text::new(entry.entity_hash.as_deref().unwrap_or_default()),
            record_hash: Text::new(entry.record_hash.as_deref().unwrap_or_default()),
            app: Text::new(entry.app.as_deref().unwrap_or_default()),
            process: Text::new(&entry.process),
        }
    }
}

impl keylatch_audit_log {
    fn new(log: AuditLog) -> Self {
        Self { items: log.items.iter().map(Item::new).collect(), head: Text::new(&log.head), json: Json::new(log) }
    }
}

/// The vault's audit log, a page a call: who connected, used, verified or deleted what, and when. Go on by
/// setting the seq of the last entry with keylatch_audit_ask_set_after. Works whether or not this client writes
/// the log (keylatch_options_set_audit).
///
/// The caller owns `*out` and releases it with keylatch_audit_log_free. Thread-safe.
/// Errors: corrupt_record for an id where the log's key does not open; invalid_argument for a limit that cannot be, and on Composio's
/// API, where there is no vault.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_client_audit_log(
    client: *const keylatch_client,
    ask: *const keylatch_audit_ask,
    out: *mut *mut keylatch_audit_log,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, ask: &keylatch_audit_ask| {
        let query = ask.0.lock().clone();
        client.audit_log(query).map(keylatch_audit_log::new)
    };
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_ask(client, ask, out, error, call) }
}

/// How many entries are in this page. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_log_count(
    log: *const keylatch_audit_log,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(log, count, |h| h.items.len()) }
}

/// Number of an entry: 1 for the log's first, one more for each. Thread-safe. Errors: invalid_argument past the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_log_seq(
    log: *const keylatch_audit_log,
    index: usize,
    seq: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_at(log, seq, |h| h.json.value.items.get(index).map(|entry| entry.seq)) }
}

/// When an entry was written, RFC 3339 in UTC.
/// Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_log_at(
    log: *const keylatch_audit_log,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(log, text, length, |h| h.items.get(index).map(|item| &item.at)) }
}

/// Name of the call, such as "request" or "connected_accounts.delete".
/// Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_log_action(
    log: *const keylatch_audit_log,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(log, text, length, |h| h.items.get(index).map(|item| &item.action)) }
}

/// "begun" of what was about to be done; "done" or a verdict of what was stored together with the entry; "refused:" and the code of an error.
/// Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_log_outcome(
    log: *const keylatch_audit_log,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(log, text, length, |h| h.items.get(index).map(|item| &item.outcome)) }
}

/// Keyed hash of the user's id, 32 hexadecimal digits: the same for the same user throughout the log; empty where the entry is about none.
/// Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_log_entity_hash(
    log: *const keylatch_audit_log,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(log, text, length, |h| h.items.get(index).map(|item| &item.entity_hash)) }
}

/// Keyed hash of the connection's id, or of the integration's; empty where the entry is about none.
/// Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_log_record_hash(
    log: *const keylatch_audit_log,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(log, text, length, |h| h.items.get(index).map(|item| &item.record_hash)) }
}

/// Slug of the app; empty where the entry is about none.
/// Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_log_app(
    log: *const keylatch_audit_log,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(log, text, length, |h| h.items.get(index).map(|item| &item.app)) }
}

/// Process id, '@', and a keyed hash of the machine's host name.
/// Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_log_process(
    log: *const keylatch_audit_log,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(log, text, length, |h| h.items.get(index).map(|item| &item.process)) }
}

/// The end of the whole log: kept elsewhere and given to keylatch_client_check_audit later, it shows whether the log was cut.
/// Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_log_head(
    log: *const keylatch_audit_log,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(log, text, length, |h| &h.head) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_log_json(
    log: *const keylatch_audit_log,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(log, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_log_free(log: *mut keylatch_audit_log) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(log) }
}

/// What looking at the whole audit log has found.
pub struct keylatch_audit_check {
    head: Text,
    faults: Vec<Text>,
    json: Json<AuditCheck>,
}

impl keylatch_audit_check {
    fn new(check: AuditCheck) -> Self {
        Self { head: Text::new(&check.head), faults: Text::all(&check.faults), json: Json::new(check) }
    }
}

/// Reads the whole audit log and says what is not as it was written: entries that are gone, changed or not in their place. `head` is
/// one that was given out earlier and was kept elsewhere, or NULL: only with it a log whose end was cut off shows.
///
/// The caller owns `*out` and releases it with keylatch_audit_check_free. Thread-safe.
/// Errors: invalid_argument for a head that is none, and on Composio's API, where there is no vault.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_client_check_audit(
    client: *const keylatch_client,
    head: *const c_char,
    head_length: usize,
    out: *mut *mut keylatch_audit_check,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, given: &str| {
        client.check_audit((!head.is_null()).then_some(given)).map(keylatch_audit_check::new)
    };
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_text(client, ("head", head, head_length), out, error, call) }
}

/// How many entries there are. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_check_entries(
    check: *const keylatch_audit_check,
    entries: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(check, entries, |h| h.json.value.entries) }
}

/// The end of the log, to be kept elsewhere. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_check_head(
    check: *const keylatch_audit_check,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(check, text, length, |h| &h.head) }
}

/// How many faults there are, 100 at most; 0 where the log is as it was written, as far as `head` reaches. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_check_fault_count(
    check: *const keylatch_audit_check,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(check, count, |h| h.faults.len()) }
}

/// A fault, as a sentence. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_check_fault_at(
    check: *const keylatch_audit_check,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(check, text, length, |h| h.faults.get(index)) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_check_json(
    check: *const keylatch_audit_check,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(check, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_audit_check_free(check: *mut keylatch_audit_check) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(check) }
}
