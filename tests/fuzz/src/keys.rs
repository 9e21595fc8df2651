//! Keys that users paste: no text makes reading or signing fail in another way than by saying so, and what is signed stands.

use keylatch::fuzzing::{aws_signed, jwt, nkey, ssh_key};
use serde_json::Value;
use url::Url;

use crate::input::Input;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 4 {
        0 => tokens(input),
        1 => seeds(input),
        2 => {
            let (passphrase, text) = (input.bytes(), input.text());
            let _ = ssh_key(text, Some(passphrase).filter(|p| !p.is_empty()));
        }
        _ => addresses(input),
    }
}

fn tokens(mut input: Input) {
    let algorithm = input.one_of(&["RS256", "ES256", "HS256"]);
    let form = input.one_of(&["plain", "hex", "base64"]);
    let (subject, key) = (input.text(), input.rest());
    let Some(token) = jwt(algorithm, form, subject.as_bytes(), key) else { return };
    let token = String::from_utf8(token).expect("a token is text");
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)));
    let claims: Value = serde_json::from_slice(&base64_url(parts[1])).expect("claims are JSON");
    assert_eq!(claims["sub"], subject);
    assert_eq!(claims.as_object().map(serde_json::Map::len), Some(3));
}

fn seeds(input: Input) {
    let text = String::from_utf8_lossy(input.rest());
    if let Some(public) = nkey(&text) {
        assert!(public.starts_with('U') && public.len() == 56);
    }
}

/// What is signed is what is sent: the address is as the signature saw it, and signing it again changes nothing.
fn addresses(mut input: Input) {
    let service = input.one_of(&["s3", "sqs"]);
    let (secret, path, body) = (input.bytes(), input.text(), input.bytes());
    let Ok(base) = Url::parse("https://aws.example") else { return };
    let Ok(url) = base.join(path) else { return };
    if url.scheme() != "https" {
        return;
    }
    let Some((signed, headers)) = aws_signed(service, url.as_str(), secret, body) else { return };
    assert_eq!(Url::parse(&signed).map(String::from).as_deref(), Ok(signed.as_str()), "sent otherwise than signed");
    assert!(headers.iter().any(|(name, _)| name == "authorization"));
    let again = aws_signed(service, &signed, secret, body).map(|(again, _)| again);
    assert_eq!(again.as_deref(), Some(signed.as_str()), "an address that does not settle");
    let origin = |text: &str| Url::parse(text).map(|url| url.origin());
    assert_eq!(origin(&signed), origin(url.as_str()));
}

fn base64_url(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter).expect("Base64");
        held = (held & 0xff) << 6 | u32::try_from(value).expect("6 bits");
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.extend(u8::try_from(held >> bits & 0xff));
        }
    }
    bytes
}
