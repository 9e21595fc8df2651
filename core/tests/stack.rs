//! The stack of whoever calls: as deep as calls write, nothing of what they wrote is there when they have returned.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

use std::fs::{File, read_to_string};
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::thread;

use keylatch::{Client, ErrorKind, InitiateConnection, KeySource, Options, Params, Payload, Secret, Verify};
use serde_json::{Value, json};

/// So much right below the one who looks is its own, and that of what it calls to look.
const OWN: usize = 12 << 10;

/// The overwriting leaves its own frames' addresses below what it overwrites, and nothing else.
const FRAMES: usize = 256;

/// How many bytes are left on the stack below the caller that are not zero.
#[inline(never)]
fn left() -> usize {
    let local = 0_u8;
    let here = black_box(&raw const local) as usize;
    let maps = read_to_string("/proc/self/maps").unwrap();
    let number = |text| usize::from_str_radix(text, 16).ok();
    let ranges = maps.lines().filter_map(|line| line.split(' ').next()?.split_once('-'));
    let range =
        ranges.filter_map(|(start, end)| Some(number(start)?..number(end)?)).find(|range| range.contains(&here));
    let start = range.unwrap().start;
    let mut below = vec![0; here - OWN - start];
    File::open("/proc/self/mem").unwrap().read_exact_at(&mut below, start as u64).unwrap();
    below.iter().filter(|byte| **byte != 0).count()
}

#[inline(never)]
fn dirty() {
    black_box([1_u8; 300 << 10]);
}

/// On a thread of its own, whose stack nobody used before.
fn on_a_blank_stack(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(8 << 20).spawn(move || {
        assert_eq!(left(), 0, "before anything was called");
        work();
        dirty();
        assert!(left() > 250 << 10, "what is looked for is found");
    });
    thread.unwrap().join().unwrap();
}

/// Calls by their names, with what they take.
fn calls(id: &str, folder: &Path) -> Vec<(&'static str, Value, Params)> {
    let at = |name: &str| folder.join(name);
    let send = |method: &str| json!({"method": method, "path": "/v1/balance", "connected_account_id": id, "retry": 0});
    let secret = |name: &str| Params::new().secret(name, Secret::new(b"sk_test_canary-stack-02"));
    let (this, none) = (json!({"connected_account_id": id}), json!({}));
    vec![
        ("apps.list", none.clone(), Params::new()),
        ("apps.identify", none.clone(), secret("value")),
        ("integrations.create", json!({"app": "stripe"}), Params::new()),
        ("get_expected_params_for_user", json!({"app": "stripe"}), Params::new()),
        ("connected_accounts.get", this.clone(), Params::new()),
        ("connected_accounts.list", none.clone(), Params::new()),
        ("connected_accounts.verify", this.clone(), Params::new()),
        (
            "connected_accounts.update_credentials",
            json!({"connected_account_id": id, "verify": "off"}),
            secret("api_key"),
        ),
        ("connected_accounts.disable", this.clone(), Params::new()),
        ("connected_accounts.enable", this.clone(), Params::new()),
        ("request", send("GET"), Params::new()),
        ("request_page", send("GET"), Params::new()),
        ("connected_accounts.verify_due", none.clone(), Params::new()),
        ("backup", json!({"path": at("backup.db")}), Params::new()),
        ("rotate_data_key", none.clone(), Params::new()),
        ("export_vault", json!({"path": at("vault.export")}), secret("passphrase")),
        ("import_vault", json!({"path": at("vault.export"), "dry_run": true}), secret("passphrase")),
        ("audit_log", none.clone(), Params::new()),
        ("check_audit", none.clone(), Params::new()),
        ("diagnose", none, Params::new()),
        ("connected_accounts.delete", this, Params::new()),
    ]
}

fn call_all(folder: &Path) {
    let options = Options {
        path: Some(folder.join("vault.db")),
        key: KeySource::Bytes(Secret::new(&[3; 32])),
        proxy: Some("http://127.0.0.1:1".into()), // behind which nobody is
        ..Options::default()
    };
    let client = Client::open(options).unwrap();
    assert!(left() <= FRAMES, "open");
    let params = Params::new().secret("api_key", Secret::new(b"sk_test_canary-stack-01"));
    let ask = InitiateConnection { verify: Verify::Off, ..InitiateConnection::to_app("stripe", params) };
    let id = client.entity("user-1").initiate_connection(ask).unwrap().connected_account_id;
    assert!(left() <= FRAMES, "initiate_connection");
    for (name, json, params) in calls(&id, folder) {
        let outcome = client.call(name, &json.to_string(), Payload { params, ..Payload::default() });
        assert!(left() <= FRAMES, "{name}");
        let kind = outcome.err().map(|error| error.kind());
        assert!(matches!(kind, None | Some(ErrorKind::ProviderUnreachable)), "{name}: {kind:?}");
    }
    client.close();
    assert!(left() <= FRAMES, "close");
}

#[test]
fn nothing_is_left_however_deep_a_call_wrote() {
    let folder = tempfile::tempdir().unwrap();
    on_a_blank_stack(move || call_all(folder.path()));
}
