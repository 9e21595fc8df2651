//! A client whose every request is answered from the input, and what must hold of each call and each request.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keylatch::fuzzing::{Answer, Scripted, Sent};
use keylatch::{ApiVersion, Composio, ErrorKind, KeySource, Options, Params, Payload, Permission, Secret};
use serde_json::{Value, json};
use url::{Host, Url};

/// A credential that must not come out of any call.
pub(crate) const SECRET: &str = "canary-7Qm2xV9k";
/// After so many runs a client is full of what they left behind.
const MOST_RUNS: u32 = 2000;

/// Which backend a client has.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Backend {
    Embedded,
    Composio(ApiVersion),
}

pub(crate) struct World {
    client: Scripted,
    script: Arc<Mutex<Script>>,
    backend: Backend,
    runs: u32,
    _folder: tempfile::TempDir,
}

/// The answers in their order, over and over.
#[derive(Default)]
struct Script {
    answers: Vec<Value>,
    next: usize,
    /// Since the call began, the other side has answered, and has been told the credential.
    answered: bool,
    told: bool,
    /// It has said the credential without having been told: what is kept of that is no leak.
    knew: bool,
}

thread_local! {
    static WORLDS: RefCell<Vec<World>> = const { RefCell::new(Vec::new()) };
}

/// Does this with a client on the backend, whose requests get these answers.
pub(crate) fn with(backend: Backend, answers: &[Value], work: impl FnOnce(&World)) {
    let kept = WORLDS.with_borrow_mut(|worlds| {
        let at = worlds.iter().position(|world| world.backend == backend)?;
        Some(worlds.swap_remove(at)).filter(|world| world.runs < MOST_RUNS)
    });
    let mut world = kept.unwrap_or_else(|| World::new(backend));
    world.runs += 1;
    *world.script() = Script { answers: answers.to_vec(), ..Script::default() };
    work(&world);
    WORLDS.with_borrow_mut(|worlds| worlds.push(world));
}

impl World {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new(backend: Backend) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let project = |api_version| Composio {
            api_key: Some(Secret::new(b"ak_project-canary-0001")),
            base_url: Some("https://composio.example".into()),
            api_version,
        };
        let options = Options {
            path: Some(folder.path().join("vault.db")),
            key: KeySource::Bytes(Secret::new(&[3; 32])),
            composio: match backend {
                Backend::Embedded => None,
                Backend::Composio(version) => Some(project(version)),
            },
            timeout: Duration::from_secs(2),
            ..Options::default()
        };
        let script = Arc::new(Mutex::new(Script::default()));
        let answering = script.clone();
        let answer = move |sent: Sent| answering.lock().unwrap_or_else(PoisonError::into_inner).answer(&sent, backend);
        let client = Scripted::open(&options, Box::new(answer)).expect("a client opens");
        Self { client, script, backend, runs: 0, _folder: folder }
    }

    /// Makes a call. `hides`: the credential given here, or kept, must not be in what comes back.
    pub(crate) fn call(&self, name: &str, args: &Value, params: Params, body: &[u8], hides: bool) -> Option<Value> {
        (self.script().answered, self.script().told) = (false, false);
        let outcome = self.client.call(name, &args.to_string(), Payload { params, body: body.to_vec() });
        // What the other side says without having been told, it has from somewhere else.
        let hides = hides && (!self.script().answered || self.script().told) && !self.script().knew;
        match outcome {
            Ok(reply) => {
                assert!(!hides || !reply.json.contains(SECRET), "{name} tells the credential: {}", reply.json);
                let shown = reply.body.unwrap_or_default();
                assert!(!hides || !String::from_utf8_lossy(&shown).contains(SECRET), "{name}: the body tells it");
                Some(serde_json::from_str(&reply.json).expect("a reply is JSON"))
            }
            Err(error) => {
                let told = error.to_json();
                assert!(error.kind() != ErrorKind::Internal, "{name}: {told}");
                assert!(!hides || !told.contains(SECRET), "{name} tells the credential: {told}");
                assert!(!told.contains("ak_project-canary-0001"), "{name} tells the project's key: {told}");
                None
            }
        }
    }
}

impl Script {
    fn answer(&mut self, sent: &Sent, backend: Backend) -> Answer {
        may_be_sent(sent, backend);
        self.answered = true;
        self.told |= echo(sent).windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        let told = self.answers.get(self.next % self.answers.len().max(1)).cloned().unwrap_or_else(|| json!({}));
        self.next += 1;
        if told["fault"].is_string() {
            return None;
        }
        let status = told["status"].as_u64().and_then(|s| u16::try_from(s).ok()).filter(|s| (100..1000).contains(s));
        let mut headers = Vec::new();
        for (name, value) in told["headers"].as_object().into_iter().flatten() {
            headers.push((name.to_ascii_lowercase(), value.as_str().unwrap_or_default().to_owned()));
        }
        let mut body = match &told["text"] {
            Value::String(text) => text.clone().into_bytes(),
            _ => told["json"].to_string().into_bytes(),
        };
        if told["echo"] == json!(true) {
            body = echo(sent);
            headers.push(("x-echo".into(), sent.url.clone()));
        }
        let says = |text: &[u8]| text.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        self.knew |= !self.told && (says(&body) || headers.iter().any(|(_, value)| says(value.as_bytes())));
        Some((status.unwrap_or(200), headers, body))
    }
}

/// The whole request, as a text in JSON.
fn echo(sent: &Sent) -> Vec<u8> {
    let mut text = format!("{} {}\n", sent.method, sent.url);
    for (name, value) in &sent.headers {
        text += &format!("{name}: {}\n", String::from_utf8_lossy(value));
    }
    text += &String::from_utf8_lossy(&sent.body);
    json!({"echo": text, "id": text}).to_string().into_bytes()
}

/// Nothing leaves that could be read on its way or goes where a user must not send it.
fn may_be_sent(sent: &Sent, backend: Backend) {
    let url = Url::parse(&sent.url).expect("what is sent has an address");
    let host = url.host().expect("it has a host");
    let allow = sent.guarded.unwrap_or_default();
    let loopback = match &host {
        Host::Ipv4(v4) => v4.is_loopback(),
        Host::Ipv6(v6) => v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
    };
    // A developer's own base URL may be plain where that is allowed, which does not show here.
    let plain = url.scheme() == "http" && !loopback && sent.guarded.is_some();
    assert!(!plain || allow.contains(Permission::Unencrypted), "{url} is not encrypted");
    assert!(!loopback || sent.guarded.is_none() || allow.contains(Permission::Loopback), "{url} is this machine");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    if backend != Backend::Embedded && sent.headers.iter().any(|(name, _)| name == "x-api-key") {
        let project = sent.headers.iter().any(|(_, value)| value == b"ak_project-canary-0001");
        assert!(!project || url.host_str() == Some("composio.example"), "the project's key goes to {url}");
    }
}
