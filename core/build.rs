//! Turns `catalog/*.json` into static data. Every file is read by the code that reads custom apps at run time; a
//! mistake in one fails the build and names file and place.

#[path = "src/catalog/definition.rs"]
mod definition;
#[path = "src/catalog/protocol.rs"]
#[allow(dead_code, reason = "shared with the library, used in part")]
mod protocol;
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

use definition::{ActionDef, AppDef, Check, Condition, FieldDef, Inject, Login, ParamDef, SchemeDef, Test, Text};

fn main() {
    println!("cargo::rerun-if-changed=catalog");
    println!("cargo::rerun-if-changed=build.rs");
    for file in [
        "verdict.rs",
        "catalog/definition.rs",
        "catalog/protocol.rs",
        "catalog/read.rs",
        "catalog/read",
        "catalog/template.rs",
    ] {
        println!("cargo::rerun-if-changed=src/{file}");
    }
    let mut files: Vec<PathBuf> = fs::read_dir("catalog")
        .expect("core/catalog is part of the source")
        .map(|entry| entry.expect("core/catalog is readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();

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

    let out = Path::new(&env::var_os("OUT_DIR").expect("set by cargo")).join("catalog.rs");
    fs::write(out, static_data(&apps)).expect("OUT_DIR is writable");
}

fn load(file: &Path) -> Result<AppDef, Vec<String>> {
    let text = fs::read_to_string(file).map_err(|e| vec![e.to_string()])?;
    let json = serde_json::from_str(&text).map_err(|e| vec![format!("is not JSON: {e}")])?;
    let app = read::read(&json)
        .map_err(|mistakes| mistakes.iter().map(|m| format!("{} {}", m.at, m.problem)).collect::<Vec<_>>())?;
    if file.file_stem().is_none_or(|stem| stem != app.slug.as_ref()) {
        return Err(vec![format!("/slug `{}` is not the file's name", app.slug)]);
    }
    Ok(app)
}

fn static_data(apps: &[AppDef]) -> String {
    format!("pub(super) static APPS: &[AppDef] = &[{}];\n", join(apps, app))
}

fn app(a: &AppDef) -> String {
    format!(
        "AppDef {{ slug: {}, name: {}, category: {}, docs_url: {}, schemes: {}, actions: {} }}",
        text(&a.slug),
        text(&a.name),
        text(&a.category),
        option(a.docs_url.as_ref()),
        list(&a.schemes, scheme),
        list(&a.actions, action),
    )
}

fn scheme(s: &SchemeDef) -> String {
    format!(
        "SchemeDef {{ auth_scheme: {}, fields: {}, base_url: {}, inject: {}, headers: {}, checks: {}, \
         login: {}, dsn: {} }}",
        text(&s.auth_scheme),
        list(&s.fields, field),
        text(&s.base_url),
        list(&s.inject, inject),
        list(&s.headers, |(name, value)| format!("({}, {})", text(name), text(value))),
        list(&s.checks, check),
        s.login.as_ref().map_or_else(|| "None".into(), login),
        option(s.dsn.as_ref()),
    )
}

fn login(l: &Login) -> String {
    format!(
        "Some(Login {{ protocol: Protocol::at({}), roles: {} }})",
        l.protocol.index(),
        list(&l.roles, |(role, template)| format!("({}, {})", text(role), text(template))),
    )
}

fn field(f: &FieldDef) -> String {
    format!(
        "FieldDef {{ name: {}, display_name: {}, description: {}, help_url: {}, kind: Kind::{:?}, required: {}, \
         secret: {}, default: {}, choices: {}, pattern: {}, example: {}, hint: {} }}",
        text(&f.name),
        text(&f.display_name),
        text(&f.description),
        option(f.help_url.as_ref()),
        f.kind,
        f.required,
        f.secret,
        option(f.default.as_ref()),
        list(&f.choices, text),
        option(f.pattern.as_ref()),
        option(f.example.as_ref()),
        f.hint.as_ref().map_or_else(
            || "None".into(),
            |h| format!("Some(Hint {{ pattern: {}, says: {} }})", text(&h.pattern), text(&h.says))
        ),
    )
}

fn inject(i: &Inject) -> String {
    match i {
        Inject::Header { name, value } => format!("Inject::Header {{ name: {}, value: {} }}", text(name), text(value)),
        Inject::Query { name, value } => format!("Inject::Query {{ name: {}, value: {} }}", text(name), text(value)),
        Inject::Basic { username, password } => {
            format!("Inject::Basic {{ username: {}, password: {} }}", text(username), text(password))
        }
        Inject::Path => "Inject::Path".into(),
    }
}

fn check(c: &Check) -> String {
    format!(
        "Check {{ method: {}, path: {}, body: {}, accept: {}, json: {}, when: {}, verdicts: {}, control: {}, \
         account: {} }}",
        text(&c.method),
        text(&c.path),
        option(c.body.as_ref()),
        list(&c.accept, u16::to_string),
        c.json,
        list(&c.when, condition),
        list(&c.verdicts, |(status, verdict)| format!("({status}, Verdict::{verdict:?})")),
        c.control,
        option(c.account.as_ref()),
    )
}

fn condition(c: &Condition) -> String {
    let test = match &c.test {
        Test::Equals(value) => format!("Test::Equals({})", text(value)),
        Test::NotEquals(value) => format!("Test::NotEquals({})", text(value)),
        Test::Present(present) => format!("Test::Present({present})"),
    };
    format!("Condition {{ at: {}, test: {test} }}", text(&c.at))
}

fn action(a: &ActionDef) -> String {
    format!(
        "ActionDef {{ name: {}, description: {}, method: {}, path: {}, encoding: Encoding::{:?}, params: {} }}",
        text(&a.name),
        text(&a.description),
        text(&a.method),
        text(&a.path),
        a.encoding,
        list(&a.params, param),
    )
}

fn param(p: &ParamDef) -> String {
    format!(
        "ParamDef {{ name: {}, description: {}, kind: Kind::{:?}, required: {} }}",
        text(&p.name),
        text(&p.description),
        p.kind,
        p.required,
    )
}

fn text(t: &Text) -> String {
    format!("Cow::Borrowed({t:?})")
}

fn option(t: Option<&Text>) -> String {
    t.map_or_else(|| "None".into(), |t| format!("Some({})", text(t)))
}

fn list<T>(items: &[T], item: impl Fn(&T) -> String) -> String {
    format!("Cow::Borrowed(&[{}])", join(items, item))
}

fn join<T>(items: &[T], item: impl Fn(&T) -> String) -> String {
    items.iter().map(item).collect::<Vec<_>>().join(", ")
}
