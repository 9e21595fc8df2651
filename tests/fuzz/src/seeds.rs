//! Inputs that need no files of their own: the conformance cases, the catalogue, and pieces put together.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::world::SECRET;

/// The cases' good credential, whose place the one that is watched takes.
const GOOD: &str = "sk_test_good_0001";
/// Every so many of the catalogue's apps is a seed.
const EVERY: usize = 12;

/// A name and the bytes of each.
pub fn of(target: &str) -> Vec<(String, Vec<u8>)> {
    match target {
        "calls" => cases("embedded"),
        "composio" => cases("composio"),
        "definitions" => definitions(),
        _ => Vec::new(),
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join(folder)).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.extension() == Some("json".as_ref())).collect();
    found.sort();
    found
}

fn definitions() -> Vec<(String, Vec<u8>)> {
    let named = |path: &PathBuf| Some((path.display().to_string(), fs::read(path).ok()?));
    files("core/catalog").iter().step_by(EVERY).filter_map(named).collect()
}

/// Each case on the backend, with what its provider would say as answers in a row.
fn cases(backend: &str) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for path in files("tests/cases") {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let Ok(file) = serde_json::from_str::<Value>(&text.replace(GOOD, SECRET)) else { continue };
        for case in file["cases"].as_array().into_iter().flatten() {
            let fits = case["backends"].as_array().is_none_or(|all| all.contains(&json!(backend)));
            if fits {
                let seed = json!({"apps": apps(&file, case), "client": case["client"], "answers": answers(case), "steps": case["steps"]});
                found.push((case["name"].as_str().unwrap_or_default().to_owned(), seed.to_string().into_bytes()));
            }
        }
    }
    found
}

fn apps(file: &Value, case: &Value) -> Vec<Value> {
    let of_file = |app: &Value| app.as_str().map_or(app.clone(), |slug| file["apps"][slug].clone());
    case["apps"].as_array().into_iter().flatten().map(of_file).collect()
}

fn answers(case: &Value) -> Vec<Value> {
    let none = Map::new();
    let routes = case["provider"].as_object().unwrap_or(&none);
    let of_provider = routes.values().flat_map(|route| route.as_array()).flatten();
    of_provider.chain(case["composio"]["faults"].as_array().into_iter().flatten()).cloned().collect()
}
