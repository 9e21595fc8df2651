//! The border: pointers from C become checked Rust values here, and neither a panic nor a Rust error gets past it.

use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keylatch_core::{Error, ErrorKind, Secret};
use zeroize::Zeroize;

use crate::error::keylatch_error;
use crate::signals::NoSigpipe;
use crate::status::{KEYLATCH_OK, keylatch_status};

/// An argument that cannot even be handed to the core; `name` as the header has it.
pub(crate) fn argument(name: &'static str, problem: &'static str) -> Error {
    Error::argument(name, format!("`{name}` {problem}"))
}

/// Runs the body of an exported function: clears `*error`, turns failures and panics into a status and an error object.
///
/// # Safety
/// `error` is NULL or can be written.
pub(crate) unsafe fn guard(
    error: *mut *mut keylatch_error,
    body: impl FnOnce() -> Result<(), Error>,
) -> keylatch_status {
    if !error.is_null() {
        // SAFETY: not NULL, and the caller vouches for the rest.
        unsafe { error.write(ptr::null_mut()) };
    }
    // What a panic says may quote what it stumbled over, so it is dropped unread.
    let outcome = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        std::mem::forget(payload); // its destructor could panic again
        Err(Error::new(ErrorKind::Internal, "a defect in Keylatch ended this call; please report it"))
    });
    let Err(failure) = outcome else { return KEYLATCH_OK };
    let made = catch_unwind(AssertUnwindSafe(|| keylatch_error::new(&failure)));
    match made {
        Ok(made) => {
            let status = made.status();
            if !error.is_null() {
                // SAFETY: as above.
                unsafe { error.write(Box::into_raw(Box::new(made))) };
            }
            status
        }
        Err(payload) => {
            std::mem::forget(payload);
            ErrorKind::Internal.number()
        }
    }
}

/// As [`guard`], for what may reach the network, or start the threads that do.
///
/// # Safety
/// As for [`guard`].
pub(crate) unsafe fn guard_call(
    error: *mut *mut keylatch_error,
    body: impl FnOnce() -> Result<(), Error>,
) -> keylatch_status {
    let _quiet = NoSigpipe::new();
    // SAFETY: passed on.
    unsafe { guard(error, body) }
}

/// Where a result goes: checked and cleared at once, written only on success.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// # Safety
    /// `place` is NULL or can be written.
    pub(crate) unsafe fn new(place: *mut T, empty: T) -> Result<Self, Error> {
        if place.is_null() {
            return Err(argument("out", "is NULL: there is nowhere to put the result"));
        }
        // SAFETY: not NULL, and the caller vouches for the rest.
        unsafe { place.write(empty) };
        Ok(Self(place))
    }

    pub(crate) fn give(self, value: T) {
        // SAFETY: checked in `new`, and the exported function that holds us has not returned yet.
        unsafe { self.0.write(value) };
    }
}

impl<H> Out<*mut H> {
    /// # Safety
    /// `place` is NULL or can be written.
    pub(crate) unsafe fn handle(place: *mut *mut H) -> Result<Self, Error> {
        // SAFETY: passed on.
        unsafe { Self::new(place, ptr::null_mut()) }
    }

    /// Hands a new handle to the caller, who owns it from now on.
    pub(crate) fn give_new(self, handle: H) {
        self.give(Box::into_raw(Box::new(handle)));
    }
}

/// A handle that C lends us for one call.
///
/// # Safety
/// `handle` is NULL or a live handle of this library, and stays live for `'h`.
pub(crate) unsafe fn lent<'h, H>(name: &'static str, handle: *const H) -> Result<&'h H, Error> {
    // SAFETY: passed on.
    unsafe { handle.as_ref() }.ok_or_else(|| argument(name, "is NULL"))
}

/// Frees a handle; NULL is nothing to free.
///
/// # Safety
/// `handle` is NULL or a live handle of this library that nobody uses any more.
pub(crate) unsafe fn free<H>(handle: *mut H) {
    if !handle.is_null() {
        // SAFETY: handles are made by `Out::give_new` and the guard only, and the caller gives this one back.
        let boxed = unsafe { Box::from_raw(handle) };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(boxed))) {
            std::mem::forget(payload);
        }
    }
}

