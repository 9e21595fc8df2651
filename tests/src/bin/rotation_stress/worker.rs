//! A process that reads and writes until its standard input ends, and says then what it did.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};

use keylatch::{Client, Error, UpdateCredentials, Verify};

use crate::vault::{connect, credential, number_of, open, user};

/// What processes did.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) failures: u64,
    /// Connections made and deleted.
    pub(crate) made: u64,
    pub(crate) deleted: u64,
}

pub(crate) fn work(path: &Path, name: &str, records: u64) {
    let client = open(path);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            over.store(true, Ordering::SeqCst);
        });
        say("at work");
        let mut told = Told::default();
        let mut own = Own::default();
        for round in 0.. {
            if over.load(Ordering::SeqCst) {
                break;
            }
            // Others' records, all over the vault; and one of its own, made, changed and deleted.
            read(&client, &user(spread(name, round) % records), None, &mut told);
            if round % 8 == 0 {
                own.next(&client, &format!("{name}-{}", round / 64), round, &mut told);
            }
        }
        let Told { reads, writes, failures, made, deleted } = told;
        say(&format!("{reads} {writes} {failures} {made} {deleted}"));
    });
}

/// Numbers without a pattern, the same for the same name and round.
fn spread(name: &str, round: u64) -> u64 {
    let start = name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(131).wrapping_add(byte.into()));
    (start ^ round).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 17
}

/// The connection that a worker has made last.
#[derive(Default)]
struct Own(Option<(String, String, u64)>);

impl Own {
    /// Makes one where there is none; changes it, looks at it, and deletes it in the end.
    fn next(&mut self, client: &Client, user: &str, number: u64, told: &mut Told) {
        let Some((id, owner, present)) = self.0.take() else {
            if let Some(id) = done(connect(client, user, number), told) {
                told.made += 1;
                self.0 = Some((id, user.to_owned(), number));
            }
            return;
        };
        read(client, &owner, Some(present), told);
        if owner == user {
            let ask = UpdateCredentials {
                connected_account_id: id.clone(),
                verify: Verify::Off,
                connected_account_params: credential(number),
            };
            let changed = done(client.update_credentials(ask), told).is_some();
            self.0 = Some((id, owner, if changed { number } else { present }));
        } else if done(client.delete_connection(&id, false), told).is_some() {
            told.deleted += 1;
        }
    }
}

fn done<T>(result: Result<T, Error>, told: &mut Told) -> Option<T> {
    told.writes += 1;
    result.map_err(|error| failed(told, &error.to_string())).ok()
}

/// Opens a connection's credential, and sees that it is one, and that of this number.
fn read(client: &Client, user: &str, number: Option<u64>, told: &mut Told) {
    told.reads += 1;
    let found = client.get_connection(user, "postgresql").and_then(|found| number_of(client, &found.id));
    match found {
        Ok(Some(found)) if number.is_none_or(|number| number == found) => {}
        Ok(found) => failed(told, &format!("{user} has {found:?}, not {number:?}")),
        Err(error) => failed(told, &format!("{user}: {error}")),
    }
}

fn failed(told: &mut Told, why: &str) {
    told.failures += 1;
    say(&format!("failed {why}"));
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("the parent reads");
}

/// Waits until each has opened the vault.
pub(crate) fn are_at_work(workers: &mut [Child]) {
    for worker in workers {
        let mut byte = [0; 8];
        worker.stdout.as_mut().expect("piped").read_exact(&mut byte).expect("it says so");
        assert_eq!(&byte, b"at work\n");
    }
}

/// Ends them, and adds up what they did.
pub(crate) fn ended(mut workers: Vec<Child>) -> Told {
    workers.iter_mut().for_each(|worker| drop(worker.stdin.take()));
    let mut all = Told::default();
    for mut worker in workers {
        for line in BufReader::new(worker.stdout.take().expect("piped")).lines() {
            let line = line.expect("a line of text");
            let counts: Vec<u64> = line.split(' ').filter_map(|count| count.parse().ok()).collect();
            let [reads, writes, failures, made, deleted] = counts[..] else {
                println!("rotation_stress: {line}");
                continue;
            };
            all.reads += reads;
            all.writes += writes;
            all.failures += failures;
            all.made += made;
            all.deleted += deleted;
        }
        assert!(worker.wait().expect("it ends").success());
    }
    all
}
