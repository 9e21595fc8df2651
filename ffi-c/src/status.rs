//! Status numbers, verification modes and the version, as C sees them.

use std::ffi::c_char;
use std::ptr;

use keylatch_core::{Error, Verify};

use crate::guard::{Out, argument, guard};

/// What every function returns: KEYLATCH_OK, or the number of an error kind. Numbers are never reused.
pub type keylatch_status = u32;

/// It worked.
pub const KEYLATCH_OK: keylatch_status = 0;
/// An argument is missing, malformed or contradicts another one.
pub const KEYLATCH_INVALID_ARGUMENT: keylatch_status = 1;
/// Required fields were not given.
pub const KEYLATCH_MISSING_FIELDS: keylatch_status = 2;
/// A field was given that the app does not have.
pub const KEYLATCH_UNKNOWN_FIELD: keylatch_status = 3;
/// A field's value cannot be right.
pub const KEYLATCH_INVALID_FIELD: keylatch_status = 4;
/// No app of that name; `near` has names like it.
pub const KEYLATCH_UNKNOWN_APP: keylatch_status = 5;
/// The app exists but not with that auth scheme.
pub const KEYLATCH_UNSUPPORTED_SCHEME: keylatch_status = 6;
/// No integration or connection that fits.
pub const KEYLATCH_NOT_FOUND: keylatch_status = 7;
/// Several connections fit and none was named; `candidates` lists them.
pub const KEYLATCH_AMBIGUOUS: keylatch_status = 8;
/// There is one already; `connected_account_id` names it.
pub const KEYLATCH_ALREADY_EXISTS: keylatch_status = 9;
/// The provider refused the credentials.
pub const KEYLATCH_CREDENTIALS_REJECTED: keylatch_status = 10;
/// The provider could not be asked, or what answered is not the provider.
pub const KEYLATCH_PROVIDER_UNREACHABLE: keylatch_status = 11;
/// The host is not one that this call may talk to.
pub const KEYLATCH_FORBIDDEN_HOST: keylatch_status = 12;
/// The backend refused the developer's own key.
pub const KEYLATCH_UNAUTHORIZED: keylatch_status = 13;
/// Too many requests; `retry_after` says when to try again, where known.
pub const KEYLATCH_RATE_LIMITED: keylatch_status = 14;
/// The backend failed.
pub const KEYLATCH_SERVER: keylatch_status = 15;
/// No answer within the time allowed.
pub const KEYLATCH_TIMEOUT: keylatch_status = 16;
/// It cannot be known whether the call acted.
pub const KEYLATCH_INDETERMINATE: keylatch_status = 17;
/// The caller cancelled.
pub const KEYLATCH_CANCELLED: keylatch_status = 18;
/// The vault's key is not available.
pub const KEYLATCH_VAULT_LOCKED: keylatch_status = 19;
/// The key given is not this vault's key.
pub const KEYLATCH_WRONG_KEY: keylatch_status = 20;
/// A stored record does not open.
pub const KEYLATCH_CORRUPT_RECORD: keylatch_status = 21;
/// The store cannot be read or written.
pub const KEYLATCH_STORAGE: keylatch_status = 22;
/// The client is closed.
pub const KEYLATCH_CLOSED: keylatch_status = 23;
/// A defect in Keylatch.
pub const KEYLATCH_INTERNAL: keylatch_status = 24;
/// The app did not do what the action asked; the message says why, where it told.
pub const KEYLATCH_ACTION_FAILED: keylatch_status = 25;

/// Ask the provider where the app has a check; refuse what it rejects and what is not the provider. The default.
pub const KEYLATCH_VERIFY_AUTO: u32 = 0;
/// Take only what the provider has accepted.
pub const KEYLATCH_VERIFY_REQUIRED: u32 = 1;
/// Do not ask.
pub const KEYLATCH_VERIFY_OFF: u32 = 2;

