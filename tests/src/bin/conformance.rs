//! Runs the conformance cases through the Rust doors: `Client`, then `AsyncClient`.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a test program reports on its standard output")]

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keylatch::{
    ApiVersion, AsyncClient, Audit, Client, Composio, Error, Input, KeySource, OnExpired, Options, Paging, Params,
    Payload, Reply, Request, Response, Secret, Transit, TransitToken, Upload,
};
use keylatch_tests::cases::{self, Case, Step, Variables, fill};
use keylatch_tests::matching::{difference, error_difference};
use keylatch_tests::provider::Provider;
use keylatch_tests::{captured, sayings, traced};
use serde_json::{Map, Value, json};

/// Of every runner's vaults; `tests/leaks.py` looks for it.
const VAULT_KEY: &[u8; 32] = b"keylatch-vault-key-of-the-runner";

/// One of the two doors.
enum Door {
    Blocking(Client),
    Async(AsyncClient, tokio::runtime::Runtime),
}

impl Door {
    fn open(is_async: bool, options: Options) -> Result<Self, Error> {
        if !is_async {
            return Client::open(options).map(Self::Blocking);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        runtime.block_on(AsyncClient::open(options)).map(|client| Self::Async(client, runtime))
    }

    fn call(&self, name: &str, args: &Value, payload: Payload) -> Result<Reply, Error> {
        match self {
            Self::Blocking(client) => client.call(name, &args.to_string(), payload),
            Self::Async(client, runtime) => runtime.block_on(client.call(name, &args.to_string(), payload)),
        }
    }

    /// Every page that the iterator gives, in the form that cases compare.
    fn pages(&self, mut args: Value, body: Vec<u8>) -> Result<Value, Error> {
        let paging = args.as_object_mut().and_then(|args| args.remove("paging")).unwrap_or_else(|| json!({}));
        let paging: Paging = serde_json::from_value(paging).expect("a case's paging is as it should be");
        let ask = Request { body, ..serde_json::from_value(args).expect("a case's arguments are as they should be") };
        let mut items = Vec::new();
        let mut add = |page: Response| {
            let head = json!({"status": page.status, "tries": page.tries, "headers": page.headers});
            items.push(response(&head, &page.body));
        };
        match self {
            Self::Blocking(client) => {
                for page in client.request_pages(ask, paging) {
                    add(page?);
                }
            }
            Self::Async(client, runtime) => {
                let mut pages = client.request_pages(ask, paging);
                while let Some(page) = runtime.block_on(pages.next()) {
                    add(page?);
                }
            }
        }
        Ok(json!({"items": items}))
    }

    /// An answer in pieces, put together in the form that cases compare.
    fn stream(&self, args: &Value, body: Vec<u8>, pieces: Option<&[String]>) -> Result<Value, Error> {
        let (args, mut whole) = (args.to_string(), Vec::new());
        let head = match self {
            Self::Blocking(client) => {
                let upload = pieces.map(|pieces| Upload::new(Pieces(pieces.to_vec())));
                let mut answer = client.call_stream(&args, body, upload)?;
                let mut buffer = [0; 7];
                loop {
                    let length = answer.read_some(&mut buffer)?;
                    if length == 0 {
                        break;
                    }
                    whole.extend_from_slice(&buffer[..length]);
                }
                answer.head_json()
            }
            Self::Async(client, runtime) => runtime.block_on(async {
                let (sender, upload) = pieces.map(|_| Upload::channel()).unzip();
                let pieces = pieces.map(<[String]>::to_vec).unwrap_or_default();
                let sending = tokio::spawn(async move {
                    let Some(sender) = sender else { return };
                    for piece in pieces {
                        sender.send(piece.into()).await;
                    }
                    sender.end().await;
                });
                let mut answer = client.call_stream(&args, body, upload).await?;
                while let Some(piece) = answer.next().await? {
                    whole.extend_from_slice(&piece);
                }
                sending.await.expect("sending does not panic");
                Ok::<_, Error>(answer.head_json())
            })?,
        };
        Ok(response(&serde_json::from_str(&head).expect("a head is JSON"), &whole))
    }

    fn close(&self) {
        match self {
            Self::Blocking(client) => client.close(),
            Self::Async(client, _) => client.close(),
        }
    }
}

/// A reader that gives its pieces one by one.
struct Pieces(Vec<String>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while !self.0.is_empty() {
            let piece = self.0.remove(0);
            if !piece.is_empty() {
                return piece.as_bytes().read(buffer);
            }
        }
        Ok(0)
    }
}

