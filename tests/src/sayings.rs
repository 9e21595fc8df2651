//! Writes down all that a program could learn from a result, an error or what it gives, for `tests/leaks.py` to search.

use std::collections::HashSet;
use std::error::Error as _;
use std::fmt::Debug;
use std::io::Write as _;
use std::sync::Mutex;

use keylatch::{Error, Reply};
use serde_json::Value;

/// What must be found: an error says what it is made of.
const CONTROL: &str = "keylatch-control-canary-rust";

/// What a call came to, in every form that the language prints.
pub fn note(outcome: &Result<Reply, Error>) {
    match outcome {
        Ok(reply) => {
            note_debug(reply);
            write(reply.body.as_deref().unwrap_or_default());
        }
        Err(error) => note_error(error),
    }
}

/// As `note`, for an answer that came in pieces.
pub fn note_answer(answer: &Result<Value, Error>) {
    match answer {
        Ok(answer) => note_debug(answer),
        Err(error) => note_error(error),
    }
}

/// A value that programs may print.
pub fn note_debug(value: &dyn Debug) {
    write(format!("{value:?}\n{value:#?}").as_bytes());
}

/// Says the control.
pub fn note_control() {
    note_error(&Error::new(keylatch::ErrorKind::Internal, CONTROL));
}

fn note_error(error: &Error) {
    note_debug(error);
    write(format!("{error}\n{error:#}\n{}", error.to_json()).as_bytes());
    let mut source = error.source();
    while let Some(cause) = source {
        write(format!("{cause}\n{cause:?}").as_bytes());
        source = cause.source();
    }
}

fn write(said: &[u8]) {
    // Most of it is said again and again.
    static WRITTEN: Mutex<Option<HashSet<Vec<u8>>>> = Mutex::new(None);
    let Some(path) = std::env::var_os("KEYLATCH_TEST_SAYINGS") else { return };
    if !WRITTEN.lock().expect("no panic").get_or_insert_default().insert(said.to_vec()) {
        return;
    }
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).expect("sayings can be written");
    file.write_all(said).and_then(|()| file.write_all(b"\n")).expect("sayings can be written");
}