/// The mode of this number; any number may come from C.
pub(crate) fn verify(number: u32) -> Result<Verify, Error> {
    match number {
        KEYLATCH_VERIFY_AUTO => Ok(Verify::Auto),
        KEYLATCH_VERIFY_REQUIRED => Ok(Verify::Required),
        KEYLATCH_VERIFY_OFF => Ok(Verify::Off),
        _ => Err(argument("verify", "must be KEYLATCH_VERIFY_AUTO, _REQUIRED or _OFF")),
    }
}

/// The version of the library that is linked, to compare with KEYLATCH_VERSION. Never freed. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn keylatch_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The version as a number, to compare with KEYLATCH_VERSION_NUMBER: 1000000 major + 1000 minor + patch. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn keylatch_version_number() -> u32 {
    let part = |text: &str| text.parse::<u32>().unwrap_or(0);
    part(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
        + part(env!("CARGO_PKG_VERSION_MINOR")) * 1_000
        + part(env!("CARGO_PKG_VERSION_PATCH"))
}

/// The stable text of a status, such as "credentials_rejected", or "ok". Never freed. Thread-safe.
///
/// KEYLATCH_INVALID_ARGUMENT for a number that is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_status_code(status: keylatch_status, text: *mut *const c_char) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let out = unsafe { Out::new(text, ptr::null()) }?;
        let found = CODES.iter().find(|(number, _)| *number == status);
        let (_, code) = found.ok_or_else(|| argument("status", "is no status of this version"))?;
        out.give(code.as_ptr().cast());
        Ok(())
    };
    // SAFETY: no place for an error.
    unsafe { guard(ptr::null_mut(), body) }
}

/// Their texts, each with a NUL at its end.
const CODES: &[(keylatch_status, &str)] = &[
    (KEYLATCH_OK, "ok\0"),
    (KEYLATCH_INVALID_ARGUMENT, "invalid_argument\0"),
    (KEYLATCH_MISSING_FIELDS, "missing_fields\0"),
    (KEYLATCH_UNKNOWN_FIELD, "unknown_field\0"),
    (KEYLATCH_INVALID_FIELD, "invalid_field\0"),
    (KEYLATCH_UNKNOWN_APP, "unknown_app\0"),
    (KEYLATCH_UNSUPPORTED_SCHEME, "unsupported_scheme\0"),
    (KEYLATCH_NOT_FOUND, "not_found\0"),
    (KEYLATCH_AMBIGUOUS, "ambiguous\0"),
    (KEYLATCH_ALREADY_EXISTS, "already_exists\0"),
    (KEYLATCH_CREDENTIALS_REJECTED, "credentials_rejected\0"),
    (KEYLATCH_PROVIDER_UNREACHABLE, "provider_unreachable\0"),
    (KEYLATCH_FORBIDDEN_HOST, "forbidden_host\0"),
    (KEYLATCH_UNAUTHORIZED, "unauthorized\0"),
    (KEYLATCH_RATE_LIMITED, "rate_limited\0"),
    (KEYLATCH_SERVER, "server\0"),
    (KEYLATCH_TIMEOUT, "timeout\0"),
    (KEYLATCH_INDETERMINATE, "indeterminate\0"),
    (KEYLATCH_CANCELLED, "cancelled\0"),
    (KEYLATCH_VAULT_LOCKED, "vault_locked\0"),
    (KEYLATCH_WRONG_KEY, "wrong_key\0"),
    (KEYLATCH_CORRUPT_RECORD, "corrupt_record\0"),
    (KEYLATCH_STORAGE, "storage\0"),
    (KEYLATCH_CLOSED, "closed\0"),
    (KEYLATCH_INTERNAL, "internal\0"),
    (KEYLATCH_ACTION_FAILED, "action_failed\0"),
];

#[cfg(test)]
mod tests {
    use keylatch_core::ErrorKind;

    use super::*;

    #[test]
    fn every_kind_has_its_number_and_text_here() {
        assert_eq!(ErrorKind::ALL.len() + 1, CODES.len());
        for kind in ErrorKind::ALL {
            assert!(CODES.contains(&(kind.number(), &format!("{}\0", kind.code()))), "{kind}");
        }
    }
}
