//! The Rust host of the residue test: Keylatch panics in the middle of its calls, once a secret is sealed or a request
//! answered. The panic is a tracing subscriber's, which is the application's own code inside a call; the host catches it as
//! the doors to other languages do, and has their allocator.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use keylatch::{Client, Composio, Input, KeySource, Options, Params, Payload, Secret};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

static ARMED: AtomicBool = AtomicBool::new(false);

/// Panics at what Keylatch says of a call.
struct Panics;

impl<S: tracing::Subscriber> Layer<S> for Panics {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let is_ours = event.metadata().target().starts_with("keylatch");
        assert!(!(is_ours && ARMED.load(Ordering::SeqCst)), "the application's subscriber fails");
    }
}

#[derive(Default)]
struct Host {
    client: Option<Client>,
    integration: String,
    account: String,
}

impl Host {
    fn said(&mut self, words: &[&str]) -> Result<String, keylatch::Error> {
        match words {
            ["open", backend, place, timeout, strict, size] => {
                let options = Options {
                    timeout: std::time::Duration::from_millis(timeout.parse().expect("milliseconds")),
                    strict_secrets: *strict == "strict",
                    extra_ca_pem: std::env::var_os("KEYLATCH_TEST_CA").and_then(|file| std::fs::read(file).ok()),
                    ..Options::default()
                };
                let composio = |api_key| Composio {
                    api_key: Some(api_key),
                    base_url: Some((*place).to_owned()),
                    ..Composio::default()
                };
                let key = secret(size);
                self.client = Some(Client::open(if *backend == "vault" {
                    Options { path: Some(place.into()), key: KeySource::Bytes(key), ..options }
                } else {
                    Options { composio: Some(composio(key)), ..options }
                })?);
                Ok(String::new())
            }
            ["integrate", app, base_url, "api_key"] => {
                let ask = serde_json::json!({ "app": app, "base_url": base_url });
                self.integration = self.id("integrations.create", &ask, Params::new(), "/id")?;
                Ok(self.integration.clone())
            }
            ["initiate", _, verify, entity, size] => {
                let ask =
                    serde_json::json!({ "entity_id": entity, "integration_id": self.integration, "verify": verify });
                self.account = self.id("initiate_connection", &ask, typed(size), "/connected_account_id")?;
                Ok(self.account.clone())
            }
            ["update", _, verify, size] => {
                let ask = serde_json::json!({ "connected_account_id": self.account, "verify": verify });
                self.id("connected_accounts.update_credentials", &ask, typed(size), "/connected_account_id")
            }
            ["arm"] => {
                ARMED.store(true, Ordering::SeqCst);
                Ok(String::new())
            }
            _ => panic!("unknown words"),
        }
    }

    fn id(&self, call: &str, ask: &serde_json::Value, params: Params, at: &str) -> Result<String, keylatch::Error> {
        let client = self.client.as_ref().expect("open");
        let reply = client.call(call, &ask.to_string(), Payload { params, ..Payload::default() })?;
        let answer: serde_json::Value = serde_json::from_str(&reply.json).expect("answers are JSON");
        Ok(answer.pointer(at).and_then(|id| id.as_str()).unwrap_or_default().to_owned())
    }
}

/// Standard input without the buffer that `std::io::stdin` puts before it, in which secrets would stay.
fn input() -> File {
    File::open("/dev/stdin").expect("there is a standard input")
}

/// The next line; none at the end.
fn line() -> Option<String> {
    let (mut input, mut line, mut byte) = (input(), Vec::new(), [0]);
    loop {
        match input.read(&mut byte).expect("it can be read") {
            0 => return None,
            _ if byte == *b"\n" => return String::from_utf8(line).ok(),
            _ => line.extend(byte),
        }
    }
}

/// A secret from standard input, straight into the buffer that is taken.
fn secret(size: &str) -> Secret {
    let mut buffer = vec![0; size.parse().expect("a size")];
    input().read_exact(&mut buffer).expect("the secret follows");
    Secret::take(&mut buffer)
}

fn typed(size: &str) -> Params {
    let mut params = Params::new();
    params.insert("api_key", Input::Text { value: secret(size), wipeable: true });
    params
}

fn main() {
    tracing_subscriber::registry().with(Panics).init();
    // What a panic says is of no interest here.
    std::panic::set_hook(Box::new(|_| {}));
    let (mut host, mut out) = (Host::default(), std::io::stdout());
    while let Some(line) = line() {
        let words: Vec<&str> = line.split(' ').collect();
        let said = match catch_unwind(AssertUnwindSafe(|| host.said(&words))) {
            Ok(Ok(id)) => format!("ok {id}"),
            Ok(Err(error)) => format!("error {}", error.kind().code()),
            Err(_) => "panic".to_owned(),
        };
        writeln!(out, "{said}").and_then(|()| out.flush()).expect("the parent reads");
    }
}
