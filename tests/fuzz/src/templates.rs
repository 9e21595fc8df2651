//! Templates and JSON inside credentials: parts make up the whole, values come through as they are, and what has no value is
//! not sent.

use keylatch::ErrorKind;
use keylatch::fuzzing::{Named, filled, filled_path, json_string, json_text, template};
use serde_json::Value;

use crate::input::Input;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let text = input.text();
    let pointer = input.text();
    let values: Named = ["a", "key", "x.y-z"].iter().map(|name| ((*name).to_owned(), input.bytes().to_vec())).collect();
    templates(text, &values);
    values.iter().for_each(|(_, value)| json(value, pointer));
}

fn templates(text: &str, values: &Named) {
    let path = filled_path(text, values);
    let Ok(parts) = template(text) else {
        assert!(filled(text, values).is_err() && path.is_err());
        return;
    };
    let own: usize = parts.iter().filter(|(is_field, _)| !is_field).map(|(_, own)| own.len()).sum();
    let missing = parts.iter().any(|(is_field, name)| *is_field && values.iter().all(|(known, _)| known != name));
    match filled(text, values) {
        Ok(None) => assert!(missing),
        Ok(Some(whole)) => {
            assert!(!missing && whole.len() >= own);
            if parts.iter().all(|(is_field, _)| !is_field) {
                assert_eq!(whole, text.as_bytes());
            }
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidField),
    }
    if let Ok(path) = path {
        assert!(!missing);
        let fields = parts.iter().filter(|(is_field, _)| *is_field).count();
        let cuts = |text: &[u8]| text.iter().filter(|byte| b"/?#\\\n ".contains(byte)).count();
        let of_template: usize =
            parts.iter().filter(|(is_field, _)| !is_field).map(|(_, own)| cuts(own.as_bytes())).sum();
        assert_eq!(cuts(&path), of_template, "a value changes the shape of a path with {fields} fields");
    }
}

/// As another reader of JSON reads it.
fn json(value: &[u8], pointer: &str) {
    let found = json_text(value, pointer);
    let parsed: Option<Value> = serde_json::from_slice(value).ok();
    if let (Some(found), Some(parsed)) = (&found, &parsed) {
        let known = parsed.pointer(pointer).and_then(Value::as_str);
        assert_eq!(known.map(str::as_bytes), Some(found.as_slice()));
    }
    if let Ok(text) = std::str::from_utf8(value) {
        let written = json_string(text);
        assert_eq!(serde_json::from_slice::<String>(&written).ok().as_deref(), Some(text));
    }
}
