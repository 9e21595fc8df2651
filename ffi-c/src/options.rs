//! Options: what a client is opened with.

use std::ffi::{c_char, c_void};
use std::time::Duration;

use keylatch_core::{ApiVersion, Audit, Error, Expired, KeySource, OnExpired, Options};

use crate::error::keylatch_error;
use crate::guard::{Held, Out, argument, bytes, free, guard, lent, taken, text};
use crate::out::Text;
use crate::signals::keep_sigpipe;
use crate::status::keylatch_status;

/// How to open a client. As made it stands for a vault in the platform's data folder with its key in a file beside it;
/// the functions with composio in their names make it stand for a project on Composio's API instead.
pub struct keylatch_options(pub(crate) Held<Options>);

impl keylatch_options {
    /// What the core takes; these options stay as they are and can open another client.
    pub(crate) fn copy(&self) -> Result<Options, Error> {
        let options = self.0.lock();
        let vault = options.path.is_some() || !matches!(options.key, KeySource::FileBesideVault);
        if vault && options.composio.is_some() {
            return Err(argument("options", "name a vault and a project on Composio's API: set only one of them"));
        }
        Ok(options.duplicate())
    }

    /// Where they say that the key comes from.
    pub(crate) fn key(&self) -> KeySource {
        self.0.lock().key.duplicate()
    }
}

