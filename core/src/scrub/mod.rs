//! Hides credentials in what others say, whatever way they write them. Only what went through here may be part of an
//! error.

mod pieces;
mod written;

use std::fmt;
use std::ops::{Deref, Range};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
pub(crate) use pieces::PieceMask;
use serde::Serialize;
use written::Match;
use zeroize::{Zeroize as _, Zeroizing};

use crate::secret::Secret;

/// Shorter values would blot out ordinary text, and are no secrets.
const SHORTEST: usize = 6;
/// How much of a text of others is passed on.
const LONGEST_TEXT: usize = 400;

/// Text of an app's or a server's without any credential of the call, on one line, not long. Nothing else makes one, and
/// errors take the words of others in no other form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Scrubbed(String);

impl Deref for Scrubbed {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scrubbed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The credentials of a call, in the forms in which they might come back.
#[derive(Default)]
pub(crate) struct Mask {
    forms: Vec<Form>,
    /// Which of them may begin with a byte.
    by_first: Vec<Vec<u16>>,
}

/// What there is at a place in a text.
enum Here {
    Occurs(Range<usize>),
    Nothing,
    /// That depends on what comes next, and with it all from this place on.
    Unsettled(usize),
}

/// What to look for. Percent-encoding, JSON and HTML need none of their own: see `written`.
struct Form {
    needle: Secret,
    /// Whether the case of letters tells nothing, as in hexadecimal digits.
    any_case: bool,
    /// How many characters before and behind belong to it in part, as in Base64 inside a longer text.
    around: (usize, usize),
}

impl Mask {
    /// Hides this value: as it is, with any characters escaped (percent, JSON, HTML), as hexadecimal digits, and as Base64
    /// of it, in UTF-8 or UTF-16, alone or with something before and behind it.
    pub(crate) fn hide(&mut self, value: &Secret) {
        if value.len() < SHORTEST || self.forms.iter().any(|form| form.needle == *value) {
            return;
        }
        let bytes = value.expose(); // expose: the needle
        self.add(value.lent(), false, (0, 0));
        self.add(hexadecimal(bytes), true, (0, 0));
        self.add_base64(bytes);
        if let Some(text) = value.expose_text() {
            let mut utf16 = Zeroizing::new(Vec::with_capacity(2 * text.len()));
            utf16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
            self.add_base64(&utf16);
        }
    }

    /// A second copy.
    pub(crate) fn duplicate(&self) -> Self {
        let again = |form: &Form| Form { needle: form.needle.lent(), ..*form };
        Self { forms: self.forms.iter().map(again).collect(), by_first: self.by_first.clone() }
    }

    /// Text of others that may be shown.
    pub(crate) fn scrub(&self, text: &str) -> Scrubbed {
        let text = self.hidden(text);
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_TEXT).collect();
        Scrubbed(self.hidden(text.trim())) // once more: the spaces may have made one
    }

    /// The same text with `*` in the place of every occurrence.
    pub(crate) fn hidden(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.overwrite(&mut bytes);
        String::from_utf8(bytes).unwrap_or_else(|error| {
            let mut bytes = error.into_bytes();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            bytes.zeroize();
            text
        })
    }

    /// Overwrites every occurrence with `*`; the length stays. Tells whether there was one.
    pub(crate) fn overwrite(&self, text: &mut [u8]) -> bool {
        self.settle(text, true).1
    }

    /// Overwrites every occurrence in as much of a text as can be told; where it `ends` here, in all of it. Says how much that
    /// is, and whether there was one.
    fn settle(&self, text: &mut [u8], ends: bool) -> (usize, bool) {
        let (mut at, mut found) = (0, false);
        while at < text.len() {
            match self.at(text, at, ends) {
                Here::Occurs(place) => {
                    at = place.end;
                    text[place].fill(b'*');
                    found = true;
                }
                Here::Unsettled(from) => return (from, found),
                Here::Nothing => at += 1,
            }
        }
        // Base64 that begins with the next piece may have a character here.
        let waits = !ends && !self.forms.is_empty() && text.last().is_some_and(|byte| is_digit(*byte));
        (at - usize::from(waits), found)
    }

