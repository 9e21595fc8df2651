//! Options for a vault whose key a Transit engine has sealed.

use std::ffi::{c_char, c_void};

use keylatch_core::{Error, KeySource, Secret, Transit, TransitToken};

use crate::error::keylatch_error;
use crate::guard::{argument, guard, lent, taken, text};
use crate::options::keylatch_options;
use crate::status::keylatch_status;

/// Takes the vault's key from a key of OpenBao's or Vault's Transit engine, which has sealed it: the key of this name on the server
/// at this address (HTTPS, or HTTP on loopback; both UTF-8), of the engine that is mounted at "transit". The key is one that an
/// administrator has made, of the type aes256-gcm96 (the default there) or another one with associated data, and not derived. The
/// server is asked once for each opening, within the timeout of these options. The functions with transit in their names
/// come after this one, and one of those that name the token must. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_transit(
    options: *mut keylatch_options,
    address: *const c_char,
    address_length: usize,
    key: *const c_char,
    key_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (address, key, options) = unsafe {
            (text("address", address, address_length)?, text("key", key, key_length)?, lent("options", options)?)
        };
        let token = TransitToken::Text(Secret::new(b"")); // none, which opening refuses
        options.0.lock().key = KeySource::Transit(Transit::new(address, key, token));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Changes the Transit key that these options name already.
fn change_transit(options: &keylatch_options, change: impl FnOnce(&mut Transit)) -> Result<(), Error> {
    match &mut options.0.lock().key {
        KeySource::Transit(transit) => {
            change(transit);
            Ok(())
        }
        _ => Err(argument("options", "name the Transit key first, with keylatch_options_set_transit")),
    }
}

/// Where the Transit engine is mounted (UTF-8). Default: "transit". Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_transit_mount(
    options: *mut keylatch_options,
    mount: *const c_char,
    mount_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (mount, options) = unsafe { (text("mount", mount, mount_length)?, lent("options", options)?) };
        change_transit(options, |transit| transit.mount = mount.to_owned())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// The namespace that the Transit engine is in (UTF-8), as X-Vault-Namespace. Default: none. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_transit_namespace(
    options: *mut keylatch_options,
    name: *const c_char,
    name_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (name, options) = unsafe { (text("name", name, name_length)?, lent("options", options)?) };
        change_transit(options, |transit| transit.namespace = Some(name.to_owned()))
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Gives the token that Transit is asked with.
///
/// It is copied, and the caller's buffer is wiped even where the call fails. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_take_transit_token(
    options: *mut keylatch_options,
    buffer: *mut c_void,
    length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (value, options) = unsafe { (taken("buffer", buffer, length)?, lent("options", options)?) };
        change_transit(options, |transit| transit.token = TransitToken::Text(value))
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Reads the token that Transit is asked with from the environment variable of this name, for each opening anew. None is looked
/// at unasked. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_transit_token_environment(
    options: *mut keylatch_options,
    name: *const c_char,
    name_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (name, options) = unsafe { (text("name", name, name_length)?, lent("options", options)?) };
        change_transit(options, |transit| transit.token = TransitToken::Environment(name.to_owned()))
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Reads the token that Transit is asked with from this file (UTF-8), as an agent writes it, for each opening anew. Copied.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_options_set_transit_token_file(
    options: *mut keylatch_options,
    path: *const c_char,
    path_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (path, options) = unsafe { (text("path", path, path_length)?, lent("options", options)?) };
        change_transit(options, |transit| transit.token = TransitToken::File(path.into()))
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}
