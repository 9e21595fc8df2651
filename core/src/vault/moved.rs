//! Contents that are moved between a file and PostgreSQL, on a real server: `make test-postgres`.

use std::collections::BTreeMap;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};

use crate::store::Schema;
use crate::{
    Allow, Client, ConnectionFilter, ErrorKind, ImportVault, InitiateConnection, KeySource, NewIntegration, OpenWith,
    Options, Params, Permission, SealFor, Secret, UpdateCredentials, Verify,
};

const PASSPHRASE: &[u8] = b"a passphrase for moving";
const USERS: usize = 1_100; // more than two batches

fn open(path: &Path, key: u8, tenant: &str) -> Client {
    let key = KeySource::Bytes(Secret::new(&[key; 32]));
    Client::open(Options { path: Some(path.to_owned()), key, tenant: tenant.to_owned(), ..Options::default() }).unwrap()
}

/// One integration, and connections with all that one can have.
fn fill(client: &Client) {
    let ask = NewIntegration {
        app: "postgresql".into(),
        allow: Allow::from([Permission::Reveal]),
        fixed_values: Params::new().text("database", "reports"),
        ..NewIntegration::default()
    };
    let integration = client.create_integration(ask).unwrap().id;
    for n in 0..USERS {
        let password = format!("pässword {n}");
        let params = Params::new().text("host", "db.example.com").text("username", "u").text("password", &password);
        let ask = InitiateConnection {
            verify: Verify::Off,
            alias: (n % 2 == 0).then(|| format!("alias {n}")),
            labels: vec![format!("l{n}")],
            metadata: json!({"n": n, "ü": [null, 1.5]}),
            ..InitiateConnection::to_integration(&integration, params)
        };
        client
            .entity(&format!("user-{}", n / 2))
            .initiate_connection(InitiateConnection { allow_multiple: true, ..ask })
            .unwrap();
    }
}

/// Whatever hosts see of the vault, and hashes of the credentials with this key.
fn contents(client: &Client, key: &[u8; 32]) -> (Vec<Value>, BTreeMap<String, Vec<u8>>) {
    let mut seen = vec![json!(client.integrations(None).unwrap())];
    let mut hashes = BTreeMap::new();
    let mut filter = ConnectionFilter { limit: Some(100), ..ConnectionFilter::default() };
    loop {
        let page = client.connected_accounts(filter.clone()).unwrap();
        for connection in page.items {
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
            mac.update(client.dsn(&connection.id).unwrap().expose()); // expose: hashed
            hashes.insert(connection.id.clone(), mac.finalize().into_bytes().to_vec());
            seen.push(json!(connection));
        }
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() {
            return (seen, hashes);
        }
    }
}

fn import_of(path: &Path) -> ImportVault {
    ImportVault::new(path, OpenWith::Passphrase(Secret::new(PASSPHRASE)))
}

#[test]
#[ignore = "wants a server: make test-postgres"]
fn from_a_file_to_postgresql_and_back_all_values_are_equal_by_keyed_hash() {
    let folder = tempfile::tempdir().unwrap();
    let (file, schema) = (|name: &str| folder.path().join(name), Schema::new());
    let mut key = [0; 32];
    super::record::random(&mut key).unwrap();
    let first = open(&file("first.db"), 1, "default");
    fill(&first);
    let all = contents(&first, &key);
    assert_eq!(all.1.len(), USERS);

    let out = file("out.export");
    let exported = first.export_vault(&out, SealFor::Passphrase(Secret::new(PASSPHRASE))).unwrap();
    assert_eq!((exported.integrations, exported.connections), (1, USERS as u64));
    let url = schema.url();
    let server = open(Path::new(&url), 2, "elsewhere");
    let whole = std::fs::read(&out).unwrap();
    let broken = file("broken.export");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for bytes in [&whole[..whole.len() / 2], &flipped] {
        std::fs::write(&broken, bytes).unwrap();
        assert_eq!(server.import_vault(import_of(&broken)).unwrap_err().kind(), ErrorKind::CorruptRecord);
    }
    let wrong = ImportVault::new(&out, OpenWith::Passphrase(Secret::new(b"another")));
    assert_eq!(server.import_vault(wrong).unwrap_err().kind(), ErrorKind::WrongKey);
    assert!(contents(&server, &key).1.is_empty(), "nothing is half imported");

    let planned = server.import_vault(ImportVault { dry_run: true, ..import_of(&out) }).unwrap();
    let imported = server.import_vault(import_of(&out)).unwrap();
    assert_eq!((imported.integrations, imported.connections, imported.already_there), (1, USERS as u64, 0));
    assert_eq!(planned, imported);
    assert_eq!(contents(&server, &key), all);
    let again = server.import_vault(import_of(&out)).unwrap();
    assert_eq!((again.connections, again.already_there), (0, USERS as u64 + 1));

    let back = file("back.export");
    server.export_vault(&back, SealFor::Passphrase(Secret::new(PASSPHRASE))).unwrap();
    let second = open(&file("second.db"), 3, "default");
    assert_eq!(second.import_vault(import_of(&back)).unwrap().connections, USERS as u64);
    assert_eq!(contents(&second, &key), all);
    conflicts(&server, &out, all.1.keys().next().unwrap());
    [first, server, second].iter().for_each(Client::close);
}

/// What has other values by now, and whose alias is taken, stays as it is.
fn conflicts(server: &Client, export: &Path, changed: &str) {
    let connected_account_params = Params::new().text("password", "another");
    let connected_account_id = changed.to_owned();
    let ask = UpdateCredentials { connected_account_id, connected_account_params, verify: Verify::Off };
    server.update_credentials(ask).unwrap();
    let named = |alias: &str| {
        let all = server.connected_accounts(ConnectionFilter { limit: Some(100), ..Default::default() }).unwrap().items;
        all.into_iter().find(|connection| connection.alias.as_deref() == Some(alias)).unwrap()
    };
    let taken = named(&format!("alias {}", USERS - 2));
    assert_ne!(taken.id, changed);
    server.delete_connection(&taken.id, false).unwrap();
    let params = Params::new().text("host", "db.example.com").text("username", "u").text("password", "its own");
    let own = InitiateConnection {
        alias: taken.alias.clone(),
        allow_multiple: true,
        verify: Verify::Off,
        ..InitiateConnection::to_integration(&taken.integration_id, params)
    };
    server.entity(&taken.entity_id).initiate_connection(own).unwrap();
    for dry_run in [true, false] {
        let done = server.import_vault(ImportVault { dry_run, ..import_of(export) }).unwrap();
        assert_eq!((done.connections, done.already_there), (0, USERS as u64 - 1));
        let mut named = done.conflicting_connections;
        named.sort();
        let mut expected = [changed.to_owned(), taken.id.clone()];
        expected.sort();
        assert_eq!(named, expected);
    }
}
