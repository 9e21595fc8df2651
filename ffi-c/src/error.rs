//! Errors as objects: everything the core says about a failure, by getter.

use std::ffi::c_char;

use keylatch_core::{Error, ErrorKind, Upstream};

use crate::guard::free;
use crate::out::{Text, known_at, text_at, text_of, value_at, value_of};
use crate::status::keylatch_status;

/// What went wrong, and what to do. Safe to show and to log: no credential is ever in it, and what others said of the
/// call stands in it scrubbed and cut short.
///
/// Made by the call that failed and owned by its caller, who releases it with keylatch_error_free.
pub struct keylatch_error {
    kind: ErrorKind,
    code: Text,
    message: Text,
    fields: Vec<Text>,
    problems: Vec<Problem>,
    retry_after_ms: Option<u64>,
    connected_account_id: Option<Text>,
    candidates: Vec<Text>,
    near: Vec<Text>,
    verdict: Option<Text>,
    upstream: Option<UpstreamData>,
    json: Text,
}

struct Problem {
    field: Text,
    kind: ErrorKind,
    message: Text,
}

struct UpstreamData {
    status: u32,
    code: Option<i64>,
    slug: Option<Text>,
    message: Option<Text>,
    suggested_fix: Option<Text>,
    request_id: Option<Text>,
}

impl UpstreamData {
    fn new(upstream: &Upstream) -> Self {
        Self {
            status: upstream.status.into(),
            code: upstream.code,
            slug: Text::optional(upstream.slug.as_deref()),
            message: Text::optional(upstream.message.as_deref()),
            suggested_fix: Text::optional(upstream.suggested_fix.as_deref()),
            request_id: Text::optional(upstream.request_id.as_deref()),
        }
    }
}

impl keylatch_error {
    pub(crate) fn new(error: &Error) -> Self {
        Self {
            kind: error.kind(),
            code: Text::new(error.kind().code()),
            message: Text::new(error.message()),
            fields: Text::all(error.fields()),
            problems: error
                .problems()
                .iter()
                .map(|p| Problem { field: Text::new(&p.field), kind: p.code, message: Text::new(&p.message) })
                .collect(),
            retry_after_ms: error.retry_after().map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
            connected_account_id: Text::optional(error.connected_account_id()),
            candidates: Text::all(error.candidates()),
            near: Text::all(error.near()),
            verdict: error.verdict().map(|v| Text::new(v.as_str())),
            upstream: error.upstream().map(UpstreamData::new),
            json: Text::new(&error.to_json()),
        }
    }

    pub(crate) fn status(&self) -> keylatch_status {
        self.kind.number()
    }

    #[cfg(test)]
    pub(crate) fn json(&self) -> &str {
        self.json.as_str()
    }
}

/// The kind as a number, the same that the failed call returned. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_status(
    error: *const keylatch_error,
    out: *mut keylatch_status,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(error, out, |h| h.status()) }
}

/// The kind as stable text, such as "credentials_rejected". Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_code(
    error: *const keylatch_error,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(error, text, length, |h| &h.code) }
}

/// One line: what happened and what to do. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_message(
    error: *const keylatch_error,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(error, text, length, |h| &h.message) }
}

/// How many fields or arguments are concerned. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_field_count(
    error: *const keylatch_error,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(error, count, |h| h.fields.len()) }
}

/// Wire name of a field or argument concerned. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_field_at(
    error: *const keylatch_error,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(error, text, length, |h| h.fields.get(index)) }
}

/// How many problems the input has; all are reported at once. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_problem_count(
    error: *const keylatch_error,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(error, count, |h| h.problems.len()) }
}

/// Wire name of the field that a problem is about. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_problem_field(
    error: *const keylatch_error,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(error, text, length, |h| h.problems.get(index).map(|p| &p.field)) }
}

/// The kind of a problem. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_problem_status(
    error: *const keylatch_error,
    index: usize,
    out: *mut keylatch_status,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_at(error, out, |h| h.problems.get(index).map(|p| p.kind.number())) }
}

/// What is wrong with the field and what to do. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_problem_message(
    error: *const keylatch_error,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(error, text, length, |h| h.problems.get(index).map(|p| &p.message)) }
}

/// How long to wait before trying again; `*known` is false where nobody said so. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_retry_after_ms(
    error: *const keylatch_error,
    known: *mut bool,
    milliseconds: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(error, known, milliseconds, |h| Some(h.retry_after_ms)) }
}

/// The connection that stands in the way (already_exists). NULL where there is none. Borrowed until the handle is
/// freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_connected_account_id(
    error: *const keylatch_error,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(error, text, length, |h| h.connected_account_id.as_ref()) }
}

/// How many connections fit (ambiguous). Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_candidate_count(
    error: *const keylatch_error,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(error, count, |h| h.candidates.len()) }
}

/// Id of a connection that fits. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_candidate_at(
    error: *const keylatch_error,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(error, text, length, |h| h.candidates.get(index)) }
}

/// How many known names are near the unknown one. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_near_count(error: *const keylatch_error, count: *mut usize) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(error, count, |h| h.near.len()) }
}

/// A known name near the unknown one. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_near_at(
    error: *const keylatch_error,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(error, text, length, |h| h.near.get(index)) }
}

/// What the provider said, if it was asked. NULL where there is none. Borrowed until the handle is freed.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_verdict(
    error: *const keylatch_error,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(error, text, length, |h| h.verdict.as_ref()) }
}

/// The HTTP status of Composio's API; `*known` is false where it was not that which refused or failed the call.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_upstream_status(
    error: *const keylatch_error,
    known: *mut bool,
    http_status: *mut u32,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(error, known, http_status, |h| Some(h.upstream.as_ref().map(|u| u.status))) }
}

/// Composio's number for the problem, such as 612; `*known` is false where it gave none. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_upstream_code(
    error: *const keylatch_error,
    known: *mut bool,
    code: *mut i64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(error, known, code, |h| Some(h.upstream.as_ref().and_then(|u| u.code))) }
}

/// Composio's name for the problem. NULL where there is none. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_upstream_slug(
    error: *const keylatch_error,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(error, text, length, |h| h.upstream.as_ref().and_then(|u| u.slug.as_ref())) }
}

/// Composio's sentence on it. NULL where there is none. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_upstream_message(
    error: *const keylatch_error,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(error, text, length, |h| h.upstream.as_ref().and_then(|u| u.message.as_ref())) }
}

/// What Composio suggests to do. NULL where there is none. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_upstream_suggested_fix(
    error: *const keylatch_error,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(error, text, length, |h| h.upstream.as_ref().and_then(|u| u.suggested_fix.as_ref())) }
}

/// The id under which Composio's support finds the call. NULL where there is none. Borrowed until the handle is freed.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_upstream_request_id(
    error: *const keylatch_error,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(error, text, length, |h| h.upstream.as_ref().and_then(|u| u.request_id.as_ref())) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_json(
    error: *const keylatch_error,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(error, text, length, |h| &h.json) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_error_free(error: *mut keylatch_error) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(error) }
}
