//! Lists in pages: each connection once whatever the page size, and no cursor but those that a list returned.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keylatch::{
    Client, ConnectionFilter, Error, ErrorKind, InitiateConnection, KeySource, Options, Params, Secret, Status, Verify,
    VerifyDue,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const USERS: usize = 3;

/// A client, and how many connections each user has: those of the last are switched off.
fn client(counts: [usize; USERS]) -> (tempfile::TempDir, Client) {
    let folder = tempfile::tempdir().unwrap();
    let path = Some(folder.path().join("vault.db"));
    let key = KeySource::Bytes(Secret::new(&[3; 32]));
    let client = Client::open(Options { path, key, ..Options::default() }).unwrap();
    for (user, count) in counts.into_iter().enumerate() {
        for number in 0..count {
            let params = Params::new().text("api_key", "AIza-canary-000000001");
            let ask = InitiateConnection {
                verify: Verify::Off,
                allow_multiple: true,
                alias: Some(format!("alias-{number}")),
                ..InitiateConnection::to_app("google_maps", params)
            };
            let made = client.entity(&format!("user-{user}")).initiate_connection(ask).unwrap();
            if user == USERS - 1 {
                client.disable_connection(&made.connected_account_id).unwrap();
            }
        }
    }
    (folder, client)
}

/// The ids of all pages, in order.
fn all(client: &Client, filter: &ConnectionFilter) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let page = client.connected_accounts(ConnectionFilter { cursor, ..filter.clone() }).unwrap();
        assert!(page.items.len() <= filter.limit.unwrap() as usize);
        ids.extend(page.items.into_iter().map(|connection| connection.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return ids;
        }
    }
}

/// Refused as the cursor's fault, or taken for one that could have been returned.
fn is_refused_or_taken<T>(result: Result<T, Error>) -> bool {
    result.err().is_none_or(|error| error.kind() == ErrorKind::InvalidArgument && error.fields() == ["cursor"])
}

fn list(client: &Client, cursor: String) -> Result<(), Error> {
    client.connected_accounts(ConnectionFilter { cursor: Some(cursor), ..ConnectionFilter::default() }).map(drop)
}

fn check(client: &Client, cursor: String) -> Result<(), Error> {
    client.verify_due(VerifyDue { cursor: Some(cursor), pause_ms: Some(0), ..VerifyDue::default() }).map(drop)
}

fn anything() -> impl Strategy<Value = Value> {
    let number = prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), Just(-1)];
    prop_oneof![
        number.prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(json!({"google_maps": i64::MIN})),
        Just(json!([])),
        Just(Value::Null)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_page_size_gives_each_connection_once(counts in [0..9_usize, 0..9, 0..9], limit in 1..12_u32) {
        let (_folder, client) = client(counts);
        let whole = ConnectionFilter { limit: Some(500), ..ConnectionFilter::default() };
        let everybody = all(&client, &ConnectionFilter { limit: Some(limit), ..whole.clone() });
        prop_assert_eq!(everybody.len(), counts.iter().sum::<usize>());
        prop_assert_eq!(everybody.iter().collect::<BTreeSet<_>>().len(), everybody.len());
        prop_assert_eq!(&everybody, &all(&client, &whole));
        for (user, count) in counts.into_iter().enumerate() {
            let of_user = ConnectionFilter { entity_id: Some(format!("user-{user}")), limit: Some(limit), ..ConnectionFilter::default() };
            prop_assert_eq!(all(&client, &of_user).len(), count);
            let active = ConnectionFilter { statuses: vec![Status::Active], ..of_user };
            prop_assert_eq!(all(&client, &active).len(), if user == USERS - 1 { 0 } else { count });
        }
    }

    #[test]
    fn no_cursor_of_any_form_is_more_than_refused(text in "\\PC{0,20}", bytes in prop::collection::vec(any::<u8>(), 0..20), number in "[0-9+-]{0,20}") {
        let (_folder, client) = client([1, 0, 0]);
        for cursor in [text, URL_SAFE_NO_PAD.encode(bytes), URL_SAFE_NO_PAD.encode(format!("1:{number}"))] {
            prop_assert!(is_refused_or_taken(list(&client, cursor.clone())));
            prop_assert!(is_refused_or_taken(check(&client, cursor)));
        }
    }

    #[test]
    fn a_round_whose_cursor_was_changed_does_no_more_than_a_round(name in "until|left|next|resting|at", value in anything()) {
        let (_folder, client) = client([2, 1, 0]);
        let first = client.verify_due(VerifyDue { limit: Some(3), pause_ms: Some(0), ..VerifyDue::default() }).unwrap();
        // A batch may do all; the cursor is then as it would have been in the middle.
        let mut state = json!({"until": "2999-01-01T00:00:00.000Z", "left": 2, "next": {}, "resting": {}, "at": ["", 1]});
        prop_assert_eq!(first.items.len(), 3);
        let cursor = |state: &Value| URL_SAFE_NO_PAD.encode(state.to_string());
        prop_assert_eq!(check(&client, cursor(&state)).map_err(|error| error.kind()), Ok(()), "the control");
        state["next"] = json!({"google_maps": i64::MIN});
        prop_assert!(is_refused_or_taken(check(&client, cursor(&state))));
        state[&name] = value;
        prop_assert!(is_refused_or_taken(check(&client, cursor(&state))));
    }
}
