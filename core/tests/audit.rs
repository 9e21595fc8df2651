//! The audit log of a vault in a file: what is written down, that every damage of it shows, and that nothing is done without it
//! where it is required.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use keylatch::{
    Allow, Audit, AuditEntry, AuditQuery, Client, ConnectionFilter, ErrorKind, InitiateConnection, KeySource,
    NewIntegration, Options, Params, Permission, RotateDataKey, Secret, UpdateCredentials, Verify,
};
use rusqlite::Connection as Db;

const PASSWORD: &str = "canary-password-0001";
/// Where a child of this test finds the vault.
const VAULT: &str = "KEYLATCH_TEST_AUDITED_VAULT";

struct Fixture {
    _folder: tempfile::TempDir,
    vault: PathBuf,
}

fn open_at(vault: &Path, audit: Audit, key: u8) -> Client {
    let key = KeySource::Bytes(Secret::new(&[key; 32]));
    Client::open(Options { path: Some(vault.to_owned()), key, audit, ..Options::default() }).unwrap()
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { vault: folder.path().join("vault.db"), _folder: folder }
    }

    fn open(&self, audit: Audit) -> Client {
        open_at(&self.vault, audit, 7)
    }

    /// A vault whose log has five entries: an integration, two connections, two uses of the first.
    fn used() -> (Self, Client, String) {
        let fixture = Self::new();
        let client = fixture.open(Audit::Required);
        let id = connect(&client, "user-1");
        connect(&client, "user-2");
        client.dsn(&id).unwrap();
        client.dsn(&id).unwrap();
        (fixture, client, id)
    }

    fn edit(&self, sql: &str) {
        Db::open(&self.vault).unwrap().execute_batch(sql).unwrap();
    }
}

fn integration(client: &Client) -> String {
    if let Some(there) = client.integrations(None).unwrap().pop() {
        return there.id;
    }
    let ask = NewIntegration {
        app: "postgresql".into(),
        allow: Allow::from([Permission::Reveal]),
        ..NewIntegration::default()
    };
    client.create_integration(ask).unwrap().id
}

fn ask(integration: &str) -> InitiateConnection {
    let params = Params::new().text("host", "db.example.com").text("username", "reader").text("password", PASSWORD);
    InitiateConnection {
        verify: Verify::Off,
        ..InitiateConnection::to_integration(integration, params.text("database", "reports"))
    }
}

fn connect(client: &Client, user: &str) -> String {
    client.entity(user).initiate_connection(ask(&integration(client))).unwrap().connected_account_id
}

fn all(client: &Client) -> Vec<AuditEntry> {
    client.audit_log(AuditQuery { limit: Some(500), ..AuditQuery::default() }).unwrap().items
}

fn told(entries: &[AuditEntry]) -> Vec<(&str, &str)> {
    entries.iter().map(|entry| (entry.action.as_str(), entry.outcome.as_str())).collect()
}

fn faults(client: &Client, head: Option<&str>) -> Vec<String> {
    client.check_audit(head).unwrap().faults
}

