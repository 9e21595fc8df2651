//! Answers one question: what of these secrets is in that process?

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::forms::{self, Needle};
use crate::memory::{Mapping, Pages, mappings};
use crate::search::{Run, Search};
use crate::threads::Stopped;

#[derive(Deserialize)]
struct Question {
    canaries: Vec<String>,
    /// A dump to look at instead of the process.
    file: Option<std::path::PathBuf>,
    #[serde(default)]
    explain: bool,
}

#[derive(Default, Serialize)]
struct Answer {
    /// Sixteen bytes and more, in any form.
    copies: Vec<Find>,
    /// Eight to fifteen bytes of the raw form.
    fragments: Vec<Find>,
    pid: u32,
    mappings: usize,
    bytes: usize,
    threads: usize,
    /// Each secret must differ from all others, or finds could not be told apart.
    canaries: usize,
}

#[derive(Serialize)]
struct Find {
    /// Which of the secrets asked for.
    canary: usize,
    form: &'static str,
    length: usize,
    /// The mapping's name and rights, or whose registers.
    place: String,
    /// From the mapping's start.
    offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    around: Option<String>,
}

/// The answer as one line of JSON; `{"error": …}` where the process could not be looked at.
pub(crate) fn answer(pid: u32, question: &str) -> String {
    let answer = serde_json::from_str(question).map_err(io::Error::from).and_then(|question| look(pid, &question));
    let line = match answer {
        Ok(answer) => serde_json::to_string(&answer),
        Err(error) => serde_json::to_string(&BTreeMap::from([("error", error.to_string())])),
    };
    line.expect("plain data can be written as JSON")
}

fn look(pid: u32, question: &Question) -> io::Result<Answer> {
    let secrets = question.canaries.iter().map(|hex| bytes(hex)).collect::<io::Result<Vec<Vec<u8>>>>()?;
    let needles: Vec<Needle> =
        secrets.iter().enumerate().flat_map(|(number, secret)| forms::of(number, secret)).collect();
    let search = Search::new(&needles);
    let mut answer = Answer { pid, canaries: secrets.len(), ..Answer::default() };
    let mut note = |place: &str, offset: u64, block: &[u8]| {
        let runs = search.runs(block);
        for run in &runs {
            let needle = &needles[run.needle];
            let find = Find {
                canary: needle.canary,
                form: needle.form,
                length: run.length,
                place: place.to_owned(),
                offset: offset + run.start as u64,
                around: question.explain.then(|| around(block, run, &runs)),
            };
            if run.is_copy() { &mut answer.copies } else { &mut answer.fragments }.push(find);
        }
    };

    if let Some(file) = &question.file {
        let dump = std::fs::read(file)?;
        note("the dump", 0, &dump);
        answer.bytes = dump.len();
        return Ok(answer);
    }
    let stopped = Stopped::all(pid)?;
    let (all, pages) = (mappings(pid)?, Pages::of(pid)?);
    let mut read = 0;
    for mapping in &all {
        for (address, block) in pages.blocks(mapping)? {
            read += block.len();
            note(&place(mapping), address - mapping.range.start, &block);
        }
    }
    for (name, registers) in stopped.registers()? {
        note(&format!("registers of {name}"), 0, &registers);
    }
    (answer.mappings, answer.bytes, answer.threads) = (all.len(), read, stopped.count());
    Ok(answer)
}

fn place(mapping: &Mapping) -> String {
    let name = if mapping.name.is_empty() { "anonymous" } else { &mapping.name };
    let kilobytes = (mapping.range.end - mapping.range.start) >> 10;
    format!("{name} {} {kilobytes} KiB", mapping.rights)
}

/// What stands around a run, printable, with `*` for every byte of every run.
fn around(block: &[u8], run: &Run, runs: &[Run]) -> String {
    const SIDE: usize = 160;
    let (start, end) = (run.start.saturating_sub(SIDE), (run.start + run.length + SIDE).min(block.len()));
    let is_found = |place: usize| runs.iter().any(|run| (run.start..run.start + run.length).contains(&place));
    let shown = |place: usize| match block[place] {
        _ if is_found(place) => '*',
        byte @ b' '..=b'~' => char::from(byte),
        _ => '.',
    };
    (start..end).map(shown).collect()
}

fn bytes(hex: &str) -> io::Result<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).map_err(io::Error::other));
    digits.map(|pair| u8::from_str_radix(pair?, 16).map_err(io::Error::other)).collect()
}
