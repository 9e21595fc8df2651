//! Pages: an app's list, one answer after the other.

use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};

use keylatch_core::{Pages, Paging, PagingBy};

use crate::client::keylatch_client;
use crate::error::keylatch_error;
use crate::guard::{Held, Out, free, guard, guard_call, lent, text};
use crate::request::keylatch_request_ask;
use crate::response::keylatch_response;
use crate::status::keylatch_status;

/// How an app's list goes on.
pub struct keylatch_paging(Held<Paging>);

/// Makes what follows the Link header of each answer, on the connection's own origin. The caller owns `*out` and releases it
/// with keylatch_paging_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_paging_new(
    out: *mut *mut keylatch_paging,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_paging(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Takes a cursor out of each answer, where this JSON pointer leads to; `-` stands for the last item of a list, as in
/// "/data/-/id". No text or number there, or an empty text, is the end. Without keylatch_paging_set_query the cursor is the
/// next page's address. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_paging_by_cursor(
    paging: *mut keylatch_paging,
    next: *const c_char,
    next_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (next, paging) = unsafe { (text("next", next, next_length)?, lent("paging", paging)?) };
        let mut paging = paging.0.lock();
        (paging.by, paging.next) = (PagingBy::Cursor, Some(next.to_owned()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Numbers the pages, from this number on: mostly 1. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_paging_by_page(
    paging: *mut keylatch_paging,
    first: u64,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    // SAFETY: passed on.
    unsafe { count(paging, PagingBy::Page, first, error) }
}

/// Counts the items, from this offset on: mostly 0. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_paging_by_offset(
    paging: *mut keylatch_paging,
    first: u64,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    // SAFETY: passed on.
    unsafe { count(paging, PagingBy::Offset, first, error) }
}

/// # Safety
/// The pointers are as the header's opening asks for.
unsafe fn count(
    paging: *mut keylatch_paging,
    by: PagingBy,
    first: u64,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: passed on.
        let mut paging = unsafe { lent("paging", paging) }?.0.lock();
        (paging.by, paging.first) = (by, Some(first));
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { guard(error, body) }
}

/// The query parameter that chooses the page. Default: "page" or "offset". Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_paging_set_query(
    paging: *mut keylatch_paging,
    query: *const c_char,
    query_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (query, paging) = unsafe { (text("query", query, query_length)?, lent("paging", paging)?) };
        paging.0.lock().query = Some(query.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// JSON pointer to the list in the answer, which ends where that is empty. Default: the whole answer. For pages by number or
/// offset. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_paging_set_items(
    paging: *mut keylatch_paging,
    items: *const c_char,
    items_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (items, paging) = unsafe { (text("items", items, items_length)?, lent("paging", paging)?) };
        paging.0.lock().items = Some(items.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// JSON pointer to what is true as long as there are more pages. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_paging_set_more(
    paging: *mut keylatch_paging,
    more: *const c_char,
    more_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (more, paging) = unsafe { (text("more", more, more_length)?, lent("paging", paging)?) };
        paging.0.lock().more = Some(more.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// How many pages at most, 1 to 100 000. Default: 1 000. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_paging_set_max_pages(
    paging: *mut keylatch_paging,
    pages: u32,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { lent("paging", paging) }?.0.lock().max_pages = Some(pages);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Releases it; NULL is a no-op. Nobody may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_paging_free(paging: *mut keylatch_paging) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(paging) }
}

/// An app's list on its way. It keeps the client open until it is freed.
pub struct keylatch_pages(Mutex<Pages>);

/// Begins to go through an app's list; nothing is asked yet. `paging` may be NULL: the list goes on as a Link header says.
/// `ask` and `paging` stay as they are and are not kept.
///
/// The caller owns `*out` and releases it with keylatch_pages_free. Thread-safe.
/// Errors: invalid_argument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_pages(
    client: *const keylatch_client,
    ask: *const keylatch_request_ask,
    paging: *const keylatch_paging,
    out: *mut *mut keylatch_pages,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (out, client, ask) = unsafe { (Out::handle(out)?, lent("client", client)?, lent("ask", ask)?) };
        // SAFETY: as above.
        let paging = unsafe { paging.as_ref() }.map(|paging| paging.0.lock().clone()).unwrap_or_default();
        out.give_new(keylatch_pages(Mutex::new(client.0.request_pages(ask.copy(), paging))));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Asks for the next page. `*out` is NULL after the last one: where the app tells of no more, where the list leads back to a
/// page that was there, after as many as are allowed, after an answer that is not of success, and after an error.
///
/// The caller owns `*out` and releases it with keylatch_response_free. Thread-safe; a second thread waits for the first.
/// Errors: as keylatch_request; forbidden_host where the next page is on another origin; server where the answer has no list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_pages_next(
    pages: *mut keylatch_pages,
    out: *mut *mut keylatch_response,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (out, pages) = unsafe { (Out::handle(out)?, lent("pages", pages)?) };
        let page = pages.0.lock().unwrap_or_else(PoisonError::into_inner).next();
        if let Some(page) = page {
            out.give_new(keylatch_response::new(page?));
        }
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard_call(error, body) }
}

/// Releases it; NULL is a no-op. Nobody may be using it. The pages that it gave stay.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_pages_free(pages: *mut keylatch_pages) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(pages) }
}
