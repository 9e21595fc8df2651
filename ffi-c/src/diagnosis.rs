//! What a diagnosis of a vault says, one getter each.

use std::ffi::c_char;

use crate::guard::free;
use crate::out::{known_at, text_at, text_of, value_of};
use crate::status::keylatch_status;
use crate::vault::keylatch_diagnosis;

/// The vault's file, as a path from the root. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_path(
    diagnosis: *const keylatch_diagnosis,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(diagnosis, text, length, |h| &h.path) }
}

/// Whether the file is there. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_exists(
    diagnosis: *const keylatch_diagnosis,
    exists: *mut bool,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(diagnosis, exists, |h| h.json.value.exists) }
}

/// Size of the file in bytes, without its log; `*known` is false where the file is not there. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_size(
    diagnosis: *const keylatch_diagnosis,
    known: *mut bool,
    size: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(diagnosis, known, size, |h| Some(h.json.value.size)) }
}

/// Who may do what with the file, as chmod writes it, such as "600"; NULL where that is not known, as on Windows. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_mode(
    diagnosis: *const keylatch_diagnosis,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(diagnosis, text, length, |h| h.mode.as_ref()) }
}

/// The same of the folder that the file is in; NULL where that is not known. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_folder_mode(
    diagnosis: *const keylatch_diagnosis,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(diagnosis, text, length, |h| h.folder_mode.as_ref()) }
}

/// The version of the vault's file; `*known` is false where it cannot be read. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_format(
    diagnosis: *const keylatch_diagnosis,
    known: *mut bool,
    format: *mut i64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(diagnosis, known, format, |h| Some(h.json.value.format)) }
}

/// Whether the file's structure is whole; `*known` is false where it could not be looked at. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_intact(
    diagnosis: *const keylatch_diagnosis,
    known: *mut bool,
    intact: *mut bool,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(diagnosis, known, intact, |h| Some(h.json.value.intact)) }
}

/// Where the key comes from: "file", "bytes", "environment", "passphrase", "keyring" or "transit". Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_key_source(
    diagnosis: *const keylatch_diagnosis,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(diagnosis, text, length, |h| &h.key_source) }
}

/// The key file; NULL where the key comes from elsewhere. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_key_file(
    diagnosis: *const keylatch_diagnosis,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(diagnosis, text, length, |h| h.key_file.as_ref()) }
}

/// Whether the key opens the vault; `*known` is false where that could not be tried. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_key_fits(
    diagnosis: *const keylatch_diagnosis,
    known: *mut bool,
    key_fits: *mut bool,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(diagnosis, known, key_fits, |h| Some(h.json.value.key_fits)) }
}

/// How many data keys there are: one, or more while a rotation is under way and where records do not open; `*known` is false where
/// that could not be found out. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_data_keys(
    diagnosis: *const keylatch_diagnosis,
    known: *mut bool,
    count: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(diagnosis, known, count, |h| Some(h.json.value.data_keys)) }
}

/// How many records are sealed with another data key than the newest; `*known` is false where that could not be found out.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_older_records(
    diagnosis: *const keylatch_diagnosis,
    known: *mut bool,
    count: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(diagnosis, known, count, |h| Some(h.json.value.older_records)) }
}

/// How many integrations there are; `*known` is false where they could not be counted. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_integrations(
    diagnosis: *const keylatch_diagnosis,
    known: *mut bool,
    integrations: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(diagnosis, known, integrations, |h| Some(h.json.value.integrations)) }
}

/// How many connections there are; `*known` is false where they could not be counted. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_connections(
    diagnosis: *const keylatch_diagnosis,
    known: *mut bool,
    connections: *mut u64,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(diagnosis, known, connections, |h| Some(h.json.value.connections)) }
}

/// How many integrations do not open. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_damaged_integration_count(
    diagnosis: *const keylatch_diagnosis,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(diagnosis, count, |h| h.damaged_integrations.len()) }
}

/// Id of an integration that does not open; its connections do not open either. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_damaged_integration_at(
    diagnosis: *const keylatch_diagnosis,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(diagnosis, text, length, |h| h.damaged_integrations.get(index)) }
}

/// How many connections have a record of their own that does not open. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_damaged_connection_count(
    diagnosis: *const keylatch_diagnosis,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(diagnosis, count, |h| h.damaged_connections.len()) }
}

/// Id of a connection whose own record does not open. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_damaged_connection_at(
    diagnosis: *const keylatch_diagnosis,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(diagnosis, text, length, |h| h.damaged_connections.get(index)) }
}

/// Whether the vault's key is in memory that is not swapped out; `*known` is false where no key is held. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_memory_locked(
    diagnosis: *const keylatch_diagnosis,
    known: *mut bool,
    memory_locked: *mut bool,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { known_at(diagnosis, known, memory_locked, |h| Some(h.json.value.memory_locked)) }
}

/// How many warnings there are: 0 where all is well. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_warning_count(
    diagnosis: *const keylatch_diagnosis,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(diagnosis, count, |h| h.warnings.len()) }
}

/// One thing that is wrong, in a sentence that says what to do. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_warning_at(
    diagnosis: *const keylatch_diagnosis,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(diagnosis, text, length, |h| h.warnings.get(index)) }
}

/// The whole as JSON text. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_json(
    diagnosis: *const keylatch_diagnosis,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(diagnosis, text, length, |h| h.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnosis_free(diagnosis: *mut keylatch_diagnosis) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(diagnosis) }
}
