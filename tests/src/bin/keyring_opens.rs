//! The Rust side of `tests/keyring/run.py`: opens a vault by the keyring; with a fourth argument it is the vault's key file that
//! opens it, and the keyring gets a key in the place of that.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a test program reports on its standard output")]

use std::time::Duration;

use keylatch::{Client, KeySource, Options, Result};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match opened(&args) {
        Ok(said) => println!("{said}"),
        Err(error) => println!("{}: {}", error.kind().code(), error.message()),
    }
}

fn opened(args: &[String]) -> Result<String> {
    let keyring = KeySource::Keyring(args[2].clone());
    let moves = args.len() > 4;
    let client = Client::open(Options {
        path: Some((&args[1]).into()),
        key: if moves { KeySource::FileBesideVault } else { keyring.duplicate() },
        timeout: Duration::from_millis(args[3].parse().expect("a number of milliseconds")),
        ..Options::default()
    })?;
    if moves {
        client.change_key(keyring)?;
    }
    let found = client.diagnose()?;
    let open = found.connections.unwrap_or_default() - found.damaged_connections.len() as u64;
    Ok(format!("ok {} {open}", found.key_source))
}
