//! Records that are held open: what others changed is seen when their time is over, what the client changed at once.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

use std::path::Path;
use std::time::{Duration, Instant};

use keylatch::{
    Client, ErrorKind, InitiateConnection, KeySource, Options, Params, Request, Secret, UpdateCredentials, Verify,
};

const LONG: Duration = Duration::from_secs(3600);

/// A client whose requests go to a proxy that nobody is behind: they fail, but not before their connection was found.
fn client(folder: &Path, hold_for: Duration) -> Client {
    let options = Options {
        path: Some(folder.join("vault.db")),
        key: KeySource::Bytes(Secret::new(&[3; 32])),
        proxy: Some("http://127.0.0.1:1".into()),
        hold_for,
        ..Options::default()
    };
    Client::open(options).unwrap()
}

fn connect(client: &Client) -> String {
    let params = Params::new().secret("api_key", Secret::new(b"sk_test_canary-held-01"));
    let ask = InitiateConnection {
        verify: Verify::Off,
        allow_multiple: true,
        ..InitiateConnection::to_app("stripe", params)
    };
    client.entity("user-1").initiate_connection(ask).unwrap().connected_account_id
}

fn outcome(client: &Client, ask: Request) -> ErrorKind {
    let ask = Request { method: "GET".into(), path: "/v1/balance".into(), retry: Some(0), ..ask };
    client.request(ask).err().unwrap().kind()
}

fn by_id(client: &Client, id: &str) -> ErrorKind {
    outcome(client, Request { connected_account_id: Some(id.to_owned()), ..Request::default() })
}

fn sole(client: &Client) -> ErrorKind {
    outcome(client, Request { entity_id: Some("user-1".into()), app: Some("Stripe".into()), ..Request::default() })
}

/// What a request comes to whose connection was found and opened.
const USED: ErrorKind = ErrorKind::ProviderUnreachable;

#[test]
fn what_others_change_is_seen_when_the_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let (holding, brief, other) = (
        client(folder.path(), LONG),
        client(folder.path(), Duration::from_millis(200)),
        client(folder.path(), Duration::ZERO),
    );
    let id = connect(&other);
    for client in [&holding, &brief, &other] {
        assert_eq!((by_id(client, &id), sole(client)), (USED, USED));
    }
    other.delete_connection(&id, false).unwrap();
    assert_eq!(by_id(&other, &id), ErrorKind::NotFound);
    assert_eq!((by_id(&holding, &id), sole(&holding)), (USED, USED));
    let deadline = Instant::now() + Duration::from_secs(60);
    while by_id(&brief, &id) != ErrorKind::NotFound {
        assert!(Instant::now() < deadline, "still held");
    }
}

#[test]
fn what_the_client_changes_is_seen_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let client = client(folder.path(), LONG);
    let id = connect(&client);
    assert_eq!((by_id(&client, &id), sole(&client)), (USED, USED));

    client.disable_connection(&id).unwrap();
    assert_eq!((by_id(&client, &id), sole(&client)), (ErrorKind::InvalidArgument, ErrorKind::NotFound));
    client.enable_connection(&id).unwrap();
    assert_eq!((by_id(&client, &id), sole(&client)), (USED, USED));

    let second = connect(&client);
    assert_eq!((by_id(&client, &id), sole(&client)), (USED, ErrorKind::Ambiguous));
    client.delete_connection(&second, false).unwrap();
    assert_eq!((by_id(&client, &second), sole(&client)), (ErrorKind::NotFound, USED));

    let new = UpdateCredentials {
        connected_account_id: id.clone(),
        verify: Verify::Off,
        connected_account_params: Params::new().secret("api_key", Secret::new(b"sk_test_canary-held-02")),
    };
    client.update_credentials(new).unwrap();
    assert_eq!(by_id(&client, &id), USED);
    client.close();
    assert_eq!(by_id(&client, &id), ErrorKind::Closed);
}

#[test]
fn a_held_connection_is_still_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let client = client(folder.path(), LONG);
    let id = connect(&client);
    assert_eq!(by_id(&client, &id), USED);
    let of_another = Request { connected_account_id: Some(id), entity_id: Some("user-2".into()), ..Request::default() };
    assert_eq!(outcome(&client, of_another), ErrorKind::NotFound);
}
