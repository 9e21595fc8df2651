//! Processes killed at random moments: what they had answered holds, and nothing is half done.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::backups;
use crate::change::Kind;
use crate::ledger::Ledger;
use crate::look::{Look, strange_files};
use crate::process::{self, Work, open};
use crate::random::Random;

/// Processes that work on one vault at the same time, each on users of its own.
const LANES: usize = 4;
/// Threads in each that write too, so that several changes are in one transaction.
const BESIDE: u64 = 2;
/// Then comes a new vault, so that its making is interrupted too.
const KILLS_A_LANE: usize = 5;
/// More than any process does before it is killed.
const ENDLESS: u64 = 1_000_000;

/// What a process has said at most when it is killed: two lines for each change.
const MOST_LINES: u64 = 16;

/// How many changes were cut off, and how many of them had been made, by kind.
type CutOffs = BTreeMap<Kind, (usize, usize)>;

pub(crate) fn killed_at_random(kills: usize) {
    let (mut answered, mut cut_off) = (0, CutOffs::new());
    for _ in 0..kills / (LANES * KILLS_A_LANE) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let vault = folder.path().join("vault.db");
        std::fs::create_dir(backups::folder(&vault)).expect("a folder can be made");
        let lanes = thread::scope(|scope| {
            let lanes: Vec<_> = (0..LANES).map(|lane| (lane, &vault)).collect();
            let running: Vec<_> =
                lanes.into_iter().map(|(lane, vault)| scope.spawn(move || run(lane, vault))).collect();
            running.into_iter().map(|lane| lane.join().expect("a lane ends")).collect::<Vec<_>>()
        });
        let whole = Look::at_all(&open(&vault).expect("the vault opens"));
        let mut wrong = whole.wrong;
        wrong.extend(strange_files(folder.path()));
        for mut lane in lanes {
            wrong.append(&mut lane.wrong);
            answered += lane.ledger.answered;
            for (kind, (all, made)) in lane.cut_off {
                let sum = cut_off.entry(kind).or_default();
                *sum = (sum.0 + all, sum.1 + made);
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    report(kills, answered, &cut_off);
}

fn report(kills: usize, answered: usize, cut_off: &CutOffs) {
    println!(
        "vault_stress: {kills} SIGKILLs at random moments: {answered} changes answered, all there, every record open"
    );
    let all: usize = cut_off.values().map(|(all, _)| all).sum();
    for (kind, (all, made)) in cut_off {
        println!("  {kind:?} cut off {all} times: {made} whole, {} without a trace", all - made);
    }
    assert!(all >= kills / 5 && cut_off.len() == Kind::ALL.len(), "too few changes were cut off to show anything");
}

struct Lane {
    ledger: Ledger,
    wrong: Vec<String>,
    cut_off: CutOffs,
    /// The time from line to line, as last measured.
    pace: Duration,
}

/// Kills one process after the other, and looks at its users' connections after each, while the other lanes go on.
fn run(number: usize, vault: &Path) -> Lane {
    let users: Vec<String> = (0..3).map(|user| format!("lane{number}-user{user}")).collect();
    let ledger = Ledger::of(&users);
    let mut lane = Lane { ledger, wrong: Vec::new(), cut_off: CutOffs::new(), pace: Duration::from_millis(20) };
    let mut random = Random::new();
    for kill in 0..KILLS_A_LANE as u64 {
        let first = 1 + kill * ENDLESS;
        let work = Work {
            vault: vault.to_owned(),
            users: users.clone(),
            first,
            count: ENDLESS,
            seed: random.below(1 << 32),
            beside: BESIDE,
        };
        kill_one(&work, &mut random, &mut lane);
        let client = open(vault).expect("the vault opens");
        let look = Look::at(&client, &users);
        lane.wrong.extend(backups::check(vault, &mut lane.ledger));
        let (wrong, cut_off) = lane.ledger.compare(&look.there);
        lane.wrong.extend(look.wrong);
        lane.wrong.extend(wrong);
        if let Some((change, made)) = cut_off {
            let sum = lane.cut_off.entry(change.kind).or_default();
            *sum = (sum.0 + 1, sum.1 + usize::from(made));
        }
    }
    lane
}

/// Kills at a random moment after a random number of lines, within about the time that one more line takes.
fn kill_one(work: &Work, random: &mut Random, lane: &mut Lane) {
    let mut child = process::start(Command::new(process::this_program()).args(work.args()));
    let mut output = BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
    let lines = random.below(MOST_LINES);
    let begun = Instant::now();
    for _ in 0..lines {
        lane.ledger.write(&output.next().expect("it goes on"));
    }
    if let Some(lines) = u32::try_from(lines).ok().filter(|lines| *lines > 0) {
        lane.pace = begun.elapsed() / lines;
    }
    let pace = u64::try_from(lane.pace.as_micros()).unwrap_or(u64::MAX);
    thread::sleep(Duration::from_micros(random.below(1 + pace)));
    child.kill().expect("it can be killed");
    output.for_each(|line| lane.ledger.write(&line));
    let status = child.wait().expect("it ends");
    if status.signal() != Some(9) || !lane.ledger.refused.is_empty() {
        lane.wrong.push(format!("a process ended with {status}, after the errors {:?}", lane.ledger.refused));
    }
}
