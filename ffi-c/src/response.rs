//! Responses: what the app answered.

use std::ffi::c_char;
use std::ptr;

use keylatch_core::Response;
use serde::Serialize;

use crate::guard::{Out, free, guard, lent};
use crate::out::{Json, Text, text_at, text_of, value_of};
use crate::status::keylatch_status;

/// What the app answered. Where it echoed the credential, `*` stands in its place.
pub struct keylatch_response {
    headers: Vec<(Text, Text)>,
    body: Box<[u8]>,
    json: Json<Head>,
}

#[derive(Serialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
    tries: u32,
}

impl keylatch_response {
    pub(crate) fn new(response: Response) -> Self {
        Self {
            headers: response.headers.iter().map(|(name, value)| (Text::new(name), Text::new(value))).collect(),
            body: response.body.into(),
            json: Json::new(Head { status: response.status, headers: response.headers, tries: response.tries }),
        }
    }
}

/// HTTP status. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_response_status(
    response: *const keylatch_response,
    http_status: *mut u32,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(response, http_status, |h| h.json.value.status.into()) }
}

/// How often the request was sent until this answer came. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_response_tries(
    response: *const keylatch_response,
    tries: *mut u32,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(response, tries, |h| h.json.value.tries) }
}

/// How many headers there are. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_response_header_count(
    response: *const keylatch_response,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(response, count, |h| h.headers.len()) }
}

/// Name of a header in lower case; a name may stand several times. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_response_header_name(
    response: *const keylatch_response,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(response, text, length, |h| h.headers.get(index).map(|(name, _)| name)) }
}

/// Value of a header. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_response_header_value(
    response: *const keylatch_response,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(response, text, length, |h| h.headers.get(index).map(|(_, value)| value)) }
}

/// The body, as it came: not NUL-terminated. `*bytes` is not NULL even where `*length` is 0. Borrowed until the handle
/// is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_response_body(
    response: *const keylatch_response,
    bytes: *mut *const u8,
    length: *mut usize,
) -> keylatch_status {
    let run = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (bytes, length) = unsafe { (Out::new(bytes, ptr::null()), Out::new(length, 0)) };
        let (bytes, length) = (bytes?, length?);
        // SAFETY: as above.
        let response = unsafe { lent("response", response) }?;
        bytes.give(response.body.as_ptr());
        length.give(response.body.len());
        Ok(())
    };
    // SAFETY: no place for an error.
    unsafe { guard(ptr::null_mut(), run) }
}

/// Status, headers and tries as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_response_json(
    response: *const keylatch_response,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(response, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_response_free(response: *mut keylatch_response) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(response) }
}
