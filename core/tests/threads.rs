//! One client on many threads, and one on many tasks: every call answers as if it were alone. Run under the thread sanitizer
//! too, see `tests/sanitizers`.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::Duration;

use keylatch::{
    AsyncClient, Client, ConnectionFilter, Error, ErrorKind, InitiateConnection, KeySource, Options, Params, Secret,
    UpdateCredentials, Verify, VerifyDue,
};
use serde_json::json;

const THREADS: usize = 6;
const ROUNDS: usize = 5;

/// A vault of its own, and a proxy that nobody is behind: what is asked fails at once, and leaves this machine never.
fn options() -> (tempfile::TempDir, Options) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        path: Some(folder.path().join("vault.db")),
        key: KeySource::Bytes(Secret::new(&[3; 32])),
        proxy: Some("http://127.0.0.1:1".into()),
        timeout: Duration::from_secs(20),
        ..Options::default()
    };
    (folder, options)
}

fn ask(user: &str, round: usize) -> InitiateConnection {
    let params = Params::new().secret("api_key", Secret::new(format!("canary-{user}-{round}").as_bytes()));
    InitiateConnection {
        entity_id: user.to_owned(),
        allow_multiple: true,
        verify: if round == 0 { Verify::Auto } else { Verify::Off },
        ..InitiateConnection::to_app("stripe", params)
    }
}

fn app(number: usize) -> serde_json::Value {
    json!({"slug": format!("app_{number}"), "name": "App", "category": "test", "docs_url": "https://app.example/",
           "schemes": [{"auth_scheme": "NO_AUTH", "fields": [], "base_url": "https://app.example", "inject": [], "no_checks": "Open."}]})
}

/// All that one user does.
fn work(client: &Client, number: usize) -> Result<Vec<String>, Error> {
    let user = format!("user-{number}");
    let mut kept = Vec::new();
    for round in 0..ROUNDS {
        client.register_app(&app(number))?;
        assert!(!client.identify(Secret::new(b"sk_live_0123456789"))?.is_empty());
        let made = client.entity(&user).initiate_connection(ask(&user, round))?;
        let id = made.connected_account_id;
        let mine = ConnectionFilter { entity_id: Some(user.clone()), ..ConnectionFilter::default() };
        assert!(client.connected_accounts(mine)?.items.iter().any(|found| found.id == id));
        let new = UpdateCredentials {
            connected_account_id: id.clone(),
            verify: Verify::Off,
            connected_account_params: Params::new().secret("api_key", Secret::new(b"canary-new-0001")),
        };
        client.update_credentials(new)?;
        client.set_alias(&id, Some(&format!("alias-{round}")))?;
        if round % 2 == 0 {
            client.delete_connection(&id, false)?;
        } else {
            kept.push(id);
        }
    }
    Ok(kept)
}

fn all(client: &Client) -> BTreeSet<String> {
    let filter = ConnectionFilter { limit: Some(500), ..ConnectionFilter::default() };
    client.connected_accounts(filter).unwrap().items.into_iter().map(|connection| connection.id).collect()
}

#[test]
fn many_threads_share_a_client() {
    let (_folder, options) = options();
    let client = Client::open(options).unwrap();
    let together = Barrier::new(THREADS);
    let kept: BTreeSet<String> = std::thread::scope(|scope| {
        let start = |number| {
            let (client, together) = (&client, &together);
            scope.spawn(move || {
                together.wait();
                work(client, number).unwrap()
            })
        };
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(kept.len(), THREADS * (ROUNDS / 2));
    assert_eq!(all(&client), kept);
}

#[test]
fn many_tasks_share_a_client() {
    let (_folder, options) = options();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let made = runtime.block_on(async {
        let client = AsyncClient::open(options).await.unwrap();
        let mut tasks = Vec::new();
        for number in 0..THREADS * ROUNDS {
            let client = client.clone();
            let user = format!("user-{number}");
            tasks.push(tokio::spawn(
                async move { client.entity(&user).initiate_connection(ask(&user, number % 3)).await },
            ));
        }
        let mut ids = BTreeSet::new();
        for task in tasks {
            ids.insert(task.await.unwrap().unwrap().connected_account_id);
        }
        ids
    });
    assert_eq!(made.len(), THREADS * ROUNDS);
}

/// Whoever is at work when the client closes gets its answer, or is told that it is closed.
#[test]
fn closing_while_others_call_is_clean() {
    let (_folder, options) = options();
    let client = Client::open(options).unwrap();
    let together = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            let (client, together) = (&client, &together);
            scope.spawn(move || {
                together.wait();
                if number == 0 {
                    return client.close();
                }
                let outcome =
                    work(client, number).map(drop).and_then(|()| client.verify_due(VerifyDue::default()).map(drop));
                assert!(outcome.err().is_none_or(|error| error.kind() == ErrorKind::Closed));
            });
        }
    });
    assert_eq!(client.apps().map(drop).unwrap_err().kind(), ErrorKind::Closed);
}
