//! Params: the values that the user typed, by wire name, on their way into a call.

use std::ffi::{c_char, c_void};

use keylatch_core::{Error, Input, Params, Secret};

use crate::error::keylatch_error;
use crate::guard::{Held, Out, free, guard, lent, taken, text};
use crate::out::value_of;
use crate::secret::keylatch_secret;
use crate::status::keylatch_status;

/// Credential values by wire name. The call that takes them empties them; what is left is wiped when they are freed.
///
/// A name that is given twice counts as the last.
pub struct keylatch_params(Held<Params>);

/// Takes the values out of what C gave; NULL stands for none.
///
/// # Safety
/// `params` is NULL or live.
pub(crate) unsafe fn emptied(params: *mut keylatch_params) -> Params {
    // SAFETY: passed on.
    unsafe { params.as_ref() }.map(|params| std::mem::take(&mut *params.0.lock())).unwrap_or_default()
}

/// Makes an empty set. The caller owns `*out` and releases it with keylatch_params_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_params_new(
    out: *mut *mut keylatch_params,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_params(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Copies `length` bytes as the value of a field and wipes the caller's buffer. The recommended way in.
///
/// The buffer is wiped even where the call fails. Thread-safe, but nobody else may use the buffer meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_params_take(
    params: *mut keylatch_params,
    name: *const c_char,
    name_length: usize,
    buffer: *mut c_void,
    length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let value = unsafe { taken("buffer", buffer, length) };
        // SAFETY: as above.
        unsafe { put(params, name, name_length, || Ok(Input::Text { value: value?, wipeable: true })) }
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Copies a secret as the value of a field. The secret stays the caller's. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_params_secret(
    params: *mut keylatch_params,
    name: *const c_char,
    name_length: usize,
    secret: *const keylatch_secret,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let secret = unsafe { lent("secret", secret) }?;
        let value = || Ok(Input::Text { value: secret.0.duplicate(), wipeable: true });
        // SAFETY: as above.
        unsafe { put(params, name, name_length, value) }
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Copies text as the value of a field. For literals and for values that are no secret: the caller's text cannot be
/// wiped, and a client with strict secrets refuses it for fields that are secret. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_params_text(
    params: *mut keylatch_params,
    name: *const c_char,
    name_length: usize,
    value: *const c_char,
    value_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let value = unsafe { text("value", value, value_length) }?;
        let value = || Ok(Input::Text { value: Secret::new(value.as_bytes()), wipeable: false });
        // SAFETY: as above.
        unsafe { put(params, name, name_length, value) }
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// A whole number as the value of a field. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_params_integer(
    params: *mut keylatch_params,
    name: *const c_char,
    name_length: usize,
    value: i64,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    let body = || unsafe { put(params, name, name_length, || Ok(Input::Scalar(value.to_string()))) };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// A number as the value of a field; one that is not finite is refused with the other problems of the input. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_params_number(
    params: *mut keylatch_params,
    name: *const c_char,
    name_length: usize,
    value: f64,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    let body = || unsafe { put(params, name, name_length, || Ok(number(value))) };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// A truth value as the value of a field. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_params_boolean(
    params: *mut keylatch_params,
    name: *const c_char,
    name_length: usize,
    value: bool,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    let body = || unsafe { put(params, name, name_length, || Ok(Input::Scalar(value.to_string()))) };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// A value of a type that no field takes. For bindings of dynamic languages, so that the wrong type is reported with
/// all other problems of the input; `type_name` says what it is in the host's words, such as "a list". Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_params_other(
    params: *mut keylatch_params,
    name: *const c_char,
    name_length: usize,
    type_name: *const c_char,
    type_name_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let kind = unsafe { text("type_name", type_name, type_name_length) }?;
        // SAFETY: as above.
        unsafe { put(params, name, name_length, || Ok(Input::Unfit(kind.to_owned()))) }
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Whether there are no values, as after a call that took them. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_params_is_empty(params: *const keylatch_params, out: *mut bool) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(params, out, |h| h.0.lock().is_empty()) }
}

/// Wipes what is left and releases it; NULL is a no-op. Nobody may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_params_free(params: *mut keylatch_params) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(params) }
}

fn number(value: f64) -> Input {
    match serde_json::Number::from_f64(value) {
        Some(number) => Input::Scalar(number.to_string()),
        None => Input::Unfit("a number that is not finite".to_owned()),
    }
}

/// Puts a value under a name.
///
/// # Safety
/// `params` is NULL or live; `name` is NULL or has `name_length` bytes.
unsafe fn put(
    params: *mut keylatch_params,
    name: *const c_char,
    name_length: usize,
    value: impl FnOnce() -> Result<Input, Error>,
) -> Result<(), Error> {
    // SAFETY: passed on.
    let (name, params) = unsafe { (text("name", name, name_length)?, lent("params", params)?) };
    let value = value()?;
    params.0.lock().insert(name, value);
    Ok(())
}
