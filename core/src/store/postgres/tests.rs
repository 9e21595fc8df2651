//! The store on a real server, whose URL is in `KEYLATCH_TEST_POSTGRES`: `make test-postgres`.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use super::{Address, PostgresStore};
use crate::error::ErrorKind;
use crate::io::Network;
use crate::store::random_calls::{Handles, connection_of, does_what_the_model_does, integration, key, steps};
use crate::store::{ConnectionQuery, Store};

const PATIENCE: Duration = Duration::from_secs(20);

/// A schema of its own, gone in the end.
pub(crate) struct Schema(String);

impl Schema {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        Self(format!("unit_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn url(&self) -> String {
        let url = std::env::var("KEYLATCH_TEST_POSTGRES").expect("the URL of a server");
        let join = if url.contains('?') { '&' } else { '?' };
        format!("{url}{join}schema={0}&application_name={0}", self.0)
    }

    /// Does what Keylatch would not.
    pub(crate) fn edit(&self, sql: &str) {
        self.open("edit").read(|session| session.script(sql)).unwrap();
    }

    fn open(&self, tenant: &str) -> PostgresStore {
        let address = Address::parse(&self.url()).unwrap();
        let network = Network { max_response_bytes: 0, extra_ca_pem: None, proxy: None, keep_connections: true };
        PostgresStore::open(address.into(), network, tenant, PATIENCE).unwrap()
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        self.edit(&format!("DROP SCHEMA {} CASCADE", self.0));
    }
}

/// Two handles on one schema.
struct OnServer {
    stores: [PostgresStore; 2],
    schema: Schema,
}

impl OnServer {
    fn new() -> Self {
        let schema = Schema::new();
        Self { stores: [schema.open("t"), schema.open("t")], schema }
    }

    /// The server ends all connections but the one that asks for it.
    fn cut_off(&self, by: usize) -> i64 {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1 \
                   AND pid <> pg_backend_pid()";
        let name = self.schema.0.as_str();
        self.stores[by].read(|session| session.answer(sql, &[(&name, super::Type::TEXT)])).unwrap()
    }
}

impl Handles for OnServer {
    fn stores(&self) -> [&dyn Store; 2] {
        [&self.stores[0], &self.stores[1]]
    }

    fn crashed(self) -> Self {
        assert!(self.cut_off(0) + self.cut_off(1) > 0);
        self
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    #[ignore = "wants a server: make test-postgres"]
    fn postgresql_does_what_the_model_does(steps in steps(), page in 1..5_u32) {
        does_what_the_model_does(OnServer::new(), &steps, page)?;
    }
}

#[test]
#[ignore = "wants a server: make test-postgres"]
fn of_many_at_once_one_is_the_first() {
    let schema = Schema::new();
    let stores: Vec<_> = (0..4).map(|_| schema.open("t")).collect();
    thread::scope(|scope| {
        let keys: Vec<_> =
            stores.iter().map(|s| scope.spawn(|| s.add_first_key(&key(&unique("k"))).unwrap())).collect();
        let keys: Vec<_> = keys.into_iter().map(|key| key.join().unwrap().key_id).collect();
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    });
    let key_id = stores[0].keys().unwrap().remove(0).key_id;
    let draft = || crate::store::IntegrationRow { key_id: key_id.clone(), ..integration(unique("in"), "acme") };
    thread::scope(|scope| {
        for store in &stores {
            scope.spawn(|| store.default_integration(&draft(), None).unwrap());
        }
    });
    let made = stores[0].integrations(None).unwrap();
    assert_eq!(made.len(), 1);
    for alias in [None, Some("main".to_owned())] {
        let user = alias.clone().unwrap_or_else(|| "user".to_owned());
        let insert = |store: &PostgresStore| {
            let row = connection_of(unique("ca"), &user, (&made[0].id, "acme"));
            let row = crate::store::ConnectionRow { key_id: key_id.clone(), alias: alias.clone(), ..row };
            store.insert_connection(&row, alias.is_some(), None).map_err(|error| error.kind())
        };
        let told: Vec<_> = thread::scope(|scope| {
            let all: Vec<_> = (0..16).map(|i| &stores[i % 4]).map(|store| scope.spawn(|| insert(store))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(told.iter().filter(|one| one.is_ok()).count(), 1, "{told:?}");
        assert!(told.iter().all(|one| matches!(one, Ok(()) | Err(ErrorKind::AlreadyExists))), "{told:?}");
    }
}

fn unique(prefix: &str) -> String {
    crate::vault::new_id(prefix).unwrap()
}

#[test]
#[ignore = "wants a server: make test-postgres"]
fn tenants_do_not_see_each_other() {
    let schema = Schema::new();
    let [one, other] = ["one", "other"].map(|tenant| schema.open(tenant));
    for store in [&one, &other] {
        store.add_first_key(&key("k1")).unwrap();
        store.insert_integration(&integration("in".into(), "acme"), None).unwrap();
        store.insert_connection(&connection_of("ca".into(), "u", ("in", "acme")), false, None).unwrap();
    }
    assert!(one.delete_connection("ca", None).unwrap());
    let all = ConnectionQuery { limit: 10, ..ConnectionQuery::default() };
    assert_eq!(one.connections(&all).unwrap().len(), 0);
    assert_eq!(other.connections(&all).unwrap().len(), 1);
    assert!(other.connection("ca").unwrap().is_some());
}
