//! Creating integrations.

use std::ffi::c_char;

use keylatch_core::{AuthScheme, Client, NewIntegration, Permission};

use crate::client::{call_with_ask, keylatch_client};
use crate::error::keylatch_error;
use crate::guard::{Held, Out, free, guard, lent, text};
use crate::integration::keylatch_integration;
use crate::params::{emptied, keylatch_params};
use crate::status::keylatch_status;

/// What to create an integration with: the arguments of keylatch_integrations_create.
pub struct keylatch_integration_ask(Held<NewIntegration>);

/// Makes an empty set of arguments; the app must be set. The caller owns `*out` and releases it with
/// keylatch_integration_ask_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_ask_new(
    out: *mut *mut keylatch_integration_ask,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_integration_ask(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Slug of the app, in any case. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_ask_set_app(
    ask: *mut keylatch_integration_ask,
    app: *const c_char,
    app_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (app, ask) = unsafe { (text("app", app, app_length)?, lent("ask", ask)?) };
        app.clone_into(&mut ask.0.lock().app);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The auth scheme. Default: the one that the app prefers. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_ask_set_auth_scheme(
    ask: *mut keylatch_integration_ask,
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

/// The developer's name for it. Default: the app's name. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_ask_set_name(
    ask: *mut keylatch_integration_ask,
    name: *const c_char,
    name_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (name, ask) = unsafe { (text("name", name, name_length)?, lent("ask", ask)?) };
        ask.0.lock().name = Some(name.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Where requests go instead of the app's own base URL; may hold `{field}` placeholders. HTTPS, or HTTP on
/// loopback and where unencrypted is allowed. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_ask_set_base_url(
    ask: *mut keylatch_integration_ask,
    base_url: *const c_char,
    base_url_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (base_url, ask) = unsafe { (text("base_url", base_url, base_url_length)?, lent("ask", ask)?) };
        ask.0.lock().base_url = Some(base_url.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Adds an exception from the network rules for its hosts: loopback, private, link_local, metadata, reserved,
/// unencrypted, ports, international_names, through_proxy or reveal. Default: none, so that users can name public hosts only.
/// Thread-safe. Errors: invalid_argument with near names where there is none of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_ask_add_allow(
    ask: *mut keylatch_integration_ask,
    exception: *const c_char,
    exception_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (exception, ask) = unsafe { (text("exception", exception, exception_length)?, lent("ask", ask)?) };
        ask.0.lock().allow.insert(Permission::named(exception)?);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integration_ask_free(ask: *mut keylatch_integration_ask) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(ask) }
}

/// Stores a configuration of an app. `fixed_values` are values that the developer fixes, so that users are not asked
/// for them; NULL for none. They are emptied by this call, whatever its outcome. `ask` stays as it is.
///
/// The caller owns `*out` and releases it with keylatch_integration_free. Thread-safe.
/// Errors: unknown_app, unsupported_scheme, invalid_argument or forbidden_host for the base URL, and those of the fixed
/// values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_integrations_create(
    client: *const keylatch_client,
    ask: *const keylatch_integration_ask,
    fixed_values: *mut keylatch_params,
    out: *mut *mut keylatch_integration,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    let fixed_values = unsafe { emptied(fixed_values) };
    let call = |client: &Client, ask: &keylatch_integration_ask| {
        let ask = {
            let held = ask.0.lock();
            NewIntegration {
                app: held.app.clone(),
                auth_scheme: held.auth_scheme.clone(),
                name: held.name.clone(),
                base_url: held.base_url.clone(),
                allow: held.allow,
                fixed_values,
            }
        };
        client.create_integration(ask).map(keylatch_integration::new)
    };
    // SAFETY: as above.
    unsafe { call_with_ask(client, ask, out, error, call) }
}
