//! One vault under many processes: many at once, killed at random moments, and with a disk that refuses to write.
//!
//! `vault_stress` is the test; `--long` makes it five times as long. `vault_stress work …` is one of the processes it
//! starts. No test can show what a power failure does: a killed process leaves the system's caches as they are.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a test program reports on its standard output")]

mod at_once;
mod backups;
mod change;
mod control;
mod full_disk;
mod killed;
mod ledger;
mod look;
mod process;
mod random;
mod worker;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["initiate", vault, name, count] => at_once::initiate(vault.as_ref(), name, count.parse().expect("a count")),
        ["work", ref work @ ..] => worker::work(&process::Work::read(work)),
        [] => test(200, 8),
        ["--long"] => test(1_000, 1),
        _ => panic!("vault_stress [--long]"),
    }
}

/// `kills` processes killed, and a disk that is full at every `stride`th block.
fn test(kills: usize, stride: usize) {
    control::every_kind_of_damage_is_found();
    at_once::many_at_once();
    killed::killed_at_random(kills);
    full_disk::full_at_every_block(stride);
}