/// Makes options with the defaults. The caller owns `*out` and releases it with keylatch_options_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_new(
    out: *mut *mut keylatch_options,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_options(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The vault's file (UTF-8), or the URL of a vault in PostgreSQL, such as postgres://user:password@host/database, which wants a
/// key of its own; made at first use. Default: keylatch/vault.db in the platform's data folder. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_path(
    options: *mut keylatch_options,
    path: *const c_char,
    path_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (path, options) = unsafe { (text("path", path, path_length)?, lent("options", options)?) };
        options.0.lock().path = Some(path.into());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Whose vault (UTF-8): each tenant's rows and data keys are its own, and no call sees those of another. Default: "default".
/// Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_tenant(
    options: *mut keylatch_options,
    tenant: *const c_char,
    tenant_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (tenant, options) = unsafe { (text("tenant", tenant, tenant_length)?, lent("options", options)?) };
        options.0.lock().tenant = tenant.to_owned();
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Takes the vault's key from this file of mode 0600 (UTF-8), made at first use. Default: a file beside the vault.
/// Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_key_file(
    options: *mut keylatch_options,
    path: *const c_char,
    path_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (path, options) = unsafe { (text("path", path, path_length)?, lent("options", options)?) };
        options.0.lock().key = KeySource::File(path.into());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Takes the vault's key from the environment variable of this name: 64 hexadecimal digits, or Base64 of 32 bytes.
/// Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_key_environment(
    options: *mut keylatch_options,
    name: *const c_char,
    name_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (name, options) = unsafe { (text("name", name, name_length)?, lent("options", options)?) };
        options.0.lock().key = KeySource::Environment(name.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Takes the vault's key from the operating system's keyring: Secret Service, Keychain, Credential Manager. `service` (UTF-8)
/// names the application there. The key is made at first use, for each vault one of its own. The keyring may ask for its
/// password, for as long as the timeout of these options. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_keyring(
    options: *mut keylatch_options,
    service: *const c_char,
    service_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (service, options) = unsafe { (text("service", service, service_length)?, lent("options", options)?) };
        keep_sigpipe();
        options.0.lock().key = KeySource::Keyring(service.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Gives the vault's key, 32 bytes.
///
/// They are copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_take_key(
    options: *mut keylatch_options,
    buffer: *mut c_void,
    length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (value, options) = unsafe { (taken("buffer", buffer, length)?, lent("options", options)?) };
        options.0.lock().key = KeySource::Bytes(value);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Derives the vault's key from a passphrase.
///
/// It is copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_take_passphrase(
    options: *mut keylatch_options,
    buffer: *mut c_void,
    length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (value, options) = unsafe { (taken("buffer", buffer, length)?, lent("options", options)?) };
        options.0.lock().key = KeySource::Passphrase(value);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Composio's API instead of a vault, with the project's API key and the base URL from the environment variables
/// COMPOSIO_API_KEY and COMPOSIO_BASE_URL, as far as the next functions do not set them. Options of the vault must not
/// be set beside it: opening fails then. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_composio(
    options: *mut keylatch_options,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let options = unsafe { lent("options", options) }?;
        options.0.lock().composio.get_or_insert_default();
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Composio's API instead of a vault, with this API key of the project.
///
/// It is copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_take_composio_api_key(
    options: *mut keylatch_options,
    buffer: *mut c_void,
    length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (value, options) = unsafe { (taken("buffer", buffer, length)?, lent("options", options)?) };
        options.0.lock().composio.get_or_insert_default().api_key = Some(value);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Composio's API instead of a vault, at this address, with or without /api at its end. HTTPS, or HTTP on loopback.
/// Default: https://backend.composio.dev. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_composio_base_url(
    options: *mut keylatch_options,
    base_url: *const c_char,
    base_url_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (base_url, options) = unsafe { (text("base_url", base_url, base_url_length)?, lent("options", options)?) };
        options.0.lock().composio.get_or_insert_default().base_url = Some(base_url.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Composio's API instead of a vault, in this generation of it: "v3.1" (the default), or "v1" for servers that still
/// speak that. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_composio_api_version(
    options: *mut keylatch_options,
    api_version: *const c_char,
    api_version_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (name, options) =
            unsafe { (text("api_version", api_version, api_version_length)?, lent("options", options)?) };
        let version = ApiVersion::parse(name).ok_or_else(|| argument("api_version", "must be v3.1 or v1"))?;
        options.0.lock().composio.get_or_insert_default().api_version = version;
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Longest time for one request to a provider, from the start to the last byte, for a keyring to be unlocked and for Transit; on
/// Composio's API for one call with all its retries and pauses. Default: 30000. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_timeout_ms(
    options: *mut keylatch_options,
    milliseconds: u64,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let options = unsafe { lent("options", options) }?;
        options.0.lock().timeout = Duration::from_millis(milliseconds);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Largest answer of a provider that is taken, in bytes. Default: 32 MiB. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_max_response_bytes(
    options: *mut keylatch_options,
    size: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let options = unsafe { lent("options", options) }?;
        options.0.lock().max_response_bytes = size;
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Certificate authorities to trust besides the system's, in PEM. Default: none. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_extra_ca_pem(
    options: *mut keylatch_options,
    pem: *const c_void,
    pem_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (pem, options) = unsafe { (bytes("pem", pem, pem_length)?, lent("options", options)?) };
        options.0.lock().extra_ca_pem = Some(pem.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Proxy for requests to providers, such as http://proxy:3128. Default: none; the environment is not consulted.
/// Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_proxy(
    options: *mut keylatch_options,
    proxy: *const c_char,
    proxy_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (proxy, options) = unsafe { (text("proxy", proxy, proxy_length)?, lent("options", options)?) };
        options.0.lock().proxy = Some(proxy.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Whether to refuse secrets in text that cannot be wiped, and to keep no connection on which a credential has
/// travelled. Default: no. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_strict_secrets(
    options: *mut keylatch_options,
    strict: bool,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let options = unsafe { lent("options", options) }?;
        options.0.lock().strict_secrets = strict;
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// How long the opened record of a connection may be used again by requests and actions without asking the vault, in
/// milliseconds. What this client changes is seen at once, what others change when this time is over. It is held in memory
/// that is left out of core dumps, and locked as far as the system allows. Default: 0, no longer than a call. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_hold_for_ms(
    options: *mut keylatch_options,
    milliseconds: u64,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let options = unsafe { lent("options", options) }?;
        options.0.lock().hold_for = Duration::from_millis(milliseconds);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Whether this client writes what it does into the vault's audit log: "off" (the default), "best_effort", or "required", which
/// refuses a call whose entry cannot be written. A use of a connection costs a transaction then. Composio's API has no such log.
/// Thread-safe. Errors: invalid_argument for another name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_audit(
    options: *mut keylatch_options,
    audit: *const c_char,
    audit_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (name, options) = unsafe { (text("audit", audit, audit_length)?, lent("options", options)?) };
        options.0.lock().audit = Audit::named(name)?;
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Told of a connection that has become EXPIRED: the app no longer takes its credentials. The texts are NUL-terminated and
/// borrowed for the time of the call.
pub type keylatch_on_expired = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        connected_account_id: *const c_char,
        entity_id: *const c_char,
        app: *const c_char,
        previous_status: *const c_char,
    ),
>;

/// What is to be told, and with what. C vouches for both.
struct Listener {
    tell: unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char, *const c_char, *const c_char),
    user_data: *mut c_void,
}

// SAFETY: keylatch_options_set_on_expired asks for a function that may be called from any thread.
unsafe impl Send for Listener {}
// SAFETY: as above.
unsafe impl Sync for Listener {}

impl Listener {
    fn told(&self, expired: &Expired) {
        let [id, entity_id, app, status] =
            [&expired.connected_account_id, &expired.entity_id, &expired.app, expired.previous_status.as_str()]
                .map(Text::new);
        // SAFETY: the caller has set the function together with its data, and the texts live as long as the call.
        unsafe { (self.tell)(self.user_data, id.pointer(), entity_id.pointer(), app.pointer(), status.pointer()) };
    }
}

/// Whom to tell of connections that become EXPIRED: by a 401 that the app's check confirms, a check, or a token that is
/// refused. Called once for each change, on the thread whose call found out (or that makes a later call on the same client),
/// just before that call returns; no lock is held, so it may make calls. It must not throw. `user_data` is handed on as it is
/// and must be good until the clients that were opened with these options are freed, and the pages that these gave. NULL as
/// `on_expired` tells nobody again. Never on Composio's API, where only Composio changes a status. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_on_expired(
    options: *mut keylatch_options,
    on_expired: keylatch_on_expired,
    user_data: *mut c_void,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let listener = on_expired.map(|tell| Listener { tell, user_data });
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let options = unsafe { lent("options", options) }?;
        options.0.lock().on_expired = listener.map(|listener| OnExpired::new(move |expired| listener.told(&expired)));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Wipes the keys in it and releases it; NULL is a no-op. Clients opened with it are not concerned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_free(options: *mut keylatch_options) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(options) }
}
