//! Calls by name with any arguments, cursors and answers, on both backends. An input is a conformance case in JSON:
//! definitions in `apps`, what the other side answers in `answers`, and `steps`.

use keylatch::{ApiVersion, Input, Params, Secret};
use serde_json::{Value, json};

use crate::world::{Backend, SECRET, World, with};

/// A longer case only repeats itself.
const MOST_STEPS: usize = 12;

pub(crate) fn embedded(data: &[u8]) {
    run(data, Backend::Embedded);
}

pub(crate) fn composio(data: &[u8]) {
    let old = serde_json::from_slice::<Value>(data).is_ok_and(|case| case["client"]["api_version"] == "v1");
    run(data, Backend::Composio(if old { ApiVersion::V1 } else { ApiVersion::V3_1 }));
}

fn run(data: &[u8], backend: Backend) {
    let Ok(case) = serde_json::from_slice::<Value>(data) else { return };
    let list = |name: &str| case[name].as_array().map_or(&[][..], Vec::as_slice);
    with(backend, list("answers"), |world| {
        let mut run = Run { world, known: Vec::new(), backend };
        for app in list("apps") {
            run.step("apps.register", json!({"definition": app}), &Value::Null, &Value::Null);
        }
        for step in list("steps").iter().take(MOST_STEPS) {
            let name = step["call"].as_str().unwrap_or_default();
            let args = run.filled(&step["args"]);
            let reply = run.step(name, args, &step["params"], &step["body"]);
            for (variable, pointer) in step["save"].as_object().into_iter().flatten() {
                let found = reply.as_ref().and_then(|reply| reply.pointer(pointer.as_str()?));
                run.known.extend(found.and_then(Value::as_str).map(|found| (variable.clone(), found.to_owned())));
            }
        }
        run.tidy();
    });
}

struct Run<'w> {
    world: &'w World,
    /// Variables, and what the calls before answered.
    known: Vec<(String, String)>,
    backend: Backend,
}

impl Run<'_> {
    /// `${name}` in texts as the cases have it; the provider is one that nobody dials.
    fn filled(&self, args: &Value) -> Value {
        let mut text = args.to_string();
        for (name, value) in &self.known {
            let value = json!(value).to_string();
            text = text.replace(&format!("${{{name}}}"), &value[1..value.len() - 1]);
        }
        let filled =
            text.replace("${provider}", "https://127.0.0.1:1/p").replace("${provider_http}", "http://127.0.0.1:1/p");
        serde_json::from_str(&filled).unwrap_or_default()
    }

    fn step(&mut self, name: &str, mut args: Value, params: &Value, body: &Value) -> Option<Value> {
        let mut given = Params::new();
        let mut hides = !args.to_string().contains(SECRET) && !name.contains(SECRET);
        for (field, value) in params.as_object().into_iter().flatten() {
            match value {
                Value::String(text) => given = given.secret(field, Secret::new(text.as_bytes())),
                Value::Number(_) | Value::Bool(_) => given.insert(field, Input::Scalar(value.to_string())),
                _ => given.insert(field, Input::Unfit("a list".into())),
            }
            // Only what is given as a credential is one; the rest of a connection may be seen.
            hides &= !value.to_string().contains(SECRET) || field == "api_key";
            hides &= !field.contains(SECRET);
        }
        if name == "connected_accounts.wait_until_active" && args.is_object() {
            args["timeout_ms"] = json!(0);
        }
        let reply = self.world.call(name, &args, given, body.as_str().unwrap_or_default().as_bytes(), hides)?;
        for (variable, pointer) in
            [("made", "/connected_account_id"), ("integration", "/id"), ("cursor", "/next_cursor")]
        {
            let found = reply.pointer(pointer).and_then(Value::as_str);
            self.known.extend(found.map(|found| (variable.to_owned(), found.to_owned())));
        }
        Some(reply)
    }

    /// Leaves an empty vault to the next run.
    fn tidy(&self) {
        if self.backend != Backend::Embedded {
            return;
        }
        let page = self.world.call("connected_accounts.list", &json!({}), Params::new(), b"", false);
        for id in page.iter().flat_map(|page| page["items"].as_array()).flatten().map(|item| &item["id"]) {
            let args = json!({"connected_account_id": id});
            self.world.call("connected_accounts.delete", &args, Params::new(), b"", false);
        }
        let all = self.world.call("integrations.list", &json!({}), Params::new(), b"", false);
        for id in all.iter().flat_map(|all| all["items"].as_array()).flatten().map(|item| &item["id"]) {
            self.world.call("integrations.delete", &json!({"integration_id": id}), Params::new(), b"", false);
        }
    }
}
