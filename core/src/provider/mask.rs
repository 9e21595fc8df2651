//! Hides a credential that an answer echoes, before anyone parses or sees it.

use base64::Engine as _;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::io::Incoming;
use crate::secret::Secret;

/// Shorter values would blot out ordinary text, and are no secrets.
const SHORTEST: usize = 6;

/// The forms in which a credential might come back.
#[derive(Default)]
pub(crate) struct Mask(Vec<Secret>);

impl Mask {
    /// Hides this value, as it is and as JSON, percent-encoding and Base64 write it.
    pub(crate) fn hide(&mut self, value: &Secret) {
        if value.len() < SHORTEST {
            return;
        }
        let bytes = value.expose(); // expose: the needle
        let mut percent = Vec::with_capacity(3 * bytes.len());
        super::fill::percent_encode(bytes, &mut percent);
        let mut form = Vec::with_capacity(3 * bytes.len());
        url::form_urlencoded::byte_serialize(bytes).for_each(|piece| form.extend_from_slice(piece.as_bytes()));
        let mut json = Zeroizing::new(Vec::with_capacity(super::json::longest(bytes)));
        super::json::string(bytes, &mut json);
        let base64 = base64::engine::general_purpose::STANDARD.encode(bytes);
        let forms = [
            value.lent(),
            Secret::passing_from(percent),
            Secret::passing_from(form),
            Secret::passing(&json[1..json.len() - 1]),
            Secret::passing_from(base64),
        ];
        for form in forms {
            if !self.0.contains(&form) {
                self.0.push(form);
            }
        }
    }

    /// Overwrites every occurrence with `*`; the lengths stay. Tells whether there was one.
    pub(crate) fn apply(&self, incoming: &mut Incoming) -> bool {
        let mut found = false;
        for form in &self.0 {
            let needle = form.expose(); // expose: compared and overwritten
            found |= overwrite(&mut incoming.body, needle);
            for (_, value) in &mut incoming.headers {
                if value.as_bytes().windows(needle.len()).any(|w| w == needle) {
                    let mut bytes = std::mem::take(value).into_bytes();
                    found |= overwrite(&mut bytes, needle);
                    *value = String::from_utf8_lossy(&bytes).into_owned();
                }
            }
        }
        found
    }
}

/// How much of a text of others is passed on.
const LONGEST_TEXT: usize = 400;

impl Mask {
    /// A second copy.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.iter().map(Secret::lent).collect())
    }

    /// A text of the provider's or server's that may be shown: every occurrence overwritten, on one line, not long.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let text = self.hidden(text);
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_TEXT).collect();
        text.trim().to_owned()
    }

    /// Overwrites every occurrence in parsed JSON, names included: an escape such as `\/` may have hidden one before.
    pub(crate) fn apply_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.hidden(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.apply_json(item)),
            Value::Object(map) => {
                for (name, mut item) in std::mem::take(map) {
                    self.apply_json(&mut item);
                    map.insert(self.hidden(&name), item);
                }
            }
            _ => {}
        }
    }

    fn hidden(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for form in &self.0 {
            overwrite(&mut bytes, form.expose()); // expose: compared and overwritten
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn overwrite(haystack: &mut [u8], needle: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = haystack[from..].windows(needle.len()).position(|w| w == needle) {
        let start = from + at;
        haystack[start..start + needle.len()].fill(b'*');
        from = start + needle.len();
    }
    from > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_form_of_an_echo_is_hidden() {
        let secret = Secret::new(b"pa\"ss/w\\rd+1");
        let mut mask = Mask::default();
        mask.hide(&secret);
        let mut incoming = Incoming {
            status: 200,
            headers: vec![("x-echo".into(), "pa\"ss/w\\rd+1".into())],
            body: br#"raw pa"ss/w\rd+1 json pa\"ss/w\\rd+1 url pa%22ss%2Fw%5Crd%2B1 b64 cGEic3Mvd1xyZCsx end"#.to_vec(),
        };
        assert!(mask.apply(&mut incoming));
        let body = String::from_utf8(incoming.body).unwrap();
        assert_eq!(
            body.split(' ').filter(|word| !word.starts_with('*')).collect::<Vec<_>>(),
            ["raw", "json", "url", "b64", "end"]
        );
        assert_eq!(incoming.headers[0].1, "*".repeat(12));
    }
}