#[test]
fn a_log_tells_who_did_what_and_holds_no_id_and_no_value() {
    let (fixture, client, id) = Fixture::used();
    client.disable_connection(&id).unwrap();
    client.enable_connection(&id).unwrap();
    client.set_alias(&id, Some("main")).unwrap();
    let params = Params::new().text("password", "canary-password-0002");
    let new =
        UpdateCredentials { connected_account_id: id.clone(), verify: Verify::Off, connected_account_params: params };
    client.update_credentials(new).unwrap();
    client.delete_connection(&id, false).unwrap();
    assert_eq!(client.delete_connection(&id, false).unwrap_err().kind(), ErrorKind::NotFound);
    let entries = all(&client);
    assert_eq!(
        told(&entries),
        [
            ("integrations.create", "done"),
            ("initiate_connection", "not_checked"),
            ("initiate_connection", "not_checked"),
            ("connected_accounts.dsn", "begun"),
            ("connected_accounts.dsn", "begun"),
            ("connected_accounts.disable", "done"),
            ("connected_accounts.enable", "done"),
            ("connected_accounts.set_alias", "done"),
            ("connected_accounts.update_credentials", "not_checked"),
            ("connected_accounts.delete", "done"),
        ]
    );
    assert!(entries.iter().map(|entry| entry.seq).eq(1..=10));
    let process = format!("{}@", std::process::id());
    assert!(
        entries.iter().all(|entry| entry.process.starts_with(&process) && entry.app.as_deref() == Some("postgresql"))
    );

    // By id, of the connection that is gone too.
    let page = |ask| client.audit_log(AuditQuery { limit: Some(500), ..ask }).unwrap().items;
    let of_account = page(AuditQuery { connected_account_id: Some(id.clone()), ..AuditQuery::default() });
    let of_user = page(AuditQuery { entity_id: Some("user-1".into()), ..AuditQuery::default() });
    assert_eq!((of_account.len(), &of_account), (8, &of_user));
    assert_eq!(page(AuditQuery { entity_id: Some("user-2".into()), ..AuditQuery::default() }).len(), 1);
    assert_eq!(page(AuditQuery { entity_id: Some("user-3".into()), ..AuditQuery::default() }).len(), 0);
    assert_eq!(page(AuditQuery { after: 8, ..AuditQuery::default() }), entries[8..]);
    let check = client.check_audit(None).unwrap();
    assert_eq!((check.entries, check.faults), (10, Vec::new()));
    drop(client);

    let db = Db::open(&fixture.vault).unwrap();
    let mut statement = db.prepare("SELECT * FROM audit").unwrap();
    let columns = statement.column_count();
    let rows = statement
        .query_map([], |row| {
            (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at)).collect::<Result<Vec<_>, _>>()
        })
        .unwrap();
    let text = format!("{:?}", rows.collect::<Result<Vec<_>, _>>().unwrap());
    for absent in ["user-1", "user-2", id.as_str(), "canary", "reader"] {
        assert!(!text.contains(absent), "{absent} is in {text}");
    }
}

#[test]
fn every_change_of_the_log_shows() {
    let copy = "UPDATE audit SET (at, action, outcome, entity, record, app, process, chain) \
                = (SELECT at, action, outcome, entity, record, app, process, chain FROM audit WHERE seq = 4) WHERE seq = 5";
    let swap = "UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; \
                UPDATE audit SET seq = 3 WHERE seq = 99";
    let wrong = "is not as it was written";
    for (edit, found) in [
        ("DELETE FROM audit WHERE seq = 3", &["entry 3 is missing"][..]),
        ("DELETE FROM audit WHERE seq IN (2, 3)", &["entries 2 to 3 are missing"]),
        ("DELETE FROM audit WHERE seq = 1", &["entry 1 is missing"]),
        ("DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq > 3", &[wrong, wrong]),
        ("UPDATE audit SET outcome = 'done' WHERE seq = 4", &["entry 4 is not"]),
        ("UPDATE audit SET at = '2020-01-01T00:00:00Z' WHERE seq = 1", &["entry 1 is not"]),
        ("UPDATE audit SET action = 'request' WHERE seq = 4", &["entry 4 is not"]),
        ("UPDATE audit SET entity = (SELECT entity FROM audit WHERE seq = 3) WHERE seq = 4", &["entry 4 is not"]),
        ("UPDATE audit SET record = NULL WHERE seq = 4", &["entry 4 is not"]),
        ("UPDATE audit SET app = '' WHERE seq = 4", &["entry 4 is not"]),
        ("UPDATE audit SET app = NULL, process = app || process WHERE seq = 4", &["entry 4 is not"]),
        ("UPDATE audit SET process = '1@0' WHERE seq = 4", &["entry 4 is not"]),
        ("UPDATE audit SET chain = zeroblob(32) WHERE seq = 4", &["entry 4 is not", "entry 5 is not"]),
        (copy, &["entry 5 is not"]),
        (swap, &["entry 2 is not", "entry 3 is not", "entry 4 is not"]),
        (
            "INSERT INTO audit SELECT tenant, 0, at, action, outcome, entity, record, app, process, chain FROM audit LIMIT 1",
            &["entry 0 does not belong"],
        ),
        (
            "INSERT INTO audit SELECT tenant, 6, at, action, outcome, entity, record, app, process, chain FROM audit LIMIT 1",
            &["entry 6 is not"],
        ),
        ("DELETE FROM audit_keys", &["key is gone"]),
        ("UPDATE audit_keys SET id = 'log_other'", &["key does not open"]),
    ] {
        let (fixture, client, _) = Fixture::used();
        assert_eq!(faults(&client, None), [""; 0]);
        drop(client);
        fixture.edit(edit);
        let seen = faults(&fixture.open(Audit::Off), None);
        assert_eq!(seen.len(), found.len(), "{edit}: {seen:?}");
        assert!(seen.iter().zip(found).all(|(seen, found)| seen.contains(found)), "{edit}: {seen:?}");
    }
}

