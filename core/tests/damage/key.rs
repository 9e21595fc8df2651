//! What can happen to a vault's key.

use std::os::unix::fs::PermissionsExt as _;

use keylatch::{Client, KeySource, Options, Secret};

use crate::fixture::{Fixture, connect, options};
use crate::table::Row;

pub(crate) fn wrong_key(row: &Row) {
    let fixture = Fixture::new();
    let wrong = || KeySource::Bytes(Secret::new(&[1; 32]));
    row.tells(&fixture.open_error_with(wrong()), &[]);
    let diagnosis = keylatch::diagnose(&Options { key: wrong(), ..fixture.options() }).unwrap();
    assert_eq!((diagnosis.key_fits, diagnosis.intact), (Some(false), Some(true)));
    fixture.open().unwrap();
}

pub(crate) fn wrong_kind_of_key(row: &Row) {
    let fixture = Fixture::new();
    row.tells(&fixture.open_error_with(KeySource::Passphrase(Secret::new(b"guess"))), &[]);
    fixture.open().unwrap();
}

pub(crate) fn lost_key_file(row: &Row) {
    let fixture = Fixture::new();
    let (file, away) = (fixture.key_file(), fixture.folder.path().join("away"));
    std::fs::rename(&file, &away).unwrap();
    row.tells(&fixture.open_error(), &[("PATH", &fixture.path())]);
    assert!(!file.exists(), "a new key would make the loss final");
    std::fs::rename(&away, &file).unwrap();
    fixture.open().unwrap();
}

pub(crate) fn public_key_file(row: &Row) {
    let fixture = Fixture::new();
    let mode = |bits| {
        std::fs::set_permissions(fixture.key_file(), std::fs::Permissions::from_mode(bits)).unwrap();
    };
    for bits in [0o640, 0o604, 0o666] {
        mode(bits);
        row.tells(&fixture.open_error(), &[("PATH", &fixture.path())]);
    }
    mode(0o600);
    fixture.open().unwrap();
}

pub(crate) fn damaged_key_file(row: &Row) {
    let fixture = Fixture::new();
    let whole = std::fs::read(fixture.key_file()).unwrap();
    for damaged in [&whole[..whole.len() / 2], b"", b"\xff\xfe not a key"] {
        std::fs::write(fixture.key_file(), damaged).unwrap();
        row.tells(&fixture.open_error(), &[("PATH", &fixture.path())]);
    }
    std::fs::write(fixture.key_file(), whole).unwrap();
    fixture.open().unwrap();
}

pub(crate) fn environment_not_set(row: &Row) {
    let fixture = Fixture::new();
    let error = fixture.open_error_with(KeySource::Environment("KEYLATCH_NOT_SET".into()));
    row.tells(&error, &[("NAME", "KEYLATCH_NOT_SET")]);
}

pub(crate) fn weakened_passphrase(row: &Row) {
    let mut fixture = Fixture::new();
    fixture.vault = fixture.folder.path().join("other.db");
    let passphrase = || KeySource::Passphrase(Secret::new(b"correct horse"));
    let open = || Client::open(Options { key: passphrase(), ..options(&fixture.vault) });
    let id = connect(&open().unwrap(), 1).unwrap();
    let (strong, weak) = ("\"memory_kib\":65536", "\"memory_kib\":8");
    fixture.edit(&format!("UPDATE keys SET derivation = replace(derivation, '{strong}', '{weak}')"));
    row.tells(&fixture.open_error_with(passphrase()), &[]);
    fixture.edit(&format!("UPDATE keys SET derivation = replace(derivation, '{weak}', '{strong}')"));
    open().unwrap().verify_connection(&id).unwrap();
}

pub(crate) fn key_record_gone(row: &Row) {
    let fixture = Fixture::new();
    let db = rusqlite::Connection::open(&fixture.vault).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF; CREATE TABLE kept AS SELECT * FROM keys; DELETE FROM keys").unwrap();
    drop(db);
    row.tells(&fixture.open_error(), &[]);
    fixture.edit("INSERT INTO keys SELECT * FROM kept");
    fixture.open().unwrap().verify_connection(&fixture.ids[0]).unwrap();
}