fn main() {
    let traced = std::env::var_os("KEYLATCH_TEST_TRACE").is_some();
    if traced {
        traced::everything();
    } else {
        traced::captured();
    }
    sayings::note_control();
    let provider = Provider::of_this_run();
    // `conformance WORDS` runs only the cases whose names contain the words.
    let words = std::env::args().nth(1).unwrap_or_default();
    let cases: Vec<Case> = cases::load().into_iter().filter(|case| case.name.contains(&words)).collect();
    let mut failures = 0;
    let everywhere = [
        ("rust-async", true, "embedded"),
        ("rust", false, "embedded"),
        ("rust-async-composio", true, "composio"),
        ("rust-composio", false, "composio"),
    ];
    let in_postgres = [("rust-async-postgres", true, "postgres"), ("rust-postgres", false, "postgres")];
    let doors = if postgres().is_some() { &in_postgres[..] } else { &everywhere[..] };
    for (door, is_async, backend) in doors.iter().copied() {
        let (mut passed, mut failed) = (0, 0);
        let fits = |case: &Case| case.runs_on(backend);
        for (number, case) in cases.iter().enumerate().filter(|(_, case)| fits(case)) {
            match run(case, &format!("{door}-{number}"), is_async, backend == "composio", &provider) {
                Ok(()) => passed += 1,
                Err(why) => {
                    failed += 1;
                    println!("FAILED {door}: {}: {why}", case.name);
                }
            }
        }
        failures += failed;
        println!("conformance {door}: {passed} passed, {failed} failed");
    }
    let faults = if traced { traced::faults() } else { Vec::new() };
    for fault in &faults {
        println!("FAILED the log tells what is no id and no kind: {fault}");
    }
    std::process::exit(i32::from(failures + faults.len() > 0));
}

/// The URL of the server, where the cases are to be run on a vault in PostgreSQL.
fn postgres() -> Option<String> {
    std::env::var("KEYLATCH_TEST_POSTGRES").ok()
}

fn run(case: &Case, space: &str, is_async: bool, remote: bool, provider: &Provider) -> Result<(), String> {
    let mut folder = match std::env::var_os("KEYLATCH_TEST_KEEP") {
        Some(kept) => tempfile::tempdir_in(kept).map_err(|e| e.to_string())?,
        None => tempfile::tempdir().map_err(|e| e.to_string())?,
    };
    folder.disable_cleanup(std::env::var_os("KEYLATCH_TEST_KEEP").is_some());
    let mut variables = Variables::new();
    for (name, address) in &provider.addresses {
        let whole = matches!(*name, "dead" | "stripe" | "composio" | "composio_https");
        let own = if whole { address.clone() } else { format!("{address}/{space}") };
        variables.insert((*name).to_owned(), Value::String(own));
    }
    variables.insert("api_key".to_owned(), Value::String(format!("ak_{space}")));
    variables.insert("folder".to_owned(), Value::String(folder.path().display().to_string()));
    variables.extend(postgres().map(|url| ("postgres".to_owned(), Value::String(url))));
    if remote {
        let apps: Vec<Value> = case.apps.iter().map(|app| fill(app, &variables)).collect();
        let mut script = fill(&Value::Object(case.composio.clone()), &variables);
        script["toolkits"] = apps.into();
        let _ = provider.control("PUT", space, &script);
    }
    provider.script(space, &case.provider.as_ref().map_or_else(|| json!({}), |routes| fill(routes, &variables)));

    let expired = Arc::new(Mutex::new(Vec::new()));
    let all_options = |also: &Value| {
        let mut given = fill(&Value::Object(case.client.clone()), &variables).as_object().cloned().unwrap_or_default();
        given.extend(also.as_object().cloned().unwrap_or_default());
        let mut options = options(&given, folder.path(), provider);
        if let Some(url) = postgres() {
            if !given.contains_key("path") {
                options.path = Some(url.into());
            }
            if !options.tenant.is_empty() {
                options.tenant = format!("{space}-{}", options.tenant);
            }
        }
        let told = expired.clone();
        options.on_expired = Some(OnExpired::new(move |each| told.lock().expect("nobody panics").push(each)));
        if remote {
            options.composio = Some(project(&given, &variables, provider));
        }
        // Without what is long and public.
        let ca = options.extra_ca_pem.take();
        sayings::note_debug(&options);
        options.extra_ca_pem = ca;
        options
    };
    let open = |also: &Value| -> Result<Door, Error> {
        let door = Door::open(is_async, all_options(also))?;
        for app in case.apps.iter().filter(|_| case.register || !remote) {
            let args = json!({"definition": fill(app, &variables)});
            door.call("apps.register", &args, Payload::default())?;
        }
        Ok(door)
    };
    let mut door = open(&Value::Null).map_err(|e| format!("open: {e}"))?;
    let mut saved = variables.clone();
    for (at, step) in case.steps.iter().enumerate() {
        let outcome = match step.call.as_str() {
            "client.close" => {
                door.close();
                Ok(json!({}))
            }
            "client.reopen" => {
                door.close();
                open(&fill(&step.args, &saved)).map(|reopened| {
                    door = reopened;
                    json!({})
                })
            }
            "client.diagnose" => keylatch::diagnose(&all_options(&fill(&step.args, &saved)))
                .map(|found| serde_json::to_value(found).expect("a diagnosis is JSON")),
            "client.log" => {
                let level = step.args["level"].as_str().expect("a case names a level");
                keylatch::LogLevel::named(level).map(|level| {
                    captured::want(level.as_str());
                    json!({})
                })
            }
            "client.logged" => Ok(captured::taken()),
            "client.expired" => Ok(json!({"items": std::mem::take(&mut *expired.lock().expect("nobody panics"))})),
            "provider.script" => {
                provider.script(space, &fill(&step.args, &saved));
                Ok(json!({}))
            }
            "provider.requests" => Ok(provider.requests(space)),
            "provider.keys" => Ok(provider.keys(space)),
            "composio.requests" => Ok(provider.control("GET", &format!("{space}/requests"), &Value::Null)),
            "composio.accounts" => Ok(provider.control("GET", &format!("{space}/accounts"), &Value::Null)),
            "composio.faults" => Ok(provider.control("POST", &format!("{space}/faults"), &fill(&step.args, &saved))),
            name => call(&door, name, step, &saved, remote),
        };
        check(step, outcome, &mut saved).map_err(|why| format!("step {} ({}): {why}", at + 1, step.call))?;
    }
    door.close();
    if remote { nothing_in_urls(case, space, provider) } else { Ok(()) }
}

