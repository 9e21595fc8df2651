//! What the Rust test programs share: the conformance cases, how results are compared, and the provider double.

#![forbid(unsafe_code)]

pub mod captured;
pub mod cases;
pub mod matching;
pub mod provider;
pub mod sayings;
pub mod traced;
