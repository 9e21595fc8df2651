//! Checks `catalog/*.json` and packs it into one text. Every file is read by the code that reads custom apps at run
//! time; mistakes fail the build, which then names the file, the line, the place and what to write instead of each.

#[path = "src/catalog/definition.rs"]
#[allow(dead_code, reason = "shared with the library, which reads what is only checked here")]
mod definition;
#[path = "src/catalog/near.rs"]
mod near;
#[path = "src/catalog/protocol.rs"]
#[allow(dead_code, reason = "shared with the library, used in part")]
mod protocol;
#[path = "src/catalog/read.rs"]
mod read;
#[path = "src/catalog/shape.rs"]
#[allow(dead_code, reason = "shared with the library, used in part")]
mod shape;
#[path = "src/catalog/source.rs"]
mod source;
#[path = "src/catalog/template.rs"]
#[allow(dead_code, reason = "shared with the library, used in part")]
mod template;
#[path = "src/verdict.rs"]
#[allow(dead_code, missing_docs, unreachable_pub, reason = "shared with the library, used in part")]
mod verdict;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use definition::AppDef;
use serde_json::Value;
use source::{Fault, Source};

/// Names another folder of app files to compile in, instead of `core/catalog`.
const FOLDER: &str = "KEYLATCH_CATALOG_DIR";

fn main() {
    println!("cargo::rerun-if-env-changed={FOLDER}");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/verdict.rs");
    for file in ["definition.rs", "near.rs", "protocol.rs", "read.rs", "read", "shape.rs", "source.rs", "template.rs"] {
        println!("cargo::rerun-if-changed=src/catalog/{file}");
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
    for file in &files {
        match load(file) {
            Ok(app) => apps.push(app),
            // Each of these fails the build, once all are said.
            Err(mut faults) => {
                faults.sort_by_key(|fault| fault.line);
                let shown = if file.is_absolute() { file.clone() } else { Path::new("core").join(file) };
                for Fault { line, message } in faults {
                    println!("cargo::error={}:{line}: {message}", shown.display());
                }
            }
        }
    }
    pack(&apps, Path::new(&env::var_os("OUT_DIR").expect("set by cargo")));
}

/// The app and its definition, checked.
fn load(file: &Path) -> Result<(AppDef, Value), Vec<Fault>> {
    let bytes = fs::read(file).unwrap_or_else(|e| panic!("{} cannot be read: {e}", file.display()));
    let mut source = Source::parse(&bytes).map_err(|fault| vec![fault])?;
    let mut faults = std::mem::take(&mut source.twice);
    let fault = |at: &str, problem: &str| Fault { line: source.line(at), message: format!("{at} {problem}") };
    match read::read(&source.json) {
        Err(mistakes) => faults.extend(mistakes.iter().map(|m| fault(&m.at, &m.problem))),
        Ok(app) if file.file_stem().is_none_or(|stem| stem != app.slug.as_ref()) => {
            let instead = format!("write that, or call the file {}.json", app.slug);
            faults.push(fault("/slug", &format!("is not the file's name; {instead}")));
        }
        Ok(app) if faults.is_empty() => return Ok((app, source.json)),
        Ok(_) => {}
    }
    Err(faults)
}

/// Writes what `catalog/builtin.rs` includes.
fn pack(apps: &[(AppDef, Value)], out: &Path) {
    let (mut heads, mut text, mut shapes) = (String::new(), String::new(), String::new());
    let (mut head_starts, mut starts) = (vec![0], vec![0]);
    for (app, definition) in apps {
        let _ = write!(heads, "{}\t{}\t{}", app.slug, app.name, app.category);
        head_starts.push(heads.len());
        let _ = write!(text, "{definition}");
        starts.push(text.len());
        for (auth_scheme, field, pattern) in app.shapes() {
            let _ = writeln!(shapes, "{}\t{auth_scheme}\t{field}\t{pattern}", app.slug);
        }
    }
    let write = |name: &str, content: String| fs::write(out.join(name), content).expect("OUT_DIR is writable");
    write("catalog.txt", text);
    write("catalog_starts.rs", format!("{starts:?}"));
    write("catalog_heads.txt", heads);
    write("catalog_head_starts.rs", format!("{head_starts:?}"));
    write("catalog_shapes.txt", shapes);
}
