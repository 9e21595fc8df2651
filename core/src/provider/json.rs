//! JSON that holds secrets: one text read out of it, and texts written into it, without a copy that nobody wipes.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// What stands at a JSON pointer, as it is written.
pub(super) fn raw_at<'j>(json: &'j [u8], pointer: &str) -> Option<&'j str> {
    let mut found: &RawValue = serde_json::from_slice(json).ok()?;
    for key in pointer.strip_prefix('/')?.split('/') {
        let key = key.replace("~1", "/").replace("~0", "~");
        found = if found.get().starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(found.get()).ok()?;
            items.get(index(&key)?).copied()?
        } else {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(found.get()).ok()?;
            members.get(&key).copied()?
        };
    }
    Some(found.get())
}

/// The number of an item as JSON pointers write it: digits alone, without zeros before others.
fn index(key: &str) -> Option<usize> {
    let is_plain = key.bytes().all(|byte| byte.is_ascii_digit()) && (key == "0" || !key.starts_with('0'));
    key.parse().ok().filter(|_| is_plain)
}

/// The text at a JSON pointer, if there is one that is not empty.
pub(super) fn text_at(json: &[u8], pointer: &str) -> Option<Secret> {
    unescaped(raw_at(json, pointer)?).filter(|text| !text.is_empty())
}

/// A JSON string's content.
fn unescaped(raw: &str) -> Option<Secret> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut text: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(inner.len()));
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        text.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        let kind = *rest.as_bytes().first()?;
        rest = rest.get(1..)?; // a panic would show the text
        if kind == b'u' {
            let (letter, after) = escaped_letter(rest)?;
            text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            rest = after;
        } else {
            text.push(match kind {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'b' => 8,
                b'f' => 12,
                other => other,
            });
        }
    }
    text.extend_from_slice(rest.as_bytes());
    Some(Secret::passing(&text))
}

/// The letter of a `\u` escape, which may need a second one, and what follows it.
fn escaped_letter(text: &str) -> Option<(char, &str)> {
    let unit = |text: &str| u16::from_str_radix(text.get(..4)?, 16).ok();
    let first = unit(text)?;
    let rest = text.get(4..)?;
    let pair = [first, rest.strip_prefix("\\u").and_then(unit).unwrap_or_default()];
    let two = (0xd800..0xdc00).contains(&first);
    let letter = char::decode_utf16(pair).next()?.ok()?;
    Some((letter, if two { rest.get(6..)? } else { rest }))
}

/// An upper bound for the length of a text as a JSON string.
pub(super) fn longest(text: &[u8]) -> usize {
    6 * text.len() + 2
}

/// Writes a JSON string of this text, which is UTF-8.
pub(super) fn string(text: &[u8], into: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    into.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => into.extend_from_slice(&[b'\\', *byte]),
            0..0x20 => {
                into.extend_from_slice(b"\\u00");
                into.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            }
            _ => into.push(*byte),
        }
    }
    into.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, pointer: &str) -> Option<String> {
        text_at(json.as_bytes(), pointer).map(|s| String::from_utf8(s.expose().to_vec()).unwrap())
    }

    #[test]
    fn a_text_is_found_and_unescaped() {
        let json =
            r#" {"a": {"b/c": ["x", "l1\nl2\t\"\\\/ \u00e4\ud83d\ude00!"]}, "n": 7, "e": "", "bad": "\ud83d x"} "#;
        assert_eq!(read(json, "/a/b~1c/1").as_deref(), Some("l1\nl2\t\"\\/ ä😀!"));
        for nothing in ["/n", "/e", "/bad", "/a", "/a/b", "/a/b~1c/2", "/a/b~1c/00", "/a/b~1c/+1", "a"] {
            assert_eq!(read(json, nothing), None, "{nothing}");
        }
        assert_eq!(raw_at(json.as_bytes(), "/n"), Some("7"));
        assert_eq!(read("{\"a\": \"cut", "/a"), None);
    }

    #[test]
    fn a_written_string_reads_as_what_it_was() {
        for text in ["", "plain", "a\"b\\c\u{1}\n ü😀"] {
            let mut json = Vec::new();
            string(text.as_bytes(), &mut json);
            assert!(json.len() <= longest(text.as_bytes()));
            assert_eq!(serde_json::from_slice::<String>(&json).unwrap(), text);
        }
    }
}
