//! The C interface of Keylatch: opaque handles, a status from every function, results through out-parameters.
//!
//! Nothing here decides anything about credentials: it converts types, maps errors and manages lifetimes over the
//! core. What C programmers need to know stands in `include/keylatch.h`, which is made from the comments here.

#![allow(non_camel_case_types, reason = "types are named as the C header names them")]
#![allow(clippy::missing_safety_doc, reason = "the header's opening states the rules; cbindgen would copy headings")]
#![allow(unreachable_pub, reason = "exports are reached by the linker, not by Rust paths")]

// In the order in which the header tells it.
mod status;

mod error;

mod secret;

mod params;

mod options;
mod transit;

mod client;

mod field;

mod action;

mod app;

mod search;

mod identify;

mod create;

mod integration;

mod expected;

mod initiate;

mod connection_request;

mod connection;

mod list;

mod accounts;

mod verification;
mod verify_due;

mod update;

mod execute;

mod request;

mod response;

mod pages;

mod stream;

mod vault;

mod diagnosis;

mod keys;

mod export;

mod import;

mod audit;

mod log;

mod evidence;
mod guard;
mod out;
mod signals;

/// What libraries below us copy is wiped when they free it.
#[cfg(not(feature = "system-allocator"))]
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);
