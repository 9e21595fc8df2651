//! Each store against the model: random calls over two handles, with crashes in between, answer and leave the same.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseError;
use serde_json::json;

use super::model::Model;
use super::{ConnectionQuery, ConnectionRow, DueQuery, IntegrationRow, KeyRow, Resealed, SqliteStore, Store, Table};
use crate::allow::Allow;
use crate::connection::Status;
use crate::error::{Error, ErrorKind, Result};
use crate::verdict::Verdict;

const USERS: [&str; 3] = ["u0", "u1", "u2"];
const APPS: [&str; 2] = ["acme", "other"];
const STATUSES: [Status; 4] = [Status::Active, Status::Expired, Status::Inactive, Status::Failed];
const ALL: ConnectionQuery = ConnectionQuery {
    entity_id: None,
    app: None,
    integration_id: None,
    statuses: Vec::new(),
    labels: Vec::new(),
    not_sealed_with: None,
    before: None,
    after: None,
    limit: 1_000,
};

#[derive(Clone, Debug)]
pub(super) enum Call {
    InsertIntegration(&'static str),
    DefaultIntegration(&'static str),
    DeleteIntegration(usize),
    Insert {
        user: &'static str,
        integration: usize,
        alias: Option<String>,
        label: &'static str,
        allow_multiple: bool,
    },
    /// Out of an export: connections of these users, under ids that may be taken.
    Add {
        users: Vec<(&'static str, Option<String>)>,
        integration: usize,
        first: usize,
    },
    AddIntegration(usize),
    Update(usize, Change),
    Delete(usize),
    /// By somebody who has not heard of the newest key.
    InsertWithOldKey(&'static str),
    AddKey,
    /// The same data keys under another master key; `late` from what they were long ago, `refused` at the last moment.
    Rewrap {
        late: bool,
        refused: bool,
    },
    /// So many records, as they are or as they were long ago.
    Reseal {
        most: u32,
        late: bool,
    },
    DropUnusedKeys,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    Status(Status),
    Alias(Option<String>),
    Checked(u8),
    Credentials,
    /// The change itself refuses.
    Refused,
}

/// What happens next. Numbers pick among what is there, and now and then nothing.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Call {
        handle: usize,
        call: Call,
    },
    /// The handles are gone from one moment to the next; only files stay.
    Crash,
}

fn alias() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[ab]")
}

fn call() -> impl Strategy<Value = Call> {
    let change = prop_oneof![
        select(&STATUSES[..]).prop_map(Change::Status),
        alias().prop_map(Change::Alias),
        (0..5_u8).prop_map(Change::Checked),
        Just(Change::Credentials),
        Just(Change::Refused),
    ];
    let insert = (select(&USERS[..]), 0..5_usize, alias(), select(&["red", "blue"][..]), any::<bool>());
    prop_oneof![
        1 => select(&APPS[..]).prop_map(Call::InsertIntegration),
        1 => select(&APPS[..]).prop_map(Call::DefaultIntegration),
        1 => (0..5_usize).prop_map(Call::DeleteIntegration),
        6 => insert.prop_map(|(user, integration, alias, label, allow_multiple)| {
            Call::Insert { user, integration, alias, label, allow_multiple }
        }),
        2 => (prop::collection::vec((select(&USERS[..]), alias()), 1..4), 0..5_usize, 0..60_usize).prop_map(
            |(users, integration, first)| Call::Add { users, integration, first }
        ),
        1 => (0..60_usize).prop_map(Call::AddIntegration),
        5 => (0..12_usize, change).prop_map(|(which, change)| Call::Update(which, change)),
        2 => (0..12_usize).prop_map(Call::Delete),
        1 => select(&APPS[..]).prop_map(Call::InsertWithOldKey),
        1 => Just(Call::AddKey),
        1 => any::<[bool; 2]>().prop_map(|[late, refused]| Call::Rewrap { late, refused }),
        3 => (1..9_u32, prop::bool::weighted(0.2)).prop_map(|(most, late)| Call::Reseal { most, late }),
        2 => Just(Call::DropUnusedKeys),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..2_usize, call()).prop_map(|(handle, call)| Step::Call { handle, call }),
        1 => Just(Step::Crash),
    ]
}

