//! The vault itself: a copy for safe keeping, and what there is to say of its state.

use std::ffi::c_char;
use std::path::Path;

use keylatch_core::{Diagnosis, Options};

use crate::client::{act_with_text, keylatch_client};
use crate::error::keylatch_error;
use crate::guard::{Out, guard_call, lent};
use crate::options::keylatch_options;
use crate::out::{Json, Text};
use crate::status::keylatch_status;

/// Writes the vault as it is at this moment to a new file at `path` (UTF-8), while this and other clients go on: whole and on
/// disk when the call returns, or not there. The backup opens as a vault, with the same key; a key file is not copied.
///
/// Thread-safe. Errors: already_exists where there is a file; storage; invalid_argument where the folder is not there, and on
/// Composio's API, where there is no vault.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_client_backup(
    client: *const keylatch_client,
    path: *const c_char,
    path_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let given = ("path", path, path_length);
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { act_with_text(client, given, error, |client, path| client.backup(Path::new(path))) }
}

/// The state of a vault: what is there, whether it fits together, and what to do where it does not. It holds ids and paths,
/// never a credential or a key.
pub struct keylatch_diagnosis {
    pub(crate) path: Text,
    pub(crate) mode: Option<Text>,
    pub(crate) folder_mode: Option<Text>,
    pub(crate) key_source: Text,
    pub(crate) key_file: Option<Text>,
    pub(crate) damaged_integrations: Vec<Text>,
    pub(crate) damaged_connections: Vec<Text>,
    pub(crate) warnings: Vec<Text>,
    pub(crate) json: Json<Diagnosis>,
}

impl keylatch_diagnosis {
    fn new(found: Diagnosis) -> Self {
        Self {
            path: Text::new(&found.path),
            mode: Text::optional(found.mode.as_deref()),
            folder_mode: Text::optional(found.folder_mode.as_deref()),
            key_source: Text::new(&found.key_source),
            key_file: Text::optional(found.key_file.as_deref()),
            damaged_integrations: Text::all(&found.damaged_integrations),
            damaged_connections: Text::all(&found.damaged_connections),
            warnings: Text::all(&found.warnings),
            json: Json::new(found),
        }
    }
}

/// The state of the vault that the client has open. Looks at every record.
///
/// The caller owns `*out` and releases it with keylatch_diagnosis_free. Thread-safe.
/// Errors: closed; invalid_argument on Composio's API, where there is no vault. What is wrong with the vault is told in the
/// diagnosis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_client_diagnose(
    client: *const keylatch_client,
    out: *mut *mut keylatch_diagnosis,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (out, client) = unsafe { (Out::handle(out)?, lent("client", client)?) };
        out.give_new(keylatch_diagnosis::new(client.0.diagnose()?));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard_call(error, body) }
}

/// The state of the vault that `options` name (NULL for the defaults), whether or not it opens. Nothing is made, and nothing is
/// changed.
///
/// The caller owns `*out` and releases it with keylatch_diagnosis_free. Thread-safe.
/// Errors: invalid_argument for a path that cannot be, and for a project on Composio's API. What is wrong with the vault is told
/// in the diagnosis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_diagnose(
    options: *const keylatch_options,
    out: *mut *mut keylatch_diagnosis,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (out, options) = unsafe { (Out::handle(out)?, options.as_ref()) };
        let options = options.map_or_else(|| Ok(Options::default()), keylatch_options::copy)?;
        out.give_new(keylatch_diagnosis::new(keylatch_core::diagnose(&options)?));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard_call(error, body) }
}
