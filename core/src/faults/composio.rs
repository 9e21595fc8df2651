//! The flows on Composio's API, each on a server of its own with two users' accounts.

use super::Promise::{self, AllOrNothing, Note, Repeatable};
use super::composio_server::{Server, State};
use super::outside::{Outside, Plan};
use super::provider::{BETTER, GOOD, acme};
use super::{Run, fails_well};
use crate::calls::{
    AppSearch, ConnectionFilter, ExecuteAction, ExpectedParamsQuery, InitiateConnection, NewIntegration, Request,
    UpdateCredentials, Verify, VerifyDue,
};
use crate::composio::{Composio, Project};
use crate::error::ErrorKind::{
    self, ForbiddenHost, Indeterminate, InvalidArgument, ProviderUnreachable, RateLimited, Server as Failed, Timeout,
};
use crate::error::Result;
use crate::input::Params;
use crate::io::run_now;
use crate::memory;
use crate::options::{self, Options};
use crate::pages::Place;
use crate::secret::Secret;

type Backend = Composio<Outside<Server>>;
type Flow = (&'static str, Promise, &'static [ErrorKind], fn(&Backend) -> Result<()>);

/// How Composio can fail to answer.
const ASKING: &[ErrorKind] = &[Failed, Timeout, RateLimited, ForbiddenHost];
const MAKING: &[ErrorKind] = &[Failed, Timeout, RateLimited, ForbiddenHost, Indeterminate];
/// The provider is asked as well.
const CONNECTING: &[ErrorKind] = &[Failed, Timeout, RateLimited, ForbiddenHost, Indeterminate, ProviderUnreachable];
const REQUIRING: &[ErrorKind] =
    &[Failed, Timeout, RateLimited, ForbiddenHost, Indeterminate, ProviderUnreachable, InvalidArgument];

const FLOWS: &[Flow] = &[
    ("apps", AllOrNothing, ASKING, |b| run_now(b.search_apps(AppSearch::default())).map(drop)),
    ("expected params", AllOrNothing, ASKING, |b| {
        let ask = ExpectedParamsQuery { app: Some("acme".into()), ..Default::default() };
        run_now(b.get_expected_params_for_user(ask)).map(drop)
    }),
    ("create integration", AllOrNothing, MAKING, |b| {
        let ask = NewIntegration { app: "acme".into(), name: Some("Another".into()), ..Default::default() };
        run_now(b.create_integration(ask)).map(drop)
    }),
    ("delete integration", Repeatable, ASKING, |b| run_now(b.delete_integration("ac_2"))),
    ("initiate", AllOrNothing, CONNECTING, |b| initiate(b, "new", "acme", Verify::Auto, false)),
    ("initiate, required", AllOrNothing, CONNECTING, |b| initiate(b, "new", "acme", Verify::Required, false)),
    ("initiate, asked through the proxy", AllOrNothing, CONNECTING, |b| {
        initiate(b, "new", "other", Verify::Auto, false)
    }),
    ("initiate, required through the proxy", AllOrNothing, REQUIRING, |b| {
        initiate(b, "new", "other", Verify::Required, false)
    }),
    ("replace", AllOrNothing, CONNECTING, |b| initiate(b, "first", "acme", Verify::Auto, true)),
    ("update", AllOrNothing, CONNECTING, |b| {
        let connected_account_params = Params::new().text("api_key", BETTER);
        let ask =
            UpdateCredentials { connected_account_id: "ca_4".into(), connected_account_params, ..Default::default() };
        run_now(b.update_credentials(ask)).map(drop)
    }),
    ("verify", Note, ASKING, |b| run_now(b.verify_connection("ca_4")).map(drop)),
    ("verify all", Note, ASKING, |b| verify_all(b)),
    ("request", AllOrNothing, CONNECTING, |b| {
        let connected_account_id = Some("ca_4".into());
        let ask = Request { connected_account_id, method: "GET".into(), path: "/things".into(), ..Default::default() };
        run_now(b.request_at(ask, &Place::Start)).map(drop)
    }),
    ("action", AllOrNothing, CONNECTING, |b| {
        let connected_account_id = Some("ca_4".into());
        let ask = ExecuteAction { action: "ACME_READ".into(), connected_account_id, ..Default::default() };
        run_now(b.execute_action(ask)).map(drop)
    }),
    ("list", AllOrNothing, ASKING, |b| run_now(b.connected_accounts(ConnectionFilter::default())).map(drop)),
    ("get", AllOrNothing, ASKING, |b| run_now(b.get_connection("first", "acme")).map(drop)),
    ("alias", Repeatable, ASKING, |b| run_now(b.set_alias("ca_4", Some("work"))).map(drop)),
    ("switch", Repeatable, ASKING, |b| run_now(b.disable_connection("ca_4")).map(drop)),
    ("delete", Repeatable, ASKING, |b| run_now(b.delete_connection("ca_4", false))),
];

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

fn initiate(b: &Backend, user: &str, app: &str, verify: Verify, replace: bool) -> Result<()> {
    let params = Params::new().text("api_key", if replace { BETTER } else { GOOD });
    let ask =
        InitiateConnection { entity_id: user.to_owned(), verify, replace, ..InitiateConnection::to_app(app, params) };
    run_now(b.initiate_connection(ask)).map(drop)
}

fn open(state: State, plan: Option<Plan>) -> Backend {
    let project = options::Composio {
        api_key: Some(Secret::new(b"ak_project")),
        base_url: Some("https://composio.test".into()),
        ..options::Composio::default()
    };
    let project = Project::open(&project).unwrap();
    let backend = Composio::new(Outside::new(Server::of(state), plan), project, &Options::default());
    backend.register_app(&acme()).unwrap();
    backend
}

/// A server with three auth configs, one of them without accounts, and two accounts.
fn start() -> State {
    let b = open(State::default(), None);
    for (app, name) in [("acme", "Ours"), ("acme", "Unused"), ("other", "Other")] {
        let ask = NewIntegration { app: app.into(), name: Some(name.into()), ..Default::default() };
        run_now(b.create_integration(ask)).unwrap();
    }
    for user in ["first", "second"] {
        let ask = InitiateConnection {
            entity_id: user.to_owned(),
            ..InitiateConnection::to_integration("ac_1", Params::new().text("api_key", GOOD))
        };
        run_now(b.initiate_connection(ask)).unwrap();
    }
    b.io.world.state().clone()
}

fn run(state: &State, plan: Option<Plan>, call: fn(&Backend) -> Result<()>) -> Run<Vec<String>> {
    let secrets = memory::alive();
    let b = open(state.clone(), plan);
    let result = call(&b);
    let operations = b.io.operations();
    let left = b.io.world.state().told();
    assert!(b.io.world.state().made <= state.made + 1, "made twice: {plan:?}");
    drop(b);
    Run { result, left, operations, secrets: memory::alive() - secrets }
}

#[test]
fn every_flow_on_composios_api_fails_well_at_every_operation() {
    let before = start();
    let cases: usize = FLOWS
        .iter()
        .map(|(name, promise, kinds, call)| {
            fails_well(name, *promise, kinds, &before.told(), |plan| run(&before, plan, *call))
        })
        .sum();
    assert!(cases > 1_000, "only {cases} failures were tried");
}
