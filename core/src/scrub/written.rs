//! Characters as encodings write them: percent and form encoding, JSON, HTML. So that one needle finds all their mixtures.

/// What escapes begin with.
pub(super) const ESCAPES: [u8; 4] = *b"%+\\&";

/// The ways to write a character: one encoding alone, or whatever fits. Each alone is unambiguous; all together they are
/// not, as where a credential has `%25` in it.
const WAYS: [&[u8]; 5] = [b"", b"%+", b"\\", b"&", &ESCAPES];

/// How far the needle stands at the beginning of the text, written plainly or with escapes; `None` where it does not.
pub(super) fn matched(text: &[u8], needle: &[u8], any_case: bool) -> Option<usize> {
    let (first, second) = (text.first()?, text.get(1)?);
    // Nearly all other text differs in its second character, whichever way the needle is written.
    let differs = needle.get(1).is_some_and(|wanted| !second.eq_ignore_ascii_case(wanted));
    if differs && !ESCAPES.contains(first) && !ESCAPES.contains(second) {
        return None;
    }
    WAYS.iter().find_map(|escapes| matched_with(escapes, text, needle, any_case))
}

fn matched_with(escapes: &[u8], text: &[u8], needle: &[u8], any_case: bool) -> Option<usize> {
    let (mut at, mut done) = (0, 0);
    while done < needle.len() {
        let mut utf8 = [0; 4];
        let (first, wanted) = (*text.get(at)?, needle[done]);
        let escaped = if escapes.contains(&first) { escape(&text[at..], &mut utf8) } else { None };
        let (bytes, length) = match escaped {
            Some((bytes, length)) if needle[done..].starts_with(bytes) => (bytes.len(), length),
            _ if first == wanted || any_case && first.eq_ignore_ascii_case(&wanted) => (1, 1),
            _ => return None,
        };
        done += bytes;
        at += length;
    }
    Some(at)
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
    let end = rest.iter().take(9).position(|b| *b == b';')?;
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