pub(super) fn key(id: &str) -> KeyRow {
    KeyRow { key_id: id.into(), vault_id: "v".into(), derivation: "{}".into(), wrapped: vec![1] }
}

pub(super) fn integration(id: String, app: &str) -> IntegrationRow {
    IntegrationRow {
        id,
        app: app.into(),
        auth_scheme: "API_KEY".into(),
        name: app.into(),
        base_url: None,
        allow: Allow::default(),
        fixed_fields: vec![],
        key_id: "k1".into(),
        sealed: vec![2],
        created_at: time(0),
    }
}

pub(super) fn connection_of(id: String, user: &str, (integration_id, app): (&str, &str)) -> ConnectionRow {
    ConnectionRow {
        seq: 0,
        id,
        entity_id: user.into(),
        app: app.into(),
        auth_scheme: "API_KEY".into(),
        integration_id: integration_id.into(),
        status: Status::Active,
        verdict: Verdict::NotChecked,
        verified_at: None,
        account: None,
        alias: None,
        labels: vec![],
        metadata: json!(null),
        record_version: 1,
        key_id: "k1".into(),
        sealed: vec![3],
        created_at: time(0),
        updated_at: time(0),
    }
}

pub(super) fn time(second: u8) -> String {
    format!("2026-01-01T00:00:0{second}.000Z")
}

/// Makes a call, number `n` of all; what it answers as text, errors by their kind.
fn make(store: &dyn Store, call: &Call, n: usize) -> String {
    let there = store.connections(&ALL).unwrap();
    let integrations = store.integrations(None).unwrap();
    let connection = |which: usize| there.get(which).map_or("none", |row| &row.id);
    let integration_id = |which: usize| integrations.get(which).map_or("none", |row| &row.id);
    let keys = store.keys().unwrap();
    let key_id = keys.last().unwrap().key_id.clone();
    let new_integration = |app: &str| IntegrationRow { key_id: key_id.clone(), ..integration(format!("in{n}"), app) };
    match call {
        Call::InsertIntegration(app) => told(store.insert_integration(&new_integration(app), None)),
        Call::DefaultIntegration(app) => told(store.default_integration(&new_integration(app), None)),
        Call::InsertWithOldKey(app) => told(store.insert_integration(&integration(format!("in{n}"), app), None)),
        Call::DeleteIntegration(which) => told(store.delete_integration(integration_id(*which), None)),
        Call::Insert { user, integration, alias, label, allow_multiple } => {
            let integration =
                (integration_id(*integration), integrations.get(*integration).map_or("acme", |row| &row.app));
            let row = ConnectionRow {
                alias: alias.clone(),
                labels: vec![(*label).into()],
                metadata: json!({"n": n}),
                key_id,
                ..connection_of(format!("ca{n}"), user, integration)
            };
            told(store.insert_connection(&row, *allow_multiple, None))
        }
        Call::Add { users, integration, first } => {
            let integration =
                (integration_id(*integration), integrations.get(*integration).map_or("acme", |row| &row.app));
            let row = |(at, (user, alias)): (usize, &(&str, Option<String>))| ConnectionRow {
                alias: alias.clone(),
                key_id: key_id.clone(),
                ..connection_of(format!("ca{}", (first + at) % (n + 1)), user, integration)
            };
            let rows: Vec<_> = users.iter().enumerate().map(row).collect();
            let free: Vec<_> = rows.iter().map(|row| told(store.connection_is_free(row))).collect();
            format!("{free:?} {}", told(store.add_connections(&rows)))
        }
        Call::AddIntegration(number) => {
            let row = IntegrationRow { id: format!("in{}", number % (n + 1)), ..new_integration("acme") };
            format!("{} {}", told(store.integration_is_free(&row.id)), told(store.add_integration(&row)))
        }
        Call::Update(which, change) => {
            told(store.update_connection(connection(*which), &mut |row| changed(row, change, &key_id, n), None))
        }
        Call::Delete(which) => told(store.delete_connection(connection(*which), None)),
        Call::AddKey => {
            let more: Vec<_> = keys.iter().cloned().chain([key(&format!("k{n}-more"))]).collect();
            told(store.swap_keys(&keys, &more, None, &mut || Ok(())))
        }
        Call::Rewrap { late, refused } => {
            let from = if *late { vec![key("k1")] } else { keys };
            let to: Vec<_> =
                from.iter().map(|key| KeyRow { wrapped: n.to_le_bytes().to_vec(), ..key.clone() }).collect();
            let mut last = || if *refused { Err(Error::new(ErrorKind::Indeterminate, "refused")) } else { Ok(()) };
            told(store.swap_keys(&from, &to, None, &mut last))
        }
        Call::Reseal { most, late } => told(store.reseal(&resealed(store, &key_id, *most, *late, n))),
        Call::DropUnusedKeys => told(store.drop_unused_keys()),
    }
}

