//! Keylatch from Rust: on the vault BENCH_VAULT, or on the server BENCH_SERVER. BENCH_SAMPLES names what there is.

#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicUsize, Ordering};

use keylatch::{
    Client, Composio, ConnectionFilter, InitiateConnection, KeySource, Options, Params, Result, Secret, Verify,
};
use keylatch_peers::{json, setting, work};
use serde_json::Value;

fn main() -> Result<()> {
    let host = Host::new()?;
    work(|operation| host.once(operation).expect(operation));
    Ok(())
}

struct Host {
    client: Client,
    integration: String,
    /// Lists of ids, and of cursors of pages.
    samples: Value,
    count: AtomicUsize,
}

impl Host {
    fn new() -> Result<Self> {
        let samples = json("BENCH_SAMPLES");
        let integration = samples["integration"].as_str().expect("an id").to_owned();
        Ok(Self { client: Client::open(options())?, integration, samples, count: AtomicUsize::new(0) })
    }

    fn once(&self, operation: &str) -> Result<()> {
        match operation {
            "initiate" => self.initiate().map(drop),
            "pair" => self.client.connected_account(&self.initiate()?).map(drop),
            "get" => self.client.connected_account(self.sample("ids")).map(drop),
            "list" => {
                let cursor = Some(self.sample("cursors").to_owned());
                self.client.connected_accounts(ConnectionFilter { cursor, ..Default::default() }).map(drop)
            }
            "dsn" => self.client.dsn(self.sample("revealed")).map(drop),
            "open" => Client::open(options()).map(drop),
            other => panic!("no operation {other}"),
        }
    }

    fn initiate(&self) -> Result<String> {
        let mut key = *b"sk_test_0123456789abcdefghijklmn";
        let params = Params::new().take("api_key", &mut key);
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let made = self.client.initiate_connection(InitiateConnection {
            entity_id: format!("user-{}-{number:08}", std::process::id()),
            verify: Verify::Off,
            ..InitiateConnection::to_integration(&self.integration, params)
        })?;
        Ok(made.connected_account_id)
    }

    /// One of the samples after the other.
    fn sample(&self, kind: &str) -> &str {
        let all = self.samples[kind].as_array().expect("samples");
        all[self.count.fetch_add(1, Ordering::Relaxed) % all.len()].as_str().expect("a text")
    }
}

fn options() -> Options {
    match std::env::var("BENCH_SERVER") {
        Ok(server) => Options {
            composio: Some(Composio {
                api_key: Some(Secret::new(b"ak_bench")),
                base_url: Some(server),
                ..Composio::default()
            }),
            ..Options::default()
        },
        Err(_) => {
            let key = KeySource::Bytes(Secret::from(vec![7; 32]));
            Options { path: Some(setting("BENCH_VAULT").into()), key, ..Options::default() }
        }
    }
}
