//! Adds BENCH_COUNT connections to the vault BENCH_VAULT, each of another entity, and prints samples of what is in it then.

#![forbid(unsafe_code)]

use keylatch::{
    Allow, Client, ConnectionFilter, InitiateConnection, KeySource, NewIntegration, Options, Params, Permission,
    Result, Secret, Verify,
};
use keylatch_peers::setting;
use serde_json::json;

/// Of at most so many connections there is a connection string.
const REVEALED: usize = 1000;
/// So many of each are printed, from all over the vault.
const SAMPLES: usize = 1000;
const PAGE: usize = 500;

fn main() -> Result<()> {
    let key = KeySource::Bytes(Secret::from(vec![7; 32]));
    let client = Client::open(Options { path: Some(setting("BENCH_VAULT").into()), key, ..Options::default() })?;
    let count: usize = setting("BENCH_COUNT").parse().expect("a number");
    let keys = integration(&client, "stripe", Allow::default())?;
    let logins = integration(&client, "postgresql", Allow::from_iter([Permission::Reveal]))?;
    let with_login = REVEALED.min(count / 10);
    for number in 0..count - with_login {
        let secret = format!("sk_test_{number:024}");
        initiate(&client, &keys, number, Params::new().text("api_key", &secret))?;
    }
    let mut revealed = Vec::new();
    for number in 0..with_login {
        let values =
            [("host", "db.example.com"), ("username", "app"), ("password", "pw-0123456789"), ("database", "app")];
        let params = values.iter().fold(Params::new(), |params, (name, value)| params.text(name, value));
        revealed.push(initiate(&client, &logins, number, params)?);
    }
    let (ids, cursors) = surveyed(&client)?;
    assert!(ids.len() >= count, "every connection is in the list");
    let some = |all: &[String]| -> Vec<String> { all.iter().step_by(all.len().div_ceil(SAMPLES)).cloned().collect() };
    println!("{}", json!({ "integration": keys, "ids": some(&ids), "cursors": some(&cursors), "revealed": revealed }));
    Ok(())
}

fn integration(client: &Client, app: &str, allow: Allow) -> Result<String> {
    if let Some(there) = client.integrations(Some(app))?.pop() {
        return Ok(there.id);
    }
    let made = client.create_integration(NewIntegration { app: app.into(), allow, ..NewIntegration::default() })?;
    Ok(made.id)
}

fn initiate(client: &Client, integration: &str, number: usize, params: Params) -> Result<String> {
    let made = client.initiate_connection(InitiateConnection {
        entity_id: format!("user-{number:08}"),
        verify: Verify::Off,
        ..InitiateConnection::to_integration(integration, params)
    })?;
    Ok(made.connected_account_id)
}

/// The ids of all connections, and the cursors of all pages.
fn surveyed(client: &Client) -> Result<(Vec<String>, Vec<String>)> {
    let (mut ids, mut cursors) = (Vec::new(), Vec::new());
    loop {
        let limit = u32::try_from(PAGE).ok();
        let page = client.connected_accounts(ConnectionFilter {
            limit,
            cursor: cursors.last().cloned(),
            ..Default::default()
        })?;
        ids.extend(page.items.into_iter().map(|connection| connection.id));
        match page.next_cursor {
            Some(next) => cursors.push(next),
            None => return Ok((ids, cursors)),
        }
    }
}
