//! Getters: texts with a NUL at their end, and the few ways in which a handle answers a question.

use std::ffi::c_char;
use std::ptr;
use std::sync::OnceLock;

use serde::Serialize;

use crate::guard::{Out, argument, guard, lent};
use crate::status::keylatch_status;
use keylatch_core::Error;

/// Text that C may borrow: UTF-8 with a NUL behind it.
pub(crate) struct Text(Box<[u8]>);

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        Self(bytes.into())
    }

    pub(crate) fn optional(text: Option<&str>) -> Option<Self> {
        text.map(Self::new)
    }

    pub(crate) fn all<S: AsRef<str>>(texts: &[S]) -> Vec<Self> {
        texts.iter().map(|text| Self::new(text.as_ref())).collect()
    }

    #[cfg(test)]
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0[..self.0.len() - 1]).expect("made from text")
    }

    pub(crate) fn pointer(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }

    fn length(&self) -> usize {
        self.0.len() - 1
    }
}

/// A result of the core's, and its JSON text once somebody asks for it.
pub(crate) struct Json<T> {
    pub(crate) value: T,
    text: OnceLock<Text>,
}

impl<T: Serialize> Json<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value, text: OnceLock::new() }
    }

    pub(crate) fn text(&self) -> &Text {
        self.text.get_or_init(|| Text::new(&serde_json::to_string(&self.value).expect("plain data always serialises")))
    }
}

/// A list as its JSON stands: `{"items": […]}`.
#[derive(Serialize)]
pub(crate) struct Items<T> {
    pub(crate) items: Vec<T>,
}

/// Where a borrowed text goes.
struct TextOut {
    text: Out<*const c_char>,
    length: *mut usize,
}

impl TextOut {
    /// # Safety
    /// Both are NULL or can be written.
    unsafe fn new(text: *mut *const c_char, length: *mut usize) -> Result<Self, Error> {
        if !length.is_null() {
            // SAFETY: not NULL, and the caller vouches for the rest.
            unsafe { length.write(0) };
        }
        // SAFETY: passed on.
        Ok(Self { text: unsafe { Out::new(text, ptr::null()) }?, length })
    }

    fn give(self, text: &Text) {
        if !self.length.is_null() {
            // SAFETY: as in `new`; the exported function that holds us has not returned yet.
            unsafe { self.length.write(text.length()) };
        }
        self.text.give(text.pointer());
    }
}

/// Lends a text of the handle's, or says NULL where there is none.
///
/// # Safety
/// `handle` is NULL or live; the places are NULL or can be written.
pub(crate) unsafe fn text_of<'h, H: 'h, T: Into<Option<&'h Text>>>(
    handle: *const H,
    text: *mut *const c_char,
    length: *mut usize,
    get: impl FnOnce(&'h H) -> T,
) -> keylatch_status {
    let body = || {
        // SAFETY: passed on.
        let (out, handle) = unsafe { (TextOut::new(text, length)?, lent("handle", handle)?) };
        if let Some(text) = get(handle).into() {
            out.give(text);
        }
        Ok(())
    };
    // SAFETY: no place for an error.
    unsafe { guard(ptr::null_mut(), body) }
}

/// Lends one of several texts of the handle's.
///
/// # Safety
/// As for [`text_of`].
pub(crate) unsafe fn text_at<'h, H: 'h>(
    handle: *const H,
    text: *mut *const c_char,
    length: *mut usize,
    get: impl FnOnce(&'h H) -> Option<&'h Text>,
) -> keylatch_status {
    let body = || {
        // SAFETY: passed on.
        let (out, handle) = unsafe { (TextOut::new(text, length)?, lent("handle", handle)?) };
        out.give(get(handle).ok_or_else(no_such_index)?);
        Ok(())
    };
    // SAFETY: no place for an error.
    unsafe { guard(ptr::null_mut(), body) }
}

/// Copies a number or a truth value out.
///
/// # Safety
/// As for [`text_of`].
pub(crate) unsafe fn value_of<'h, H: 'h, V: Default>(
    handle: *const H,
    out: *mut V,
    get: impl FnOnce(&'h H) -> V,
) -> keylatch_status {
    // SAFETY: passed on.
    unsafe { value_at(handle, out, |handle| Some(get(handle))) }
}

/// Copies one of several numbers out.
///
/// # Safety
/// As for [`text_of`].
pub(crate) unsafe fn value_at<'h, H: 'h, V: Default>(
    handle: *const H,
    out: *mut V,
    get: impl FnOnce(&'h H) -> Option<V>,
) -> keylatch_status {
    let body = || {
        // SAFETY: passed on.
        let (out, handle) = unsafe { (Out::new(out, V::default())?, lent("handle", handle)?) };
        out.give(get(handle).ok_or_else(no_such_index)?);
        Ok(())
    };
    // SAFETY: no place for an error.
    unsafe { guard(ptr::null_mut(), body) }
}

/// Copies a number that may be unknown, and whether it is known.
///
/// # Safety
/// As for [`text_of`].
pub(crate) unsafe fn known_at<'h, H: 'h, V: Default>(
    handle: *const H,
    known: *mut bool,
    out: *mut V,
    get: impl FnOnce(&'h H) -> Option<Option<V>>,
) -> keylatch_status {
    let body = || {
        // SAFETY: passed on. Both places are cleared before anything is refused.
        let (known, out) = unsafe { (Out::new(known, false), Out::new(out, V::default())) };
        let (known, out) = (known?, out?);
        // SAFETY: passed on.
        if let Some(value) = get(unsafe { lent("handle", handle) }?).ok_or_else(no_such_index)? {
            known.give(true);
            out.give(value);
        }
        Ok(())
    };
    // SAFETY: no place for an error.
    unsafe { guard(ptr::null_mut(), body) }
}

/// Gives a handle to one of several parts; it is the caller's and outlives the whole.
///
/// # Safety
/// As for [`text_of`].
pub(crate) unsafe fn part_at<'h, H: 'h, P>(
    handle: *const H,
    out: *mut *mut P,
    get: impl FnOnce(&'h H) -> Option<P>,
) -> keylatch_status {
    let body = || {
        // SAFETY: passed on.
        let (out, handle) = unsafe { (Out::handle(out)?, lent("handle", handle)?) };
        out.give_new(get(handle).ok_or_else(no_such_index)?);
        Ok(())
    };
    // SAFETY: no place for an error.
    unsafe { guard(ptr::null_mut(), body) }
}

fn no_such_index() -> Error {
    argument("index", "is not below the count")
}
