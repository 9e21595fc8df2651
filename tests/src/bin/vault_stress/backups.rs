//! Backups that processes made while others wrote: one that was answered is there and holds what the vault held, any other
//! is whole too, or not there.

use std::path::{Path, PathBuf};

use keylatch::{Client, KeySource, Options};

use crate::change::Change;
use crate::ledger::Ledger;
use crate::look::Look;

/// Where a vault's backups are.
pub(crate) fn folder(vault: &Path) -> PathBuf {
    vault.with_extension("backups")
}

pub(crate) fn file_name(change: &Change) -> String {
    format!("{}-{}.db", change.user, change.number)
}

/// What is wrong with the backups that the ledger's users made. They are gone afterwards.
pub(crate) fn check(vault: &Path, ledger: &mut Ledger) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut answered = std::mem::take(&mut ledger.backups);
    for entry in folder(vault).read_dir().into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        if name.ends_with(".db") && ledger.users().any(|user| name.starts_with(user)) {
            let found = look(vault, &path);
            wrong.extend(found.wrong.iter().map(|what| format!("{name}: {what}")));
            if let Some(possible) = answered.remove(&name) {
                let held = possible.iter().filter(|(user, kept)| !kept.contains(&found.there.get(*user).copied()));
                wrong.extend(held.map(|(user, kept)| format!("{name}: {user} is not one of {kept:?}")));
            }
            std::fs::remove_file(path).expect("it can be removed");
        }
    }
    wrong.extend(answered.into_keys().map(|name| format!("{name}: answered, and not there")));
    wrong
}

fn look(vault: &Path, backup: &Path) -> Look {
    let key = KeySource::File(vault.with_extension("db.key"));
    match Client::open(Options { path: Some(backup.to_owned()), key, ..Options::default() }) {
        Ok(client) => Look::at_all(&client),
        Err(error) => Look { wrong: vec![format!("does not open: {error}")], ..Look::default() },
    }
}
