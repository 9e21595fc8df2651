//! One vault under many processes: 8 × 50 initiations at once, then 200 processes killed at random moments.
//!
//! `vault_stress` is the test; `vault_stress work VAULT NAME COUNT` is one of the processes it starts.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a test program reports on its standard output")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keylatch::{Client, ConnectionFilter, InitiateConnection, Options, Params, Verify};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.get(1).map(String::as_str) {
        Some("work") => work(Path::new(&args[2]), &args[3], args[4].parse().expect("a count")),
        _ => {
            many_at_once();
            killed_at_random();
        }
    }
}

fn open(vault: &Path) -> Client {
    Client::open(Options { path: Some(vault.to_owned()), ..Options::default() }).expect("the vault opens")
}

/// Initiates connections and prints each id as soon as it was answered ACTIVE.
fn work(vault: &Path, name: &str, count: usize) {
    let client = open(vault);
    let mut out = std::io::stdout().lock();
    for number in 0..count {
        let mut key = format!("canary-{name}-{number:04}").into_bytes();
        let ask = InitiateConnection {
            verify: Verify::Off,
            ..InitiateConnection::to_app("google_maps", Params::new().take("api_key", &mut key))
        };
        let made = client.entity(&format!("{name}-{number}")).initiate_connection(ask).expect("initiation succeeds");
        writeln!(out, "{}", made.connected_account_id).and_then(|()| out.flush()).expect("the parent reads");
    }
}

fn start(vault: &Path, name: &str, count: usize) -> Child {
    let program = std::env::current_exe().expect("this program has a path");
    Command::new(program)
        .arg("work")
        .arg(vault)
        .args([name, &count.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process can be started")
}

/// The ids that a process printed in whole lines, until its output ended.
fn answered(child: &mut Child) -> Vec<String> {
    let output = BufReader::new(child.stdout.take().expect("piped"));
    output.lines().map_while(Result::ok).filter(|line| line.len() == "ca_".len() + 20).collect()
}

/// Every connection of the vault, each opened: its credential is unsealed to be asked about.
fn opened(vault: &Path) -> BTreeSet<String> {
    let client = open(vault);
    let mut ids = BTreeSet::new();
    let mut cursor = None;
    loop {
        let filter = ConnectionFilter { limit: Some(500), cursor, ..ConnectionFilter::default() };
        let page = client.connected_accounts(filter).expect("the vault lists");
        for connection in page.items {
            client.verify_connection(&connection.id).expect("the record opens");
            assert!(ids.insert(connection.id), "listed twice");
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return ids;
        }
    }
}

fn many_at_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let vault = folder.path().join("vault.db");
    let mut children: Vec<Child> = (0..8).map(|i| start(&vault, &format!("p{i}"), 50)).collect();
    let mut ids = BTreeSet::new();
    for child in &mut children {
        for id in answered(child) {
            assert!(ids.insert(id), "an id was answered twice");
        }
        assert!(child.wait().expect("it ends").success());
    }
    assert_eq!(ids.len(), 400);
    assert_eq!(opened(&vault), ids, "what is there is what was answered");
    let integrations = open(&vault).integrations(Some("google_maps")).expect("integrations list");
    assert_eq!(integrations.len(), 1, "one default integration for all processes");
    println!("vault_stress: 8 processes x 50 initiations: 400 answered, 400 there, none twice, none lost");
}

fn killed_at_random() {
    let (mut kills, mut answers, mut in_flight) = (0, 0, 0);
    // A new vault every 20 kills, so that its making is interrupted too.
    for round in 0..10 {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let vault = folder.path().join("vault.db");
        let mut acknowledged = BTreeSet::new();
        for kill in 0..20 {
            let mut child = start(&vault, &format!("r{round}k{kill}"), 100_000);
            std::thread::sleep(Duration::from_micros(random_below(80_000)));
            child.kill().expect("it can be killed");
            acknowledged.extend(answered(&mut child));
            assert!(!child.wait().expect("it ends").success(), "killed, not finished");
            kills += 1;
        }
        let there = opened(&vault);
        let lost: Vec<_> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "answered ACTIVE but gone: {lost:?}");
        let unanswered = there.len() - acknowledged.len();
        assert!(unanswered <= 20, "more than one unanswered connection a kill");
        (answers, in_flight) = (answers + acknowledged.len(), in_flight + unanswered);
        let names: BTreeSet<String> = std::fs::read_dir(folder.path())
            .expect("the folder lists")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        let known = ["vault.db", "vault.db-shm", "vault.db-wal", "vault.db.key"];
        let strange: Vec<_> = names.iter().filter(|n| !known.contains(&n.as_str()) && !n.ends_with(".draft")).collect();
        assert!(strange.is_empty(), "files left behind: {strange:?}");
    }
    println!(
        "vault_stress: {kills} SIGKILLs at random moments: {answers} answered, all there and open; \
         {in_flight} committed whole but cut off before their answer; no other trace"
    );
}

fn random_below(limit: u64) -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::hash::RandomState::new().build_hasher().finish() % limit
}
