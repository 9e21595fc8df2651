//! Checks `catalog/*.json` and packs it into one text. Every file is read by the code that reads custom apps at run
//! time; a mistake in one fails the build and names file and place.

#[path = "src/catalog/definition.rs"]
#[allow(dead_code, reason = "shared with the library, which reads what is only checked here")]
mod definition;
#[path = "src/catalog/read.rs"]
mod read;
#[path = "src/catalog/template.rs"]
mod template;
#[path = "src/verdict.rs"]
#[allow(dead_code, missing_docs, unreachable_pub, reason = "shared with the library, used in part")]
mod verdict;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

/// Names another folder of app files to compile in, instead of `core/catalog`.
const FOLDER: &str = "KEYLATCH_CATALOG_DIR";

fn main() {
    println!("cargo::rerun-if-env-changed={FOLDER}");
    println!("cargo::rerun-if-changed=build.rs");
    for file in ["verdict.rs", "catalog/definition.rs", "catalog/read.rs", "catalog/read", "catalog/template.rs"] {
        println!("cargo::rerun-if-changed=src/{file}");
    }
    let folder = env::var_os(FOLDER).map_or_else(|| PathBuf::from("catalog"), PathBuf::from);
    assert!(folder == Path::new("catalog") || folder.is_absolute(), "{FOLDER} must be an absolute path");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{} cannot be read: {e}", folder.display()))
        .map(|entry| entry.expect("an entry of a folder is readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    // By slug, which need not be the order of the names with their `.json`.
    files.sort_by(|a, b| a.file_stem().cmp(&b.file_stem()));

    let mut apps = Vec::new();
    let mut mistakes = String::new();
    for file in &files {
        match load(file) {
            Ok(app) => apps.push(app),
            Err(found) => found.iter().for_each(|m| {
                let _ = writeln!(mistakes, "  {}: {m}", file.display());
            }),
        }
    }
    assert!(mistakes.is_empty(), "mistakes in the catalogue:\n{mistakes}");
    pack(&apps, Path::new(&env::var_os("OUT_DIR").expect("set by cargo")));
}

/// The slug and the definition, checked.
fn load(file: &Path) -> Result<(String, Value), Vec<String>> {
    let text = fs::read_to_string(file).map_err(|e| vec![e.to_string()])?;
    let json = serde_json::from_str(&text).map_err(|e| vec![format!("is not JSON: {e}")])?;
    let app = read::read(&json)
        .map_err(|mistakes| mistakes.iter().map(|m| format!("{} {}", m.at, m.problem)).collect::<Vec<_>>())?;
    if file.file_stem().is_none_or(|stem| stem != app.slug.as_ref()) {
        return Err(vec![format!("/slug `{}` is not the file's name", app.slug)]);
    }
    Ok((app.slug.into_owned(), json))
}

/// Writes what `catalog/builtin.rs` includes.
fn pack(apps: &[(String, Value)], out: &Path) {
    let mut text = String::new();
    let mut starts = vec![0];
    for (slug, definition) in apps {
        let _ = write!(text, "{slug}\n{definition}");
        starts.push(text.len());
    }
    fs::write(out.join("catalog.txt"), text).expect("OUT_DIR is writable");
    fs::write(out.join("catalog_starts.rs"), format!("{starts:?}")).expect("OUT_DIR is writable");
}
