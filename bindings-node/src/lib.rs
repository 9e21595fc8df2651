//! The native part of the npm package `keylatch`: the core's calls, with plain data for answers. Everything that JavaScript
//! programs see (classes, errors, signals) is the TypeScript beside this; nothing here decides anything.

mod answers;
mod client;
mod guard;
mod log;
mod news;
mod options;
mod params;
mod secret;
mod stream;

use keylatch::ErrorKind;
use napi_derive::napi;

/// Wipes what is freed, copies that libraries made included.
#[cfg(not(feature = "system-allocator"))]
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// The version of every Keylatch package.
#[napi(catch_unwind)]
pub fn version() -> &'static str {
    keylatch::VERSION
}

/// Every error code, in the order of its number in C.
#[napi(catch_unwind)]
pub fn error_codes() -> Vec<&'static str> {
    ErrorKind::ALL.iter().map(|kind| kind.code()).collect()
}
