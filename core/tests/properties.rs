//! Whatever comes in, a call answers or fails with an error that names the place; it never panics and never echoes.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

use keylatch::{
    Client, ConnectionFilter, ErrorKind, ExpectedParamsQuery, InitiateConnection, Input, KeySource, NewIntegration,
    Options, Params, Payload, Secret, Verify,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// One client for all runs of a property; each property has its own vault.
fn client() -> (tempfile::TempDir, Client) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        path: Some(folder.path().join("vault.db")),
        key: KeySource::Bytes(Secret::new(&[3; 32])),
        ..Options::default()
    };
    let client = Client::open(options).unwrap();
    (folder, client)
}

fn definition() -> Value {
    json!({
        "slug": "acme", "name": "Acme", "category": "test", "docs_url": "https://acme.example/docs",
        "schemes": [{
            "auth_scheme": "BASIC",
            "fields": [
                {"name": "tenant", "display_name": "Tenant", "description": "Which.", "no_help_url": "Known to all.",
                 "pattern": "^[a-z]+$", "example": "acme"},
                {"name": "key", "display_name": "Key", "description": "The key.", "secret": true,
                 "help_url": "https://acme.example/keys"}],
            "base_url": "https://{tenant}.acme.example/v1",
            "inject": [{"in": "basic", "username": "{tenant}", "password": "{key}"},
                       {"in": "header", "name": "X-Key", "value": "Key {key}"}],
            "headers": {"X-Version": "1"},
            "checks": [{"method": "GET", "path": "/me/{tenant}", "accept": [200], "account": "/name",
                        "when": [{"at": "/ok", "equals": true}], "verdicts": {"404": "rejected"}}]
        }]
    })
}

/// Every place in a JSON value, as pointers.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| places(v, &format!("{at}/{i}"), out)),
        Value::Object(map) => map.iter().for_each(|(k, v)| places(v, &format!("{at}/{k}"), out)),
        _ => {}
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[{}|:a-z/]{0,16}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([{"in": "path"}])),
        Just(json!({"x": {"y": [1]}})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_definition_changed_anywhere_is_taken_or_refused_with_places(pick in any::<prop::sample::Index>(), new in any_json()) {
        let (_folder, client) = client();
        let mut changed = definition();
        let mut all = Vec::new();
        places(&changed, "", &mut all);
        *changed.pointer_mut(pick.get(&all[..]).as_str()).unwrap() = new;
        match client.register_app(&changed) {
            Ok(app) => {
                // What is taken can be used: discovery and a whole initiation work on it.
                let ask = ExpectedParamsQuery { app: Some(app.slug.clone()), ..Default::default() };
                let fields = client.get_expected_params_for_user(ask).unwrap().expected_params;
                prop_assert_eq!(fields.len(), app.schemes[0].fields.len());
            }
            Err(error) => {
                prop_assert!(matches!(error.kind(), ErrorKind::InvalidArgument | ErrorKind::AlreadyExists));
                prop_assert!(error.kind() == ErrorKind::AlreadyExists || !error.problems().is_empty());
            }
        }
    }

    #[test]
    fn values_of_any_kind_are_taken_or_refused_without_an_echo(
        tenant in "\\PC{0,24}", key in prop::collection::vec(any::<u8>(), 0..64), scalar in any::<i64>(),
    ) {
        let (_folder, client) = client();
        client.register_app(&definition()).unwrap();
        let mut params = Params::new().text("tenant", &tenant).secret("key", Secret::new(&key));
        if scalar % 3 == 0 {
            params.insert("extra", Input::Scalar(scalar.to_string()));
        }
        let ask = InitiateConnection { verify: Verify::Off, ..InitiateConnection::to_app("acme", params) };
        match client.entity("u").initiate_connection(ask) {
            Ok(made) => prop_assert_eq!(made.connection_status.as_str(), "ACTIVE"),
            Err(error) => {
                prop_assert!(!error.fields().is_empty());
                if let Ok(text) = std::str::from_utf8(&key) && text.len() > 8 {
                    prop_assert!(!error.to_json().contains(text));
                }
            }
        }
    }

    #[test]
    fn base_urls_cursors_and_arguments_of_any_form_never_panic(
        base_url in "(https?://|)[a-z{}|:@/?#.0-9\\[\\]]{0,30}", cursor in "\\PC{0,20}", args in "\\PC{0,40}",
    ) {
        let (_folder, client) = client();
        let ask = NewIntegration { app: "zendesk".into(), base_url: Some(base_url), ..NewIntegration::default() };
        if let Err(error) = client.create_integration(ask) {
            prop_assert_eq!(error.fields(), ["base_url"]);
        }
        let filter = ConnectionFilter { cursor: Some(cursor), ..ConnectionFilter::default() };
        let _ = client.connected_accounts(filter);
        for call in ["connected_accounts.list", "request", "initiate_connection", "nonsense"] {
            prop_assert!(client.call(call, &args, Payload::default()).is_err() || args.trim().is_empty());
        }
    }
}