#[test]
fn a_log_that_was_cut_shows_to_who_has_kept_its_head() {
    let (fixture, client, id) = Fixture::used();
    let head = client.audit_log(AuditQuery::default()).unwrap().head;
    assert_eq!(client.check_audit(Some(&head)).unwrap().head, head);
    client.dsn(&id).unwrap();
    assert_eq!(faults(&client, Some(&head)), [""; 0], "entries behind the head are no fault");
    fixture.edit("DELETE FROM audit WHERE seq > 3");
    assert_eq!(faults(&client, None), [""; 0]);
    let seen = faults(&client, Some(&head));
    assert!(seen.len() == 1 && seen[0].starts_with("entries 4 to 5 are missing: the log was cut"), "{seen:?}");
    for _ in 0..3 {
        client.dsn(&id).unwrap();
    }
    let seen = faults(&client, Some(&head));
    assert!(seen.len() == 1 && seen[0].starts_with("entry 5 is not the one that the head tells of"), "{seen:?}");
    fixture.edit("DELETE FROM audit; DELETE FROM audit_keys");
    let fresh = fixture.open(Audit::Required);
    fresh.dsn(&id).unwrap();
    let seen = faults(&fresh, Some(&head));
    assert!(seen.len() == 1 && seen[0].starts_with("entries 2 to 5 are missing"), "{seen:?}");
    for wrong in ["", "5", "x:", "-1:", "5:*"] {
        assert_eq!(client.check_audit(Some(wrong)).unwrap_err().fields(), ["head"], "{wrong}");
    }
}

#[test]
fn what_cannot_be_written_down_is_not_done_where_it_must_be() {
    let (fixture, client, id) = Fixture::used();
    fixture.edit("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END");
    let integration = integration(&client);
    let refused = |result: keylatch::Result<()>| {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage);
        assert!(error.message().starts_with("the audit log takes no entry, so nothing was done"), "{error}");
    };
    let before = client.connected_accounts(ConnectionFilter::default()).unwrap();
    refused(client.entity("user-3").initiate_connection(ask(&integration)).map(drop));
    refused(client.dsn(&id).map(drop));
    refused(client.verify_connection(&id).map(drop));
    refused(client.disable_connection(&id).map(drop));
    refused(client.set_alias(&id, Some("main")).map(drop));
    refused(client.delete_connection(&id, false));
    refused(client.create_integration(NewIntegration { app: "stripe".into(), ..NewIntegration::default() }).map(drop));
    refused(client.backup(&fixture.vault.with_extension("copy")));
    refused(client.change_key(KeySource::Bytes(Secret::new(&[8; 32]))));
    refused(client.rotate_data_key(RotateDataKey::default()).map(drop));
    assert_eq!(client.connected_accounts(ConnectionFilter::default()).unwrap(), before);
    assert_eq!(client.integrations(None).unwrap().len(), 1);
    assert!(!fixture.vault.with_extension("copy").exists());
    assert_eq!(fixture.open(Audit::Off).diagnose().unwrap().data_keys, Some(1));

    let easy = fixture.open(Audit::BestEffort);
    easy.dsn(&id).unwrap();
    easy.entity("user-3").initiate_connection(ask(&integration)).unwrap();
    easy.delete_connection(&id, false).unwrap();
    assert_eq!(all(&easy).len(), 5);
    fixture.edit("DROP TRIGGER full");
    connect(&easy, "user-4");
    assert_eq!((all(&easy).len(), faults(&easy, None).len()), (6, 0));
}

#[test]
fn a_log_without_its_key_takes_no_entry() {
    let (fixture, client, id) = Fixture::used();
    drop(client);
    fixture.edit("DELETE FROM audit_keys");
    let error = fixture.open(Audit::Required).dsn(&id).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CorruptRecord);
    fixture.open(Audit::BestEffort).dsn(&id).unwrap();
    assert_eq!(all(&fixture.open(Audit::Off)).len(), 5);
}