/// New seals for records with older keys.
fn resealed(store: &dyn Store, key_id: &str, most: u32, late: bool, n: usize) -> Vec<Resealed> {
    let query = ConnectionQuery { not_sealed_with: Some(key_id.to_owned()), limit: most, ..ALL };
    let connections =
        store.connections(&query).unwrap().into_iter().map(|row| (Table::Connections, row.id, row.sealed));
    let mut integrations = store.integrations(None).unwrap();
    integrations.retain(|row| row.key_id != key_id);
    let integrations = integrations.into_iter().map(|row| (Table::Integrations, row.id, row.sealed));
    let reseal = |(table, id, sealed)| Resealed {
        table,
        id,
        former: if late { vec![0] } else { sealed },
        key_id: key_id.to_owned(),
        sealed: [&b"again"[..], &n.to_le_bytes()].concat(),
    };
    connections.chain(integrations).map(reseal).collect()
}

fn changed(row: &mut ConnectionRow, change: &Change, key_id: &str, n: usize) -> Result<()> {
    match change {
        Change::Status(status) => row.status = status.clone(),
        Change::Alias(alias) => row.alias.clone_from(alias),
        Change::Checked(second) => row.verified_at = Some(time(*second)),
        Change::Credentials => {
            row.record_version += 1;
            key_id.clone_into(&mut row.key_id);
            row.sealed = n.to_le_bytes().to_vec();
        }
        Change::Refused => {
            row.sealed.clear();
            return Err(Error::new(ErrorKind::Indeterminate, "refused"));
        }
    }
    Ok(())
}

fn told<T: std::fmt::Debug>(result: Result<T>) -> String {
    format!("{:?}", result.map_err(|error| error.kind()))
}

/// Everything that queries can tell, the lists in pages of this size.
fn everything(store: &dyn Store, page: u32) -> Vec<String> {
    let some = |texts: &[&str]| texts.iter().map(|text| Some((*text).to_owned())).chain([None]).collect::<Vec<_>>();
    let mut all = vec![told(store.keys()), told(store.integrations(None))];
    for app in some(&APPS) {
        all.push(told(store.integrations(app.as_deref())));
        all.push(told(store.newest_integration(app.as_deref().unwrap_or("acme"), Some("API_KEY"))));
        for entity_id in some(&USERS) {
            let by = ConnectionQuery { entity_id: entity_id.clone(), app: app.clone(), ..ALL };
            all.push(told(paged(store, &by, page)));
            let due = DueQuery { entity_id, app: app.clone(), until: time(2), now: time(3), after: None, limit: page };
            all.push(told(due_paged(store, due)));
        }
    }
    for status in &STATUSES {
        let labels = vec!["red".to_owned()];
        all.push(told(paged(store, &ConnectionQuery { statuses: vec![status.to_string()], labels, ..ALL }, page)));
    }
    for key in store.keys().unwrap() {
        all.push(told(store.older_records(&key.key_id)));
        all.push(told(paged(store, &ConnectionQuery { not_sealed_with: Some(key.key_id), ..ALL }, page)));
    }
    for row in store.connections(&ALL).unwrap() {
        all.push(told(store.connection_and_integration(&row.id)));
    }
    all.push(told(store.connection_and_integration("ca_none")));
    for row in store.integrations(None).unwrap() {
        all.push(told(paged(store, &ConnectionQuery { integration_id: Some(row.id), ..ALL }, page)));
    }
    all
}

