//! The embedded backend's flows, each on a vault of its own with connections of three users.

use std::path::{Path, PathBuf};

use super::Promise::{self, AllOrNothing, Note, Repeatable};
use super::outside::{Failing, Operation, Outside, Plan};
use super::provider::{BAD, BETTER, GOOD, Provider, acme, machine};
use super::{Run, fails_well};
use crate::audit::{Audit, AuditQuery, DONE};
use crate::calls::{
    ConnectionFilter, ExecuteAction, ExpectedParamsQuery, InitiateConnection, NewIntegration, Request,
    UpdateCredentials, Verify, VerifyDue,
};
use crate::embedded::Embedded;
use crate::error::ErrorKind::{self, CredentialsRejected, ForbiddenHost, Internal, ProviderUnreachable, RateLimited};
use crate::error::ErrorKind::{Storage, Timeout};
use crate::error::Result;
use crate::input::Params;
use crate::io::run_now;
use crate::memory;
use crate::moving::{ImportVault, OpenWith, SealFor};
use crate::options::Options;
use crate::pages::Place;
use crate::rotation::RotateDataKey;
use crate::secret::Secret;
use crate::store::{AuditRows, ConnectionQuery};
use crate::stream::Streaming;
use crate::vault::{KeySource, Means, Place as VaultPlace, Vault};
use crate::verdict::Verdict;

pub(super) type Backend = Embedded<Outside<Provider>>;

/// A vault to begin with, and ids of what is in it.
pub(super) struct Start {
    file: Vec<u8>,
    /// An integration that no connection uses.
    unused: String,
    good: String,
    /// A connection whose key the app does not take.
    bad: String,
    /// A connection whose secret is traded for tokens.
    pub(super) traded: String,
    /// What another vault has exported.
    export: Vec<u8>,
}

type Flow = (&'static str, Promise, &'static [ErrorKind], fn(&Backend, &Start) -> Result<()>);

/// The vault's key, and the one that it may be changed to.
const KEYS: [[u8; 32]; 2] = [[7; 32], [8; 32]];

const STORE: &[ErrorKind] = &[Storage, Internal];
const ASKING: &[ErrorKind] = &[Storage, Internal, ProviderUnreachable, ForbiddenHost];
const USING: &[ErrorKind] = &[Storage, Internal, ProviderUnreachable, ForbiddenHost, Timeout, RateLimited];

const FLOWS: &[Flow] = &[
    ("expected params", AllOrNothing, STORE, |b, _| {
        let ask = ExpectedParamsQuery { app: Some("acme".into()), ..Default::default() };
        run_now(b.get_expected_params_for_user(ask)).map(drop)
    }),
    ("create integration", AllOrNothing, STORE, |b, _| {
        let ask = NewIntegration { app: "acme".into(), name: Some("Another".into()), ..Default::default() };
        run_now(b.create_integration(ask)).map(drop)
    }),
    ("delete integration", Repeatable, STORE, |b, s| run_now(b.delete_integration(&s.unused))),
    ("initiate", AllOrNothing, ASKING, |b, _| initiate(b, "new", "acme", GOOD, Verify::Auto, false)),
    (
        "initiate, required",
        AllOrNothing,
        &[Storage, Internal, ProviderUnreachable, ForbiddenHost, RateLimited, CredentialsRejected],
        |b, _| initiate(b, "new", "acme", GOOD, Verify::Required, false),
    ),
    ("replace", AllOrNothing, ASKING, |b, _| initiate(b, "good", "acme", BETTER, Verify::Auto, true)),
    ("update", AllOrNothing, ASKING, |b, s| {
        let connected_account_params = Params::new().text("api_key", BETTER);
        let ask =
            UpdateCredentials { connected_account_id: s.good.clone(), connected_account_params, ..Default::default() };
        run_now(b.update_credentials(ask)).map(drop)
    }),
    ("verify", Note, ASKING, |b, s| run_now(b.verify_connection(&s.good)).map(drop)),
    ("verify what was withdrawn", Note, ASKING, |b, s| run_now(b.verify_connection(&s.bad)).map(drop)),
    ("verify all", Note, ASKING, |b, _| verify_all(b)),
    ("request", AllOrNothing, USING, |b, s| request(b, &s.good, "/things")),
    ("request that is refused", Note, USING, |b, s| request(b, &s.good, "/nobody")),
    ("request with a withdrawn key", Note, USING, |b, s| request(b, &s.bad, "/things")),
    (
        "requests with tokens",
        Note,
        &[Storage, Internal, ProviderUnreachable, ForbiddenHost, Timeout, RateLimited, CredentialsRejected],
        |b, s| {
            request(b, &s.traded, "/things")?;
            b.io.world.withdraw_token();
            request(b, &s.traded, "/things")
        },
    ),
    ("request in pieces", AllOrNothing, USING, |b, s| stream(b, &s.good, "/things")),
    ("request in pieces with a withdrawn key", Note, USING, |b, s| stream(b, &s.bad, "/things")),
    (
        "action",
        AllOrNothing,
        &[Storage, Internal, ProviderUnreachable, ForbiddenHost, Timeout, RateLimited, ErrorKind::ActionFailed],
        |b, s| {
            let connected_account_id = Some(s.good.clone());
            let ask = ExecuteAction { action: "ACME_READ".into(), connected_account_id, ..Default::default() };
            run_now(b.execute_action(ask)).map(drop)
        },
    ),
    ("list", AllOrNothing, STORE, |b, _| run_now(b.connected_accounts(ConnectionFilter::default())).map(drop)),
    ("get", AllOrNothing, STORE, |b, _| run_now(b.get_connection("good", "acme")).map(drop)),
    ("alias", Repeatable, STORE, |b, s| run_now(b.set_alias(&s.good, Some("work"))).map(drop)),
    ("switch", Repeatable, STORE, |b, s| run_now(b.disable_connection(&s.good)).map(drop)),
    ("delete", Repeatable, STORE, |b, s| run_now(b.delete_connection(&s.good, false))),
    ("change key", Repeatable, STORE, |b, _| run_now(b.change_key(KeySource::Bytes(Secret::new(&KEYS[1]))))),
    ("rotate data key", Note, STORE, |b, _| {
        let mut ask = RotateDataKey { limit: Some(2), ..Default::default() };
        loop {
            ask.cursor = run_now(b.rotate_data_key(ask.clone()))?.next_cursor;
            if ask.cursor.is_none() {
                return Ok(());
            }
        }
    }),
    ("export", Note, STORE, |b, _| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("moved.export");
        let done = run_now(b.export_vault(&path, for_recipient())).map(drop);
        assert!(done.is_err() || path.exists());
        done
    }),
    ("import", Repeatable, STORE, |b, s| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("moved.export");
        std::fs::write(&path, &s.export).unwrap();
        let identity = Secret::new(b"AGE-SECRET-KEY-18U2AM2NXSMM3Z92G93LC35P0DZHAS5266V5QEZ3D4PUWQ9NF0XTSJPRM8G");
        run_now(b.import_vault(ImportVault::new(path, OpenWith::Identity(identity)))).map(drop)
    }),
];

