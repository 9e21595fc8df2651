//! What a rotation of the data key does about records that do not open, and beside threads that go on working.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use keylatch::{
    Allow, Client, ErrorKind, InitiateConnection, KeySource, NewIntegration, Options, Params, Permission,
    RotateDataKey, Rotation, Secret, UpdateCredentials, Verify,
};

fn open(vault: &Path) -> Client {
    let key = KeySource::Bytes(Secret::new(&[9; 32]));
    Client::open(Options { path: Some(vault.to_owned()), key, ..Options::default() }).unwrap()
}

fn connect(client: &Client, user: &str) -> String {
    let ask =
        InitiateConnection { verify: Verify::Off, ..InitiateConnection::to_app("postgresql", credential("first")) };
    client.entity(user).initiate_connection(ask).unwrap().connected_account_id
}

fn credential(password: &str) -> Params {
    Params::new()
        .text("host", "db.example.com")
        .text("database", "app")
        .text("username", "me")
        .text("password", password)
}

/// One integration that hands credentials out.
fn integration(client: &Client) -> String {
    let allow = Allow::from([Permission::Reveal]);
    let ask = NewIntegration { app: "postgresql".into(), allow, ..NewIntegration::default() };
    client.create_integration(ask).unwrap().id
}

/// All batches of one rotation, the last of them with all that was found on the way.
fn rotated(client: &Client) -> Rotation {
    let mut ask = RotateDataKey { limit: Some(2), cursor: None };
    let (mut integrations, mut connections) = (Vec::new(), Vec::new());
    loop {
        let mut batch = client.rotate_data_key(ask.clone()).unwrap();
        integrations.append(&mut batch.damaged_integrations);
        connections.append(&mut batch.damaged_connections);
        ask.cursor.clone_from(&batch.next_cursor);
        if ask.cursor.is_none() {
            batch.damaged_integrations = integrations;
            batch.damaged_connections = connections;
            return batch;
        }
    }
}

fn damage(vault: &Path, table: &str, id: &str) {
    let db = rusqlite::Connection::open(vault).unwrap();
    let changed = db
        .execute(&format!("UPDATE {table} SET sealed = CAST(x'01' || randomblob(60) AS BLOB) WHERE id = ?"), [id])
        .unwrap();
    assert_eq!(changed, 1);
}

#[test]
fn a_record_that_does_not_open_keeps_its_key_until_it_is_gone_or_has_new_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let vault = folder.path().join("vault.db");
    let client = open(&vault);
    let unused = integration(&client);
    integration(&client);
    let ids: Vec<String> = (0..5).map(|n| connect(&client, &format!("user-{n}"))).collect();
    damage(&vault, "connections", &ids[1]);
    damage(&vault, "connections", &ids[3]);
    damage(&vault, "integrations", &unused);

    let first = rotated(&client);
    assert_eq!(first.damaged_integrations, [&*unused]);
    assert_eq!(first.damaged_connections, [ids[3].clone(), ids[1].clone()]);
    assert_eq!(first.kept_keys.len(), 1);
    let found = client.diagnose().unwrap();
    assert_eq!((found.data_keys, found.older_records), (Some(2), Some(3)));
    assert_eq!(found.warnings.len(), 3, "there is nothing to go on with: {:?}", found.warnings);

    let second = rotated(&client);
    assert_ne!(second.key_id, first.key_id, "what does not open is no rotation that was broken off");
    assert_eq!(second.kept_keys, first.kept_keys, "and the key in between goes");

    client.delete_integration(&unused).unwrap();
    client.delete_connection(&ids[1], false).unwrap();
    let again = UpdateCredentials {
        connected_account_id: ids[3].clone(),
        verify: Verify::Off,
        connected_account_params: credential("second"),
    };
    client.update_credentials(again).unwrap();
    let third = rotated(&client);
    assert_eq!((third.damaged_connections.len(), third.kept_keys.len()), (0, 0));
    let found = client.diagnose().unwrap();
    assert_eq!((found.data_keys, found.older_records, found.warnings.len()), (Some(1), Some(0), 0));
    assert!(client.dsn(&ids[3]).unwrap().expose_text().unwrap().contains("second")); // expose: made up
}

#[test]
fn threads_of_one_client_and_of_another_go_on_working() {
    let folder = tempfile::tempdir().unwrap();
    let vault = folder.path().join("vault.db");
    let (client, other) = (open(&vault), open(&vault));
    integration(&client);
    let ids: Vec<String> = (0..40).map(|n| connect(&client, &format!("user-{n}"))).collect();
    let over = AtomicBool::new(false);
    let keys = std::thread::scope(|scope| {
        for client in [&client, &other] {
            for first in [0, 20] {
                let (ids, over) = (&ids[first..first + 20], &over);
                scope.spawn(move || {
                    for (n, id) in ids.iter().cycle().enumerate() {
                        if over.load(Ordering::SeqCst) {
                            break;
                        }
                        client.dsn(id).unwrap();
                        if n % 10 == 0 {
                            let ask = UpdateCredentials {
                                connected_account_id: id.clone(),
                                verify: Verify::Off,
                                connected_account_params: credential("again"),
                            };
                            // Two clients may change one connection at the same time: then one is told.
                            let changed = client.update_credentials(ask).map(drop);
                            assert!(changed.map_or_else(|e| e.kind() == ErrorKind::Indeterminate, |()| true));
                        }
                    }
                });
            }
        }
        let keys: Vec<String> = (0..5).map(|_| rotated(&client).key_id).collect();
        over.store(true, Ordering::SeqCst);
        keys
    });
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
    let found = other.diagnose().unwrap();
    assert_eq!((found.data_keys, found.older_records, found.connections), (Some(1), Some(0), Some(40)));
    assert_eq!(found.warnings, [""; 0]);
}
