//! Finds every run of a secret's form in a block of bytes, in one pass: each place's next eight bytes are looked up among
//! eight-byte windows of the forms, and a hit is extended to both sides.

use std::collections::HashMap;

use crate::forms::{Needle, RAW};

const WINDOW: usize = 8;
/// The shortest run that is a copy.
const COPY: usize = 16;
const FILTER_BITS: u32 = 20;

/// A run of a form in a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) needle: usize,
    pub(crate) start: usize,
    pub(crate) length: usize,
}

impl Run {
    pub(crate) fn is_copy(&self) -> bool {
        self.length >= COPY
    }

    fn end(&self) -> usize {
        self.start + self.length
    }
}

/// The windows of all needles.
pub(crate) struct Search<'n> {
    needles: &'n [Needle],
    windows: HashMap<u64, Vec<(usize, usize)>>,
    /// One bit for each hash of a window: most places are dismissed by it.
    filter: Vec<u64>,
}

impl<'n> Search<'n> {
    pub(crate) fn new(needles: &'n [Needle]) -> Self {
        let mut search = Self { needles, windows: HashMap::new(), filter: vec![0; 1 << (FILTER_BITS - 6)] };
        for (number, needle) in needles.iter().enumerate() {
            // A run of two windows' length contains a window that starts at a multiple of its length.
            let step = if needle.form == RAW { 1 } else { WINDOW };
            for (index, window) in needle.bytes.windows(WINDOW).enumerate().step_by(step) {
                let window = word(window);
                search.filter[slot(window) >> 6] |= 1 << (slot(window) & 63);
                search.windows.entry(window).or_default().push((number, index));
            }
        }
        search
    }

    /// Copies in any form, and shorter fragments of the raw form; where two overlap, the longer one.
    pub(crate) fn runs(&self, block: &[u8]) -> Vec<Run> {
        let mut found: Vec<Run> = Vec::new();
        // Where the last run of each needle ended: its other windows lead to the same run.
        let mut ends = vec![0; self.needles.len()];
        for (place, window) in block.windows(WINDOW).enumerate() {
            let window = word(window);
            if self.filter[slot(window) >> 6] >> (slot(window) & 63) & 1 == 0 {
                continue;
            }
            for &(needle, index) in self.windows.get(&window).into_iter().flatten() {
                if place >= ends[needle] {
                    let run = self.extended(block, needle, place, index);
                    ends[needle] = run.end();
                    found.extend((run.is_copy() || self.needles[needle].form == RAW).then_some(run));
                }
            }
        }
        longest(found)
    }

    fn extended(&self, block: &[u8], needle: usize, place: usize, index: usize) -> Run {
        let bytes = &self.needles[needle].bytes;
        let equal = |(one, other): &(&u8, &u8)| one == other;
        let before = block[..place].iter().rev().zip(bytes[..index].iter().rev()).take_while(equal).count();
        let behind = block[place..].iter().zip(&bytes[index..]).take_while(equal).count();
        Run { needle, start: place - before, length: before + behind }
    }
}

fn longest(mut runs: Vec<Run>) -> Vec<Run> {
    runs.sort_by_key(|run| run.start);
    let mut kept: Vec<Run> = Vec::new();
    for run in runs {
        match kept.last_mut() {
            Some(last) if run.start < last.end() => {
                if run.length > last.length {
                    *last = run;
                }
            }
            _ => kept.push(run),
        }
    }
    kept
}

fn word(window: &[u8]) -> u64 {
    u64::from_le_bytes(window.try_into().expect("windows have eight bytes"))
}

fn slot(window: u64) -> usize {
    (window.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - FILTER_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms;

    const SECRET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";

    fn found(block: &[u8]) -> Vec<(&'static str, usize, usize)> {
        let needles = forms::of(0, SECRET);
        let runs = Search::new(&needles).runs(block);
        runs.iter().map(|run| (needles[run.needle].form, run.start, run.length)).collect()
    }

    #[test]
    fn whole_copies_and_every_fragment_of_eight_are_found() {
        assert_eq!(found(SECRET), [(RAW, 0, 64)]);
        for start in 0..=SECRET.len() - WINDOW {
            for length in WINDOW..=SECRET.len() - start {
                let block = [b"....".as_slice(), &SECRET[start..start + length], b"...."].concat();
                assert_eq!(found(&block), [(RAW, 4, length)], "{length} from {start}");
            }
        }
    }

    #[test]
    fn other_forms_are_found_from_sixteen() {
        let needles = forms::of(0, SECRET);
        for needle in needles.iter().filter(|needle| needle.form != RAW) {
            for start in 0..needle.bytes.len() - COPY {
                let block = [b"....".as_slice(), &needle.bytes[start..start + COPY]].concat();
                let lengths: Vec<usize> = found(&block).iter().map(|&(_, _, length)| length).collect();
                assert_eq!(lengths, [COPY], "{} from {start}", needle.form);
            }
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        assert_eq!(found(b"0123456 789abcd efghijk 0a1b2c3d4e5f6g7h8i9j"), []);
    }
}
