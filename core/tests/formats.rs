//! A vault of each released format opens, with all that is in it. They stand in `fixtures`, made by the release that first wrote
//! them and never again; `KEYLATCH_MAKE_FIXTURE=yes cargo test -p keylatch --test formats` makes today's where there is none.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

use std::path::{Path, PathBuf};

use keylatch::{
    Allow, Audit, Client, ConnectionFilter, InitiateConnection, KeySource, NewIntegration, Options, Params, Permission,
    Secret, Status, Verify,
};
use serde_json::json;

/// The formats of the vault's file, with the version of the records in it.
const RELEASED: [&str; 3] = ["format-2-records-1", "format-3-records-1", "format-4-records-1"];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name).with_extension("db")
}

fn open(vault: &Path) -> Client {
    let key = KeySource::Bytes(Secret::new(&[9; 32]));
    let audit = Audit::Required;
    Client::open(Options { path: Some(vault.to_owned()), key, audit, ..Options::default() }).unwrap()
}

fn make(vault: &Path) {
    let client = open(vault);
    let integration = NewIntegration {
        app: "postgresql".into(),
        name: Some("Reports".into()),
        allow: Allow::from([Permission::Private, Permission::Reveal]),
        fixed_values: Params::new().text("database", "reports"),
        ..NewIntegration::default()
    };
    let integration = client.create_integration(integration).unwrap();
    for (user, password) in [("user-1", "fixture pass/word ü"), ("user-2", "another one")] {
        let params = Params::new().text("host", "db.example.com").text("username", "reader").text("password", password);
        let ask = InitiateConnection {
            verify: Verify::Off,
            alias: Some("main".into()),
            labels: vec!["a".into(), "b".into()],
            metadata: json!({"plan": "pro"}),
            ..InitiateConnection::to_integration(&integration.id, params)
        };
        client.entity(user).initiate_connection(ask).unwrap();
    }
    let second = client.get_connection("user-2", "postgresql").unwrap();
    client.disable_connection(&second.id).unwrap();
    client.close();
}

#[test]
fn a_vault_of_each_released_format_opens_with_all_that_is_in_it() {
    let newest = fixture(RELEASED[RELEASED.len() - 1]);
    if std::env::var_os("KEYLATCH_MAKE_FIXTURE").is_some() && !newest.exists() {
        make(&newest);
    }
    for name in RELEASED {
        // Opening takes an old format to today's, so the fixture itself is left alone.
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault.db");
        std::fs::copy(fixture(name), &vault).unwrap();
        let client = open(&vault);

        let integrations = client.integrations(None).unwrap();
        assert_eq!(integrations.len(), 1, "{name}");
        assert_eq!((integrations[0].name.as_str(), integrations[0].fixed_fields[0].as_str()), ("Reports", "database"));
        let all = client.connected_accounts(ConnectionFilter::default()).unwrap().items;
        let [second, first] = &all[..] else { panic!("{name}: {all:?}") };
        assert_eq!((first.entity_id.as_str(), &first.status), ("user-1", &Status::Active));
        assert_eq!((second.entity_id.as_str(), &second.status), ("user-2", &Status::Inactive));
        assert_eq!((first.alias.as_deref(), &first.labels[..]), (Some("main"), &["a".to_owned(), "b".to_owned()][..]));
        assert_eq!(first.metadata, json!({"plan": "pro"}));
        let dsn = client.dsn(&first.id).unwrap();
        let dsn = dsn.expose_text().unwrap(); // expose: compared with what was put in
        assert!(dsn.contains("reader:fixture%20pass%2Fword%20%C3%BC@db.example.com"), "{dsn}");
        assert!(dsn.contains("/reports"), "{dsn}");
        assert!(client.dsn(&client.enable_connection(&second.id).unwrap().id).is_ok());
        assert_eq!(client.diagnose().unwrap().damaged_connections, [""; 0]);
        let log = client.check_audit(None).unwrap();
        // Of those that had a log already, what was done to make them comes first.
        let before = if name.starts_with("format-4") { 4 } else { 0 };
        assert_eq!((log.entries, log.faults), (before + 3, Vec::new()), "{name}");
    }
}
