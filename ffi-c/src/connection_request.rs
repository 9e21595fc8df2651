//! Connection requests: what initiating and updating credentials answer.

use std::ffi::c_char;

use keylatch_core::ConnectionRequest;

use crate::evidence::Evidences;
use crate::guard::free;
use crate::out::{Json, Text, known_at, text_at, text_of, value_of};
use crate::status::keylatch_status;

/// The answer to keylatch_initiate_connection: ACTIVE at once, since there is nothing to redirect to.
pub struct keylatch_connection_request {
    status: Text,
    connected_account_id: Text,
    redirect_url: Option<Text>,
    verdict: Text,
    evidence: Evidences,
    account: Option<Text>,
    warnings: Vec<(Text, Text)>,
    json: Json<ConnectionRequest>,
}

impl keylatch_connection_request {
    pub(crate) fn new(request: ConnectionRequest) -> Self {
        Self {
            status: Text::new(request.connection_status.as_str()),
            connected_account_id: Text::new(&request.connected_account_id),
            redirect_url: Text::optional(request.redirect_url.as_deref()),
            verdict: Text::new(request.verdict.as_str()),
            evidence: Evidences::new(&request.evidence),
            account: Text::optional(request.account.as_deref()),
            warnings: request.warnings.iter().map(|w| (Text::new(&w.field), Text::new(&w.message))).collect(),
            json: Json::new(request),
        }
    }
}

/// "ACTIVE"; the set is open. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_status(
    request: *const keylatch_connection_request,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(request, text, length, |h| &h.status) }
}

/// Id of the connection. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_connected_account_id(
    request: *const keylatch_connection_request,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(request, text, length, |h| &h.connected_account_id) }
}

/// Where to send the user; for keys and tokens there is never anything. NULL where there is none. Borrowed until
/// the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_redirect_url(
    request: *const keylatch_connection_request,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(request, text, length, |h| h.redirect_url.as_ref()) }
}

/// What the provider said, such as "accepted". Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_verdict(
    request: *const keylatch_connection_request,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(request, text, length, |h| &h.verdict) }
}

/// Whose account it is, where the provider tells. NULL where there is none. Borrowed until the handle is freed.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_account(
    request: *const keylatch_connection_request,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(request, text, length, |h| h.account.as_ref()) }
}

/// Whether an existing connection got new credentials instead of a new one being made. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_is_replaced(
    request: *const keylatch_connection_request,
    out: *mut bool,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(request, out, |h| h.json.value.replaced) }
}

/// How many requests are behind the verdict. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_evidence_count(
    request: *const keylatch_connection_request,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(request, count, |h| h.evidence.len()) }
}

/// Method and path of a request behind the verdict, placeholders unfilled. Borrowed until the handle is freed.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_evidence_request(
    request: *const keylatch_connection_request,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(request, text, length, |h| h.evidence.request(index)) }
}

/// HTTP status of its answer; `*known` is false where there was none. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_evidence_status(
    request: *const keylatch_connection_request,
    index: usize,
    known: *mut bool,
    http_status: *mut u32,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(request, known, http_status, |h| h.evidence.status(index)) }
}

/// The server's own code where it does not speak HTTP, or why there was no answer; empty where there is nothing to say.
/// Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_evidence_detail(
    request: *const keylatch_connection_request,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(request, text, length, |h| h.evidence.detail(index)) }
}

/// What this answer alone means. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_evidence_verdict(
    request: *const keylatch_connection_request,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(request, text, length, |h| h.evidence.verdict(index)) }
}

/// How much was put right in the input. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_warning_count(
    request: *const keylatch_connection_request,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(request, count, |h| h.warnings.len()) }
}

/// Wire name of the field that a warning is about. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_warning_field(
    request: *const keylatch_connection_request,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(request, text, length, |h| h.warnings.get(index).map(|(field, _)| field)) }
}

/// What was put right. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_warning_message(
    request: *const keylatch_connection_request,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(request, text, length, |h| h.warnings.get(index).map(|(_, message)| message)) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_json(
    request: *const keylatch_connection_request,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(request, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connection_request_free(request: *mut keylatch_connection_request) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(request) }
}
