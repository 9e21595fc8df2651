//! What talks to the app itself: puts a credential into a request, judges it, and sends the host's own requests.

mod action;
mod dsn;
mod host;
mod inject;
mod judge;
mod mask;
mod place;
mod protocol;
mod target;

pub(crate) use action::ActionRequest;
pub(crate) use dsn::dsn;
pub(crate) use inject::{HostRequest, check_headers, check_query, prepare, sensitive};
pub(crate) use judge::{Judgement, Refusing, judge, retry_after, usual_verdict};
pub(crate) use mask::Mask;
pub(crate) use target::{Target, Terms, below, check_override, check_path};
