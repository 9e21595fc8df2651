//! What happens to a vault that is changed behind Keylatch's back: each damage is noticed, and hides nothing else.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use keylatch::{
    Client, ConnectionFilter, ErrorKind, InitiateConnection, KeySource, NewIntegration, Options, Params, Secret, Verify,
};
use rusqlite::Connection as Db;

struct Fixture {
    _folder: tempfile::TempDir,
    vault: PathBuf,
}

impl Fixture {
    /// A vault with two connections of two users.
    fn new() -> (Self, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let fixture = Self { vault: folder.path().join("vault.db"), _folder: folder };
        let client = fixture.open();
        let ids = ["user-1", "user-2"].map(|user| connect(&client, user)).to_vec();
        (fixture, ids)
    }

    fn open(&self) -> Client {
        Client::open(options(&self.vault, KeySource::FileBesideVault)).unwrap()
    }

    fn edit(&self, sql: &str) {
        let changed = Db::open(&self.vault).unwrap().execute(sql, []).unwrap();
        assert!(changed > 0, "the edit hits something");
    }

    fn key_file(&self) -> PathBuf {
        self.vault.with_extension("db.key")
    }

    fn open_error(&self, key: KeySource) -> ErrorKind {
        match Client::open(options(&self.vault, key)) {
            Ok(_) => panic!("the vault opened"),
            Err(error) => error.kind(),
        }
    }
}

fn options(vault: &Path, key: KeySource) -> Options {
    Options { path: Some(vault.to_owned()), key, ..Options::default() }
}

fn connect(client: &Client, user: &str) -> String {
    let ask = InitiateConnection {
        verify: Verify::Off,
        ..InitiateConnection::to_app("google_maps", Params::new().text("api_key", "AIza-canary-000000001"))
    };
    client.entity(user).initiate_connection(ask).unwrap().connected_account_id
}

fn verify_error(client: &Client, id: &str) -> Option<ErrorKind> {
    client.verify_connection(id).err().map(|e| e.kind())
}

#[test]
fn a_sealed_value_moved_to_another_users_row_does_not_open() {
    let (fixture, ids) = Fixture::new();
    let sql = format!("UPDATE connections SET sealed = (SELECT sealed FROM connections WHERE id = '{}')", ids[0]);
    fixture.edit(&sql);
    let client = fixture.open();
    assert_eq!(verify_error(&client, &ids[0]), None);
    assert_eq!(verify_error(&client, &ids[1]), Some(ErrorKind::CorruptRecord));
}

#[test]
fn a_row_given_to_another_user_does_not_open() {
    let (fixture, ids) = Fixture::new();
    fixture.edit(&format!("UPDATE connections SET entity_id = 'thief' WHERE id = '{}'", ids[0]));
    let client = fixture.open();
    assert_eq!(verify_error(&client, &ids[0]), Some(ErrorKind::CorruptRecord));
    assert_eq!(verify_error(&client, &ids[1]), None);
}

#[test]
fn an_edited_base_url_does_not_get_the_keys() {
    let (fixture, ids) = Fixture::new();
    fixture.edit("UPDATE integrations SET base_url = 'https://evil.example'");
    assert_eq!(verify_error(&fixture.open(), &ids[0]), Some(ErrorKind::CorruptRecord));
}

#[test]
fn an_exception_from_the_network_rules_cannot_be_added_by_an_edit() {
    let (fixture, ids) = Fixture::new();
    fixture.edit("UPDATE integrations SET allow = '[\"loopback\"]'");
    assert_eq!(verify_error(&fixture.open(), &ids[0]), Some(ErrorKind::CorruptRecord));
}

#[test]
fn a_bad_row_hides_no_other_and_can_be_given_new_credentials() {
    let (fixture, ids) = Fixture::new();
    fixture.edit(&format!("UPDATE connections SET sealed = x'00', labels = 'no json' WHERE id = '{}'", ids[0]));
    let client = fixture.open();
    assert_eq!(client.connected_accounts(ConnectionFilter::default()).unwrap().items.len(), 2);
    assert_eq!(verify_error(&client, &ids[0]), Some(ErrorKind::CorruptRecord));
    assert_eq!(verify_error(&client, &ids[1]), None);
    let update = keylatch::UpdateCredentials {
        connected_account_id: ids[0].clone(),
        connected_account_params: Params::new().text("api_key", "AIza-canary-000000002"),
        ..Default::default()
    };
    client.update_credentials(update).unwrap();
    assert_eq!(verify_error(&client, &ids[0]), None);
}

