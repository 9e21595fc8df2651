//! Verifying: asking the provider again.

use std::ffi::c_char;

use keylatch_core::{Client, Verification};

use crate::client::{call_with_text, keylatch_client};
use crate::error::keylatch_error;
use crate::evidence::Evidences;
use crate::guard::free;
use crate::out::{Json, Text, known_at, text_at, text_of, value_of};
use crate::status::keylatch_status;

/// The answer to a renewed check of a connection.
pub struct keylatch_verification {
    connected_account_id: Text,
    status: Text,
    verdict: Text,
    verified_at: Option<Text>,
    account: Option<Text>,
    evidence: Evidences,
    json: Json<Verification>,
}

impl keylatch_verification {
    fn new(verification: Verification) -> Self {
        Self {
            connected_account_id: Text::new(&verification.connected_account_id),
            status: Text::new(verification.status.as_str()),
            verdict: Text::new(verification.verdict.as_str()),
            verified_at: Text::optional(verification.verified_at.as_deref()),
            account: Text::optional(verification.account.as_deref()),
            evidence: Evidences::new(&verification.evidence),
            json: Json::new(verification),
        }
    }
}

/// Asks the provider again: a refusal makes the connection EXPIRED, an acceptance ACTIVE again.
///
/// The caller owns `*out` and releases it with keylatch_verification_free. Thread-safe.
/// Errors: not_found, corrupt_record, forbidden_host.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_connected_accounts_verify(
    client: *const keylatch_client,
    connected_account_id: *const c_char,
    connected_account_id_length: usize,
    out: *mut *mut keylatch_verification,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let given = ("connected_account_id", connected_account_id, connected_account_id_length);
    let call = |client: &Client, id: &str| client.verify_connection(id).map(keylatch_verification::new);
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_text(client, given, out, error, call) }
}

/// Id of the connection. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_verification_connected_account_id(
    verification: *const keylatch_verification,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(verification, text, length, |h| &h.connected_account_id) }
}

/// Its status after the check; the set is open. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_verification_status(
    verification: *const keylatch_verification,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(verification, text, length, |h| &h.status) }
}

/// What the provider said, such as "accepted". Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_verification_verdict(
    verification: *const keylatch_verification,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(verification, text, length, |h| &h.verdict) }
}

/// When (RFC 3339, UTC). NULL where there is none. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_verification_verified_at(
    verification: *const keylatch_verification,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(verification, text, length, |h| h.verified_at.as_ref()) }
}

/// Whose account it is, where the provider tells. NULL where there is none. Borrowed until the handle is freed.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_verification_account(
    verification: *const keylatch_verification,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(verification, text, length, |h| h.account.as_ref()) }
}

/// How many requests are behind the verdict. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_verification_evidence_count(
    verification: *const keylatch_verification,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(verification, count, |h| h.evidence.len()) }
}

/// Method and path of a request behind the verdict, placeholders unfilled. Borrowed until the handle is freed.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_verification_evidence_request(
    verification: *const keylatch_verification,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(verification, text, length, |h| h.evidence.request(index)) }
}

/// HTTP status of its answer; `*known` is false where there was none. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_verification_evidence_status(
    verification: *const keylatch_verification,
    index: usize,
    known: *mut bool,
    http_status: *mut u32,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(verification, known, http_status, |h| h.evidence.status(index)) }
}

/// The server's own code where it does not speak HTTP, or why there was no answer; empty where there is nothing to say.
/// Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_verification_evidence_detail(
    verification: *const keylatch_verification,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(verification, text, length, |h| h.evidence.detail(index)) }
}

/// What this answer alone means. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_verification_evidence_verdict(
    verification: *const keylatch_verification,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(verification, text, length, |h| h.evidence.verdict(index)) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_verification_json(
    verification: *const keylatch_verification,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(verification, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_verification_free(verification: *mut keylatch_verification) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(verification) }
}
