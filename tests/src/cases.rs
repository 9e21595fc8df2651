//! Reads `tests/cases/*.json` and fills in what a case saved in earlier steps.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

/// One case: calls in, results or errors out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique in all files.
    pub name: String,
    /// What the provider double answers.
    #[serde(default)]
    pub provider: Option<Value>,
    /// Definitions to register first (a slug in the file stands for one of the file's own).
    #[serde(default)]
    pub apps: Vec<Value>,
    /// On which backends it holds: `embedded` (a vault), `composio`, `postgres` (a vault there alone). Default: the first two.
    #[serde(default = "both")]
    pub backends: Vec<String>,
    /// Why not on Composio's API; `docs/backends.md` explains each reason.
    #[serde(default)]
    pub differs: Option<String>,
    /// Why not on a vault in PostgreSQL; `docs/postgresql.md` explains each reason.
    #[serde(default)]
    pub file_only: Option<String>,
    /// Script of the Composio server.
    #[serde(default)]
    pub composio: Map<String, Value>,
    /// Whether the client registers the case's apps too, on Composio's API.
    #[serde(default = "yes")]
    pub register: bool,
    /// Options of the client.
    #[serde(default)]
    pub client: Map<String, Value>,
    /// The calls.
    pub steps: Vec<Step>,
}

fn both() -> Vec<String> {
    vec!["embedded".to_owned(), "composio".to_owned()]
}

fn yes() -> bool {
    true
}

impl Case {
    /// Whether it is run on this backend, where `embedded` is a vault in a file.
    #[must_use]
    pub fn runs_on(&self, backend: &str) -> bool {
        let names = |name| self.backends.iter().any(|each| each == name);
        names(backend) || backend == "postgres" && names("embedded") && self.file_only.is_none()
    }
}

/// One call and what it must answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Name of the call.
    pub call: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Value,
    /// Credential values.
    #[serde(default)]
    pub params: Value,
    /// Body of a `request`.
    #[serde(default)]
    pub body: Option<Value>,
    /// Body of a `request_stream`, in pieces.
    #[serde(default)]
    pub pieces: Option<Vec<String>>,
    /// Variables to take from the result.
    #[serde(default)]
    pub save: BTreeMap<String, String>,
    /// What the result must contain.
    #[serde(default)]
    pub expect: Option<Value>,
    /// What the error must contain.
    #[serde(default)]
    pub error: Option<Value>,
}

#[derive(Deserialize)]
struct File {
    /// Definitions that several cases name by their slug.
    #[serde(default)]
    apps: BTreeMap<String, Value>,
    cases: Vec<Case>,
}

/// All cases, file by file.
///
/// # Panics
/// Where a file cannot be read: the run would otherwise seem smaller and still green.
#[must_use]
pub fn load() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("tests/cases is part of the source")
        .map(|entry| entry.expect("tests/cases is readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).expect("a case file is readable");
            let mut file: File = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            for app in file.cases.iter_mut().flat_map(|case| &mut case.apps) {
                if let Some(shared) = app.as_str().and_then(|slug| file.apps.get(slug)) {
                    *app = shared.clone();
                }
            }
            file.cases
        })
        .collect()
}

/// What `${name}` stands for.
pub type Variables = BTreeMap<String, Value>;

/// A copy with every `${name}` filled in. A text that is one placeholder takes the variable's own type.
#[must_use]
pub fn fill(value: &Value, variables: &Variables) -> Value {
    match value {
        Value::String(text) => fill_text(text, variables),
        Value::Array(items) => items.iter().map(|item| fill(item, variables)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, item)| {
                let key = fill_text(key, variables);
                (key.as_str().unwrap_or_default().to_owned(), fill(item, variables))
            })
            .collect(),
        other => other.clone(),
    }
}

fn fill_text(text: &str, variables: &Variables) -> Value {
    if let Some(name) = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'))
        && let Some(value) = variables.get(name)
    {
        return value.clone();
    }
    let mut filled = text.to_owned();
    for (name, value) in variables {
        let plain = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        filled = filled.replace(&format!("${{{name}}}"), &plain);
    }
    Value::String(filled)
}
