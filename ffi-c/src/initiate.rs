//! Initiating: a user's credentials are checked and stored, and the connection is ACTIVE at once.

use std::ffi::c_char;

use keylatch_core::{AuthScheme, Client, InitiateConnection};

use crate::client::{call_with_ask, keylatch_client};
use crate::connection_request::keylatch_connection_request;
use crate::error::keylatch_error;
use crate::guard::{Held, Out, argument, free, guard, lent, text};
use crate::params::{emptied, keylatch_params};
use crate::status::{keylatch_status, verify};

/// How to connect: the arguments of keylatch_initiate_connection, without the credentials.
pub struct keylatch_initiate_ask(Held<InitiateConnection>);

/// Makes an empty set of arguments; the entity must be set, and the app or the integration. The caller owns `*out`
/// and releases it with keylatch_initiate_ask_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_ask_new(
    out: *mut *mut keylatch_initiate_ask,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_initiate_ask(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The application's user. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_ask_set_entity_id(
    ask: *mut keylatch_initiate_ask,
    entity_id: *const c_char,
    entity_id_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (entity_id, ask) = unsafe { (text("entity_id", entity_id, entity_id_length)?, lent("ask", ask)?) };
        entity_id.clone_into(&mut ask.0.lock().entity_id);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The integration; or set the app. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_ask_set_integration_id(
    ask: *mut keylatch_initiate_ask,
    integration_id: *const c_char,
    integration_id_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (integration_id, ask) =
            unsafe { (text("integration_id", integration_id, integration_id_length)?, lent("ask", ask)?) };
        ask.0.lock().integration_id = Some(integration_id.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The app, whose newest fitting integration is taken, or a default one made. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_ask_set_app_name(
    ask: *mut keylatch_initiate_ask,
    app_name: *const c_char,
    app_name_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (app_name, ask) = unsafe { (text("app_name", app_name, app_name_length)?, lent("ask", ask)?) };
        ask.0.lock().app_name = Some(app_name.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The auth scheme, where the app has several. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_ask_set_auth_scheme(
    ask: *mut keylatch_initiate_ask,
    auth_scheme: *const c_char,
    auth_scheme_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (auth_scheme, ask) = unsafe { (text("auth_scheme", auth_scheme, auth_scheme_length)?, lent("ask", ask)?) };
        ask.0.lock().auth_scheme = Some(AuthScheme::from(auth_scheme));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Whether to ask the provider: KEYLATCH_VERIFY_AUTO (the default), _REQUIRED or _OFF. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_ask_set_verify(
    ask: *mut keylatch_initiate_ask,
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

/// The application's name for the connection, unique per entity and app. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_ask_set_alias(
    ask: *mut keylatch_initiate_ask,
    alias: *const c_char,
    alias_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (alias, ask) = unsafe { (text("alias", alias, alias_length)?, lent("ask", ask)?) };
        ask.0.lock().alias = Some(alias.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Adds a label of the application's, to list by. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_ask_add_label(
    ask: *mut keylatch_initiate_ask,
    label: *const c_char,
    label_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (label, ask) = unsafe { (text("label", label, label_length)?, lent("ask", ask)?) };
        ask.0.lock().labels.push(label.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The application's own data as JSON text, at most 64 KiB. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_ask_set_metadata(
    ask: *mut keylatch_initiate_ask,
    json: *const c_char,
    json_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (json, ask) = unsafe { (text("json", json, json_length)?, lent("ask", ask)?) };
        ask.0.lock().metadata = serde_json::from_str(json).map_err(|_| argument("json", "is not JSON text"))?;
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Whether to make another connection although the entity has an active one with the integration. Default: no.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_ask_set_allow_multiple(
    ask: *mut keylatch_initiate_ask,
    allow: bool,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let ask = unsafe { lent("ask", ask) }?;
        ask.0.lock().allow_multiple = allow;
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Whether to put the credentials in the place of those of the entity's connection with the integration, if there
/// is one. Default: no. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_ask_set_replace(
    ask: *mut keylatch_initiate_ask,
    replace: bool,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let ask = unsafe { lent("ask", ask) }?;
        ask.0.lock().replace = replace;
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Where the user's browser would go after a redirect. Keys and tokens need none, so only Composio's API is told.
/// Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_ask_set_callback_url(
    ask: *mut keylatch_initiate_ask,
    callback_url: *const c_char,
    callback_url_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (callback_url, ask) =
            unsafe { (text("callback_url", callback_url, callback_url_length)?, lent("ask", ask)?) };
        ask.0.lock().callback_url = Some(callback_url.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_ask_free(ask: *mut keylatch_initiate_ask) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(ask) }
}

/// Checks the input, asks the provider, stores the credentials and answers ACTIVE. `params` is what the user typed, or
/// NULL for nothing; it is emptied by this call, whatever its outcome. `ask` stays as it is.
///
/// The caller owns `*out` and releases it with keylatch_connection_request_free. Thread-safe.
/// Errors: all problems of the input at once; already_exists; credentials_rejected, provider_unreachable,
/// forbidden_host. Nothing is stored then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_initiate_connection(
    client: *const keylatch_client,
    ask: *const keylatch_initiate_ask,
    params: *mut keylatch_params,
    out: *mut *mut keylatch_connection_request,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    let connected_account_params = unsafe { emptied(params) };
    let call = |client: &Client, ask: &keylatch_initiate_ask| {
        let ask = {
            let held = ask.0.lock();
            InitiateConnection {
                entity_id: held.entity_id.clone(),
                integration_id: held.integration_id.clone(),
                app_name: held.app_name.clone(),
                auth_scheme: held.auth_scheme.clone(),
                alias: held.alias.clone(),
                labels: held.labels.clone(),
                metadata: held.metadata.clone(),
                callback_url: held.callback_url.clone(),
                connected_account_params,
                ..*held
            }
        };
        client.initiate_connection(ask).map(keylatch_connection_request::new)
    };
    // SAFETY: as above.
    unsafe { call_with_ask(client, ask, out, error, call) }
}
