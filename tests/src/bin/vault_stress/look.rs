//! What a vault holds, seen through the public door, and what is wrong with it whatever was answered.

use std::collections::BTreeMap;
use std::path::Path;

use keylatch::{Client, Connection, ConnectionFilter};

use crate::change::Kept;

/// The connections that are there by user, and what is wrong with them.
#[derive(Default)]
pub(crate) struct Look {
    pub(crate) there: BTreeMap<String, Kept>,
    pub(crate) wrong: Vec<String>,
}

impl Look {
    /// At the connections of these users.
    pub(crate) fn at(client: &Client, users: &[String]) -> Self {
        let mut look = Self::default();
        for user in users {
            look.page_by_page(client, Some(user));
        }
        look
    }

    /// At every connection of the vault.
    pub(crate) fn at_all(client: &Client) -> Self {
        let mut look = Self::default();
        look.page_by_page(client, None);
        look
    }

    fn page_by_page(&mut self, client: &Client, user: Option<&String>) {
        let mut cursor = None;
        loop {
            let filter = ConnectionFilter { entity_id: user.cloned(), cursor, ..ConnectionFilter::default() };
            let page = match client.connected_accounts(filter) {
                Ok(page) => page,
                Err(error) => return self.wrong.push(format!("the vault does not list: {error}")),
            };
            page.items.iter().for_each(|connection| self.add(client, connection));
            cursor = page.next_cursor;
            if cursor.is_none() {
                return;
            }
        }
    }

    fn add(&mut self, client: &Client, connection: &Connection) {
        let user = &connection.entity_id;
        match kept(client, connection) {
            Ok(kept) => {
                if self.there.insert(user.clone(), kept).is_some() {
                    self.wrong.push(format!("{user}: connected twice"));
                }
            }
            Err(why) => self.wrong.push(format!("{user}: {why}")),
        }
    }
}

/// Which changes wrote the connection's parts; all parts that one change writes must agree.
fn kept(client: &Client, connection: &Connection) -> Result<Kept, String> {
    let dsn = client.dsn(&connection.id).map_err(|error| format!("does not open: {error}"))?;
    let dsn = dsn.expose_text().unwrap_or_default(); // expose: made up for this test
    let credential = dsn
        .strip_prefix("postgresql://")
        .and_then(|rest| rest.split_once('@'))
        .and_then(|(credential, _)| credential.split_once(':'))
        .and_then(|(name, password)| Some((number(name, "name-")?, number(password, "password-")?)));
    let description = || {
        let labels: Vec<&str> = connection.labels.iter().map(String::as_str).collect();
        let [label] = labels[..] else { return None };
        Some((
            number(connection.alias.as_deref()?, "alias-")?,
            number(label, "label-")?,
            connection.metadata["number"].as_u64()?,
        ))
    };
    match (credential, description()) {
        (Some((name, password)), Some((alias, label, metadata)))
            if name == password && alias == label && label == metadata =>
        {
            Ok(Kept { credential: name, description: alias })
        }
        parts => Err(format!("a mix of several changes: {parts:?}")),
    }
}

fn number(text: &str, prefix: &str) -> Option<u64> {
    text.strip_prefix(prefix)?.parse().ok()
}

/// Files beside the vault that have no business there.
pub(crate) fn strange_files(folder: &Path) -> Vec<String> {
    let known = ["vault.db", "vault.db-shm", "vault.db-wal", "vault.db.key", "vault.backups"];
    let names = std::fs::read_dir(folder).expect("the folder lists").map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    // What killed processes were about to write, and SQLite's companions of it, is taken away an hour later.
    let is_draft = |name: &str| name.ends_with(".draft") || name.contains(".draft-");
    let strange = names.filter(|name| !known.contains(&name.as_str()) && !is_draft(name));
    strange.map(|name| format!("a strange file: {name}")).collect()
}
