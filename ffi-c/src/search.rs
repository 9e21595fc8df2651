//! Searching apps.

use std::ffi::c_char;

use keylatch_core::{AppSearch, Client};

use crate::app::keylatch_app_list;
use crate::client::{call_with_ask, keylatch_client};
use crate::error::keylatch_error;
use crate::guard::{Held, Out, free, guard, lent, text};
use crate::status::keylatch_status;

/// Which apps are wanted: the arguments of keylatch_apps_search. All that is set must hold.
pub struct keylatch_app_search_ask(Held<AppSearch>);

/// Makes an empty set of arguments, which finds every app, by slug. The caller owns `*out` and releases it with
/// keylatch_app_search_ask_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_search_ask_new(
    out: *mut *mut keylatch_app_search_ask,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_app_search_ask(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// A slug, a name or a part of one, which may be misspelt. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_search_ask_set_query(
    ask: *mut keylatch_app_search_ask,
    query: *const c_char,
    query_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (query, ask) = unsafe { (text("query", query, query_length)?, lent("ask", ask)?) };
        ask.0.lock().query = Some(query.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// A category, in any case. Copied. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_search_ask_set_category(
    ask: *mut keylatch_app_search_ask,
    category: *const c_char,
    category_length: usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (category, ask) = unsafe { (text("category", category, category_length)?, lent("ask", ask)?) };
        ask.0.lock().category = Some(category.to_owned());
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// How many at most, 1 to 500. Default: 50. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_search_ask_set_limit(
    ask: *mut keylatch_app_search_ask,
    limit: u32,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let ask = unsafe { lent("ask", ask) }?;
        ask.0.lock().limit = Some(limit);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Releases it; NULL is a no-op. Nobody may be using it, nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_app_search_ask_free(ask: *mut keylatch_app_search_ask) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(ask) }
}

/// The apps that a person's words mean, best first: by slug, name or a part of one, also misspelt, and by category. `ask`
/// stays as it is.
///
/// The caller owns `*out` and releases it with keylatch_app_list_free. Thread-safe.
/// Errors: invalid_argument for a category that there is not, with near ones, and for a limit that cannot be; closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_apps_search(
    client: *const keylatch_client,
    ask: *const keylatch_app_search_ask,
    out: *mut *mut keylatch_app_list,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let call = |client: &Client, ask: &keylatch_app_search_ask| {
        let search = ask.0.lock().clone();
        client.search_apps(search).map(keylatch_app_list::new)
    };
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { call_with_ask(client, ask, out, error, call) }
}
