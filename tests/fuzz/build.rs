//! Writes a caller for every function of `keylatch.h`, so that a function added there is fuzzed without further ado.

#![expect(clippy::unwrap_used, reason = "a header that cannot be read ends the build")]

use std::fmt::Write as _;
use std::path::Path;

/// Functions of the host's.
const CALLBACKS: [&str; 3] = ["keylatch_on_expired", "keylatch_on_log", "keylatch_reader"];

struct Parameter {
    kind: String,
    name: String,
}

struct Function {
    name: String,
    returns: String,
    parameters: Vec<Parameter>,
}

fn main() {
    let header = "../../include/keylatch.h";
    println!("cargo::rerun-if-changed={header}");
    let mut functions = functions(&std::fs::read_to_string(header).unwrap());
    // Whatever address stood there would be called.
    functions.retain(|function| function.parameters.iter().all(|parameter| !CALLBACKS.contains(&&*parameter.kind)));
    let (mut declared, mut callers, mut table) = (String::new(), String::new(), String::new());
    for function in &functions {
        let arguments: Vec<String> =
            function.parameters.iter().map(|p| format!("{}: {}", p.name, in_rust(&p.kind))).collect();
        let returns =
            if function.returns == "void" { String::new() } else { format!(" -> {}", in_rust(&function.returns)) };
        writeln!(declared, "    fn {}({}){returns};", function.name, arguments.join(", ")).unwrap();
        let Some(body) = body(function) else { continue };
        writeln!(callers, "fn call_{}(hands: &mut Hands) {{\n{body}}}", function.name).unwrap();
        writeln!(table, "    (\"{0}\", call_{0}),", function.name).unwrap();
    }
    let text =
        format!("unsafe extern \"C\" {{\n{declared}}}\n\n{callers}\nconst CALLS: &[(&str, Caller)] = &[\n{table}];\n");
    std::fs::write(Path::new(&std::env::var("OUT_DIR").unwrap()).join("callers.rs"), text).unwrap();
}

fn functions(header: &str) -> Vec<Function> {
    let mut code = String::new();
    let mut rest = header;
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    code.push_str(rest);
    let code: String = code.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join(" ");
    code.split(';').filter_map(|statement| function(statement.trim())).collect()
}

fn function(statement: &str) -> Option<Function> {
    let (head, inside) = statement.strip_suffix(')')?.split_once('(')?;
    let head = parameter(head.rsplit('{').next()?);
    let known = head.name.starts_with("keylatch_") && !head.kind.starts_with("typedef");
    let parameters = if inside.trim() == "void" { Vec::new() } else { inside.split(',').map(parameter).collect() };
    known.then_some(Function { name: head.name, returns: head.kind, parameters })
}

fn parameter(text: &str) -> Parameter {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let at = text.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap();
    Parameter { kind: text[..=at].trim().to_owned(), name: text[at + 1..].to_owned() }
}

/// A C type as Rust has it; every handle is a pointer to nothing in particular.
fn in_rust(kind: &str) -> String {
    match kind.strip_suffix('*') {
        Some(inner) if inner.trim().ends_with('*') => "*mut *mut c_void".to_owned(),
        Some(inner) => match scalar(inner.trim()) {
            Some(scalar) => format!("*mut {scalar}"),
            None => "*mut c_void".to_owned(),
        },
        None => scalar(kind).unwrap().to_owned(),
    }
}

fn scalar(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "bool" => "bool",
        "double" => "f64",
        "int64_t" => "i64",
        "size_t" => "usize",
        "uint32_t" | "keylatch_status" => "u32",
        "uint64_t" => "u64",
        _ => return None,
    })
}

/// The handle type behind `keylatch_app *` or `keylatch_app **`.
fn handle(kind: &str) -> Option<&str> {
    let name = kind.trim_start_matches("const ").trim_end_matches(['*', ' ']).strip_prefix("keylatch_")?;
    (name != "status").then_some(name)
}