/// No credential of user or project stood in the URL or, save for the one header, in the head of a request.
fn nothing_in_urls(case: &Case, space: &str, provider: &Provider) -> Result<(), String> {
    let mut secrets = vec![format!("ak_{space}")];
    let values = case.steps.iter().filter_map(|step| step.params.as_object()).flatten();
    let secret = |name: &str| ["key", "token", "secret", "password"].iter().any(|word| name.contains(word));
    let texts = values
        .filter(|(name, _)| secret(name))
        .filter_map(|(_, value)| value.as_str().or_else(|| value["$bytes"].as_str()));
    secrets.extend(texts.filter(|text| text.len() >= 8).map(str::to_owned));
    let seen = provider.control("GET", &format!("{space}/requests"), &Value::Null);
    for request in seen["items"].as_array().into_iter().flatten() {
        let mut headers = request["headers"].as_object().cloned().unwrap_or_default();
        headers.remove("x-api-key");
        let head = format!("{} {} {}", request["path"], request["query"], Value::Object(headers));
        if let Some(secret) = secrets.iter().find(|secret| head.contains(secret.as_str())) {
            return Err(format!("{secret} stands in the head of {} {}", request["method"], request["path"]));
        }
    }
    Ok(())
}

fn options(given: &Map<String, Value>, folder: &std::path::Path, provider: &Provider) -> Options {
    let mut options = Options {
        path: Some(folder.join("vault.db")),
        key: KeySource::Bytes(Secret::new(VAULT_KEY)),
        extra_ca_pem: Some(provider.ca.clone()),
        ..Options::default()
    };
    for (name, value) in given {
        let text = || value.as_str().expect("this option is text");
        match name.as_str() {
            "timeout_ms" => options.timeout = Duration::from_millis(value.as_u64().expect("milliseconds")),
            "hold_for_ms" => options.hold_for = Duration::from_millis(value.as_u64().expect("milliseconds")),
            "strict_secrets" => options.strict_secrets = value.as_bool().expect("true or false"),
            "max_response_bytes" => {
                options.max_response_bytes = usize::try_from(value.as_u64().expect("bytes")).expect("fits");
            }
            "path" => options.path = Some(text().into()),
            "key_file" => options.key = KeySource::File(text().into()),
            "audit" => options.audit = Audit::named(text()).expect("a choice"),
            "tenant" => options.tenant = text().to_owned(),
            "passphrase" => options.key = KeySource::Passphrase(Secret::new(text().as_bytes())),
            "transit" => options.key = KeySource::Transit(transit(value)),
            "key_hex" => {
                let digits = text();
                let byte = |i| u8::from_str_radix(&digits[i..i + 2], 16).expect("hexadecimal digits");
                let key: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
                options.key = KeySource::Bytes(Secret::from(key));
            }
            "api_version" | "api_key" | "base_url" => {}
            other => panic!("unknown client option {other}"),
        }
    }
    options
}

