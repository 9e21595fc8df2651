//! Calls that whoever waits on its own thread ends: `call_until`.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

use std::cell::{Cell, RefCell};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use keylatch::{Client, Composio, ErrorKind, Options, Payload, Secret};

const LONG: Duration = Duration::from_secs(600);
const LISTING: &str = r#"{"items": [], "next_cursor": null}"#;

/// A project on a server that answers lists of connections, asks for patience where integrations are wanted, and leaves other requests
/// without an answer; what it tells is how many bytes came before a client left.
fn project() -> (Client, Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let (left, gone) = channel();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let (mut connection, left) = (connection.unwrap(), left.clone());
            thread::spawn(move || {
                let (mut asked, mut whole) = ([0; 4096], 0);
                while let Ok(length @ 1..) = connection.read(&mut asked) {
                    whole += length;
                    let line = String::from_utf8_lossy(&asked[..length]).lines().next().unwrap_or_default().to_owned();
                    let (status, more) = match line.as_str() {
                        line if line.contains("/connected_accounts?") => ("200 OK", LISTING),
                        line if line.contains("/auth_configs") => ("429 Later\r\nretry-after: 50", "{}"),
                        _ => continue,
                    };
                    let size = more.len();
                    write!(connection, "HTTP/1.1 {status}\r\ncontent-length: {size}\r\n\r\n{more}").unwrap();
                }
                left.send(whole).unwrap();
            });
        }
    });
    let composio =
        Composio { api_key: Some(Secret::new(b"ak_ending")), base_url: Some(base_url), ..Composio::default() };
    let options = Options { composio: Some(composio), timeout: LONG, ..Options::default() };
    (Client::open(options).unwrap(), gone)
}

fn call(client: &Client, name: &str, json: &str, stop: fn() -> bool) -> Result<String, ErrorKind> {
    let reply = client.call_until(name, json, Payload::default(), stop);
    reply.map(|reply| reply.json).map_err(|error| error.kind())
}

thread_local! {
    static ASKED: Cell<u32> = const { Cell::new(0) };
    static CLIENT: RefCell<Option<Client>> = const { RefCell::new(None) };
}

/// The third time it is asked.
fn third_time() -> bool {
    ASKED.set(ASKED.get() + 1);
    ASKED.get() >= 3
}

const THE_ONE: &str = r#"{"connected_account_id": "ca_1"}"#;

#[test]
fn a_call_ends_when_the_host_says_so_and_its_connection_with_it() {
    let (client, gone) = project();
    assert!(client.can_end_calls());
    let begun = Instant::now();
    assert_eq!(call(&client, "connected_accounts.get", THE_ONE, third_time), Err(ErrorKind::Timeout));
    assert_eq!(ASKED.get(), 3, "and then nobody is asked again");
    assert!(begun.elapsed() < LONG);
    assert!(gone.recv_timeout(LONG).unwrap() > 0, "the request was sent");
    assert!(call(&client, "connected_accounts.list", "{}", || false).unwrap().contains("items"), "the client is whole");
}

#[test]
fn a_pause_between_two_tries_ends_too() {
    let (client, _gone) = project();
    let begun = Instant::now();
    let outcome = call(&client, "integrations.get", r#"{"integration_id": "ac_1"}"#, third_time);
    assert_eq!(outcome, Err(ErrorKind::Timeout));
    assert!(begun.elapsed() < Duration::from_secs(50), "that is how long the server wanted to be left alone");
}

#[test]
fn the_host_may_make_calls_when_it_is_asked() {
    fn stop() -> bool {
        let client = CLIENT.take().unwrap();
        let listed = call(&client, "connected_accounts.list", "{}", || false).unwrap();
        let hung = call(&client, "connected_accounts.get", THE_ONE, || true);
        CLIENT.set(Some(client));
        assert_eq!(hung, Err(ErrorKind::Timeout));
        third_time() && listed.contains("items")
    }
    let (client, _gone) = project();
    CLIENT.set(Some(client.clone()));
    assert_eq!(call(&client, "connected_accounts.get", THE_ONE, stop), Err(ErrorKind::Timeout));
    assert_eq!(ASKED.get(), 3);
}

#[test]
fn a_vault_s_calls_are_not_all_for_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { path: Some(folder.path().join("vault.db")), ..Options::default() };
    assert!(!Client::open(options).unwrap().can_end_calls());
}
