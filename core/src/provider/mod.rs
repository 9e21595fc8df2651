//! What talks to the app itself: puts a credential into a request, judges it, and sends the host's own requests.

mod inject;
mod judge;
mod mask;
mod target;

pub(crate) use inject::{HostRequest, prepare};
pub(crate) use judge::{Judgement, judge};
pub(crate) use target::{Target, check_override};