#[test]
fn a_client_without_the_option_writes_nothing() {
    let fixture = Fixture::new();
    let client = fixture.open(Audit::Off);
    client.dsn(&connect(&client, "user-1")).unwrap();
    let log = client.audit_log(AuditQuery { entity_id: Some("user-1".into()), ..AuditQuery::default() }).unwrap();
    assert_eq!((log.items.len(), log.head.as_str()), (0, "0:"));
    let check = client.check_audit(Some("0:")).unwrap();
    assert_eq!((check.entries, check.faults.len()), (0, 0));
    drop(client);
    let keys: i64 =
        Db::open(&fixture.vault).unwrap().query_row("SELECT count(*) FROM audit_keys", [], |r| r.get(0)).unwrap();
    assert_eq!(keys, 0);
}

#[test]
fn a_log_outlives_other_keys() {
    let (fixture, client, id) = Fixture::used();
    let hash = all(&client)[3].record_hash.clone();
    for key in [8, 9] {
        let mut ask = RotateDataKey::default();
        loop {
            let batch = client.rotate_data_key(ask.clone()).unwrap();
            ask.cursor = batch.next_cursor;
            if ask.cursor.is_none() {
                assert_eq!((batch.remaining, batch.kept_keys), (0, Vec::new()));
                break;
            }
        }
        client.change_key(KeySource::Bytes(Secret::new(&[key; 32]))).unwrap();
    }
    drop(client);
    let client = open_at(&fixture.vault, Audit::Required, 9);
    assert_eq!(client.diagnose().unwrap().data_keys, Some(1));
    client.dsn(&id).unwrap();
    let entries = all(&client);
    let later = ["rotate_data_key", "change_key", "rotate_data_key", "change_key", "connected_accounts.dsn"];
    assert!(entries[5..].iter().map(|entry| entry.action.as_str()).eq(later));
    assert_eq!(entries[9].record_hash, hash);
    assert_eq!(faults(&client, None), [""; 0]);
}

/// The part of another process in the next test; alone it does nothing.
#[test]
fn another_process_writes_too() {
    let Some(vault) = std::env::var_os(VAULT) else { return };
    write_at_once(Path::new(&vault));
}

fn write_at_once(vault: &Path) {
    let clients = [open_at(vault, Audit::Required, 7), open_at(vault, Audit::BestEffort, 7)];
    thread::scope(|scope| {
        for number in 0..8 {
            let client = &clients[number % 2];
            scope.spawn(move || {
                for _ in 0..10 {
                    let id = connect(client, &format!("user-{number}-{}", std::process::id()));
                    client.dsn(&id).unwrap();
                    client.delete_connection(&id, false).unwrap();
                }
            });
        }
    });
}

#[test]
fn threads_and_processes_that_write_at_once_make_one_chain() {
    let fixture = Fixture::new();
    integration(&fixture.open(Audit::Off));
    let child = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "another_process_writes_too"])
            .env(VAULT, &fixture.vault)
            .spawn()
            .unwrap()
    };
    let children = [child(), child()];
    write_at_once(&fixture.vault);
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let check = fixture.open(Audit::Off).check_audit(None).unwrap();
    assert_eq!((check.entries, check.faults), (3 * 8 * 10 * 3, Vec::new()));
}

#[test]
fn a_backup_has_the_log_and_a_tenant_has_its_own() {
    let (fixture, client, id) = Fixture::used();
    let copy = fixture.vault.with_extension("copy");
    client.backup(&copy).unwrap();
    let restored = open_at(&copy, Audit::Required, 7);
    restored.dsn(&id).unwrap();
    assert_eq!((all(&restored).len(), faults(&restored, None).len()), (7, 0));

    let key = KeySource::Bytes(Secret::new(&[7; 32]));
    let options = Options { path: Some(fixture.vault.clone()), tenant: "other".into(), key, ..Options::default() };
    let other = Client::open(Options { audit: Audit::Required, ..options }).unwrap();
    connect(&other, "user-1");
    let entries = all(&other);
    assert_eq!((entries.len(), entries[0].seq), (2, 1));
    assert_ne!(entries[1].entity_hash, all(&client)[1].entity_hash, "hashes are of one log");
    assert_eq!(all(&client).len(), 6);
}
