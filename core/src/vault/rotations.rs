//! Whatever is stored, changed and deleted while keys are rotated by turns, through two open vaults over one file: each record
//! opens at every moment, and in the end no older key is left.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::{KeySource, Means, Place, Vault};
use crate::allow::Allow;
use crate::connection::Status;
use crate::error::ErrorKind;
use crate::input::Values;
use crate::rotation::{RotateDataKey, Rotation};
use crate::secret::Secret;
use crate::store::{ConnectionQuery, ConnectionRow, IntegrationRow};
use crate::verdict::Verdict;

#[derive(Clone, Debug)]
enum Step {
    Insert,
    Update(usize),
    Alias(usize),
    Delete(usize),
    /// One batch, from the last cursor of this vault or without.
    Rotate {
        limit: u32,
        goes_on: bool,
    },
    ChangeKey,
    /// The vault is opened again, and what it knew of a rotation is gone.
    Killed,
    /// A record is damaged.
    Damage(usize),
}

fn step() -> impl Strategy<Value = (usize, Step)> {
    let step = prop_oneof![
        4 => Just(Step::Insert),
        2 => (0..9_usize).prop_map(Step::Update),
        1 => (0..9_usize).prop_map(Step::Alias),
        1 => (0..9_usize).prop_map(Step::Delete),
        6 => (1..4_u32, any::<bool>()).prop_map(|(limit, goes_on)| Step::Rotate { limit, goes_on }),
        1 => Just(Step::ChangeKey),
        1 => Just(Step::Killed),
        1 => (0..9_usize).prop_map(Step::Damage),
    ];
    (0..2_usize, step)
}

/// What should be there.
#[derive(Default)]
struct Expected {
    /// The content of each record by id; none of a damaged one.
    content: BTreeMap<String, Option<Vec<u8>>>,
    master: u8,
    cursors: [Option<String>; 2],
}

fn open(path: &Path, master: u8) -> Vault {
    Vault::open(&Place::file_at(path), &KeySource::Bytes(Secret::new(&[master; 32])), &Means::plain()).unwrap()
}

fn values(content: &[u8]) -> Values {
    let mut values = Values::default();
    values.set("api_key", Secret::new(content));
    values
}

fn row(id: String) -> ConnectionRow {
    ConnectionRow {
        seq: 0,
        id,
        entity_id: "user".into(),
        app: "acme".into(),
        auth_scheme: "API_KEY".into(),
        integration_id: "in".into(),
        status: Status::Active,
        verdict: Verdict::NotChecked,
        verified_at: None,
        account: None,
        alias: None,
        labels: vec![],
        metadata: Value::Null,
        record_version: 1,
        key_id: String::new(),
        sealed: vec![],
        created_at: String::new(),
        updated_at: String::new(),
    }
}

fn integration() -> IntegrationRow {
    IntegrationRow {
        id: "in".into(),
        app: "acme".into(),
        auth_scheme: "API_KEY".into(),
        name: "acme".into(),
        base_url: None,
        allow: Allow::default(),
        fixed_fields: vec![],
        key_id: String::new(),
        sealed: vec![],
        created_at: String::new(),
    }
}

fn all(vault: &Vault) -> Vec<ConnectionRow> {
    vault.store.connections(&ConnectionQuery { limit: 1_000, ..ConnectionQuery::default() }).unwrap()
}

fn id_of(vault: &Vault, which: usize) -> String {
    all(vault).get(which).map_or_else(|| "none".to_owned(), |row| row.id.clone())
}

/// All batches of one rotation.
fn rotated(vault: &Vault) -> Rotation {
    let mut ask = RotateDataKey { limit: Some(2), cursor: None };
    for _ in 0..1_000 {
        let batch = vault.rotate_data_key(&ask).unwrap();
        if batch.next_cursor.is_none() {
            return batch;
        }
        ask.cursor = batch.next_cursor;
    }
    panic!("a rotation never ended")
}

