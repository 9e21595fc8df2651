//! Where secrets stand while they are in use: memory that is wiped, kept out of core dumps and, as far as the system
//! allows, out of swap; stacks of our own for the calls that carry them. The only place in the core with `unsafe`.
//!
//! Measured on Linux on x86_64. On other Unix systems the same is done without having been measured; elsewhere secrets are
//! wiped when they are dropped, and nothing more.
#![allow(unsafe_code, reason = "memory, stacks and registers are what this room is about")]

mod arena;
mod bleach;
mod guarded;
#[cfg_attr(all(unix, not(feature = "unprotected")), path = "own_stack.rs")]
#[cfg_attr(not(all(unix, not(feature = "unprotected"))), path = "own_stack_plain.rs")]
mod own_stack;
#[cfg_attr(all(unix, not(feature = "unprotected")), path = "pages.rs")]
#[cfg_attr(not(all(unix, not(feature = "unprotected"))), path = "pages_plain.rs")]
mod pages;

#[cfg(test)]
pub(crate) use arena::alive;
pub(crate) use arena::{Span, ending, locked};
pub(crate) use bleach::{Bleached, bleach, bleach_briefly, bleached, bleaches_at_rest, clear_registers};
pub(crate) use guarded::Guarded;
pub(crate) use own_stack::{Lost, Thread, run};

#[cfg(all(test, target_os = "linux", not(feature = "unprotected")))]
mod tests;
