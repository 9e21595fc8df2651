//! Use: send the host's request with the user's credential in it.

use std::time::Duration;

use super::{Embedded, Opened};
use crate::calls::{Request, Response};
use crate::connection::Status;
use crate::error::{Error, ErrorKind, Result};
use crate::io::{Fault, Io, Outgoing};
use crate::provider::{HostRequest, prepare};
use crate::store::ConnectionRow;
use crate::verdict::Verdict;

impl<I: Io> Embedded<I> {
    pub(crate) async fn request(&self, ask: Request) -> Result<Response> {
        self.must_be_open()?;
        let opened = self.opened(self.named_connection(&ask).await?).await?;
        let target = opened.integration.target(&opened.values)?;
        let host = HostRequest {
            method: &ask.method,
            path: &target.below(&ask.path)?,
            query: &ask.query,
            headers: &ask.headers,
            body: ask.body.into(),
        };
        let (request, mask) = prepare(opened.integration.scheme()?, &target, &opened.values, host)?;
        let timeout = ask.timeout_ms.map_or(self.timeout, Duration::from_millis);
        let outgoing = Outgoing { request, timeout, guarded: target.guarded, alone: false };
        let mut incoming = self.io.send(outgoing).await.map_err(|fault| match fault {
            Fault::Forbidden => target.forbidden(),
            fault => describe(fault, &opened),
        })?;
        if mask.apply(&mut incoming) {
            // The echo is in the kept connection's buffers too.
            self.io.drop_connections();
        }
        if incoming.status == 401 {
            self.doubt(&opened).await;
        }
        tracing::debug!(connection = %opened.row.id, status = incoming.status, "request sent");
        Ok(Response { status: incoming.status, headers: incoming.headers, body: incoming.body })
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

    async fn named_connection(&self, ask: &Request) -> Result<ConnectionRow> {
        let row = match (&ask.connected_account_id, &ask.entity_id, &ask.app) {
            (Some(id), entity_id, app) => {
                let row = self.connection_row(id).await?;
                let same_entity = entity_id.as_ref().is_none_or(|e| *e == row.entity_id);
                let same_app = app.as_ref().is_none_or(|a| a.eq_ignore_ascii_case(&row.app));
                if !same_entity || !same_app {
                    let message = format!("connection {id} is not one of this entity and app");
                    return Err(Error::new(ErrorKind::NotFound, message).with_fields(["connected_account_id"]));
                }
                row
            }
            (None, Some(entity_id), Some(app)) => return self.sole_connection(entity_id, app).await,
            (None, None, _) => {
                let message = "name the connection by `connected_account_id`, or by `entity_id` and `app`";
                return Err(Error::argument("entity_id", message));
            }
            (None, Some(_), None) => return Err(Error::argument("app", "name the `app` beside the `entity_id`")),
        };
        match row.status {
            Status::Active => Ok(row),
            Status::Expired => {
                let message = "the provider no longer accepts these credentials; update them";
                Err(Error::new(ErrorKind::CredentialsRejected, message).with_connection(&row.id))
            }
            _ => {
                let message = format!("the connection is {}; enable it first", row.status);
                Err(Error::argument("connected_account_id", message).with_connection(&row.id))
            }
        }
    }
}

fn describe(fault: Fault, opened: &Opened) -> Error {
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
        Fault::Forbidden => (ErrorKind::ForbiddenHost, format!("{app} is at an address that may not be dialled")),
    };
    Error::new(kind, message).with_connection(&opened.row.id)
}
