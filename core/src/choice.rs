//! Which connection a call means: the same rules on both backends, so that nobody's key is used by a guess.

use crate::connection::Status;
use crate::error::{Error, ErrorKind, Result};

/// Whose connection a call uses: the one that is named, or the entity's sole one to the app.
pub(crate) struct Whose<'a> {
    pub(crate) connected_account_id: Option<&'a str>,
    pub(crate) entity_id: Option<&'a str>,
    pub(crate) app: Option<&'a str>,
}

/// How the connection is to be found.
pub(crate) enum Found<'a> {
    /// By its id; it must then [belong](Whose::must_own).
    ById(&'a str),
    /// As the only one of this entity to this app.
    Sole(&'a str, &'a str),
}

/// A connection as far as choosing needs to know it.
pub(crate) trait Candidate {
    fn id(&self) -> &str;
    fn entity_id(&self) -> &str;
    fn app(&self) -> &str;
    fn status(&self) -> &Status;
    fn alias(&self) -> Option<&str>;
}

impl<C: Candidate> Candidate for &C {
    fn id(&self) -> &str {
        (*self).id()
    }
    fn entity_id(&self) -> &str {
        (*self).entity_id()
    }
    fn app(&self) -> &str {
        (*self).app()
    }
    fn status(&self) -> &Status {
        (*self).status()
    }
    fn alias(&self) -> Option<&str> {
        (*self).alias()
    }
}

impl<'a> Whose<'a> {
    pub(crate) fn how(&self) -> Result<Found<'a>> {
        match (self.connected_account_id, self.entity_id, self.app) {
            (Some(id), _, _) => Ok(Found::ById(id)),
            (None, Some(entity_id), Some(app)) => Ok(Found::Sole(entity_id, app)),
            (None, Some(_), None) => Err(Error::argument("app", "name the `app` beside the `entity_id`")),
            (None, None, app) => {
                let beside = if app.is_some() { "" } else { " and `app`" };
                let message = format!("name the connection by `connected_account_id`, or by `entity_id`{beside}");
                Err(Error::argument("entity_id", message))
            }
        }
    }

    /// The named connection, if it is of the entity and app that are named beside it, and ready to use.
    pub(crate) fn must_own<C: Candidate>(&self, one: C) -> Result<C> {
        let same_entity = self.entity_id.is_none_or(|e| e == one.entity_id());
        let same_app = self.app.is_none_or(|a| a.eq_ignore_ascii_case(one.app()));
        if !same_entity || !same_app {
            let message = format!("connection {} is not one of this entity and app", one.id());
            return Err(Error::new(ErrorKind::NotFound, message).with_fields(["connected_account_id"]));
        }
        match one.status() {
            Status::Active => Ok(one),
            Status::Expired => {
                let message = "the provider no longer accepts these credentials; update them";
                Err(Error::new(ErrorKind::CredentialsRejected, message).with_connection(one.id()))
            }
            status => {
                let message = format!("the connection is {status}; enable it first");
                Err(Error::argument("connected_account_id", message).with_connection(one.id()))
            }
        }
    }
}

/// The one ACTIVE connection among those of an entity to an app. `Ok(None)`: there is none at all.
pub(crate) fn sole<C: Candidate>(all: Vec<C>, app: &str) -> Result<Option<C>> {
    let (mut active, others): (Vec<C>, Vec<C>) = all.into_iter().partition(|one| *one.status() == Status::Active);
    if active.len() > 1 {
        let message = format!("the entity has {} active connections to {app}; name one by its id", active.len());
        return Err(ambiguous(&active, message));
    }
    match active.pop() {
        None if !others.is_empty() => {
            let others: Vec<String> = others.iter().map(|one| format!("{} is {}", one.id(), one.status())).collect();
            let message = format!("the entity has no active connection to {app} ({})", others.join(", "));
            Err(Error::new(ErrorKind::NotFound, message))
        }
        found => Ok(found),
    }
}

/// There is nothing to choose from.
pub(crate) fn no_connection(app: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("the entity has no connection to {app}; initiate one"))
}

/// The connection whose place new credentials take, out of those of the entity with the integration: the one of the
/// alias if there is one, and an ACTIVE one before others.
pub(crate) fn replaced<C: Candidate>(mut all: Vec<C>, alias: Option<&str>) -> Result<Option<C>> {
    if alias.is_some() && all.iter().any(|one| one.alias() == alias) {
        all.retain(|one| one.alias() == alias);
    }
    if all.iter().any(|one| *one.status() == Status::Active) {
        all.retain(|one| *one.status() == Status::Active);
    }
    if all.len() > 1 {
        let message = "several connections could be replaced; name one with update_credentials";
        return Err(ambiguous(&all, message.to_owned()));
    }
    Ok(all.pop())
}

/// `already_exists` where one of the connections is ACTIVE.
pub(crate) fn must_be_first<C: Candidate>(all: &[C]) -> Result<()> {
    let active = all.iter().find(|one| *one.status() == Status::Active);
    active.map_or(Ok(()), |one| Err(Error::already_connected(one.id())))
}

fn ambiguous<C: Candidate>(all: &[C], message: String) -> Error {
    let ids = all.iter().map(|one| one.id().to_owned()).collect();
    Error::new(ErrorKind::Ambiguous, message).with_candidates(ids)
}
