//! What another vault has exported, stored in this one.

use std::ffi::{c_char, c_void};

use keylatch_core::{Client, ImportVault, Imported, OpenWith};

use crate::client::{call_with_ask, keylatch_client};
use crate::error::keylatch_error;
use crate::guard::{Held, Out, argument, free, guard, lent, taken, text};
use crate::out::{Json, Text, text_at, text_of, value_of};
use crate::status::keylatch_status;

#[derive(Default)]
struct ImportAsk {
    path: String,
    with: Option<OpenWith>,
    dry_run: bool,
}

/// Which export is imported, and how: the arguments of keylatch_client_import_vault.
pub struct keylatch_import_ask(Held<ImportAsk>);

/// Makes an empty set of arguments: it needs a path, and the passphrase or the identity. The caller owns `*out` and releases it with
/// keylatch_import_ask_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_import_ask_new(
    out: *mut *mut keylatch_import_ask,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_import_ask(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The file (UTF-8). Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_import_ask_set_path(
    ask: *mut keylatch_import_ask,
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

/// Opens the export with the passphrase that it was sealed with.
///
/// It is copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_import_ask_take_passphrase(
    ask: *mut keylatch_import_ask,
    buffer: *mut c_void,
    length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (value, ask) = unsafe { (taken("buffer", buffer, length)?, lent("ask", ask)?) };
        ask.0.lock().with = Some(OpenWith::Passphrase(value));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Opens the export with the secret key of its recipient, as age writes it (`AGE-SECRET-KEY-1…`).
///
/// It is copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_import_ask_take_identity(
    ask: *mut keylatch_import_ask,
    buffer: *mut c_void,
    length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (value, ask) = unsafe { (taken("buffer", buffer, length)?, lent("ask", ask)?) };
        ask.0.lock().with = Some(OpenWith::Identity(value));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Only to tell what would be done. Default: false. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_import_ask_set_dry_run(
    ask: *mut keylatch_import_ask,
    dry_run: bool,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let ask = unsafe { lent("ask", ask) }?;
        ask.0.lock().dry_run = dry_run;
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_import_ask_free(ask: *mut keylatch_import_ask) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(ask) }
}

/// What was imported, or would be.
pub struct keylatch_imported {
    conflicting_integrations: Vec<Text>,
    conflicting_connections: Vec<Text>,
    json: Json<Imported>,
}

impl keylatch_imported {
    fn new(imported: Imported) -> Self {
        Self {
            conflicting_integrations: Text::all(&imported.conflicting_integrations),
            conflicting_connections: Text::all(&imported.conflicting_connections),
            json: Json::new(imported),
        }
    }
}

/// Stores what an export holds and this vault does not, under the same ids, sealed with this vault's keys, for this client's tenant.
/// Nothing is overwritten: what is there with the same values is counted, and what is there with others is named. The whole file is
/// checked before anything is stored. After a crash or an error, import the same file again: it goes on.
///
/// The caller owns `*out` and releases it with keylatch_imported_free. Thread-safe.
/// Errors: wrong_key for a passphrase or identity that does not open the file; corrupt_record for a file that is damaged, cut, or of
/// a later version; storage; invalid_argument where there is no such file or it is no export, and on Composio's API, where there is
/// no vault. Of these, only storage may come after something was stored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_client_import_vault(
    client: *const keylatch_client,
    ask: *const keylatch_import_ask,
    out: *mut *mut keylatch_imported,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, ask: &keylatch_import_ask| {
        let ask = ask.0.lock();
        let with = match &ask.with {
            Some(OpenWith::Passphrase(passphrase)) => OpenWith::Passphrase(passphrase.duplicate()),
            Some(OpenWith::Identity(identity)) => OpenWith::Identity(identity.duplicate()),
            _ => return Err(argument("ask", "has neither the passphrase nor the identity")),
        };
        let import = ImportVault { dry_run: ask.dry_run, ..ImportVault::new(&ask.path, with) };
        drop(ask); // the call may take long
        client.import_vault(import).map(keylatch_imported::new)
    };
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_ask(client, ask, out, error, call) }
}

/// How many integrations are new in the vault. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_imported_integrations(
    imported: *const keylatch_imported,
    integrations: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(imported, integrations, |h| h.json.value.integrations) }
}

/// How many connections are new in the vault. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_imported_connections(
    imported: *const keylatch_imported,
    connections: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(imported, connections, |h| h.json.value.connections) }
}

/// How many integrations and connections were there already, with the same values. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_imported_already_there(
    imported: *const keylatch_imported,
    already_there: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(imported, already_there, |h| h.json.value.already_there) }
}

/// How many integrations have an id that another one has: nothing was changed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_imported_conflicting_integration_count(
    imported: *const keylatch_imported,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(imported, count, |h| h.conflicting_integrations.len()) }
}

/// Id of such an integration. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_imported_conflicting_integration_at(
    imported: *const keylatch_imported,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(imported, text, length, |h| h.conflicting_integrations.get(index)) }
}

/// How many connections have an id that another one has, or one with other values; an alias that another one of the same user and
/// app has; or an integration that conflicts: nothing was changed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_imported_conflicting_connection_count(
    imported: *const keylatch_imported,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(imported, count, |h| h.conflicting_connections.len()) }
}

/// Id of such a connection. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_imported_conflicting_connection_at(
    imported: *const keylatch_imported,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(imported, text, length, |h| h.conflicting_connections.get(index)) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_imported_json(
    imported: *const keylatch_imported,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(imported, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_imported_free(imported: *mut keylatch_imported) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(imported) }
}
