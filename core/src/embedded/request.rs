//! Use: send the host's request with the user's credential in it.

use std::time::Duration;

use super::tokens::Held;
use super::{Embedded, Opened};
use crate::calls::{Request, Response};
use crate::choice::{Found, Whose};
use crate::error::{Error, ErrorKind, Result};
use crate::io::{Fault, Incoming, Io, Outgoing};
use crate::provider::{HostRequest, Target, prepare};
use crate::scrub::Mask;
use crate::store::ConnectionRow;
use crate::verdict::Verdict;

impl<I: Io> Embedded<I> {
    pub(crate) async fn request(&self, ask: Request) -> Result<Response> {
        self.must_be_open()?;
        let whose = Whose {
            connected_account_id: ask.connected_account_id.as_deref(),
            entity_id: ask.entity_id.as_deref(),
            app: ask.app.as_deref(),
        };
        let opened = self.opened(self.named_connection(&whose).await?).await?;
        let target = opened.integration.target(&self.io, &opened.values)?;
        if opened.integration.scheme()?.login.is_some() {
            let app = &opened.integration.app.name;
            let message = format!("{app} does not speak HTTP; connect to it with what connected_accounts.dsn gives");
            return Err(Error::argument("connected_account_id", message).with_connection(&opened.row.id));
        }
        let host = HostRequest {
            method: &ask.method,
            path: &target.below(&ask.path)?,
            query: &ask.query,
            headers: &ask.headers,
            body: ask.body.into(),
        };
        let (incoming, _) = self.send(&opened, &target, host, ask.timeout_ms).await?;
        Ok(Response { status: incoming.status, headers: incoming.headers, body: incoming.body })
    }

    /// Sends with the connection's credential in it. The answer is masked already; the mask is for what is read from it.
    pub(super) async fn send(
        &self,
        opened: &Opened,
        target: &Target,
        host: HostRequest<'_>,
        timeout_ms: Option<u64>,
    ) -> Result<(Incoming, Mask)> {
        let timeout = timeout_ms.map_or(self.timeout, Duration::from_millis);
        let mut held = self.held_token(opened, target, None).await?;
        let (mut incoming, mut mask) = self.send_with(opened, target, host.clone(), held.as_ref(), timeout).await?;
        if incoming.status == 401
            && let Some(old) = held.filter(|held| held.kept)
        {
            // Tokens may be withdrawn before they end. What was refused did not act, so once more is safe.
            held = self.held_token(opened, target, Some(old.number)).await?;
            (incoming, mask) = self.send_with(opened, target, host, held.as_ref(), timeout).await?;
        }
        if incoming.status == 401 {
            self.doubt(opened).await;
        }
        tracing::debug!(connection = %opened.row.id, status = incoming.status, "request sent");
        Ok((incoming, mask))
    }

    async fn send_with(
        &self,
        opened: &Opened,
        target: &Target,
        host: HostRequest<'_>,
        held: Option<&Held>,
        timeout: Duration,
    ) -> Result<(Incoming, Mask)> {
        let values = held.map_or(&opened.values, |held| &held.values);
        let (request, mask) = prepare(opened.integration.scheme()?, target, values, host)?;
        let outgoing = Outgoing { request, timeout, guarded: target.guarded, alone: false };
        let mut incoming = self.io.send(outgoing).await.map_err(|fault| match fault {
            Fault::Forbidden(kinds) => target.forbidden(kinds),
            fault => describe(fault, opened),
        })?;
        if mask.apply(&mut incoming) {
            // The echo is in the kept connection's buffers too.
            self.io.drop_connections().await;
        }
        Ok((incoming, mask))
    }

    /// A 401 may mean an expired credential, or a path that this credential may not use: only the check can tell.
    async fn doubt(&self, opened: &Opened) {
        if let Ok(judgement) = self.judge_again(opened).await
            && judgement.verdict == Verdict::Rejected
        {
            // The host has its answer either way; if this cannot be noted now, the next 401 asks again.
            let _ = self.note(&opened.row, &judgement).await;
        }
    }

    pub(super) async fn named_connection(&self, whose: &Whose<'_>) -> Result<ConnectionRow> {
        match whose.how()? {
            Found::ById(id) => whose.must_own(self.connection_row(id).await?),
            Found::Sole(entity_id, app) => self.sole_connection(entity_id, app).await,
        }
    }
}

pub(super) fn describe(fault: Fault, opened: &Opened) -> Error {
    let app = &opened.integration.app.name;
    let (kind, message) = match fault {
        Fault::Timeout => {
            (ErrorKind::Timeout, format!("{app} did not answer in time; the request may or may not have acted"))
        }
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
    Error::new(kind, message).with_connection(&opened.row.id)
}