    /// The longest occurrence here.
    fn at(&self, text: &[u8], at: usize, ends: bool) -> Here {
        let Some(here) = self.by_first.get(usize::from(text[at])) else { return Here::Nothing };
        let (mut longest, mut from) = (0..0, None);
        for form in here.iter().map(|index| &self.forms[usize::from(*index)]) {
            let needle = form.needle.expose(); // expose: compared
            match written::matched(&text[at..], needle, form.any_case) {
                Match::To(length) if ends || form.around.1 == 0 || at + length < text.len() => {
                    let place = form.with_neighbours(text, at..at + length);
                    longest = if place.end >= longest.end { place } else { longest };
                }
                // What comes next makes it one, or belongs to it.
                Match::To(_) | Match::Unsettled if !ends => {
                    let begin = at - form.around.0.min(at);
                    from = Some(from.unwrap_or(begin).min(begin));
                }
                _ => {}
            }
        }
        match from {
            Some(from) => Here::Unsettled(from),
            None if longest.is_empty() => Here::Nothing,
            None => Here::Occurs(longest),
        }
    }

    fn add(&mut self, needle: Secret, any_case: bool, around: (usize, usize)) {
        let Ok(index) = u16::try_from(self.forms.len()) else { return }; // more fields than any app has
        let Some(&first) = needle.expose().first() else { return }; // expose: where to look for it
        self.by_first.resize_with(256, Vec::new);
        let mut begins = vec![first];
        begins.extend(any_case.then(|| first.to_ascii_uppercase()));
        begins.extend(written::ESCAPES);
        for byte in begins {
            let here = &mut self.by_first[usize::from(byte)];
            if here.last() != Some(&index) {
                here.push(index);
            }
        }
        self.forms.push(Form { needle, any_case, around });
    }

    /// The value inside a longer text in Base64: three forms in each of the two alphabets, as what stands before shifts it.
    fn add_base64(&mut self, value: &[u8]) {
        for alphabet in [&alphabet::STANDARD, &alphabet::URL_SAFE] {
            let engine = GeneralPurpose::new(alphabet, NO_PAD);
            for shift in 0..3 {
                let mut shifted = Zeroizing::new(vec![0; shift]);
                shifted.reserve_exact(value.len());
                shifted.extend_from_slice(value);
                let encoded = Zeroizing::new(engine.encode(&*shifted));
                // Characters that hold bits of nothing else.
                let (from, to) = ((8 * shift).div_ceil(6), 8 * shifted.len() / 6);
                let needle = Secret::passing(&encoded.as_bytes()[from..to]);
                let around = (usize::from(shift > 0), usize::from(to < encoded.len()));
                if !self.forms.iter().any(|form| form.needle == needle) {
                    self.add(needle, false, around);
                }
            }
        }
    }
}

impl Form {
    /// With the characters on both sides that have some of the credential's bits.
    fn with_neighbours(&self, text: &[u8], found: Range<usize>) -> Range<usize> {
        let (before, behind) = self.around;
        let is_digit = |at: usize| text.get(at).is_some_and(|byte| is_digit(*byte));
        let start = (0..before).fold(found.start, |at, _| if at > 0 && is_digit(at - 1) { at - 1 } else { at });
        let end = (0..behind).fold(found.end, |at, _| if is_digit(at) { at + 1 } else { at });
        start..end
    }
}

/// Whether Base64 is written with it, in either alphabet.
fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

fn hexadecimal(bytes: &[u8]) -> Secret {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).map_or(b'0', |c| c as u8);
    let mut digits = Vec::with_capacity(2 * bytes.len());
    for byte in bytes {
        digits.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    Secret::passing_from(digits)
}

#[cfg(test)]
mod tests;