/// What a parameter is for.
enum Part<'k> {
    /// A handle that the function uses, and one that it makes.
    Handle(&'k str),
    NewHandle(&'k str),
    /// Text or bytes that the function gives; a length follows, but for a name that never changes.
    Text,
    /// A number that it gives.
    Place(&'static str),
    /// Bytes for it, and those that it wipes; a length follows.
    Bytes,
    Buffer,
    Number(&'static str),
}

impl<'k> Part<'k> {
    fn of(kind: &'k str) -> Self {
        match (kind.strip_suffix('*').map(str::trim), kind) {
            (Some(inner), _) if inner.ends_with('*') => handle(kind).map_or(Self::Text, Self::NewHandle),
            (_, "const char *" | "const void *") => Self::Bytes,
            (_, "void *") => Self::Buffer,
            (Some(inner), _) => scalar(inner).map_or_else(|| Self::Handle(handle(kind).unwrap()), Self::Place),
            (None, _) => Self::Number(scalar(kind).unwrap()),
        }
    }
}

/// The body of a function's caller; none where the driver has its own.
fn body(function: &Function) -> Option<String> {
    let called = &function.name;
    if called == "keylatch_client_open" {
        return None; // it would make a vault anywhere
    }
    if let Some(of) = called.strip_prefix("keylatch_").and_then(|rest| rest.strip_suffix("_free")) {
        return Some(format!(
            "    let given = hands.given_back(\"{of}\");\n    // SAFETY: it is live, and nobody has it any more.\n    \
             unsafe {{ {called}(given) }};\n"
        ));
    }
    let (mut before, mut after) = (String::new(), String::new());
    let mut parameters = function.parameters.iter();
    while let Some(Parameter { kind, name }) = parameters.next() {
        let (bound, value) = match Part::of(kind) {
            Part::Handle(of) if called == "keylatch_client_close" => (name.clone(), format!("hands.own(\"{of}\")")),
            Part::Handle(of) => (name.clone(), format!("hands.lent(\"{of}\")")),
            Part::NewHandle(of) => {
                // After the last page there is none.
                let made = if called == "keylatch_pages_next" && of == "response" { "made_if_any" } else { "made" };
                writeln!(after, "    hands.{made}(\"{of}\", status, {name});").unwrap();
                (format!("mut {name}"), "hands.place(dangling_mut::<c_void>())".into())
            }
            Part::Text => {
                let length = parameters.next().map(|p| &p.name);
                let told = length.map_or("None".into(), |length| format!("Some({length})"));
                writeln!(after, "    hands.read(status, {name}, {told}, {});", kind.contains("char")).unwrap();
                length.iter().for_each(|length| writeln!(before, "    let mut {length} = hands.place(7);").unwrap());
                (format!("mut {name}"), "hands.place(dangling_mut::<c_void>())".into())
            }
            Part::Place(of) => (format!("mut {name}"), format!("hands.place({of}::default())")),
            Part::Bytes | Part::Buffer => {
                let length = &parameters.next().unwrap().name;
                let from = if kind == "void *" { "buffer" } else { "text" };
                (format!("({name}, {length})"), format!("hands.{from}()"))
            }
            Part::Number("u64") => (name.clone(), "hands.milliseconds()".into()),
            Part::Number(of) => (name.clone(), format!("hands.{of}()")),
        };
        writeln!(before, "    let {bound} = {value};").unwrap();
    }
    let place = |name: &str| before.contains(&format!("let mut {name} = "));
    let argument = |p: &Parameter| if place(&p.name) { format!("{}.at()", p.name) } else { p.name.clone() };
    let arguments: Vec<String> = function.parameters.iter().map(argument).collect();
    let call = format!("unsafe {{ {called}({}) }}", arguments.join(", "));
    Some(if function.returns == "keylatch_status" {
        let safety = "    // SAFETY: handles are live, and pointers lead to as many bytes as is said.\n";
        format!("{before}{safety}    let status = {call};\n    hands.judge(\"{called}\", status);\n{after}")
    } else {
        format!("    // SAFETY: it takes nothing.\n    let version = {call};\n    hands.version(version as usize);\n")
    })
}
