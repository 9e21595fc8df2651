//! The control of this test: damage that is planted is found, each kind of it.

use std::path::Path;
use std::process::Command;

use rusqlite::Connection as Db;

use crate::backups;
use crate::ledger::Ledger;
use crate::look::{Look, strange_files};
use crate::process::{self, Work, open};

/// What damages a vault, or what was said of it, and what must be found then.
type Damage = (&'static str, fn(&Path, &mut Ledger), &'static str);

const DAMAGES: [Damage; 9] = [
    (
        "a lost record",
        |vault, _| edit(vault, "DELETE FROM connections WHERE seq = (SELECT max(seq) FROM connections)"),
        "not one of",
    ),
    (
        "an old record in the place of a new one",
        |vault, _| edit(vault, "UPDATE connections SET record_version = record_version - 1"),
        "does not open",
    ),
    (
        "half a record",
        |vault, _| edit(vault, "UPDATE connections SET sealed = substr(sealed, 1, length(sealed) / 2)"),
        "does not open",
    ),
    (
        "a record without its description",
        |vault, _| edit(vault, "UPDATE connections SET labels = '[\"label-9\"]'"),
        "a mix",
    ),
    ("an answer that was not kept", |_, ledger| say(ledger, &["begin update u 99", "done"]), "not one of"),
    ("a deletion that was not kept", |_, ledger| say(ledger, &["begin delete u 99", "done"]), "not one of"),
    ("a backup that is not there", |_, ledger| say(ledger, &["begin backup u 99", "done"]), "not there"),
    ("half a backup", |vault, _| half_a_backup(vault), "does not open"),
    (
        "a strange file",
        |vault, _| std::fs::write(vault.with_extension("tmp"), "").expect("it can be written"),
        "strange file",
    ),
];

pub(crate) fn every_kind_of_damage_is_found() {
    for (what, damage, finding) in DAMAGES {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let vault = folder.path().join("vault.db");
        let mut ledger = prepared(&vault);
        assert_eq!(findings(&vault, &mut ledger), [""; 0], "before {what}");
        damage(&vault, &mut ledger);
        let found = findings(&vault, &mut ledger);
        assert!(found.iter().any(|line| line.contains(finding)), "{what} was not found, only {found:?}");
    }
    println!("vault_stress: control: {} kinds of damage planted, all found", DAMAGES.len());
}

/// A vault with one connection, made by one change of a process: with this seed, an initiation.
fn prepared(vault: &Path) -> Ledger {
    let users = vec!["u".to_owned()];
    std::fs::create_dir(backups::folder(vault)).expect("a folder can be made");
    let mut ledger = Ledger::of(&users);
    let work = Work { vault: vault.to_owned(), users, first: 1, count: 1, seed: 3, beside: 0 };
    let child = process::start(Command::new(process::this_program()).args(work.args()));
    assert!(process::finish(child, &mut ledger).success() && ledger.answered == 1, "the seed");
    ledger
}

fn findings(vault: &Path, ledger: &mut Ledger) -> Vec<String> {
    let look = Look::at_all(&open(vault).expect("the vault opens"));
    let mut findings = look.wrong;
    findings.extend(ledger.compare(&look.there).0);
    findings.extend(backups::check(vault, ledger));
    findings.extend(strange_files(vault.parent().expect("it is in a folder")));
    findings
}

fn edit(vault: &Path, sql: &str) {
    let changed = Db::open(vault).and_then(|db| db.execute(sql, [])).expect("the vault can be edited");
    assert_eq!(changed, 1);
}

fn half_a_backup(vault: &Path) {
    let whole = std::fs::read(vault).expect("it can be read");
    std::fs::write(backups::folder(vault).join("u-99.db"), &whole[..whole.len() / 2]).expect("it can be written");
}

fn say(ledger: &mut Ledger, lines: &[&str]) {
    lines.iter().for_each(|line| ledger.write(line));
}