fn for_recipient() -> SealFor {
    SealFor::Recipient("age1fcgtslw55dqx6g7qjd300svwhaqnpxhcfxvvh4cvcnx4ghlww4ps3zrvu2".into())
}

/// Another vault's export, with one integration and one connection.
fn another_export() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let b = open(&folder.path().join("vault.db"), Outside::new(Provider::default(), None));
    initiate(&b, "moved", "acme", GOOD, Verify::Off, false).unwrap();
    let path = folder.path().join("moved.export");
    run_now(b.export_vault(&path, for_recipient())).unwrap();
    std::fs::read(path).unwrap()
}

/// A batch ends early where the machine is slow, so all of them count.
fn verify_all(b: &Backend) -> Result<()> {
    let mut ask = VerifyDue::default();
    loop {
        ask.cursor = run_now(b.verify_due(ask.clone()))?.next_cursor;
        if ask.cursor.is_none() {
            return Ok(());
        }
    }
}

fn initiate(b: &Backend, user: &str, app: &str, key: &str, verify: Verify, replace: bool) -> Result<()> {
    let field = if app == "acme" { "api_key" } else { "client_secret" };
    let ask = InitiateConnection {
        entity_id: user.to_owned(),
        verify,
        replace,
        ..InitiateConnection::to_app(app, Params::new().text(field, key))
    };
    run_now(b.initiate_connection(ask)).map(drop)
}

fn request(b: &Backend, id: &str, path: &str) -> Result<()> {
    run_now(request_to(b, id, path))
}

fn stream(b: &Backend, id: &str, path: &str) -> Result<()> {
    let connected_account_id = Some(id.to_owned());
    let ask = Request { connected_account_id, method: "GET".into(), path: path.into(), ..Default::default() };
    run_now(b.request_stream(ask, Streaming::default())).map(drop)
}

pub(super) async fn request_to(b: &Backend, id: &str, path: &str) -> Result<()> {
    let connected_account_id = Some(id.to_owned());
    let ask = Request { connected_account_id, method: "GET".into(), path: path.into(), ..Default::default() };
    b.request_at(ask, &Place::Start).await.map(drop)
}

fn options(path: &Path, audit: Audit) -> Options {
    let key = KeySource::Bytes(Secret::new(&KEYS[0]));
    Options { path: Some(path.to_owned()), key, audit, ..Options::default() }
}

pub(super) fn open(path: &Path, outside: Outside<Provider>) -> Backend {
    open_with(options(path, Audit::Off), outside)
}

fn open_with(options: Options, outside: Outside<Provider>) -> Backend {
    let place = VaultPlace::file_at(options.path.as_deref().unwrap());
    let mut vault = Vault::open(&place, &options.key, &Means::plain()).unwrap();
    vault.keep_log(options.audit);
    let backend = Embedded::new(outside, vault, &options);
    backend.register_app(&acme()).unwrap();
    backend.register_app(&machine()).unwrap();
    backend
}

