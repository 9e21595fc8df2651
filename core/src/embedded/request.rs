//! Use: send the host's request with the user's credential in it.

use std::sync::Arc;
use std::time::Duration;

use super::tokens::Held;
use super::{Embedded, Opened};
use crate::audit::Action;
use crate::calls::{Request, Response};
use crate::choice::Whose;
use crate::error::{Error, ErrorKind, Result};
use crate::io::{CLOSED, Fault, Incoming, Io, Outgoing};
use crate::limits::wait;
use crate::pages::Place;
use crate::provider::{HostRequest, Target, prepare};
use crate::retry::Tries;
use crate::scrub::Mask;
use crate::verdict::Verdict;

impl<I: Io> Embedded<I> {
    /// Sends the request; with a link, to what that leads to. Tells the path as well.
    pub(crate) async fn request_at(&self, ask: Request, place: &Place) -> Result<(Response, String)> {
        self.must_be_open()?;
        let time = ask.timeout_ms.map_or(self.timeout, Duration::from_millis);
        let mut tries = Tries::new(&ask.method, ask.retry, time)?;
        let (opened, target) = self.usable(&ask).await?;
        let (path, query) = match place {
            Place::Link { from, to } => (target.follow(from, to, &opened.integration.scheme()?.inject)?, &[][..]),
            _ => (target.below(&ask.path)?.into_owned(), &*ask.query),
        };
        let host =
            HostRequest { method: &ask.method, path: &path, query, headers: &ask.headers, body: ask.body.into() };
        self.limits.await_rest(&self.io, &opened.row.id, &tries).await?;
        self.note_use(Action::Request, &opened.row).await?;
        let (incoming, _) = self.send(&opened, &target, host, &mut tries).await?;
        let Incoming { status, headers, body } = incoming;
        Ok((Response { status, headers, body, tries: tries.made() }, path))
    }

    /// The connection that the request names, and where it leads.
    pub(super) async fn usable(&self, ask: &Request) -> Result<(Arc<Opened>, Target)> {
        let whose = Whose {
            connected_account_id: ask.connected_account_id.as_deref(),
            entity_id: ask.entity_id.as_deref(),
            app: ask.app.as_deref(),
        };
        let opened = self.opened_for(&whose).await?;
        let target = opened.integration.target(&self.io, &opened.values)?;
        if opened.integration.scheme()?.login.is_some() {
            let app = &opened.integration.app.name;
            let message = format!("{app} does not speak HTTP; connect to it with what connected_accounts.dsn gives");
            return Err(Error::argument("connected_account_id", message).with_connection(&opened.row.id));
        }
        Ok((opened, target))
    }

    /// Sends with the connection's credential in it. The answer is masked already; the mask is for what is read from it.
    pub(super) async fn send(
        &self,
        opened: &Opened,
        target: &Target,
        host: HostRequest<'_>,
        tries: &mut Tries,
    ) -> Result<(Incoming, Mask)> {
        let mut held = self.held_token(opened, target, None).await?;
        let (mut incoming, mut mask) = self.send_with(opened, target, &host, held.as_ref(), tries).await?;
        if incoming.status == 401
            && let Some(old) = held.filter(|held| held.kept)
        {
            // Tokens may be withdrawn before they end. What was refused did not act, so once more is safe.
            held = self.held_token(opened, target, Some(old.number)).await?;
            (incoming, mask) = self.send_with(opened, target, &host, held.as_ref(), tries).await?;
        }
        if incoming.status == 401 {
            self.doubt(opened).await;
        }
        tracing::debug!("keylatch.connection.id" = %opened.row.id, "http.response.status_code" = incoming.status, "keylatch.tries" = tries.made(), "request sent");
        Ok((incoming, mask))
    }

    /// Sends with this token, and again where that is safe and may help.
    async fn send_with(
        &self,
        opened: &Opened,
        target: &Target,
        host: &HostRequest<'_>,
        held: Option<&Held>,
        tries: &mut Tries,
    ) -> Result<(Incoming, Mask)> {
        let values = held.map_or(&opened.values, |held| &held.values);
        loop {
            let (request, mask) = prepare(opened.integration.scheme()?, target, values, host.clone())?;
            let outgoing = Outgoing { request, timeout: tries.begin(), guarded: target.guarded, alone: false };
            match self.io.send(outgoing).await {
                Ok(mut incoming) => {
                    if mask.apply(&mut incoming) {
                        // The echo is in the kept connection's buffers too.
                        self.io.drop_connections().await;
                    }
                    self.limits.learn(&opened.row.id, incoming.status, &incoming.headers);
                    let wants = wait(&incoming.headers);
                    if !tries.after_answer(&self.io, incoming.status, wants).await {
                        return Ok((incoming, mask));
                    }
                }
                Err(Fault::Forbidden(kinds)) => return Err(target.forbidden(kinds)),
                Err(fault) => {
                    let acted = fault == Fault::Broken;
                    if !fault.may_pass() || !tries.after_failure(&self.io, acted, None).await {
                        return Err(describe(fault, opened));
                    }
                }
            }
        }
    }

    /// A 401 may mean an expired credential, or a path that this credential may not use: only the check can tell.
    pub(super) async fn doubt(&self, opened: &Opened) {
        if let Ok(judgement) = self.judge_again(opened).await
            && judgement.verdict == Verdict::Rejected
        {
            // The host has its answer either way; if this cannot be noted now, the next 401 asks again.
            let _ = self.note(&opened.row, &judgement).await;
        }
    }
}

/// The names of app and connection, for errors.
pub(super) fn named(opened: &Opened) -> (String, String) {
    (opened.integration.app.name.to_string(), opened.row.id.clone())
}

pub(super) fn describe(fault: Fault, opened: &Opened) -> Error {
    let (app, id) = named(opened);
    describe_for(fault, &app, &id)
}

pub(super) fn describe_for(fault: Fault, app: &str, id: &str) -> Error {
    let (kind, message) = match fault {
        Fault::Unreachable(CLOSED) => return Error::closed(),
        Fault::Unsent(why) => return Error::argument("body", why).with_connection(id),
        Fault::Timeout => {
            (ErrorKind::Timeout, format!("{app} did not answer in time; the request may or may not have acted"))
        }
        Fault::Interrupted => (ErrorKind::Timeout, fault.reason().to_owned()),
        Fault::TooLarge => {
            (ErrorKind::ProviderUnreachable, format!("{app} answered with more than max_response_bytes allows"))
        }
        Fault::WrongHost => {
            (ErrorKind::ProviderUnreachable, format!("the certificate of what answered is not that of {app}"))
        }
        Fault::NoSuchHost => (ErrorKind::ProviderUnreachable, format!("the host of {app} has no address")),
        Fault::Unreachable(why) => (ErrorKind::ProviderUnreachable, format!("{app} could not be reached: {why}")),
        Fault::Broken => (ErrorKind::ProviderUnreachable, format!("{app} could not be reached: the connection broke")),
        Fault::Forbidden(_) => (ErrorKind::ForbiddenHost, format!("{app} is at an address that may not be dialled")),
    };
    Error::new(kind, message).with_connection(id)
}
