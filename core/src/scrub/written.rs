//! Characters as encodings write them: percent and form encoding, JSON, HTML. So that one needle finds all their mixtures.

/// What escapes begin with.
pub(super) const ESCAPES: [u8; 4] = *b"%+\\&";

/// The ways to write a character: one encoding alone, or whatever fits. Each alone is unambiguous; all together they are
/// not, as where a credential has `%25` in it.
const WAYS: [&[u8]; 5] = [b"", b"%+", b"\\", b"&", &ESCAPES];

/// How much stands between `&` and the end of `;` at most.
const LONGEST_NAME: usize = 9;

/// Whether a needle stands at the beginning of a text.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Match {
    /// It does, up to here.
    To(usize),
    /// It does not.
    Not,
    /// The text ends before that can be told.
    Unsettled,
}

/// Whether the needle stands at the beginning of the text, written plainly or with escapes.
pub(super) fn matched(text: &[u8], needle: &[u8], any_case: bool) -> Match {
    // Nearly all other text differs in its second character, whichever way the needle is written.
    if let ([first, second, ..], Some(wanted)) = (text, needle.get(1)) {
        let plain = !ESCAPES.contains(first) && !ESCAPES.contains(second);
        if plain && !second.eq_ignore_ascii_case(wanted) {
            return Match::Not;
        }
    }
    let mut result = Match::Not;
    for escapes in WAYS {
        match matched_with(escapes, text, needle, any_case) {
            Match::To(end) => return Match::To(end),
            Match::Unsettled => result = Match::Unsettled,
            Match::Not => {}
        }
    }
    result
}

fn matched_with(escapes: &[u8], text: &[u8], needle: &[u8], any_case: bool) -> Match {
    let (mut at, mut done) = (0, 0);
    while done < needle.len() {
        let mut utf8 = [0; 4];
        let Some(&first) = text.get(at) else { return Match::Unsettled };
        let wanted = needle[done];
        let escaped = if escapes.contains(&first) { escape(&text[at..], &mut utf8) } else { None };
        let (bytes, length) = match escaped {
            Some((bytes, length)) if needle[done..].starts_with(bytes) => (bytes.len(), length),
            None if escapes.contains(&first) && is_cut(&text[at..]) => return Match::Unsettled,
            _ if first == wanted || any_case && first.eq_ignore_ascii_case(&wanted) => (1, 1),
            _ => return Match::Not,
        };
        done += bytes;
        at += length;
    }
    Match::To(at)
}

/// Whether the text ends within what may be an escape.
fn is_cut(text: &[u8]) -> bool {
    let is_hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    match text {
        [b'%', rest @ ..] => rest.len() < 2 && is_hex(rest),
        [b'\\'] => true,
        [b'\\', b'u', rest @ ..] => {
            let (high, low) = rest.split_at(rest.len().min(4));
            // A high surrogate stands for nothing without the other half.
            let is_half = || matches!(number(high, 16), Some(0xd800..=0xdbff));
            is_hex(high)
                && (high.len() < 4 || is_half() && b"\\u".starts_with(&low[..low.len().min(2)]) && low.len() < 6)
        }
        [b'&', rest @ ..] => rest.len() < LONGEST_NAME && rest.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'#'),
        _ => false,
    }
}

/// What the escape at the beginning stands for, and its length.
fn escape<'u>(text: &[u8], utf8: &'u mut [u8; 4]) -> Option<(&'u [u8], usize)> {
    let (&first, rest) = text.split_first()?;
    match first {
        b'%' => {
            utf8[0] = u8::try_from(number(rest.get(..2)?, 16)?).ok()?;
            Some((&utf8[..1], 3))
        }
        b'+' => Some((b" ", 1)),
        b'\\' => json(rest, utf8),
        b'&' => html(rest, utf8),
        _ => None,
    }
}

fn json<'u>(rest: &[u8], utf8: &'u mut [u8; 4]) -> Option<(&'u [u8], usize)> {
    let &named = rest.first()?;
    let meaning = match named {
        b'u' => {
            let unit = |at: usize| number(rest.get(at..at + 4)?, 16);
            let high = unit(1)?;
            // Two of them stand for what is beyond the basic plane.
            if let (0xd800..=0xdbff, Some(b"\\u")) = (high, rest.get(5..7)) {
                let code = 0x10000 + ((high & 0x3ff) << 10) + (unit(7)? & 0x3ff);
                return Some((char::from_u32(code)?.encode_utf8(utf8).as_bytes(), 12));
            }
            return Some((char::from_u32(high)?.encode_utf8(utf8).as_bytes(), 6));
        }
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'f' => 12,
        b'"' | b'\\' | b'/' | b'\'' => named,
        _ => return None,
    };
    utf8[0] = meaning;
    Some((&utf8[..1], 2))
}

fn html<'u>(rest: &[u8], utf8: &'u mut [u8; 4]) -> Option<(&'u [u8], usize)> {
    let end = rest.iter().take(LONGEST_NAME).position(|b| *b == b';')?;
    let name = &rest[..end];
    let code = match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    Some((code.encode_utf8(utf8).as_bytes(), end + 2))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() || digits.len() > 7 {
        return None;
    }
    digits.iter().try_fold(0, |sum, digit| Some(sum * radix + char::from(*digit).to_digit(radix)?))
}
