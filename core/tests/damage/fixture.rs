//! A vault to be damaged, and what can be asked of it afterwards.

use std::path::{Path, PathBuf};
use std::time::Duration;

use keylatch::{Client, Diagnosis, Error, InitiateConnection, KeySource, Options, Params, Result, Secret, Verify};
use rusqlite::Connection as Db;
use serde_json::json;

pub(crate) struct Fixture {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) vault: PathBuf,
    pub(crate) ids: Vec<String>,
}

impl Fixture {
    /// A closed vault with a connection of `user-1` and one of `user-2`.
    pub(crate) fn new() -> Self {
        Self::of(2)
    }

    /// A closed vault with so many connections, each of a user of its own; `user-7` has `mark-7` in its metadata.
    pub(crate) fn of(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault.db");
        let client = Client::open(options(&vault)).unwrap();
        let ids = (1..=count).map(|i| connect(&client, i).unwrap()).collect();
        client.close();
        Self { folder, vault, ids }
    }

    pub(crate) fn path(&self) -> String {
        self.vault.display().to_string()
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.folder.path().join("vault.db.key")
    }

    pub(crate) fn options(&self) -> Options {
        options(&self.vault)
    }

    pub(crate) fn open(&self) -> Result<Client> {
        Client::open(self.options())
    }

    /// How opening fails; and that the attempt, and a diagnosis, leave the file as it was and say the same.
    pub(crate) fn open_error(&self) -> Error {
        self.open_error_with(KeySource::FileBesideVault)
    }

    pub(crate) fn open_error_with(&self, key: KeySource) -> Error {
        let before = std::fs::read(&self.vault).ok();
        let options = Options { key, ..self.options() };
        let diagnosis = keylatch::diagnose(&options).unwrap();
        let error = Client::open(options).err().expect("the vault does not open");
        assert!(!diagnosis.warnings.is_empty(), "a diagnosis warns too");
        assert_eq!(std::fs::read(&self.vault).ok(), before, "the file is left as it was");
        error
    }

    /// Runs SQL on the file; it must change something.
    pub(crate) fn edit(&self, sql: &str) {
        let changed = Db::open(&self.vault).unwrap().execute(sql, []).unwrap();
        assert!(changed > 0, "the edit hits something");
    }

    /// Changes the bytes of the closed file.
    pub(crate) fn change_bytes(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = std::fs::read(&self.vault).unwrap();
        change(&mut bytes);
        std::fs::write(&self.vault, bytes).unwrap();
    }

    pub(crate) fn diagnose(&self) -> Diagnosis {
        keylatch::diagnose(&self.options()).unwrap()
    }

    /// The error for this one connection, while all others open and all are listed.
    pub(crate) fn only_this_one_fails(&self, damaged: &str) -> Error {
        let client = self.open().unwrap();
        assert_eq!(
            client.connected_accounts(keylatch::ConnectionFilter::default()).unwrap().items.len(),
            self.ids.len()
        );
        let mut error = None;
        for id in &self.ids {
            match client.verify_connection(id) {
                Ok(_) => assert_ne!(id, damaged, "the damaged one does not open"),
                Err(e) => {
                    assert_eq!(id, damaged, "{e}");
                    error = Some(e);
                }
            }
        }
        let round = client.verify_due(keylatch::VerifyDue { pause_ms: Some(0), ..Default::default() }).unwrap();
        let skipped: Vec<_> = round.items.iter().filter(|item| item.skipped.is_some()).collect();
        assert_eq!(round.items.len(), self.ids.len(), "a round comes by all");
        assert_eq!(skipped.len(), 1, "and skips the damaged one alone");
        assert_eq!(skipped[0].connected_account_id, damaged);
        let diagnosis = client.diagnose().unwrap();
        assert_eq!(diagnosis.damaged_connections, [damaged]);
        assert_eq!(diagnosis.connections, Some(self.ids.len() as u64));
        error.expect("the damaged one does not open")
    }
}

pub(crate) fn options(vault: &Path) -> Options {
    Options { path: Some(vault.to_owned()), timeout: Duration::from_millis(300), ..Options::default() }
}

/// A connection of `user-N`, with metadata that takes about a kilobyte.
pub(crate) fn connect(client: &Client, number: usize) -> Result<String> {
    connect_with(client, number, 1000)
}

pub(crate) fn connect_with(client: &Client, number: usize, size: usize) -> Result<String> {
    let key = Secret::new(format!("AIza-canary-{number:09}").as_bytes());
    let params = Params::new().secret("api_key", key);
    let ask = InitiateConnection {
        verify: Verify::Off,
        metadata: json!({"mark": format!("mark-{number}."), "filling": "x".repeat(size)}),
        ..InitiateConnection::to_app("google_maps", params)
    };
    Ok(client.entity(&format!("user-{number}")).initiate_connection(ask)?.connected_account_id)
}
