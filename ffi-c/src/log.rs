//! Logs: what the library does, for a host of any kind.

use std::ffi::{c_char, c_void};
use std::ptr;

use keylatch_core::{FieldValue, LogLevel, LogRecord, OnLog};
use serde_json::{Map, Value};

use crate::error::keylatch_error;
use crate::guard::{guard, text};
use crate::out::Text;
use crate::status::keylatch_status;

/// Told of something that happened. `level` is error, warn, info, debug or trace; `target` the part of the library, such as
/// keylatch::http; `operation` the call during which it was, as docs/calls.md names it, or NULL; `message` what happened, finished at
/// the end of an operation; `fields_json` an object of names, OpenTelemetry's where it has one, to texts, numbers and booleans.
/// Never with a credential, a user's id, a URL, or what an app or a server said. The texts are NUL-terminated and borrowed for the
/// time of the call.
pub type keylatch_on_log = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        level: *const c_char,
        target: *const c_char,
        operation: *const c_char,
        message: *const c_char,
        fields_json: *const c_char,
    ),
>;

/// What is to be told, and with what. C vouches for both.
struct Listener {
    tell: unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char, *const c_char, *const c_char, *const c_char),
    user_data: *mut c_void,
}

// SAFETY: keylatch_set_log asks for a function that may be called from any thread, also from several at once.
unsafe impl Send for Listener {}
// SAFETY: as above.
unsafe impl Sync for Listener {}

impl Listener {
    fn told(&self, record: &LogRecord) {
        let value = |value: &FieldValue| match value {
            FieldValue::Bool(value) => Value::from(*value),
            FieldValue::Number(value) => Value::from(*value),
            other => Value::from(other.to_string()),
        };
        let fields: Map<_, _> = record.fields.iter().map(|(name, of)| ((*name).to_owned(), value(of))).collect();
        let [level, target, message, fields] =
            [record.level.as_str(), record.target, &record.message, &Value::from(fields).to_string()].map(Text::new);
        let operation = Text::optional(record.operation);
        let operation = operation.as_ref().map_or(ptr::null(), Text::pointer);
        let (level, target, message, fields) = (level.pointer(), target.pointer(), message.pointer(), fields.pointer());
        // SAFETY: the caller has set the function together with its data, and the texts live as long as the call.
        unsafe { (self.tell)(self.user_data, level, target, operation, message, fields) };
    }
}

/// Whom to tell what the library does, in the place of whom it told before: what `level` (error, warn, info, debug, trace; or off)
/// and those before it tell. For the whole process, whatever clients there are. NULL as `on_log`, or the level off, ends it. Debug
/// tells of each operation and each request, with how long it took. Called with the records of an operation when that ends, on
/// the thread that does its work, just before the call returns; no lock is held, so it may make calls, of which nothing is told
/// then. It must not throw. Several threads may be in it at once. `user_data` is handed on as it is and must be good until calls are
/// over that were under way when another one was set. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_set_log(
    on_log: keylatch_on_log,
    user_data: *mut c_void,
    level: *const c_char,
    level_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let listener = on_log.map(|tell| Listener { tell, user_data });
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let level = LogLevel::named(unsafe { text("level", level, level_length) }?)?;
        keylatch_core::set_log(listener.map(|listener| OnLog::new(move |record| listener.told(record))), level)
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}
