//! A vault's contents move to another one by an export: all of it or, where the file is not whole, nothing; again without harm;
//! beside what is there, which stays.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

mod beside;
mod broken;
mod fixture;
#[cfg(unix)]
mod killed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use keylatch::{
    Allow, Client, Connection, ConnectionFilter, ErrorKind, ImportVault, InitiateConnection, Integration, KeySource,
    NewIntegration, OpenWith, Options, Params, Permission, RotateDataKey, SealFor, Secret, Status, Verify,
};
use serde_json::json;

/// A key pair as `age-keygen` makes it.
const IDENTITY: &str = "AGE-SECRET-KEY-18U2AM2NXSMM3Z92G93LC35P0DZHAS5266V5QEZ3D4PUWQ9NF0XTSJPRM8G";
const RECIPIENT: &str = "age1fcgtslw55dqx6g7qjd300svwhaqnpxhcfxvvh4cvcnx4ghlww4ps3zrvu2";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A vault in a file of this name, for this tenant.
    fn vault_of(&self, name: &str, tenant: &str) -> Client {
        open(&self.path(name), tenant)
    }

    fn vault(&self, name: &str) -> Client {
        self.vault_of(name, "default")
    }

    /// What a vault with these users holds, exported.
    fn export(&self, users: usize) -> (Client, PathBuf) {
        let client = self.vault("from.db");
        fill(&client, users);
        let path = self.path("moved.export");
        client.export_vault(&path, for_recipient()).unwrap();
        (client, path)
    }
}

fn open(vault: &Path, tenant: &str) -> Client {
    let key = KeySource::Bytes(Secret::new(&[9; 32]));
    let options = Options { path: Some(vault.to_owned()), key, tenant: tenant.to_owned(), ..Options::default() };
    Client::open(options).unwrap()
}

fn for_recipient() -> SealFor {
    SealFor::Recipient(RECIPIENT.to_owned())
}

fn import_of(path: &Path) -> ImportVault {
    ImportVault::new(path, OpenWith::Identity(Secret::new(IDENTITY.as_bytes())))
}

/// An integration that hands credentials out, and a connection each of so many users.
fn fill(client: &Client, users: usize) -> String {
    let ask = NewIntegration {
        app: "postgresql".into(),
        name: Some("Reports".into()),
        allow: Allow::from([Permission::Reveal, Permission::Private]),
        fixed_values: Params::new().text("database", "reports"),
        ..NewIntegration::default()
    };
    let integration = client.create_integration(ask).unwrap().id;
    (0..users).for_each(|n| drop(connect(client, &integration, &format!("user-{n}"), n)));
    integration
}

fn connect(client: &Client, integration: &str, user: &str, n: usize) -> String {
    let params = Params::new()
        .text("host", "db.example.com")
        .text("username", "reader")
        .text("password", &format!("password ü/{n} of {user}"));
    let ask = InitiateConnection {
        verify: Verify::Off,
        alias: Some("main".into()),
        labels: vec!["a".into(), format!("n{n}")],
        metadata: json!({"n": n, "long": "x".repeat(1_000)}),
        ..InitiateConnection::to_integration(integration, params)
    };
    client.entity(user).initiate_connection(ask).unwrap().connected_account_id
}

/// All that a vault holds, as hosts see it, the newest first; the credentials of what is ACTIVE as hashes with this key.
#[derive(Debug, PartialEq)]
struct Contents {
    integrations: Vec<Integration>,
    connections: Vec<Connection>,
    hashes: BTreeMap<String, Vec<u8>>,
}

fn contents(client: &Client, key: &[u8; 32]) -> Contents {
    let mut filter = ConnectionFilter { limit: Some(100), ..ConnectionFilter::default() };
    let mut connections = Vec::new();
    loop {
        let page = client.connected_accounts(filter.clone()).unwrap();
        connections.extend(page.items);
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() {
            break;
        }
    }
    let hash = |connection: &Connection| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
        mac.update(client.dsn(&connection.id).unwrap().expose()); // expose: hashed
        (connection.id.clone(), mac.finalize().into_bytes().to_vec())
    };
    let hashes = connections.iter().filter(|connection| connection.status == Status::Active).map(hash).collect();
    Contents { integrations: client.integrations(None).unwrap(), connections, hashes }
}

fn random_key() -> [u8; 32] {
    let mut key = [0; 32];
    getrandom::fill(&mut key).unwrap();
    key
}

fn is_empty(client: &Client) -> bool {
    let nothing = contents(client, &[0; 32]);
    nothing.integrations.is_empty() && nothing.connections.is_empty()
}

#[test]
fn all_that_a_vault_holds_is_in_the_other_one_and_a_second_import_finds_it_there() {
    let folder = Folder::new();
    let from = folder.vault("from.db");
    fill(&from, 620); // more than one batch
    let second = fill(&from, 0);
    for user in ["other-1", "other-2"] {
        connect(&from, &second, user, 0);
    }
    let paused = from.get_connection("user-8", "postgresql").unwrap().id;
    from.disable_connection(&paused).unwrap();
    let path = folder.path("moved.export");
    let exported = from.export_vault(&path, SealFor::Passphrase(Secret::new(b"a long passphrase"))).unwrap();
    assert_eq!((exported.integrations, exported.connections), (2, 622));
    assert_eq!((exported.damaged_integrations, exported.damaged_connections), (vec![], vec![]));

    let to = folder.vault("to.db");
    let import = |dry_run| {
        let with = OpenWith::Passphrase(Secret::new(b"a long passphrase"));
        to.import_vault(ImportVault { dry_run, ..ImportVault::new(&path, with) }).unwrap()
    };
    let planned = import(true);
    assert!(is_empty(&to));
    let imported = import(false);
    assert_eq!(imported, planned);
    assert_eq!((imported.integrations, imported.connections, imported.already_there), (2, 622, 0));
    assert_eq!((imported.conflicting_integrations, imported.conflicting_connections), (vec![], vec![]));
    let key = random_key();
    let there = contents(&to, &key);
    assert_eq!(there, contents(&from, &key), "ids, times, status, labels, order and values are the same");
    assert_eq!(there.hashes.len(), 621);
    assert_ne!(there, contents(&from, &random_key()), "the hashes are of the values under this key");

    let again = import(false);
    assert_eq!((again.integrations, again.connections, again.already_there), (0, 0, 624));
    assert_eq!(contents(&to, &key), there);
    for client in [&from, &to] {
        client.enable_connection(&paused).unwrap();
    }
    assert_eq!(contents(&to, &key).hashes, contents(&from, &key).hashes, "what was switched off too");
}

