//! Many processes at once on one new vault: nothing twice, nothing lost.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command};

use keylatch::{ConnectionFilter, InitiateConnection, Params, Verify};

use crate::process::{open, start, this_program};

/// Initiates connections and prints each id as soon as it was answered ACTIVE.
pub(crate) fn initiate(vault: &Path, name: &str, count: usize) {
    let client = open(vault).expect("the vault opens");
    for number in 0..count {
        let mut key = format!("canary-{name}-{number:04}").into_bytes();
        let ask = InitiateConnection {
            verify: Verify::Off,
            ..InitiateConnection::to_app("google_maps", Params::new().take("api_key", &mut key))
        };
        let made = client.entity(&format!("{name}-{number}")).initiate_connection(ask).expect("initiation succeeds");
        println!("{}", made.connected_account_id);
    }
}

/// The ids that a process printed.
fn answered(child: &mut Child) -> Vec<String> {
    BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("a line of text")).collect()
}

/// Every connection of the vault, each opened: its credential is unsealed to be asked about.
fn opened(vault: &Path) -> BTreeSet<String> {
    let client = open(vault).expect("the vault opens");
    let filter = ConnectionFilter { limit: Some(500), ..ConnectionFilter::default() };
    let all = client.connected_accounts(filter).expect("the vault lists").items;
    all.into_iter()
        .map(|connection| client.verify_connection(&connection.id).expect("the record opens").connected_account_id)
        .collect()
}

pub(crate) fn many_at_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let vault = folder.path().join("vault.db");
    let initiating =
        |i: usize| start(Command::new(this_program()).arg("initiate").arg(&vault).args([&format!("p{i}"), "50"]));
    let mut children: Vec<Child> = (0..8).map(initiating).collect();
    let mut ids = BTreeSet::new();
    for child in &mut children {
        for id in answered(child) {
            assert!(ids.insert(id), "an id was answered twice");
        }
        assert!(child.wait().expect("it ends").success());
    }
    assert_eq!(ids.len(), 400);
    assert_eq!(opened(&vault), ids, "what is there is what was answered");
    let integrations = open(&vault).and_then(|client| client.integrations(Some("google_maps")));
    assert_eq!(integrations.expect("integrations list").len(), 1, "one default integration for all processes");
    println!("vault_stress: 8 processes x 50 initiations: 400 answered, 400 there, none twice, none lost");
}
