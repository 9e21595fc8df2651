//! Creation of an account, once and only once: where it cannot be known whether a try has made it, looks first.

use std::time::{Duration, Instant};

use super::discover::{Resolved, keep_upstream, no_integration};
use super::model::{Account, Made};
use super::refusal::with_wire_names;
use super::routes::{Filter, NewAccount};
use super::session::{Doubt, Failure};
use super::{Composio, Session};
use crate::calls::InitiateConnection;
use crate::error::{Error, ErrorKind, Result};
use crate::input::Values;
use crate::io::Io;

/// What is left to find out what became of a call when the operation's own time is over.
const LAST_LOOK: Duration = Duration::from_secs(5);
/// How often creation is tried again where the server surely made nothing.
const REPEATS: u32 = 2;
/// How far apart the clocks of the server's machines are at most, in seconds.
const SKEW: i64 = 10;

/// What a look after an unclear try shows.
enum Look {
    Found(Box<Account>),
    Nothing,
    Unclear,
}

impl<I: Io> Composio<I> {
    /// `former` are the accounts that the entity had with this integration before.
    pub(super) async fn create_account(
        &self,
        session: &Session<'_, I>,
        ask: &InitiateConnection,
        found: &Resolved,
        values: &Values,
        former: &[String],
    ) -> Result<Made> {
        let version = self.project.version;
        let call = version.create_account(&NewAccount {
            integration_id: &found.config.id,
            entity_id: &ask.entity_id,
            scheme: &found.config.scheme,
            alias: ask.alias.as_deref(),
            labels: &ask.labels,
            callback_url: ask.callback_url.as_deref(),
            values,
        });
        let mut tries = 0;
        loop {
            let begun = Instant::now();
            let failure = match session.call(call.clone()).await {
                Ok(answer) => {
                    let made = version.read_made(&answer.json);
                    if made.id.is_some() {
                        return self.with_status(session, made).await;
                    }
                    let message = "Composio's answer names no connection";
                    Failure::of(Error::new(ErrorKind::Server, message), Doubt::Settled)
                }
                Err(failure) => failure,
            };
            if failure.error.kind() == ErrorKind::NotFound {
                self.forget(&found.config.id); // deleted since it was read
                return Err(keep_upstream(no_integration(&found.config.id), &failure.error));
            }
            if failure.doubt == Doubt::None {
                let error = with_wire_names(failure.error, &found.fields);
                let (app, alias) = (&found.config.app, ask.alias.as_deref());
                return Err(self.with_holder(session, error, &ask.entity_id, app, alias).await);
            }
            match self.look(session, ask, found, former, begun).await {
                Look::Found(account) => {
                    return Ok(Made { id: Some(account.id), status: Some(account.status), redirect_url: None });
                }
                // The server is done with that try and there is nothing: it can be tried again.
                Look::Nothing if failure.doubt == Doubt::Settled => match failure.again {
                    Some(wanted) if tries < REPEATS && session.pause(wanted, tries).await => tries += 1,
                    _ => return Err(failure.error),
                },
                Look::Nothing | Look::Unclear => return Err(indeterminate(ask, found, &failure.error)),
            }
        }
    }

    /// A made account whose status the answer left out is looked at.
    pub(super) async fn with_status(&self, session: &Session<'_, I>, made: Made) -> Result<Made> {
        match (&made.id, &made.status) {
            (Some(id), None) => {
                let account = self.account(&session.with_time(LAST_LOOK), id).await.map_err(|error| {
                    let message = format!("connection {id} is there, but its status is not known: {}", error.message());
                    keep_upstream(Error::new(error.kind(), message), &error).with_connection(id)
                })?;
                Ok(Made { status: Some(account.status), ..made })
            }
            _ => Ok(made),
        }
    }

    /// Looks for the account that a try, begun then, may have made.
    async fn look(
        &self,
        session: &Session<'_, I>,
        ask: &InitiateConnection,
        found: &Resolved,
        former: &[String],
        begun: Instant,
    ) -> Look {
        let filter = Filter {
            entity_id: Some(&ask.entity_id),
            integration_id: Some(&found.config.id),
            limit: 100,
            newest_first: true,
            ..Filter::default()
        };
        let Ok(page) = self.page(&session.with_time(LAST_LOOK), &filter).await else { return Look::Unclear };
        let tried = i64::try_from(begun.elapsed().as_secs()).unwrap_or(i64::MAX);
        // By the server's clock, which both times are of.
        let since = page.date.map(|date| date.as_second().saturating_sub(tried).saturating_sub(SKEW));
        let is_older = |account: &Account| {
            let created = account.created_at.parse::<jiff::Timestamp>();
            since.is_some_and(|since| created.is_ok_and(|created| created.as_second() < since))
        };
        let is_new = |a: &Account| !former.contains(&a.id) && a.alias == ask.alias && !is_older(a);
        let new: Vec<Account> = page.items.into_iter().filter(is_new).collect();
        match <[Account; 1]>::try_from(new) {
            Ok([account]) => Look::Found(Box::new(account)),
            Err(none) if none.is_empty() => Look::Nothing,
            Err(_) => Look::Unclear,
        }
    }
}

fn indeterminate(ask: &InitiateConnection, found: &Resolved, why: &Error) -> Error {
    let message = format!(
        "{}; it cannot be known whether the connection was made. List the connections of entity {} with integration {} \
         before trying again",
        why.message(),
        ask.entity_id,
        found.config.id
    );
    keep_upstream(Error::new(ErrorKind::Indeterminate, message), why)
}
