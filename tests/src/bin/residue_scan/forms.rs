//! The forms in which a secret may lie in memory.

use std::fmt::Write as _;

use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// One form of one secret.
pub(crate) struct Needle {
    /// Which of the secrets that were asked for.
    pub(crate) canary: usize,
    pub(crate) form: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// The form whose short fragments count too: short pieces of the others occur by chance.
pub(crate) const RAW: &str = "raw";

/// All forms of a secret that differ from each other.
pub(crate) fn of(canary: usize, secret: &[u8]) -> Vec<Needle> {
    let mut needles: Vec<Needle> = Vec::new();
    let mut add = |form, bytes: Vec<u8>| {
        if needles.iter().all(|known| known.bytes != bytes) {
            needles.push(Needle { canary, form, bytes });
        }
    };
    add(RAW, secret.to_vec());
    add("UTF-16", secret.iter().flat_map(|&byte| [byte, 0]).collect());
    add("hex", hex(secret, |text, byte| write!(text, "{byte:02x}")));
    add("HEX", hex(secret, |text, byte| write!(text, "{byte:02X}")));
    add("JSON", json(secret));
    add("percent", percent(secret));
    for shift in 0..3 {
        // Whatever stands before it, as `user:` does in a Basic header, one of three alignments is the right one.
        add("base64", base64(&STANDARD, shift, secret));
        add("base64url", base64(&URL_SAFE, shift, secret));
    }
    needles
}

fn hex(secret: &[u8], digits: impl Fn(&mut String, u8) -> std::fmt::Result) -> Vec<u8> {
    let mut text = String::new();
    for &byte in secret {
        digits(&mut text, byte).expect("a String takes everything");
    }
    text.into_bytes()
}

fn json(secret: &[u8]) -> Vec<u8> {
    secret.iter().flat_map(|&byte| if b"\"\\".contains(&byte) { vec![b'\\', byte] } else { vec![byte] }).collect()
}

fn percent(secret: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    secret.iter().flat_map(|byte| if plain(byte) { vec![*byte] } else { format!("%{byte:02X}").into_bytes() }).collect()
}

/// The part of the Base64 text that does not depend on what stands before and behind the secret.
fn base64(alphabet: &impl base64::Engine, shift: usize, secret: &[u8]) -> Vec<u8> {
    let text = alphabet.encode([&[b'x'; 2][..shift], secret].concat());
    let (first, last) = ((shift * 8).div_ceil(6), (shift + secret.len()) * 8 / 6);
    text.as_bytes()[first..last].to_vec()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    fn form<'n>(needles: &'n [Needle], name: &str) -> Vec<&'n str> {
        let found = needles.iter().filter(|needle| needle.form == name);
        found.map(|needle| std::str::from_utf8(&needle.bytes).expect("text")).collect()
    }

    #[test]
    fn each_form_is_what_encoders_write() {
        let needles = of(0, br#"ab"\>"#);
        assert_eq!(form(&needles, "JSON"), [r#"ab\"\\>"#]);
        assert_eq!(form(&needles, "percent"), ["ab%22%5C%3E"]);
        assert_eq!(form(&needles, "hex"), ["6162225c3e"]);
        assert_eq!(form(&needles, "UTF-16"), ["a\0b\0\"\0\\\0>\0"]);
    }

    #[test]
    fn base64_is_found_behind_any_user() {
        let needles = of(0, b"a-secret-of-some-length");
        for user in ["", "u", "us", "use", "user"] {
            let header = STANDARD.encode(format!("{user}:a-secret-of-some-length!"));
            assert!(form(&needles, "base64").iter().any(|text| header.contains(text)), "{user}");
        }
    }
}
