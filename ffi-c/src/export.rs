//! A vault's contents in a sealed file, for a passphrase or a recipient.

use std::ffi::{c_char, c_void};
use std::path::Path;

use keylatch_core::{Client, Exported, SealFor};

use crate::client::{call_with_ask, keylatch_client};
use crate::error::keylatch_error;
use crate::guard::{Held, Out, argument, free, guard, lent, taken, text};
use crate::out::{Json, Text, text_at, text_of, value_of};
use crate::status::keylatch_status;

#[derive(Default)]
struct ExportAsk {
    path: String,
    seal: Option<SealFor>,
}

/// Where an export goes, and for whom: the arguments of keylatch_client_export_vault.
pub struct keylatch_export_ask(Held<ExportAsk>);

/// Makes an empty set of arguments: it needs a path, and a passphrase or a recipient. The caller owns `*out` and releases it with
/// keylatch_export_ask_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_export_ask_new(
    out: *mut *mut keylatch_export_ask,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_export_ask(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The new file (UTF-8). Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_export_ask_set_path(
    ask: *mut keylatch_export_ask,
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

/// Seals the export with a passphrase, stretched with Argon2id.
///
/// It is copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_export_ask_take_passphrase(
    ask: *mut keylatch_export_ask,
    buffer: *mut c_void,
    length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (value, ask) = unsafe { (taken("buffer", buffer, length)?, lent("ask", ask)?) };
        ask.0.lock().seal = Some(SealFor::Passphrase(value));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Seals the export for whoever has the secret key of this public one, as age writes it (`age1…`). Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_export_ask_set_recipient(
    ask: *mut keylatch_export_ask,
    recipient: *const c_char,
    recipient_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (recipient, ask) = unsafe { (text("recipient", recipient, recipient_length)?, lent("ask", ask)?) };
        ask.0.lock().seal = Some(SealFor::Recipient(recipient.to_owned()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_export_ask_free(ask: *mut keylatch_export_ask) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(ask) }
}

/// What was exported.
pub struct keylatch_exported {
    damaged_integrations: Vec<Text>,
    damaged_connections: Vec<Text>,
    json: Json<Exported>,
}

impl keylatch_exported {
    fn new(exported: Exported) -> Self {
        Self {
            damaged_integrations: Text::all(&exported.damaged_integrations),
            damaged_connections: Text::all(&exported.damaged_connections),
            json: Json::new(exported),
        }
    }
}

/// Writes all integrations and connections to a new file, sealed for a passphrase or a recipient, from which another vault, in a
/// file or in PostgreSQL, can import them. Each is in it as it is when the export comes by, while this and other clients go on. The
/// file is whole and on disk when the call returns, or not there. A record that does not open is left out, and named in the answer.
///
/// The caller owns `*out` and releases it with keylatch_exported_free. Thread-safe.
/// Errors: already_exists where there is a file; storage; invalid_argument for a recipient that is none, where the folder is not
/// there, and on Composio's API, where there is no vault.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_client_export_vault(
    client: *const keylatch_client,
    ask: *const keylatch_export_ask,
    out: *mut *mut keylatch_exported,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, ask: &keylatch_export_ask| {
        let ask = ask.0.lock();
        let seal = match &ask.seal {
            Some(SealFor::Passphrase(passphrase)) => SealFor::Passphrase(passphrase.duplicate()),
            Some(SealFor::Recipient(recipient)) => SealFor::Recipient(recipient.clone()),
            _ => return Err(argument("ask", "has neither a passphrase nor a recipient")),
        };
        let path = ask.path.clone();
        drop(ask); // the call may take long
        client.export_vault(Path::new(&path), seal).map(keylatch_exported::new)
    };
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_ask(client, ask, out, error, call) }
}

/// How many integrations are in the file. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_exported_integrations(
    exported: *const keylatch_exported,
    integrations: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(exported, integrations, |h| h.json.value.integrations) }
}

/// How many connections are in the file. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_exported_connections(
    exported: *const keylatch_exported,
    connections: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(exported, connections, |h| h.json.value.connections) }
}

/// How many integrations do not open: they are not in the file. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_exported_damaged_integration_count(
    exported: *const keylatch_exported,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(exported, count, |h| h.damaged_integrations.len()) }
}

/// Id of such an integration. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_exported_damaged_integration_at(
    exported: *const keylatch_exported,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(exported, text, length, |h| h.damaged_integrations.get(index)) }
}

/// How many connections do not open, or belong to an integration that does not: they are not in the file. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_exported_damaged_connection_count(
    exported: *const keylatch_exported,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(exported, count, |h| h.damaged_connections.len()) }
}

/// Id of such a connection. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_exported_damaged_connection_at(
    exported: *const keylatch_exported,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(exported, text, length, |h| h.damaged_connections.get(index)) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_exported_json(
    exported: *const keylatch_exported,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(exported, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_exported_free(exported: *mut keylatch_exported) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(exported) }
}
