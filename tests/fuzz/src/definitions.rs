//! App definitions, as `apps.register` takes them: one is refused with places, or good for the whole flow.

use keylatch::{Params, Secret};
use serde_json::{Value, json};

use crate::world::{Backend, SECRET, World, with};

pub(crate) fn run(data: &[u8]) {
    let Ok(mut definition) = serde_json::from_slice::<Value>(data) else { return };
    rename(&mut definition);
    let answers = [json!({"echo": true}), json!({"status": 401}), json!({"json": {"id": 1}})];
    with(Backend::Embedded, &answers, |world| {
        let register = json!({"definition": definition});
        let Some(app) = world.call("apps.register", &register, Params::new(), b"", false) else { return };
        assert_eq!(app["custom"], true);
        let again = world.call("apps.get", &json!({"app": app["slug"]}), Params::new(), b"", false);
        assert_eq!(again.as_ref(), Some(&app));
        for scheme in app["schemes"].as_array().into_iter().flatten() {
            flow(world, &app, scheme);
        }
    });
}

/// The seeds are built-in apps, which nobody can register again.
fn rename(definition: &mut Value) {
    let Some(slug) = definition["slug"].as_str().map(str::to_ascii_uppercase) else { return };
    if slug.is_empty() || !slug.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return;
    }
    definition["slug"] = json!("fuzzed");
    for action in definition["actions"].as_array_mut().into_iter().flatten() {
        let rest = action["name"].as_str().and_then(|name| name.strip_prefix(&slug)).map(str::to_owned);
        if let Some(rest) = rest {
            action["name"] = json!(format!("FUZZED{rest}"));
        }
    }
}

fn flow(world: &World, app: &Value, scheme: &Value) {
    let ask = json!({"app": app["slug"], "auth_scheme": scheme["auth_scheme"]});
    let expected = world.call("get_expected_params_for_user", &ask, Params::new(), b"", false);
    let expected = expected.expect("what is registered can be discovered");
    let mut params = Params::new();
    for field in expected["expected_params"].as_array().expect("fields") {
        let name = field["name"].as_str().expect("a field has a name");
        let value = match (&field["is_secret"], &field["default"], &field["example"]) {
            (Value::Bool(true), _, Value::Null) => SECRET,
            (_, Value::String(default), _) => default,
            (_, _, Value::String(example)) => example,
            _ => "x",
        };
        params = params.secret(name, Secret::new(value.as_bytes()));
    }
    let args = json!({"entity_id": "u", "app_name": app["slug"], "auth_scheme": scheme["auth_scheme"], "allow_multiple": true});
    let Some(made) = world.call("initiate_connection", &args, params, b"", true) else { return };
    let id = json!({"connected_account_id": made["connected_account_id"]});
    let none = Params::new;
    let request = json!({"connected_account_id": id["connected_account_id"], "method": "POST", "path": "/x?y=1"});
    world.call("request", &request, none(), b"{}", true);
    for action in app["actions"].as_array().into_iter().flatten() {
        let args = json!({"action": action["name"], "connected_account_id": id["connected_account_id"]});
        world.call("execute_action", &args, none(), b"", true);
    }
    for call in ["verify", "dsn", "get", "delete"] {
        world.call(&format!("connected_accounts.{call}"), &id, none(), b"", true);
    }
}
