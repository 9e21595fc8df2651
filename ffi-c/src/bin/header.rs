//! Writes `include/keylatch.h` from the exports' sources; with `--check` it only compares, and exits 2 on drift.

use std::path::Path;
use std::process::ExitCode;

use cbindgen::{Builder, Config, DocumentationStyle, Language, LineEndingStyle, SortKey, Style};

const PATH: &str = "include/keylatch.h";
const AGAIN: &str = "cargo run -p keylatch-ffi --features header --bin keylatch-header";

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]
fn main() -> ExitCode {
    let check = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => {
            eprintln!("usage: keylatch-header [--check]");
            return ExitCode::from(64);
        }
    };
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = match header(package) {
        Ok(header) => header,
        Err(error) => {
            eprintln!("keylatch-header: {error}");
            return ExitCode::FAILURE;
        }
    };
    let file = package.join("..").join(PATH);
    if std::fs::read_to_string(&file).is_ok_and(|present| present == header) {
        println!("{PATH} is up to date");
        return ExitCode::SUCCESS;
    }
    if check {
        eprintln!("{PATH} is not what the sources say; run: {AGAIN}");
        return ExitCode::from(2);
    }
    match std::fs::write(&file, header) {
        Ok(()) => {
            println!("{PATH} written");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{PATH} cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

fn header(package: &Path) -> Result<String, String> {
    let version = env!("CARGO_PKG_VERSION");
    let number = version.split('.').try_fold(0_u32, |number, part| Some(number * 1000 + part.parse::<u32>().ok()?));
    let number = number.ok_or_else(|| format!("the version {version} is not three numbers"))?;
    let versions = format!(
        "\n/**\n * The version of this header; compare with keylatch_version().\n */\n\
         #define KEYLATCH_VERSION \"{version}\"\n\n\
         /**\n * The same as a number: 1000000 major + 1000 minor + patch; compare with keylatch_version_number().\n */\n\
         #define KEYLATCH_VERSION_NUMBER {number}"
    );
    let config = Config {
        header: Some(include_str!("opening.txt").trim_end().to_owned()),
        include_guard: Some("KEYLATCH_H".to_owned()),
        after_includes: Some(versions),
        language: Language::C,
        cpp_compat: true,
        style: Style::Type,
        usize_is_size_t: true,
        no_includes: true,
        sys_includes: ["stdbool.h", "stddef.h", "stdint.h"].map(str::to_owned).to_vec(),
        documentation_style: DocumentationStyle::Doxy,
        line_endings: LineEndingStyle::LF,
        line_length: 120,
        sort_by: SortKey::None,
        ..Config::default()
    };
    let bindings = Builder::new().with_config(config).with_crate(package).generate().map_err(|e| e.to_string())?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    String::from_utf8(text).map_err(|e| e.to_string())
}