fn transit(given: &Value) -> Transit {
    let text = |name: &str| given[name].as_str().map(str::to_owned);
    let token = text("token").map(Secret::from);
    let token = TransitToken::one_of(token, text("token_env"), text("token_file").map(Into::into));
    let key = text("key").expect("a case names the key");
    let made = Transit::new(&text("address").expect("and the server"), &key, token.expect("and one token"));
    Transit { mount: text("mount").unwrap_or(made.mount), namespace: text("namespace"), ..made }
}

/// The case's project on the Composio server.
fn project(given: &Map<String, Value>, variables: &Variables, provider: &Provider) -> Composio {
    let filled = |name: &str| given.get(name).map(|v| fill(v, variables).as_str().expect("is text").to_owned());
    let api_key = filled("api_key").unwrap_or_else(|| variables["api_key"].as_str().expect("is text").to_owned());
    let version = filled("api_version").map(|v| ApiVersion::parse(&v).expect("a version"));
    Composio {
        api_key: Some(Secret::from(api_key)),
        base_url: Some(filled("base_url").unwrap_or_else(|| provider.composio().to_owned())),
        api_version: version.unwrap_or_default(),
    }
}

fn call(door: &Door, name: &str, step: &Step, saved: &Variables, remote: bool) -> Result<Value, Error> {
    let args = match fill(&step.args, saved) {
        Value::Null => json!({}),
        args => args,
    };
    let body = step.body.as_ref().map(|b| fill(b, saved).as_str().expect("a body is text").as_bytes().to_vec());
    let body = body.unwrap_or_default();
    if name == "request_pages" {
        return door.pages(args, body);
    }
    if name == "request_stream" {
        let answer = door.stream(&args, body, step.pieces.as_deref());
        sayings::note_answer(&answer);
        return answer;
    }
    let payload = Payload { params: params(&fill(&step.params, saved)), body };
    sayings::note_debug(&payload);
    let reply = door.call(name, &args, payload);
    // What the app says through Composio may echo its credential (`echo-not-masked` in docs/backends.md).
    let may_echo = remote && matches!(name, "request" | "execute_action");
    if !may_echo || reply.is_err() {
        sayings::note(&reply);
    }
    let reply = reply?;
    let mut result: Value = serde_json::from_str(&reply.json).expect("results are JSON");
    if let Some(secret) = reply.secret {
        result["secret"] = Value::from(secret.expose_text().unwrap_or_default()); // expose: compared with the case
    }
    if let Some(body) = reply.body {
        result = response(&result, &body);
    }
    Ok(result)
}

/// A response in the form that cases compare.
fn response(head: &Value, body: &[u8]) -> Value {
    let mut headers = Map::new();
    for pair in head["headers"].as_array().into_iter().flatten() {
        headers.insert(pair[0].as_str().unwrap_or_default().to_owned(), pair[1].clone());
    }
    let text = String::from_utf8_lossy(body);
    let mut result = json!({"status": head["status"], "tries": head["tries"], "headers": headers, "text": text});
    if let Ok(json) = serde_json::from_slice::<Value>(body) {
        result["json"] = json;
    }
    result
}

fn params(given: &Value) -> Params {
    let mut params = Params::new();
    for (name, value) in given.as_object().into_iter().flatten() {
        let text = |bytes: &[u8], wipeable| Input::Text { value: Secret::new(bytes), wipeable };
        let input = match value {
            Value::String(content) => text(content.as_bytes(), false),
            Value::Number(_) | Value::Bool(_) => Input::Scalar(value.to_string()),
            Value::Null => Input::Unfit("nothing".into()),
            Value::Array(_) => Input::Unfit("a list".into()),
            Value::Object(map) => match map.get("$bytes").and_then(Value::as_str) {
                Some(content) => text(content.as_bytes(), true),
                None => Input::Unfit("an object".into()),
            },
        };
        params.insert(name, input);
    }
    params
}

fn check(step: &Step, outcome: Result<Value, Error>, saved: &mut Variables) -> Result<(), String> {
    let result = match (outcome, &step.error) {
        (Ok(result), None) => result,
        (Ok(result), Some(_)) => return Err(format!("succeeded with {result}")),
        (Err(error), None) => return Err(format!("failed: {error}")),
        (Err(error), Some(expected)) => {
            let found = serde_json::from_str(&error.to_json()).expect("errors are JSON");
            return error_difference(&fill(expected, saved), &found).map_or(Ok(()), Err);
        }
    };
    for (name, pointer) in &step.save {
        let value = result.pointer(pointer).ok_or_else(|| format!("nothing at {pointer} to save in {result}"))?;
        saved.insert(name.clone(), value.clone());
    }
    match &step.expect {
        Some(expected) => difference(&fill(expected, saved), Some(&result), "result").map_or(Ok(()), Err),
        None => Ok(()),
    }
}