impl Expected {
    fn make(&mut self, vaults: &mut [Vault; 2], which: usize, step: &Step, n: usize, path: &Path) {
        let vault = &vaults[which];
        match step {
            Step::Insert => {
                let (mut row, content) = (row(format!("ca{n}")), n.to_le_bytes().to_vec());
                vault
                    .sealing(|| {
                        vault.seal_connection(&mut row, &values(&content))?;
                        vault.store.insert_connection(&row, true, None)
                    })
                    .unwrap();
                self.content.insert(row.id, Some(content));
            }
            Step::Update(at) => {
                let (id, content) = (id_of(vault, *at), n.to_le_bytes().to_vec());
                let mut change = |row: &mut ConnectionRow| {
                    row.record_version += 1;
                    vault.seal_connection(row, &values(&content))
                };
                let changed = vault.sealing(|| vault.store.update_connection(&id, &mut change, None)).unwrap();
                if changed.is_some() {
                    self.content.insert(id, Some(content));
                }
            }
            Step::Alias(at) => {
                let rename = &mut |row: &mut ConnectionRow| {
                    row.alias = Some(format!("a{n}"));
                    Ok(())
                };
                vault.store.update_connection(&id_of(vault, *at), rename, None).unwrap();
            }
            Step::Delete(at) => {
                let id = id_of(vault, *at);
                vault.store.delete_connection(&id, None).unwrap();
                self.content.remove(&id);
            }
            Step::Rotate { limit, goes_on } => {
                let cursor = self.cursors[which].take().filter(|_| *goes_on);
                let batch = vault.rotate_data_key(&RotateDataKey { limit: Some(*limit), cursor }).unwrap();
                self.cursors[which] = batch.next_cursor;
            }
            Step::ChangeKey => {
                self.master += 1;
                vault.change_key(&KeySource::Bytes(Secret::new(&[self.master; 32]))).unwrap();
                let other = &vaults[1 - which];
                assert_eq!(kind(other.rotate_data_key(&RotateDataKey::default())), ErrorKind::WrongKey);
                assert_eq!(kind(other.change_key(&KeySource::Bytes(Secret::new(&[1; 32])))), ErrorKind::WrongKey);
                self.is_in(other);
                vaults[1 - which] = open(path, self.master);
            }
            Step::Killed => vaults[which] = open(path, self.master),
            Step::Damage(at) => {
                let id = id_of(vault, *at);
                let db = rusqlite::Connection::open(path).unwrap();
                db.execute("UPDATE connections SET entity_id = entity_id || '!' WHERE id = ?", [&id]).unwrap();
                self.content.entry(id).and_modify(|content| *content = None);
            }
        }
    }

    fn is_in(&self, vault: &Vault) {
        let rows = all(vault);
        assert_eq!(rows.len(), self.content.len());
        for row in rows {
            let opened = vault.open_connection(&row).map(|values| values.get("api_key").unwrap().expose().to_vec()); // expose: made up
            assert_eq!(opened.ok(), self.content[&row.id], "{row:?}");
        }
    }
}

fn kind<T: std::fmt::Debug>(result: crate::error::Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn records_open_all_through_rotations_and_no_older_key_is_left(steps in prop::collection::vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        let mut vaults = [open(&path, 0), open(&path, 0)];
        let mut integration = integration();
        vaults[0].seal_integration(&mut integration, &Values::default()).unwrap();
        vaults[0].store.insert_integration(&integration, None).unwrap();
        let mut expected = Expected::default();
        for (n, (which, step)) in steps.iter().enumerate() {
            expected.make(&mut vaults, *which, step, n, &path);
            vaults.iter().for_each(|vault| expected.is_in(vault));
        }
        let damaged = expected.content.values().filter(|content| content.is_none()).count();
        let before = vaults[0].store.keys().unwrap().last().unwrap().key_id.clone();
        let (first, second) = (rotated(&vaults[0]), rotated(&vaults[1]));
        prop_assert!(first.kept_keys.is_empty() || damaged > 0);
        prop_assert_ne!(&second.key_id, &before, "at most one of the two goes on with what was broken off");
        prop_assert_eq!(second.kept_keys.is_empty(), damaged == 0);
        let keys = vaults[0].store.keys().unwrap();
        prop_assert_eq!(keys.len(), second.kept_keys.len() + 1);
        let current = |row: &ConnectionRow| row.key_id == second.key_id;
        prop_assert!(all(&vaults[0]).iter().all(|row| current(row) == expected.content[&row.id].is_some()));
        vaults.iter().for_each(|vault| expected.is_in(vault));
        expected.is_in(&open(&path, expected.master));
    }
}
