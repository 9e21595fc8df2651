//! A vault's data key is rotated while four processes read and write, and who rotates it is killed twice: no call of theirs fails,
//! and afterwards the old key is nowhere.
//!
//! `rotation_stress` is the test, with 1,500 records; `--long` has 100,000. `rotation_stress work …` and `… rotate …` are the
//! processes that it starts.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a test program reports on its standard output")]

mod traces;
mod vault;
mod worker;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use keylatch::{RotateDataKey, Rotation};

use traces::Traces;

const WORKERS: usize = 4;
const KILLS: usize = 2;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["work", vault, name, records] => worker::work(vault.as_ref(), name, records.parse().expect("a count")),
        ["rotate", vault, limit] => rotate(vault.as_ref(), limit.parse().expect("a count")),
        [] => test(1_500, 30),
        ["--long"] => test(100_000, 500),
        _ => panic!("rotation_stress [--long]"),
    }
}

/// Rotates to the end, and says after each batch how much is left, and with which key.
fn rotate(path: &Path, limit: u32) {
    let client = vault::open(path);
    let mut ask = RotateDataKey { limit: Some(limit), cursor: None };
    loop {
        let batch = client.rotate_data_key(ask.clone()).expect("a batch is sealed anew");
        say(&batch);
        ask.cursor = batch.next_cursor;
        if ask.cursor.is_none() {
            return;
        }
    }
}

fn say(batch: &Rotation) {
    assert_eq!((&batch.damaged_connections, &batch.kept_keys), (&vec![], &vec![]), "every record opens");
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} {} {}", batch.key_id, batch.resealed, batch.remaining).expect("the parent reads");
    out.flush().expect("the parent reads");
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().expect("this program has a path"))
}

fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a process can be started")
}

/// What a rotating process said: the key, and how many records it sealed. Killed once it has sealed a part of `records`.
fn rotated(path: &Path, limit: u32, records: u64, kill: bool) -> (String, u64) {
    let mut child = start(this_program().arg("rotate").arg(path).arg(limit.to_string()));
    let (mut key, mut sealed) = (String::new(), 0);
    for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
        let line = line.expect("a line of text");
        let [id, resealed, remaining] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        (key, sealed) = (id.to_owned(), sealed + resealed.parse::<u64>().expect("a count"));
        if kill && sealed > records / (KILLS as u64 + 2) {
            assert_ne!(remaining, "0", "it is killed before its end");
            child.kill().expect("it can be killed");
            break;
        }
    }
    assert_eq!(child.wait().expect("it ends").success(), !kill);
    (key, sealed)
}

fn test(records: u64, limit: u32) {
    let folder = vault::folder();
    let path = folder.path().join("vault.db");
    vault::fill(&path, records);
    let traces = Traces::of(&path);
    traces.are_all_there(&path);

    let begun = Instant::now();
    let working = |n: usize| start(this_program().arg("work").arg(&path).args([format!("w{n}"), records.to_string()]));
    let mut workers: Vec<Child> = (0..WORKERS).map(working).collect();
    worker::are_at_work(&mut workers);

    let mut keys = Vec::new();
    for _ in 0..KILLS {
        keys.push(rotated(&path, limit, records, true).0);
        let found = vault::open(&path).diagnose().expect("a diagnosis");
        assert_eq!(found.data_keys, Some(2), "a killed rotation leaves both keys");
        assert!(found.older_records > Some(0) && found.damaged_connections.is_empty(), "{:?}", found.warnings);
    }
    let (key, sealed) = rotated(&path, limit, records, false);
    keys.push(key);
    assert!(keys.iter().all(|key| *key == keys[0]), "each goes on with the key of the one before");
    assert!(sealed < records, "what was done before a kill is not done again");
    traces.are_gone(&path);
    let rotating = begun.elapsed();

    let told = worker::ended(workers);
    let (reads, writes) = (told.reads, told.writes);
    assert!(reads > 0 && writes > 0, "they were at work: {told:?}");
    assert_eq!(told.failures, 0, "no call of theirs failed");
    vault::is_whole(&path, records + told.made - told.deleted);
    traces.are_gone(&path);
    traces.open_no_more(&path);
    println!(
        "rotation_stress: {records} records got a new key in {} s, killed {KILLS} times, beside {WORKERS} processes with {reads} \
         reads and {writes} writes: none failed, the old key is nowhere",
        rotating.as_secs()
    );
}
