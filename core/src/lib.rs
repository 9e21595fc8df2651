//! Keylatch lets an application connect its users' own API keys to apps: discover which fields an app needs, collect
//! them, initiate the connection, have it ACTIVE at once, and use it, without the key ever being printed or logged.
//!
//! Start with [`Client`], or [`AsyncClient`] on tokio. Credentials go in as [`Params`] of [`Secret`]s; results never
//! carry one. Every call returns an [`Error`] of one of the [`ErrorKind`]s.
//!
//! A program that sets a `tracing` subscriber gets a span for each operation, request and work of the store, with
//! OpenTelemetry's names where it has one: never a credential, a user's id, a URL, or what an app said. `docs/logging.md` lists them.
//!
//! This crate sets no allocator, logger or panic hook. A program that wants freed memory wiped too installs a wiping
//! global allocator of its own, such as `zeroizing-alloc`: without one, freed buffers of the HTTP and TLS libraries hold copies
//! of credentials that were sent in a header, and of answers that echoed one. The libraries for C, Python and Node have one.

#![deny(unsafe_code)]

mod allow;
mod app;
mod asked;
mod audit;
mod backend;
mod by_name;
mod calls;
mod catalog;
mod choice;
mod client;
mod composio;
mod connection;
mod diagnosis;
mod embedded;
mod error;
mod expired;
#[cfg(test)]
mod faults;
mod field;
mod files;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod input;
mod io;
mod limits;
mod log;
mod memory;
mod moving;
mod options;
mod paged;
mod pages;
mod patterns;
mod process;
mod provider;
mod retry;
mod rotation;
mod round;
mod scrub;
mod secret;
mod store;
mod stream;
mod telemetry;
mod upload;
mod vault;
mod verdict;

pub use allow::{Allow, Permission};
pub use app::{Action, ActionParam, App, AuthScheme, ExpectedParams, Integration, KeyOrigin, Scheme};
pub use audit::{Audit, AuditCheck, AuditEntry, AuditLog, AuditQuery};
pub use backend::diagnose;
pub use by_name::{Payload, Reply};
pub use calls::{
    ActionResult, AppSearch, ConnectionFilter, ExecuteAction, ExpectedParamsQuery, InitiateConnection, NewIntegration,
    Request, Response, UpdateCredentials, Verify, VerifyDue,
};
pub use client::{AsyncClient, AsyncEntity, Client, Entity};
pub use connection::{Connection, ConnectionRequest, Evidence, Page, Recheck, Rechecks, Status, Verification, Warning};
pub use diagnosis::Diagnosis;
pub use error::{Error, ErrorKind, Problem, Result, Upstream};
pub use expired::{Expired, OnExpired};
pub use field::{Field, FieldCondition, FieldType};
pub use input::{Input, Params};
pub use io::EventLoop;
pub use log::{FieldValue, LogLevel, LogRecord, OnLog, set_log, unlogged};
pub use moving::{Exported, ImportVault, Imported, OpenWith, SealFor};
pub use options::{ApiVersion, Composio, Options};
pub use paged::{AsyncPages, Pages};
pub use pages::{Paging, PagingBy};
pub use rotation::{RotateDataKey, Rotation};
pub use scrub::Scrubbed;
pub use secret::Secret;
pub use stream::{AsyncResponseStream, ResponseStream, Streaming};
pub use upload::{Upload, UploadSender};
pub use vault::{KeySource, Transit, TransitToken};
pub use verdict::Verdict;

/// The version of every Keylatch package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
