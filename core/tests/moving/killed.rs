//! An import that is killed: each batch is there whole or not at all, and the next import goes on.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{Folder, contents, import_of, random_key};

/// The folder in which a process of the test imports.
const FOLDER: &str = "KEYLATCH_TEST_FOLDER";
const USERS: u64 = 1_100;
/// So many connections are stored at once.
const BATCH: u64 = 500;

/// What is killed; it has nothing to do where the tests are run as usual.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    crate::open(&folder.join("to.db"), "default").import_vault(import_of(&folder.join("moved.export"))).unwrap();
}

fn start(folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["killed::child", "--exact"]).env(FOLDER, folder).stdout(Stdio::null()).spawn().unwrap()
}

fn stored(vault: &Path) -> u64 {
    let db = rusqlite::Connection::open(vault).unwrap();
    let count: u32 = db.query_row("SELECT count(*) FROM connections", [], |row| row.get(0)).unwrap();
    count.into()
}

#[test]
fn an_import_that_is_killed_at_any_moment_goes_on() {
    let folder = Folder::new();
    let (from, path) = folder.export(USERS.try_into().unwrap());
    let vault = folder.path("to.db");
    folder.vault("to.db").close();
    let (mut there, mut cut_off) = (0, 0);
    // Before anything is stored, and as soon as another batch is.
    let moments = (0..6).map(|n| (Duration::from_millis(15 * n), 0)).chain((0..2).map(|_| (Duration::ZERO, 1)));
    for (wait, more) in moments {
        let mut importing = start(folder.0.path());
        std::thread::sleep(wait);
        while stored(&vault) < there + more && importing.try_wait().unwrap().is_none() {}
        importing.kill().unwrap(); // SIGKILL
        cut_off += u64::from(!importing.wait().unwrap().success());
        let now = stored(&vault);
        assert!(
            now >= there && (now.is_multiple_of(BATCH) || now == USERS),
            "{there}, then {now}: no batch is there in part"
        );
        let found = folder.vault("to.db").diagnose().unwrap();
        assert_eq!((found.connections, found.warnings), (Some(now), vec![]));
        there = now;
    }
    assert!(
        cut_off >= 5 && there >= BATCH,
        "{cut_off} imports were cut off, {there} connections stored before the last"
    );

    let done = folder.vault("to.db").import_vault(import_of(&path)).unwrap();
    assert_eq!(done.connections, USERS - there);
    assert_eq!(done.already_there, there + 1, "and the integration");
    let key = random_key();
    assert_eq!(contents(&folder.vault("to.db"), &key), contents(&from, &key));
}
