//! Fuzz targets: each takes any bytes and panics where something does not hold that must. `README.md` says how they are run.

mod addresses;
mod c_calls;
mod calls;
mod definitions;
mod exports;
mod input;
mod keys;
mod masks;
mod patterns;
mod protocols;
mod records;
pub mod seeds;
mod templates;
mod world;

/// What judges an input.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also its corpus's.
pub const TARGETS: &[(&str, Target)] = &[
    ("addresses", addresses::run),
    ("c_calls", c_calls::run),
    ("calls", calls::embedded),
    ("composio", calls::composio),
    ("definitions", definitions::run),
    ("exports", exports::run),
    ("keys", keys::run),
    ("masks", masks::run),
    ("patterns", patterns::run),
    ("protocols", protocols::run),
    ("records", records::run),
    ("templates", templates::run),
];
