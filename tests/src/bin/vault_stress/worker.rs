//! A process that changes connections at random, and says so before and after each change.

use std::io::Write as _;
use std::sync::Arc;
use std::thread;

use keylatch::{
    Allow, Client, Error, InitiateConnection, NewIntegration, Params, Permission, Result, UpdateCredentials, Verify,
};
use serde_json::json;

use crate::backups::{self, file_name};
use crate::change::{Change, Kind};
use crate::process::{self, Work};
use crate::random::Random;

pub(crate) fn work(work: &Work) {
    let opened = process::open(&work.vault).and_then(|client| Ok((integration(&client)?, client)));
    let (integration, client) = match opened {
        Ok(opened) => opened,
        Err(error) => return say(&failed(&error)),
    };
    let (client, integration) = (Arc::new(client), Arc::new(integration));
    for thread in 0..work.beside {
        let (client, integration) = (client.clone(), integration.clone());
        let (user, first) = (format!("beside-{}-{thread}", work.users[0]), work.first);
        thread::spawn(move || write_beside(&client, &integration, &user, first));
    }
    let (folder, mut random) = (backups::folder(&work.vault), Random::seeded(work.seed));
    for number in work.first..work.first + work.count {
        let user = random.pick(&work.users).clone();
        let there = match client.get_connection(&user, "postgresql") {
            Ok(connection) => Some(connection.id),
            Err(error) if error.kind() == keylatch::ErrorKind::NotFound => None,
            Err(error) => {
                say(&failed(&error));
                continue;
            }
        };
        let kind = *random.pick(Kind::possible(there.is_some()));
        let change = Change { kind, user, number };
        say(&format!("begin {change}"));
        let made = if kind == Kind::Backup {
            client.backup(&folder.join(file_name(&change)))
        } else {
            make(&client, &integration, there.as_deref(), &change)
        };
        match made {
            Ok(()) => say("done"),
            Err(error) => say(&failed(&error)),
        }
    }
}

/// Writes without a word about it, so that what this process says shares its transactions with others.
fn write_beside(client: &Client, integration: &str, user: &str, first: u64) {
    for number in first.. {
        let change = Change { kind: Kind::Replace, user: user.to_owned(), number };
        if make(client, integration, None, &change).is_err() {
            std::process::abort(); // an end that the parent does not expect
        }
    }
}

/// The oldest integration that hands credentials out: the same for all processes, whoever made it.
fn integration(client: &Client) -> Result<String> {
    if client.integrations(Some("postgresql"))?.is_empty() {
        let allow = Allow::from([Permission::Reveal]);
        client.create_integration(NewIntegration { app: "postgresql".into(), allow, ..NewIntegration::default() })?;
    }
    Ok(client.integrations(Some("postgresql"))?.pop().expect("one was made").id)
}

fn make(client: &Client, integration: &str, there: Option<&str>, change: &Change) -> Result<()> {
    let number = change.number;
    match (change.kind, there) {
        (Kind::Initiate | Kind::Replace, _) => {
            let params = credential(number).text("host", "db.example.com").text("database", "app");
            let ask = InitiateConnection {
                verify: Verify::Off,
                replace: change.kind == Kind::Replace,
                alias: Some(format!("alias-{number}")),
                labels: vec![format!("label-{number}")],
                metadata: json!({"number": number}),
                ..InitiateConnection::to_integration(integration, params)
            };
            client.entity(&change.user).initiate_connection(ask).map(drop)
        }
        (Kind::Update, Some(id)) => {
            let ask = UpdateCredentials {
                connected_account_id: id.to_owned(),
                verify: Verify::Off,
                connected_account_params: credential(number),
            };
            client.update_credentials(ask).map(drop)
        }
        (Kind::Delete, Some(id)) => client.delete_connection(id, false),
        (Kind::Update | Kind::Delete, None) | (Kind::Backup, _) => unreachable!("only what is possible is picked"),
    }
}

/// Two values, so that a mix of two credentials would show.
fn credential(number: u64) -> Params {
    let mut password = format!("password-{number}").into_bytes();
    Params::new().text("username", &format!("name-{number}")).take("password", &mut password)
}

fn failed(error: &Error) -> String {
    format!("failed {}", error.kind())
}

/// One write for each line, so that a killed process leaves whole ones only.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).expect("the parent reads");
}