#[test]
fn an_export_holds_no_credential_in_clear_is_private_and_replaces_nothing() {
    let folder = Folder::new();
    let (from, path) = folder.export(3);
    let bytes = std::fs::read(&path).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("keylatch export\n"));
    assert!(!holds("password") && !holds("user-1") && !holds("db.example.com") && !holds("postgresql"));
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o077, 0);
    assert_eq!(from.export_vault(&path, for_recipient()).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    let nowhere = folder.path("missing/moved.export");
    assert_eq!(from.export_vault(&nowhere, for_recipient()).unwrap_err().kind(), ErrorKind::InvalidArgument);
    for recipient in [
        "",
        "age1",
        IDENTITY,
        &RECIPIENT.replace('q', "p"),
        "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
    ] {
        let error = from.export_vault(&folder.path("x"), SealFor::Recipient(recipient.to_owned())).unwrap_err();
        assert_eq!((error.kind(), error.fields()), (ErrorKind::InvalidArgument, &["recipient".to_owned()][..]));
    }
    let names = std::fs::read_dir(folder.0.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.filter_map(|name| name.into_string().ok()).all(|name| !name.contains("draft") && name != "x"));
}

#[test]
fn an_import_that_was_broken_off_goes_on() {
    let folder = Folder::new();
    let (from, path) = folder.export(620);
    let to = folder.vault("to.db");
    to.close();
    let db = rusqlite::Connection::open(folder.path("to.db")).unwrap();
    let stop = "CREATE TRIGGER stop BEFORE INSERT ON connections WHEN (SELECT count(*) FROM connections) >= 550 \
                BEGIN SELECT RAISE(ABORT, 'stop'); END";
    db.execute(stop, []).unwrap();
    let to = folder.vault("to.db");
    assert_eq!(to.import_vault(import_of(&path)).unwrap_err().kind(), ErrorKind::Storage);
    db.execute("DROP TRIGGER stop", []).unwrap();
    let planned = to.import_vault(ImportVault { dry_run: true, ..import_of(&path) }).unwrap();
    let done = to.import_vault(import_of(&path)).unwrap();
    assert_eq!(done, planned);
    assert_eq!((done.connections, done.already_there), (120, 501), "a batch is stored whole or not at all");
    let key = random_key();
    assert_eq!(contents(&to, &key), contents(&from, &key));
}

#[test]
fn an_import_seals_with_the_newest_key_that_others_have_brought_in() {
    let folder = Folder::new();
    let (from, path) = folder.export(3);
    let (to, other) = (folder.vault("to.db"), folder.vault("to.db"));
    let key_id = other.rotate_data_key(RotateDataKey::default()).unwrap().key_id;
    assert_eq!(to.import_vault(import_of(&path)).unwrap().connections, 3);
    let rotated = from.rotate_data_key(RotateDataKey::default()).unwrap();
    assert_eq!((rotated.resealed, rotated.next_cursor), (4, None));
    let found = other.diagnose().unwrap();
    assert_eq!((found.data_keys, found.older_records, found.connections), (Some(1), Some(0), Some(3)));
    let key = random_key();
    assert_eq!(contents(&other, &key), contents(&from, &key));
    assert_ne!(rotated.key_id, key_id, "each vault has keys of its own");
}

#[test]
fn damaged_records_are_named_and_left_out() {
    let folder = Folder::new();
    let from = folder.vault("from.db");
    let (good, bad) = (fill(&from, 4), fill(&from, 0));
    let ids = ["user-0", "user-1", "user-2"].map(|user| from.get_connection(user, "postgresql").unwrap().id);
    let of_bad = connect(&from, &bad, "user-9", 9);
    from.close();
    let db = rusqlite::Connection::open(folder.path("from.db")).unwrap();
    let damage = |table: &str, id: &str| {
        let sql = format!("UPDATE {table} SET sealed = CAST(x'01' || randomblob(60) AS BLOB) WHERE id = ?");
        assert_eq!(db.execute(&sql, [id]).unwrap(), 1);
    };
    damage("connections", &ids[1]);
    damage("integrations", &bad);
    let from = folder.vault("from.db");
    let path = folder.path("moved.export");
    let exported = from.export_vault(&path, for_recipient()).unwrap();
    assert_eq!((exported.integrations, exported.connections), (1, 3));
    assert_eq!(exported.damaged_integrations, [bad]);
    assert_eq!(exported.damaged_connections, [ids[1].clone(), of_bad]);
    let to = folder.vault("to.db");
    let imported = to.import_vault(import_of(&path)).unwrap();
    assert_eq!((imported.integrations, imported.connections), (1, 3));
    assert_eq!(to.integrations(None).unwrap()[0].id, good);
}
