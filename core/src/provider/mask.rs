//! Hides a credential that an answer echoes, before anyone parses or sees it.

use serde_json::Value;

use crate::io::Incoming;
use crate::scrub::Mask;

impl Mask {
    /// Overwrites every occurrence in the answer. Tells whether there was one.
    pub(crate) fn apply(&self, incoming: &mut Incoming) -> bool {
        let mut found = self.overwrite(&mut incoming.body);
        for (_, value) in &mut incoming.headers {
            let mut bytes = std::mem::take(value).into_bytes();
            found |= self.overwrite(&mut bytes);
            *value = String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
        }
        found
    }

    /// Overwrites every occurrence in parsed JSON, names included: an escape may have hidden one before.
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
}
