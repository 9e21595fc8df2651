//! What can happen to the vault's file. It is never repaired or begun anew by itself.

use std::path::PathBuf;

use rusqlite::Connection as Db;

use crate::fixture::{Fixture, connect};
use crate::table::Row;

const PAGE: usize = 4096;
/// The first byte of a page with rows of a table.
const LEAF: u8 = 0x0d;

pub(crate) fn flipped_bits_in_the_structure(row: &Row) {
    let fixture = Fixture::of(24);
    let mut page = None;
    fixture.change_bytes(|bytes| {
        let pages: Vec<usize> = (1..bytes.len() / PAGE).filter(|page| bytes[page * PAGE] == LEAF).collect();
        let holds = |page: usize, text: &str| {
            bytes[page * PAGE..][..PAGE].windows(text.len()).any(|window| window == text.as_bytes())
        };
        page = pages.into_iter().find(|page| holds(*page, "mark-7."));
        bytes[page.unwrap() * PAGE] ^= 0xff;
    });
    let client = fixture.open().unwrap();
    row.tells(&client.connected_account(&fixture.ids[6]).unwrap_err(), &[]);
    row.tells(&client.connected_accounts(keylatch::ConnectionFilter::default()).unwrap_err(), &[]);
    let to = fixture.folder.path().join("backup.db");
    row.tells(&client.backup(&to).unwrap_err(), &[]);
    assert!(!to.exists(), "half a backup is none");
    // A page holds three of these rows or four.
    let opening = fixture.ids.iter().filter(|id| client.verify_connection(id).is_ok()).count();
    assert!((20..24).contains(&opening), "{opening} connections open");
    let diagnosis = client.diagnose().unwrap();
    assert_eq!((diagnosis.intact, diagnosis.key_fits), (Some(false), Some(true)));
}

pub(crate) fn flipped_bits_in_the_head(row: &Row) {
    let fixture = Fixture::new();
    fixture.change_bytes(|bytes| bytes[3] ^= 0x10);
    row.tells(&fixture.open_error(), &[]);
    fixture.change_bytes(|bytes| bytes[3] ^= 0x10);
    fixture.open().unwrap();
}

pub(crate) fn truncated_file(row: &Row) {
    let fixture = Fixture::of(24);
    let whole = std::fs::read(&fixture.vault).unwrap();
    for length in [whole.len() / 2, whole.len() - PAGE, PAGE] {
        fixture.change_bytes(|bytes| bytes.truncate(length));
        row.tells(&fixture.open_error(), &[]);
        std::fs::write(&fixture.vault, &whole).unwrap();
    }
    fixture.open().unwrap();
}

pub(crate) fn file_cut_to_nothing(row: &Row) {
    let fixture = Fixture::new();
    fixture.change_bytes(Vec::clear);
    row.tells(&fixture.open_error(), &[("PATH", &fixture.path())]);
}

pub(crate) fn file_gone_log_there(row: &Row) {
    let fixture = Fixture::new();
    let client = fixture.open().unwrap();
    connect(&client, 3).unwrap();
    let away = fixture.folder.path().join("away");
    std::fs::rename(&fixture.vault, &away).unwrap();
    let log = fixture.folder.path().join("vault.db-wal");
    let written = std::fs::read(&log).unwrap();
    row.tells(&fixture.open_error(), &[("PATH", &fixture.path())]);
    assert_eq!(std::fs::read(&log).unwrap(), written, "the log is left as it was");
    assert!(!fixture.vault.exists());
    std::fs::rename(&away, &fixture.vault).unwrap();
    assert_eq!(fixture.diagnose().connections, Some(3));
}

pub(crate) fn not_a_database(row: &Row) {
    let fixture = Fixture::new();
    let text = "dear diary, this is not a database at all ".repeat(100);
    fixture.change_bytes(|bytes| *bytes = text.into_bytes());
    row.tells(&fixture.open_error(), &[]);
}

pub(crate) fn another_programs_database(row: &Row) {
    let fixture = Fixture::new();
    std::fs::remove_file(&fixture.vault).unwrap();
    Db::open(&fixture.vault).unwrap().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    row.tells(&fixture.open_error(), &[]);
}

pub(crate) fn later_format(row: &Row) {
    foreign_format(row, 5);
}

pub(crate) fn older_format(row: &Row) {
    foreign_format(row, 1);
}

fn foreign_format(row: &Row, format: i64) {
    let fixture = Fixture::new();
    let set = |format: i64| Db::open(&fixture.vault).unwrap().pragma_update(None, "user_version", format).unwrap();
    set(format);
    row.tells(&fixture.open_error(), &[]);
    assert_eq!(fixture.diagnose().format, Some(format));
    set(4);
    fixture.open().unwrap();
}

pub(crate) fn a_folder(row: &Row) {
    let mut fixture = Fixture::new();
    fixture.vault = PathBuf::from(fixture.folder.path());
    let error = fixture.open().err().unwrap();
    row.tells(&error, &[("PATH", &fixture.path())]);
}
