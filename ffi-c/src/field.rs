//! Fields: what a user must type.

use std::ffi::c_char;
use std::sync::Arc;

use keylatch_core::Field;

use crate::guard::free;
use crate::out::{Json, Text, text_at, text_of, value_of};
use crate::status::keylatch_status;

/// One thing that the user must type.
pub struct keylatch_field(Arc<Data>);

struct Data {
    name: Text,
    display_name: Text,
    description: Text,
    kind: Text,
    default: Option<Text>,
    choices: Vec<Text>,
    choice_labels: Vec<Text>,
    when_field: Option<Text>,
    when_values: Vec<Text>,
    strip_prefixes: Vec<Text>,
    strip_suffixes: Vec<Text>,
    pattern: Option<Text>,
    hint: Option<Text>,
    example: Option<Text>,
    help_url: Option<Text>,
    json: Json<Field>,
}

impl keylatch_field {
    pub(crate) fn new(field: &Field) -> Self {
        Self(Arc::new(Data {
            name: Text::new(&field.name),
            display_name: Text::new(&field.display_name),
            description: Text::new(&field.description),
            kind: Text::new(field.kind.as_str()),
            default: Text::optional(field.default.as_deref()),
            choices: Text::all(field.choices.as_deref().unwrap_or_default()),
            choice_labels: Text::all(field.choice_labels.as_deref().unwrap_or_default()),
            when_field: Text::optional(field.when.as_ref().map(|when| when.field.as_str())),
            when_values: Text::all(field.when.as_ref().map_or(&[], |when| when.values.as_slice())),
            strip_prefixes: Text::all(&field.strip_prefix),
            strip_suffixes: Text::all(&field.strip_suffix),
            pattern: Text::optional(field.pattern.as_deref()),
            hint: Text::optional(field.hint.as_deref()),
            example: Text::optional(field.example.as_deref()),
            help_url: Text::optional(field.help_url.as_deref()),
            json: Json::new(field.clone()),
        }))
    }

    /// Another handle to the same field.
    pub(crate) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Wire name: the name in the params. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_name(
    field: *const keylatch_field,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(field, text, length, |h| &h.0.name) }
}

/// Label for people. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_display_name(
    field: *const keylatch_field,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(field, text, length, |h| &h.0.display_name) }
}

/// What it is, in a sentence. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_description(
    field: *const keylatch_field,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(field, text, length, |h| &h.0.description) }
}

/// Type of the value: "string", "text" (of several lines), "integer", "number", "boolean" or "url"; there may be more
/// one day. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_type(
    field: *const keylatch_field,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(field, text, length, |h| &h.0.kind) }
}

/// Whether it must be given. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_is_required(field: *const keylatch_field, out: *mut bool) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(field, out, |h| h.0.json.value.required) }
}

/// Whether it must be hidden while typed and never shown again. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_is_secret(field: *const keylatch_field, out: *mut bool) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(field, out, |h| h.0.json.value.is_secret) }
}

/// The value taken when none is given. NULL where there is none. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_default(
    field: *const keylatch_field,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(field, text, length, |h| h.0.default.as_ref()) }
}

/// How many values are allowed, where they are few; 0 where any is. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_choice_count(
    field: *const keylatch_field,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(field, count, |h| h.0.choices.len()) }
}

/// One of the values allowed. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_choice_at(
    field: *const keylatch_field,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(field, text, length, |h| h.0.choices.get(index)) }
}

/// How many labels there are for the values allowed: as many as values, or 0 where these speak for themselves. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_choice_label_count(
    field: *const keylatch_field,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(field, count, |h| h.0.choice_labels.len()) }
}

/// What people know the value allowed at this index by. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_choice_label_at(
    field: *const keylatch_field,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(field, text, length, |h| h.0.choice_labels.get(index)) }
}

/// Name of another field: only where that has one of some values is this one asked for, and taken; whether it is required is
/// meant for that case. NULL where there is no condition. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_when_field(
    field: *const keylatch_field,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(field, text, length, |h| h.0.when_field.as_ref()) }
}

/// How many values of the other field it is asked for with; 0 where there is no condition. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_when_value_count(
    field: *const keylatch_field,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(field, count, |h| h.0.when_values.len()) }
}

/// One of these values. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_when_value_at(
    field: *const keylatch_field,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(field, text, length, |h| h.0.when_values.get(index)) }
}

/// How many texts there are that may stand before the value, as in an address that was pasted, and are taken off. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_strip_prefix_count(
    field: *const keylatch_field,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(field, count, |h| h.0.strip_prefixes.len()) }
}

/// One of these texts. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_strip_prefix_at(
    field: *const keylatch_field,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(field, text, length, |h| h.0.strip_prefixes.get(index)) }
}

/// How many texts there are that may stand behind the value, and are taken off. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_strip_suffix_count(
    field: *const keylatch_field,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(field, count, |h| h.0.strip_suffixes.len()) }
}

/// One of these texts. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_strip_suffix_at(
    field: *const keylatch_field,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(field, text, length, |h| h.0.strip_suffixes.get(index)) }
}

/// Regular expression that the value must match. NULL where there is none. Borrowed until the handle is freed.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_pattern(
    field: *const keylatch_field,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(field, text, length, |h| h.0.pattern.as_ref()) }
}

/// What values usually look like, in a sentence; others are taken with a warning. NULL where there is none. Borrowed
/// until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_hint(
    field: *const keylatch_field,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(field, text, length, |h| h.0.hint.as_ref()) }
}

/// What one looks like; never a real one. NULL where there is none. Borrowed until the handle is freed.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_example(
    field: *const keylatch_field,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(field, text, length, |h| h.0.example.as_ref()) }
}

/// Page where the user finds or makes it. NULL where there is none. Borrowed until the handle is freed.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_help_url(
    field: *const keylatch_field,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(field, text, length, |h| h.0.help_url.as_ref()) }
}

/// The whole as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_json(
    field: *const keylatch_field,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(field, text, length, |h| h.0.json.text()) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_field_free(field: *mut keylatch_field) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(field) }
}
