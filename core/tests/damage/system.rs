//! What a system can refuse: room, rights, a lock. Whoever runs these tests, root too, the refusals are real.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use keylatch::{ConnectionFilter, Error, ErrorKind};
use serde_json::Value;

use crate::child::{self, Holder};
use crate::fixture::{Fixture, connect};
use crate::table::Row;

/// The error that a child told.
fn error(said: &str) -> Error {
    let told: Value = serde_json::from_str(said).unwrap_or_else(|_| panic!("no error but {said}"));
    let kind = ErrorKind::ALL.iter().find(|kind| told["code"] == kind.code()).unwrap();
    Error::new(*kind, told["message"].as_str().unwrap())
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Nothing was lost: what was there opens, and there is room for more.
fn is_whole(fixture: &Fixture) {
    let client = fixture.open().unwrap();
    let all = client.connected_accounts(ConnectionFilter::default()).unwrap();
    assert_eq!(all.items.len(), fixture.ids.len(), "what failed left nothing");
    for id in &fixture.ids {
        client.verify_connection(id).unwrap();
    }
    connect(&client, 10).unwrap();
}

pub(crate) fn full_disk(row: &Row) {
    let fixture = Fixture::new();
    assert_eq!(child::with_little_room("read", &fixture.vault), "2");
    row.tells(&error(&child::with_little_room("write much", &fixture.vault)), &[]);
    is_whole(&fixture);
}

pub(crate) fn read_only_file(row: &Row) {
    let fixture = Fixture::new();
    child::hand_over(fixture.folder.path());
    set_mode(&fixture.vault, 0o400);
    assert_eq!(child::unprivileged("read", &fixture.vault), "2", "reading goes on");
    row.tells(&error(&child::unprivileged("write", &fixture.vault)), &[]);
    set_mode(&fixture.vault, 0o600);
    is_whole(&fixture);
}

pub(crate) fn read_only_folder(row: &Row) {
    let fixture = Fixture::new();
    child::hand_over(fixture.folder.path());
    set_mode(fixture.folder.path(), 0o500);
    row.tells(&error(&child::unprivileged("read", &fixture.vault)), &[]);
    set_mode(fixture.folder.path(), 0o700);
    is_whole(&fixture);
}

pub(crate) fn no_permission(row: &Row) {
    let fixture = Fixture::new();
    child::hand_over(fixture.folder.path());
    set_mode(&fixture.vault, 0o000);
    row.tells(&error(&child::unprivileged("read", &fixture.vault)), &[]);
    set_mode(&fixture.vault, 0o600);
    assert_eq!(child::unprivileged("read", &fixture.vault), "2", "the refusal was the mode's");
    is_whole(&fixture);
}

pub(crate) fn no_permission_to_make(row: &Row) {
    let fixture = Fixture::new();
    child::hand_over(fixture.folder.path());
    set_mode(fixture.folder.path(), 0o500);
    let other = fixture.folder.path().join("other.db");
    let said = child::unprivileged("write", &other);
    row.tells(&error(&said), &[("PATH", other.to_str().unwrap())]);
    set_mode(fixture.folder.path(), 0o700);
    assert_eq!(std::fs::read_dir(fixture.folder.path()).unwrap().count(), 2, "vault and key, and no draft");
}

pub(crate) fn locked_by_another_process(row: &Row) {
    let fixture = Fixture::new();
    let client = fixture.open().unwrap();
    let holder = Holder::new(&fixture.vault);
    row.tells(&connect(&client, 3).unwrap_err(), &[]);
    assert_eq!(client.connected_accounts(ConnectionFilter::default()).unwrap().items.len(), 2, "reading goes on");
    drop(holder);
    drop(client);
    is_whole(&fixture);
}
