//! The processes of this test: what they are told, and what is read of them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use keylatch::{Client, Options};

use crate::ledger::Ledger;

/// What a working process is to do.
pub(crate) struct Work {
    pub(crate) vault: PathBuf,
    /// Whose connections it changes; no other process does.
    pub(crate) users: Vec<String>,
    /// The number of its first change.
    pub(crate) first: u64,
    pub(crate) count: u64,
    /// The same changes in the same order for the same seed.
    pub(crate) seed: u64,
    /// How many threads write at the same time.
    pub(crate) beside: u64,
}

impl Work {
    pub(crate) fn read(args: &[&str]) -> Self {
        let [vault, users, first, count, seed, beside] = args else {
            panic!("work VAULT USERS FIRST COUNT SEED BESIDE")
        };
        let number = |text: &str| text.parse().expect("a number");
        Self {
            vault: vault.into(),
            users: users.split(',').map(str::to_owned).collect(),
            first: number(first),
            count: number(count),
            seed: number(seed),
            beside: number(beside),
        }
    }

    pub(crate) fn args(&self) -> Vec<String> {
        let vault = self.vault.to_str().expect("temporary folders have plain names").to_owned();
        let numbers = [self.first, self.count, self.seed, self.beside].map(|number| number.to_string());
        ["work".to_owned(), vault, self.users.join(",")].into_iter().chain(numbers).collect()
    }
}

pub(crate) fn open(vault: &Path) -> keylatch::Result<Client> {
    Client::open(Options { path: Some(vault.to_owned()), ..Options::default() })
}

pub(crate) fn this_program() -> PathBuf {
    std::env::current_exe().expect("this program has a path")
}

pub(crate) fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("a process can be started")
}

/// Takes down what a process says until it ends.
pub(crate) fn finish(mut child: Child, ledger: &mut Ledger) -> ExitStatus {
    let output = BufReader::new(child.stdout.take().expect("piped"));
    output.lines().for_each(|line| ledger.write(&line.expect("a line of text")));
    child.wait().expect("it ends")
}
