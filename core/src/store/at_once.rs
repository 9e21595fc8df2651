//! While one thread writes, another reads: what one call tells is of one moment.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::random_calls::{connection_of, integration, key, time};
use super::{DueQuery, SqliteStore, Store};

#[test]
fn those_that_are_due_are_as_many_as_their_number_says() {
    let folder = tempfile::tempdir().unwrap();
    let open = || SqliteStore::open(&folder.path().join("vault.db"), "t", Duration::from_secs(30)).unwrap();
    let (writing, reading) = (open(), open());
    writing.add_first_key(&key("k1")).unwrap();
    writing.insert_integration(&integration("in".into(), "acme"), None).unwrap();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let row = connection_of("ca".into(), "u", ("in", "acme"));
            while !over.load(Ordering::SeqCst) {
                writing.insert_connection(&row, true, None).unwrap();
                writing.delete_connection("ca", None).unwrap();
            }
        });
        let due = DueQuery { entity_id: None, app: None, until: time(9), now: time(9), after: None, limit: 20 };
        let wrong =
            (0..2_000).map(|_| reading.due_connections(&due).unwrap()).find(|(rows, n)| rows.len() as u64 != *n);
        over.store(true, Ordering::SeqCst);
        assert!(wrong.is_none(), "{wrong:?}");
    });
}
