//! Turns `catalog/*.json` into static data. Every file is read by the code that reads custom apps at run time; a
//! mistake in one fails the build and names file and place.

#[path = "src/catalog/definition.rs"]
mod definition;
#[path = "src/catalog/read.rs"]
mod read;
#[path = "src/catalog/template.rs"]
#[allow(dead_code, reason = "shared with the library, used in part")]
mod template;
#[path = "src/verdict.rs"]
#[allow(dead_code, missing_docs, unreachable_pub, reason = "shared with the library, used in part")]
mod verdict;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use definition::{
    ActionDef, AppDef, Check, Condition, Expiry, FieldDef, Inject, JwtDef, ParamDef, SchemeDef, Test, Text, TradeDef,
    VerdictRule,
};

fn main() {
    println!("cargo::rerun-if-changed=catalog");
    println!("cargo::rerun-if-changed=build.rs");
    for file in ["verdict.rs", "catalog/definition.rs", "catalog/read.rs", "catalog/read", "catalog/template.rs"] {
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
        "SchemeDef {{ auth_scheme: {}, fields: {}, base_url: {}, jwt: {}, trade: {}, inject: {}, headers: {}, \
         checks: {} }}",
        text(&s.auth_scheme),
        list(&s.fields, field),
        text(&s.base_url),
        s.jwt.as_ref().map_or_else(|| "None".into(), |j| format!("Some({})", jwt(j))),
        s.trade.as_ref().map_or_else(|| "None".into(), |t| format!("Some({})", trade(t))),
        list(&s.inject, inject),
        pairs(&s.headers),
        list(&s.checks, check),
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
        Inject::Body { name, value, encoding } => {
            format!("Inject::Body {{ name: {}, value: {}, encoding: Encoding::{encoding:?} }}", text(name), text(value))
        }
        Inject::AwsSigv4 { service, region, access_key_id, secret_access_key, session_token } => format!(
            "Inject::AwsSigv4 {{ service: {}, region: {}, access_key_id: {}, secret_access_key: {}, session_token: {} }}",
            text(service),
            text(region),
            text(access_key_id),
            text(secret_access_key),
            option(session_token.as_ref()),
        ),
    }
}

fn jwt(j: &JwtDef) -> String {
    format!(
        "JwtDef {{ alg: Algorithm::{:?}, key: {}, key_form: KeyForm::{:?}, header: {}, claims: {}, lifetime: {} }}",
        j.alg,
        text(&j.key),
        j.key_form,
        pairs(&j.header),
        pairs(&j.claims),
        j.lifetime,
    )
}

fn trade(t: &TradeDef) -> String {
    let expiry = match &t.expiry {
        Expiry::In(at) => format!("Expiry::In({})", text(at)),
        Expiry::At(at) => format!("Expiry::At({})", text(at)),
        Expiry::Lifetime(seconds) => format!("Expiry::Lifetime({seconds})"),
    };
    format!(
        "TradeDef {{ check: {}, hosts: {}, headers: {}, inject: {}, token: {}, expiry: {expiry} }}",
        check(&t.check),
        list(&t.hosts, text),
        pairs(&t.headers),
        list(&t.inject, inject),
        text(&t.token),
    )
}

fn check(c: &Check) -> String {
    format!(
        "Check {{ method: {}, path: {}, body: {}, form: {}, accept: {}, json: {}, when: {}, verdicts: {}, control: {}, \
         account: {} }}",
        text(&c.method),
        text(&c.path),
        option(c.body.as_ref()),
        c.form,
        list(&c.accept, u16::to_string),
        c.json,
        list(&c.when, condition),
        list(&c.verdicts, rule),
        c.control,
        option(c.account.as_ref()),
    )
}

fn rule(r: &VerdictRule) -> String {
    format!(
        "VerdictRule {{ status: {}, when: {}, verdict: Verdict::{:?} }}",
        r.status,
        list(&r.when, condition),
        r.verdict
    )
}

fn condition(c: &Condition) -> String {
    let test = match &c.test {
        Test::Equals(value) => format!("Test::Equals({})", text(value)),
        Test::NotEquals(value) => format!("Test::NotEquals({})", text(value)),
        Test::TextHas(texts) => format!("Test::TextHas({})", list(texts, text)),
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

fn pairs(items: &[(Text, Text)]) -> String {
    list(items, |(name, value)| format!("({}, {})", text(name), text(value)))
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