/// All pages; each row comes once, in the one direction and in the other.
fn paged(store: &dyn Store, query: &ConnectionQuery, limit: u32) -> Result<Vec<ConnectionRow>> {
    let mut oldest_first: Vec<ConnectionRow> = Vec::new();
    loop {
        let after = Some(oldest_first.last().map_or(0, |row| row.seq));
        let page = store.connections(&ConnectionQuery { after, limit, ..query.clone() })?;
        if page.is_empty() {
            break;
        }
        oldest_first.extend(page);
    }
    oldest_first.reverse();
    let mut rows: Vec<ConnectionRow> = Vec::new();
    loop {
        let before = rows.last().map(|row| row.seq);
        let page = store.connections(&ConnectionQuery { before, limit, ..query.clone() })?;
        if page.is_empty() {
            assert_eq!(rows, store.connections(query)?, "the pages are the list");
            assert_eq!(rows, oldest_first, "backwards they are the same");
            return Ok(rows);
        }
        rows.extend(page);
    }
}

fn due_paged(store: &dyn Store, mut query: DueQuery) -> Result<Vec<(ConnectionRow, u64)>> {
    let mut all = Vec::new();
    loop {
        let (rows, count) = store.due_connections(&query)?;
        let Some(last) = rows.last() else { return Ok(all) };
        query.after = Some((last.verified_at.clone().unwrap_or_default(), last.seq));
        all.extend(rows.into_iter().map(|row| (row, count)));
    }
}

/// Two handles on one vault.
pub(super) trait Handles {
    fn stores(&self) -> [&dyn Store; 2];
    /// The handles after a crash: only what was committed stays.
    fn crashed(self) -> Self;
}

/// On one file.
struct Files {
    folder: tempfile::TempDir,
    stores: [SqliteStore; 2],
}

impl Files {
    fn new() -> Self {
        Self::on(tempfile::tempdir().unwrap())
    }

    fn on(folder: tempfile::TempDir) -> Self {
        let open = || SqliteStore::open(&folder.path().join("vault.db"), "t", Duration::from_secs(30)).unwrap();
        Self { stores: [open(), open()], folder }
    }
}

impl Handles for Files {
    fn stores(&self) -> [&dyn Store; 2] {
        [&self.stores[0], &self.stores[1]]
    }

    /// New handles on the files as they are now, which nobody has closed: the memory shared with other processes is lost.
    fn crashed(self) -> Self {
        let copy = tempfile::tempdir().unwrap();
        for name in ["vault.db", "vault.db-wal"] {
            let from: &Path = &self.folder.path().join(name);
            std::fs::copy(from, copy.path().join(name)).unwrap();
        }
        Self::on(copy)
    }
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..60)
}

/// Takes these steps on the handles and on the model, and compares.
pub(super) fn does_what_the_model_does(
    mut handles: impl Handles,
    steps: &[Step],
    page: u32,
) -> Result<(), TestCaseError> {
    let model = Model::default();
    for id in ["k1", "k2"] {
        let first = handles.stores()[0].add_first_key(&key(id)).unwrap();
        prop_assert_eq!(first, model.add_first_key(&key(id)).unwrap());
    }
    for (n, step) in steps.iter().enumerate() {
        match step {
            Step::Call { handle, call } => {
                let answered = make(handles.stores()[*handle], call, n);
                prop_assert_eq!(answered, make(&model, call, n), "{:?}", call);
            }
            Step::Crash => handles = handles.crashed(),
        }
        for store in handles.stores() {
            prop_assert_eq!(store.connections(&ALL).unwrap(), model.connections(&ALL).unwrap(), "{:?}", step);
        }
    }
    for store in handles.stores() {
        prop_assert_eq!(everything(store, page), everything(&model, page));
        store.close();
        prop_assert_eq!(store.connections(&ALL).unwrap_err().kind(), ErrorKind::Closed);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sqlite_does_what_the_model_does(steps in steps(), page in 1..5_u32) {
        does_what_the_model_does(Files::new(), &steps, page)?;
    }
}