#[test]
fn the_wrong_key_and_the_wrong_kind_of_key_are_told() {
    let (fixture, _) = Fixture::new();
    assert_eq!(fixture.open_error(KeySource::Bytes(Secret::new(&[1; 32]))), ErrorKind::WrongKey);
    assert_eq!(fixture.open_error(KeySource::Passphrase(Secret::new(b"guess"))), ErrorKind::WrongKey);
    assert_eq!(fixture.open_error(KeySource::Bytes(Secret::new(&[1; 31]))), ErrorKind::InvalidArgument);
    assert_eq!(fixture.open_error(KeySource::Environment("KEYLATCH_NOT_SET".into())), ErrorKind::VaultLocked);
}

#[test]
fn a_key_file_that_is_gone_or_public_locks_the_vault_and_is_never_made_anew() {
    let (fixture, _) = Fixture::new();
    let file = fixture.key_file();
    let mode = |bits| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(bits)).unwrap();
    mode(0o644);
    assert_eq!(fixture.open_error(KeySource::FileBesideVault), ErrorKind::VaultLocked);
    mode(0o600);
    fixture.open();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(fixture.open_error(KeySource::FileBesideVault), ErrorKind::VaultLocked);
    assert!(!file.exists(), "a new key would make the loss final");
}

#[test]
fn what_is_no_vault_and_what_is_newer_or_older_is_told() {
    let (fixture, _) = Fixture::new();
    for (version, todo) in [(99, "update Keylatch"), (1, "connect again in a new vault")] {
        Db::open(&fixture.vault).unwrap().pragma_update(None, "user_version", version).unwrap();
        let error = Client::open(options(&fixture.vault, KeySource::FileBesideVault)).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Storage);
        assert!(error.message().ends_with(todo), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "dear diary, this is not a database at all ".repeat(100)).unwrap();
    let error = Client::open(options(&text, KeySource::FileBesideVault)).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Storage);
}

#[test]
fn files_are_private_from_the_start() {
    let (fixture, _) = Fixture::new();
    for entry in std::fs::read_dir(fixture.vault.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", entry.path().display());
    }
}

#[test]
fn weakened_passphrase_parameters_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let vault = folder.path().join("vault.db");
    let passphrase = || KeySource::Passphrase(Secret::new(b"correct horse"));
    Client::open(options(&vault, passphrase())).unwrap();
    Client::open(options(&vault, passphrase())).unwrap();
    let wrong = Client::open(options(&vault, KeySource::Passphrase(Secret::new(b"battery staple"))));
    assert_eq!(wrong.err().unwrap().kind(), ErrorKind::WrongKey);
    let db = Db::open(&vault).unwrap();
    db.execute("UPDATE keys SET derivation = replace(derivation, '\"memory_kib\":65536', '\"memory_kib\":8')", [])
        .unwrap();
    let weak = Client::open(options(&vault, passphrase()));
    assert_eq!(weak.err().unwrap().kind(), ErrorKind::CorruptRecord);
}

#[test]
fn fixed_values_stay_out_of_the_users_record() {
    let (fixture, _) = Fixture::new();
    let client = fixture.open();
    let integration = client
        .create_integration(NewIntegration {
            app: "twilio".into(),
            fixed_values: Params::new().text("account_sid", "AC00000000000000000000000000000000"),
            ..NewIntegration::default()
        })
        .unwrap();
    let ask = InitiateConnection {
        entity_id: "user-3".into(),
        verify: Verify::Off,
        ..InitiateConnection::to_integration(&integration.id, Params::new().text("auth_token", "0123456789abcdef"))
    };
    let id = client.initiate_connection(ask).unwrap().connected_account_id;
    fixture.edit(&format!("UPDATE integrations SET fixed_fields = '[]' WHERE id = '{}'", integration.id));
    assert_eq!(verify_error(&client, &id), Some(ErrorKind::CorruptRecord));
}