/// Bytes that C lends us for one call.
///
/// # Safety
/// `pointer` is NULL or points to `length` readable bytes that nobody writes during `'b`.
pub(crate) unsafe fn bytes<'b>(name: &'static str, pointer: *const c_void, length: usize) -> Result<&'b [u8], Error> {
    if length == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(argument(name, "is NULL but its length is not 0"));
    }
    if isize::try_from(length).is_err() {
        return Err(argument(name, "has a length that no memory block can have"));
    }
    // SAFETY: not NULL, a possible length, and the caller vouches for the rest.
    Ok(unsafe { std::slice::from_raw_parts(pointer.cast(), length) })
}

/// Text that C lends us for one call.
///
/// # Safety
/// As for [`bytes`].
pub(crate) unsafe fn text<'t>(name: &'static str, pointer: *const c_char, length: usize) -> Result<&'t str, Error> {
    // SAFETY: passed on.
    let bytes = unsafe { bytes(name, pointer.cast(), length) }?;
    std::str::from_utf8(bytes).map_err(|_| argument(name, "is not UTF-8"))
}

/// A credential out of a buffer of the caller's, which is wiped.
///
/// # Safety
/// `pointer` is NULL or points to `length` bytes that can be written and that nobody else uses meanwhile.
pub(crate) unsafe fn taken(name: &'static str, pointer: *mut c_void, length: usize) -> Result<Secret, Error> {
    // SAFETY: passed on.
    let secret = Secret::new(unsafe { bytes(name, pointer, length) }?);
    if length > 0 {
        // SAFETY: `bytes` found pointer and length fit, its slice is no longer used, and the block can be written.
        unsafe { std::slice::from_raw_parts_mut(pointer.cast::<u8>(), length) }.zeroize();
    }
    Ok(secret)
}

/// What setters change. The lock makes even a careless use from several threads well-defined.
#[derive(Default)]
pub(crate) struct Held<T>(Mutex<T>);

impl<T> Held<T> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        // Setters assign whole values, so what a panic left behind is still sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::keylatch_error_free;

    #[test]
    fn a_panic_becomes_internal_and_its_text_is_not_shown() {
        let mut error = ptr::null_mut();
        // SAFETY: `error` is a place of ours.
        let status = unsafe { guard(&raw mut error, || panic!("sk_live_canary")) };
        assert_eq!(status, ErrorKind::Internal.number());
        // SAFETY: the guard has just made it.
        let shown = unsafe { lent("error", error) }.map(|e| e.json().to_owned());
        assert!(shown.is_ok_and(|json| json.contains("internal") && !json.contains("canary")));
        // SAFETY: made above, freed once.
        unsafe { keylatch_error_free(error) };
    }

    #[test]
    fn a_panic_without_a_place_for_the_error_is_a_status() {
        // SAFETY: NULL is allowed.
        let status = unsafe { guard(ptr::null_mut(), || panic!("no place")) };
        assert_eq!(status, ErrorKind::Internal.number());
    }

    #[test]
    fn taking_wipes_the_buffer() {
        let mut typed = *b"sk_test_123";
        // SAFETY: a buffer of ours.
        let secret = unsafe { taken("buffer", typed.as_mut_ptr().cast(), typed.len()) };
        assert!(secret.is_ok_and(|s| s.expose() == b"sk_test_123"));
        assert_eq!(typed, [0; 11]);
    }

    #[test]
    fn null_is_fine_only_without_a_length() {
        // SAFETY: NULL is checked.
        unsafe {
            assert!(text("name", ptr::null(), 0).is_ok_and(str::is_empty));
            assert!(text("name", ptr::null(), 1).is_err());
            assert!(text("name", c"x".as_ptr(), usize::MAX).is_err());
        }
    }
}