impl Start {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        let b = open(&path, Outside::new(Provider::default(), None));
        let ours = |name: &str| NewIntegration { app: "acme".into(), name: Some(name.into()), ..Default::default() };
        let unused = run_now(b.create_integration(ours("Unused"))).unwrap().id;
        run_now(b.create_integration(ours("Ours"))).unwrap();
        for (user, app, key) in [("good", "acme", GOOD), ("bad", "acme", BAD), ("traded", "machine", GOOD)] {
            initiate(&b, user, app, key, Verify::Off, false).unwrap();
        }
        let id = |user: &str, app: &str| run_now(b.get_connection(user, app)).unwrap().id;
        let (good, bad, traded) = (id("good", "acme"), id("bad", "acme"), id("traded", "machine"));
        b.close();
        Self { file: std::fs::read(&path).unwrap(), unused, good, bad, traded, export: another_export() }
    }

    pub(super) fn put_in(&self, folder: &Path) -> PathBuf {
        let path = folder.join("vault.db");
        std::fs::write(&path, &self.file).unwrap();
        path
    }

    fn run(&self, plan: Option<Plan>, audit: Audit, call: fn(&Backend, &Self) -> Result<()>) -> Run<Left> {
        let folder = tempfile::tempdir().unwrap();
        let path = self.put_in(folder.path());
        let secrets = memory::alive();
        let b = open_with(options(&path, audit), Outside::new(Provider::default(), plan));
        let result = call(&b, self);
        let operations = b.io.operations();
        drop(b); // without closing it
        let secrets = memory::alive() - secrets;
        Run { result, left: Left::of(&path), operations, secrets }
    }
}

/// What a vault holds, without times and random ids.
#[derive(Debug, PartialEq)]
struct Left {
    connections: Vec<String>,
    integrations: Vec<String>,
    /// Changes that the audit log tells of.
    told: Vec<String>,
}

impl Left {
    fn of(path: &Path) -> Self {
        let place = VaultPlace::file_at(path);
        let open = |key: &[u8; 32]| Vault::open(&place, &KeySource::Bytes(Secret::new(key)), &Means::plain()).ok();
        let vault = KEYS.iter().find_map(open).unwrap();
        let rows = vault.store.connections(&ConnectionQuery { limit: 100, ..ConnectionQuery::default() }).unwrap();
        let connection = |row: &crate::store::ConnectionRow| {
            let values = vault.open_connection(row).unwrap();
            let values: Vec<_> = values.iter().map(|(name, value)| (name, value.expose_text().unwrap())).collect(); // expose: made up
            format!("{} {} {:?} {} {values:?}", row.entity_id, row.status, row.alias, row.record_version)
        };
        let integrations = vault.store.integrations(None).unwrap();
        let integration = |row: &crate::store::IntegrationRow| {
            vault.open_integration(row).unwrap();
            row.name.clone()
        };
        assert_eq!(vault.check_audit(None).unwrap().faults, [""; 0]);
        let entries = vault.store.entries(&AuditRows { limit: 100, ..AuditRows::default() }).unwrap();
        let changes = entries.iter().filter(|entry| entry.outcome == DONE || Verdict::parse(&entry.outcome).is_some());
        Self {
            connections: rows.iter().map(connection).collect(),
            integrations: integrations.iter().map(integration).collect(),
            told: changes.map(|entry| entry.action.clone()).collect(),
        }
    }
}

#[test]
fn every_flow_on_a_vault_fails_well_at_every_operation() {
    let start = Start::new();
    let before = start.run(None, Audit::Off, |_, _| Ok(())).left;
    let cases: usize = FLOWS
        .iter()
        .map(|(name, promise, kinds, call)| {
            fails_well(name, *promise, kinds, &before, |plan| start.run(plan, Audit::Off, *call))
        })
        .sum();
    assert!(cases > 500, "only {cases} failures were tried");
}

/// No change without its entry, and no entry without its change; what a use is told by comes before it.
#[test]
fn every_flow_that_must_be_written_down_fails_well_at_every_operation() {
    let start = Start::new();
    let before = start.run(None, Audit::Required, |_, _| Ok(())).left;
    for (name, promise, kinds, call) in FLOWS {
        let run = |plan| {
            let mut run = start.run(plan, Audit::Required, *call);
            if *promise == Note {
                run.left.told.clear(); // it may be done in part
            }
            run
        };
        fails_well(name, *promise, kinds, &before, run);
    }
    let asked = |plan| {
        let run = start.run(plan, Audit::Required, |b, s| {
            let done = request(b, &s.good, "/things");
            let noted = run_now(b.audit_log(AuditQuery::default())).map(|log| log.items.len()).unwrap_or_default();
            assert!(done.is_err() || noted == 1);
            done
        });
        run.operations
    };
    let sends = |operations: &[Operation]| operations.iter().filter(|one| **one == Operation::Send).count();
    let clean = asked(None);
    assert_eq!(sends(&clean), 1);
    let before_it = clean.iter().position(|one| *one == Operation::Send).unwrap();
    for at in 0..before_it {
        let plan = Plan { at, failing: Failing::Run { done: false }, ever_after: false };
        assert_eq!(sends(&asked(Some(plan))), 0, "nothing is asked where operation {at} failed");
    }
}
