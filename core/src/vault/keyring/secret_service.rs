//! The Secret Service of Linux and BSD, on the session's D-Bus. Not by the store of `keyring-core`, since that asks for a password
//! without an end: here the connection is closed after the time limit, and with it goes the question.

use std::collections::HashMap;
use std::time::Duration;

use dbus_secret_service::{EncryptionType, Error, Item, SecretService};

use super::{Entry, Refusal};

/// Encrypted, so that none of the buffers between the service and us holds the key.
fn connect(patience: Duration) -> Result<SecretService, Refusal> {
    // Any message on the connection counts as one of these seconds, so there are a few more than are waited for.
    Ok(SecretService::connect_with_max_prompt_timeout(EncryptionType::Dh, patience.as_secs() + 3)?)
}

pub(super) fn read(entry: &Entry, patience: Duration) -> Result<Vec<u8>, Refusal> {
    let service = connect(patience)?;
    Ok(find(&service, entry)?.get_secret()?)
}

pub(super) fn write(entry: &Entry, key: &[u8], patience: Duration) -> Result<(), Refusal> {
    let service = connect(patience)?;
    if find(&service, entry).is_ok() {
        return Ok(()); // an earlier try came through after all
    }
    let collection = service.get_default_collection()?;
    collection.ensure_unlocked()?;
    let label = format!("{}: key of a Keylatch vault", entry.service);
    collection.create_item(&label, attributes(entry), key, false, "text/plain")?;
    Ok(())
}

pub(super) fn remove(entry: &Entry, patience: Duration) -> Result<(), Refusal> {
    let service = connect(patience)?;
    Ok(find(&service, entry)?.delete()?)
}

fn find<'s>(service: &'s SecretService, entry: &Entry) -> Result<Item<'s>, Refusal> {
    let found = service.search_items(attributes(entry))?;
    if !found.locked.is_empty() {
        service.unlock_all(&found.locked.iter().collect::<Vec<_>>())?;
    }
    let mut items = found.unlocked.into_iter().chain(found.locked);
    match (items.next(), items.next()) {
        (None, _) => Err(Refusal::Gone),
        (Some(item), None) => Ok(item),
        _ => Err(Refusal::Several),
    }
}

/// As most programs name them.
fn attributes(entry: &Entry) -> HashMap<&str, &str> {
    HashMap::from([("service", entry.service.as_str()), ("username", entry.account.as_str())])
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Locked | Error::Prompt | Error::NoResult => Self::Locked,
            Error::Dbus(error) => match error.name() {
                Some("org.freedesktop.Secret.Error.IsLocked") => Self::Locked,
                Some("org.freedesktop.DBus.Error.NoReply" | "org.freedesktop.DBus.Error.Timeout") => Self::Slow,
                _ => Self::Silent,
            },
            _ => Self::Silent,
        }
    }
}
