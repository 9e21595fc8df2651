//! Masks: afterwards no form of the secret is left, lengths stay, and nothing else has changed.

use keylatch::fuzzing::Hider;
use serde_json::Value;

use crate::input::Input;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (secret, second) = (input.bytes(), input.bytes());
    let header = input.text().to_owned();
    let body = input.rest().to_vec();
    let hider = Hider::new(&[secret, second]);
    let mut needles = forms(secret);
    needles.extend(forms(second));

    let (mut headers, mut shown) = (vec![("x-echo".to_owned(), header.clone())], body.clone());
    let found = hider.apply(&mut headers, &mut shown);
    assert_eq!(shown.len(), body.len());
    let changed: Vec<usize> = (0..body.len()).filter(|at| shown[*at] != body[*at]).collect();
    assert!(changed.iter().all(|at| shown[*at] == b'*'));
    assert!(!changed.is_empty() || headers[0].1 != header || !found || needles.iter().any(|n| is_stars(n)));
    for needle in needles.iter().filter(|needle| !is_stars(needle)) {
        assert!(!holds(&shown, needle) && !holds(headers[0].1.as_bytes(), needle), "an echo is left");
    }

    if let Ok(text) = std::str::from_utf8(&body) {
        let scrubbed = hider.scrub(text);
        assert!(scrubbed.chars().count() <= 400 && !scrubbed.contains(char::is_control));
        needles.iter().filter(|n| !is_stars(n)).for_each(|n| assert!(!holds(scrubbed.as_bytes(), n), "a text tells"));
    }
    if let Ok(mut json) = serde_json::from_slice::<Value>(&body) {
        hider.apply_json(&mut json);
        each_text(&json, &mut |text| {
            needles.iter().filter(|n| !is_stars(n)).for_each(|n| assert!(!holds(text.as_bytes(), n), "JSON tells"));
        });
    }
}

/// As it is, and as URLs, forms and JSON write it.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    if secret.len() < 6 {
        return Vec::new(); // too short to be one
    }
    let mut all = vec![secret.to_vec(), url::form_urlencoded::byte_serialize(secret).collect::<String>().into_bytes()];
    if let Ok(text) = std::str::from_utf8(secret) {
        let json = serde_json::to_string(text).expect("a text is JSON");
        all.push(json.as_bytes()[1..json.len() - 1].to_vec());
    }
    all
}

fn holds(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

/// Such a secret cannot be told from what hides it.
fn is_stars(needle: &[u8]) -> bool {
    needle.contains(&b'*')
}

fn each_text(json: &Value, see: &mut impl FnMut(&str)) {
    match json {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, see)),
        Value::Object(map) => map.iter().for_each(|(name, item)| {
            see(name);
            each_text(item, see);
        }),
        _ => {}
    }
}
