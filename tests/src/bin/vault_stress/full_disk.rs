//! A disk that takes no more bytes, from every block of a file on: what fails is not done, what was answered holds.
//!
//! The system's limit on the size of files does it (`ulimit -f`, in blocks of 512 bytes), for a process that does not
//! mind the signal: then the write that goes beyond fails, half done, as it does on a full disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::backups;
use crate::ledger::Ledger;
use crate::look::{Look, strange_files};
use crate::process::{self, Work, open};

const CHANGES: u64 = 12;
const USERS: [&str; 3] = ["u0", "u1", "u2"];

/// The same changes again and again, each time on a disk that is `stride` blocks larger, until all of them succeed: to a
/// new vault, and to one that is in use.
pub(crate) fn full_at_every_block(stride: usize) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let vault = folder.path().join("vault.db");
    let none = Ledger::of(&USERS.map(str::to_owned));
    std::fs::create_dir(backups::folder(&vault)).expect("a folder can be made");
    let mut used = none.clone();
    assert!(process::finish(process::start(&mut worker(&vault, 1, "unlimited")), &mut used).success());
    assert_eq!(backups::check(&vault, &mut used), [""; 0]);
    for (what, from, ledger) in [("a new vault", None, none), ("a vault in use", Some(folder.path()), used)] {
        let (mut blocks, mut refused) = (0, BTreeMap::<String, usize>::new());
        loop {
            let full = Full { from, ledger: ledger.clone(), blocks };
            let after = full.run();
            for (code, count) in &after.refused {
                *refused.entry(code.clone()).or_default() += count;
            }
            if after.refused.is_empty() {
                break;
            }
            blocks += stride;
        }
        println!(
            "vault_stress: {what}, disk full at each of {} places: {refused:?}, nothing half done",
            blocks / stride
        );
        assert_eq!(refused.keys().collect::<Vec<_>>(), ["storage"], "the errors that a full disk gives");
    }
}

struct Full<'f> {
    /// The folder of the vault to begin with.
    from: Option<&'f Path>,
    ledger: Ledger,
    blocks: usize,
}

impl Full<'_> {
    fn run(self) -> Ledger {
        let Self { from, mut ledger, blocks } = self;
        let folder = tempfile::tempdir().expect("a folder can be made");
        let vault = folder.path().join("vault.db");
        for file in from.into_iter().flat_map(|from| from.read_dir().expect("the folder lists")) {
            let file = file.expect("an entry");
            if file.path().is_file() {
                std::fs::copy(file.path(), folder.path().join(file.file_name())).expect("it can be copied");
            }
        }
        std::fs::create_dir(backups::folder(&vault)).expect("a folder can be made");
        let child = process::start(&mut worker(&vault, 1 + CHANGES, &blocks.to_string()));
        let status = process::finish(child, &mut ledger);
        let look = Look::at_all(&open(&vault).expect("the vault opens when there is room again"));
        let mut wrong = look.wrong;
        wrong.extend(ledger.compare(&look.there).0);
        wrong.extend(backups::check(&vault, &mut ledger));
        wrong.extend(strange_files(folder.path()));
        assert!(status.success() && wrong.is_empty(), "full at {blocks} blocks, {status}:\n{}", wrong.join("\n"));
        ledger
    }
}

/// A process that makes the same changes each time.
fn worker(vault: &Path, first: u64, blocks: &str) -> Command {
    let users = USERS.map(str::to_owned).to_vec();
    let work = Work { vault: vault.to_owned(), users, first, count: CHANGES, seed: first, beside: 0 };
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", blocks])
        .arg(process::this_program())
        .args(work.args());
    command
}
