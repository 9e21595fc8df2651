//! What talks to the app itself: puts a credential into a request, judges it, and sends the host's own requests.

mod action;
mod body;
mod dsn;
mod fill;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod host;
mod inject;
mod json;
mod judge;
mod jwt;
mod mask;
mod place;
mod protocol;
mod sigv4;
mod target;
mod trade;

pub(crate) use action::ActionRequest;
pub(crate) use dsn::dsn;
pub(crate) use inject::{HostRequest, check_headers, check_query, must_sign, needs_whole_body, prepare, sensitive};
pub(crate) use judge::{Judgement, Refusing, judge, usual_verdict};
pub(crate) use target::{Target, Terms, below, check_override, check_path, follow};
pub(crate) use trade::{Token, Traded, trade};
