//! Part of a test in a process of its own: with fewer rights, less room, or a lock.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use keylatch::{Client, ConnectionFilter, Result};

use crate::fixture::{connect, connect_with, options};

const TASK: &str = "KEYLATCH_TEST_TASK";
const VAULT: &str = "KEYLATCH_TEST_VAULT";
const SAYS: &str = "child says ";
/// A user without rights, when the tests run as one who has all.
const NOBODY: u32 = 65534;
/// 48 KiB in blocks of 512 bytes: SQLite's shared memory has room, a large record has not. Without the signal the write fails.
const LITTLE_ROOM: &str = "trap '' XFSZ; ulimit -f 96; exec \"$0\" \"$@\"";

/// What the child is; it has nothing to do where the tests are run as usual.
#[test]
fn child() {
    let Some(task) = std::env::var_os(TASK) else { return };
    let vault = PathBuf::from(std::env::var_os(VAULT).unwrap());
    let outcome: Result<String> = match task.to_str().unwrap() {
        "read" => Client::open(options(&vault)).and_then(|client| {
            let all = client.connected_accounts(ConnectionFilter::default())?;
            all.items.iter().try_for_each(|one| client.connected_account(&one.id).map(drop))?;
            Ok(all.items.len().to_string())
        }),
        "write" => Client::open(options(&vault)).and_then(|client| connect(&client, 9)),
        "write much" => Client::open(options(&vault)).and_then(|client| connect_with(&client, 9, 60_000)),
        "hold" => {
            let db = rusqlite::Connection::open(&vault).unwrap();
            db.execute_batch("BEGIN IMMEDIATE").unwrap();
            say("held");
            // Until the test closes the pipe, or ends.
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
            return;
        }
        other => panic!("no task {other}"),
    };
    say(&outcome.unwrap_or_else(|error| error.to_json()));
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "\n{SAYS}{text}").unwrap();
    out.flush().unwrap();
}

/// What a process without particular rights says; the vault's folder is made its own.
pub(crate) fn unprivileged(task: &str, vault: &Path) -> String {
    let program = program();
    let mut command = command(&program.path, &[]);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    said(command, task, vault)
}

/// What a process says that can make no file larger than a record of the task "write much".
pub(crate) fn with_little_room(task: &str, vault: &Path) -> String {
    let program = program();
    said(command(Path::new("sh"), &["-c", LITTLE_ROOM, program.path.to_str().unwrap()]), task, vault)
}

/// Gives a folder and what is in it to the user that [`unprivileged`] runs as.
pub(crate) fn hand_over(folder: &Path) {
    if is_root() {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        for path in entries.chain([folder.to_owned()]) {
            std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
}

/// A process that keeps the vault locked until it is dropped.
pub(crate) struct Holder(Child);

impl Holder {
    pub(crate) fn new(vault: &Path) -> Self {
        let mut child = start(command(&program().path, &[]), "hold", vault);
        let said = BufReader::new(child.stdout.as_mut().unwrap()).lines().map_while(std::io::Result::ok);
        assert!(said.into_iter().any(|line| line == format!("{SAYS}held")), "the child holds the lock");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

fn command(program: &Path, before: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(before).args(["child::child", "--exact", "--nocapture"]);
    command
}

fn start(mut command: Command, task: &str, vault: &Path) -> Child {
    command.env(TASK, task).env(VAULT, vault).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn said(command: Command, task: &str, vault: &Path) -> String {
    let output = start(command, task, vault).wait_with_output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let said = output.lines().find_map(|line| line.strip_prefix(SAYS));
    said.unwrap_or_else(|| panic!("the child says nothing: {output}")).to_owned()
}

/// These tests, where anybody may start them; gone when nobody does.
struct Program {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

fn program() -> Arc<Program> {
    static SHARED: Mutex<Weak<Program>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = folder.path().join("damage");
        std::fs::copy(std::env::current_exe().unwrap(), &path).unwrap();
        let program = Arc::new(Program { path, _folder: folder });
        *shared = Arc::downgrade(&program);
        program
    })
}

fn is_root() -> bool {
    // What we make is ours.
    tempfile::tempdir().unwrap().path().metadata().unwrap().uid() == 0
}
