//! Secrets: credentials in memory that are wiped when freed.

use std::ffi::c_void;

use keylatch_core::Secret;

use crate::error::keylatch_error;
use crate::guard::{Out, free, guard, lent, taken};
use crate::out::value_of;
use crate::status::keylatch_status;

/// A credential. Its content is wiped when it is freed.
pub struct keylatch_secret(pub(crate) Secret);

/// Copies `length` bytes into a guarded buffer and wipes the caller's. The recommended way in for every credential.
///
/// The caller owns `*out` and releases it with keylatch_secret_free. Thread-safe, but nobody else may use the buffer
/// meanwhile. The buffer is wiped even where `out` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_secret_take(
    buffer: *mut c_void,
    length: usize,
    out: *mut *mut keylatch_secret,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (out, secret) = unsafe { (Out::handle(out), taken("buffer", buffer, length)) };
        out?.give_new(keylatch_secret(secret?));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// How many bytes it has. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_secret_length(secret: *const keylatch_secret, length: *mut usize) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(secret, length, |h| h.0.len()) }
}

/// Its content: `*length` bytes, not ended by a zero. Borrowed until the secret is freed. Name the reason where you call it, and
/// let no copy outlive the need. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_secret_expose(
    secret: *const keylatch_secret,
    bytes: *mut *const c_void,
    length: *mut usize,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (bytes, length) = unsafe { (Out::new(bytes, std::ptr::null()), Out::new(length, 0)) };
        let (bytes, length) = (bytes?, length?);
        // SAFETY: as above.
        let content = unsafe { lent("secret", secret) }?.0.expose(); // expose: the host asks
        bytes.give(content.as_ptr().cast());
        length.give(content.len());
        Ok(())
    };
    // SAFETY: no place for an error.
    unsafe { guard(std::ptr::null_mut(), body) }
}

/// Whether two secrets are the same, compared in constant time. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_secret_equals(
    secret: *const keylatch_secret,
    other: *const keylatch_secret,
    out: *mut bool,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (out, one, other) = unsafe { (Out::new(out, false)?, lent("secret", secret)?, lent("other", other)?) };
        out.give(one.0 == other.0);
        Ok(())
    };
    // SAFETY: no place for an error.
    unsafe { guard(std::ptr::null_mut(), body) }
}

/// Wipes and releases it; NULL is a no-op. Nobody may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_secret_free(secret: *mut keylatch_secret) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(secret) }
}
