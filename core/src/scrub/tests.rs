//! Every form in which a credential comes back is found, in any mixture, and ordinary text is left alone.

use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

use super::*;

/// With something that every encoding writes in its own way.
const SECRET: &str = "sk pa\"ss/w\\rd+1&<é>'%25";

fn mask(secret: &str) -> Mask {
    let mut mask = Mask::default();
    mask.hide(&Secret::new(secret.as_bytes()));
    mask
}

fn json_ascii(text: &str) -> String {
    let unit = |unit: u16| {
        if unit < 128 { char::from_u32(unit.into()).unwrap().to_string() } else { format!("\\u{unit:04x}") }
    };
    serde_json::to_string(text).unwrap().trim_matches('"').encode_utf16().map(unit).collect()
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#x27;").replace('é', "&#233;")
}

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_credential_is_found_in_every_form() {
    let json = serde_json::to_string(SECRET).unwrap();
    let json = json.trim_matches('"');
    let form: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    for written in [
        SECRET.to_owned(),
        json.to_owned(),
        json.replace('/', "\\/"),
        json.replace('&', "\\u0026").replace('<', "\\u003c"),
        json_ascii(SECRET),
        percent(SECRET),
        percent(SECRET).to_lowercase(),
        percent(SECRET).replace("%2F", "/"),
        form.clone(),
        form.to_lowercase(),
        html(SECRET),
        html(SECRET).replace("&quot;", "&#34;").replace("&#x27;", "&apos;"),
        hex(SECRET),
        hex(SECRET).to_uppercase(),
        STANDARD.encode(SECRET),
        URL_SAFE.encode(SECRET),
        STANDARD.encode(SECRET).replace('/', "\\/"),
        percent(&STANDARD.encode(SECRET)),
        STANDARD.encode(utf16(SECRET)),
    ] {
        let hidden = mask(SECRET).hidden(&format!("before {written} behind"));
        let middle = hidden.strip_prefix("before ").and_then(|t| t.strip_suffix(" behind")).unwrap();
        assert!(middle.bytes().all(|b| b == b'*' || b == b'='), "{written}: {hidden}");
    }
}

#[test]
fn what_belongs_to_no_credential_stays() {
    let text = r#"{"ok":true,"next":"/v1?a=1+2&amp;b=%20","sk":"pa\"ss","é":"\u00e9"} c2sgcGEi"#;
    assert_eq!(mask(SECRET).hidden(text), text);
    assert_eq!(mask("short").hidden("short"), "short");
}

#[test]
fn a_text_of_others_is_one_short_line() {
    let told = mask("sk_test_123").scrub(&format!(" no:\n`sk_test_123`\t{}", "x".repeat(500)));
    assert_eq!(&told[..19], "no: `***********` x");
    assert_eq!(told.len(), 399);
}

#[test]
fn a_line_break_in_the_place_of_a_space_makes_no_echo() {
    assert_eq!(&*mask("correct horse").scrub("no: correct\nhorse"), "no: *************");
}

#[test]
fn the_longest_of_two_is_hidden() {
    let mut mask = mask("sk_test_123");
    mask.hide(&Secret::new(b"sk_test_123456"));
    assert_eq!(mask.hidden("a sk_test_123456 b sk_test_123"), "a ************** b ***********");
}

#[test]
fn a_credential_in_pieces_is_hidden_wherever_it_is_cut() {
    let forms = [
        SECRET.to_owned(),
        json_ascii(SECRET),
        percent(SECRET),
        html(SECRET),
        hex(SECRET),
        STANDARD.encode(format!("user:{SECRET}!")),
        STANDARD.encode(utf16(SECRET)),
        "sk pa\"s".to_owned(),
    ];
    let text = format!("{{\"a\": \"{}\"}}\n", forms.join("\\n&amp;%20"));
    let whole = mask(SECRET).hidden(&text);
    assert!(whole.matches("**").count() > 100 && whole.contains("sk pa"));
    for size in 1..text.len() {
        assert_eq!(in_pieces(&mask(SECRET), text.as_bytes(), size), whole.as_bytes(), "{size}");
    }
}

#[test]
fn what_begins_no_credential_does_not_wait() {
    let mut pieces = PieceMask::new(mask("sk_test_123"));
    for (piece, shown) in [
        ("data: {\"text\": \"a & b\\n\"}\n\n", "data: {\"text\": \"a & b\\n\"}\n\n"),
        ("data: sk_te", "data: "),
        ("\n\n", "sk_te\n\n"),
        ("50%", "5"),
        (" off\n", "0% off\n"),
        ("sk_test_123", "***********"),
    ] {
        assert_eq!(pieces.push(piece.as_bytes()), shown.as_bytes(), "{piece}");
    }
    assert!(pieces.finish().is_empty());
    assert_eq!(PieceMask::new(Mask::default()).push(b"all"), b"all");
}

fn in_pieces(mask: &Mask, text: &[u8], size: usize) -> Vec<u8> {
    let mut pieces = PieceMask::new(mask.duplicate());
    let mut shown: Vec<u8> = text.chunks(size).flat_map(|piece| pieces.push(piece)).collect();
    shown.extend(pieces.finish());
    shown
}

proptest! {
    /// Base64 of a longer text, such as `user:password`, keeps no character that has bits of the credential.
    #[test]
    fn base64_of_a_pair_is_hidden(before in "[a-z:]{0,9}", secret in "[!-~]{6,40}", behind in "[a-z:]{0,9}") {
        let pair = format!("{before}{secret}{behind}");
        for encoded in [STANDARD.encode(&pair), URL_SAFE.encode(&pair), STANDARD.encode(utf16(&pair))] {
            let width = if encoded == STANDARD.encode(utf16(&pair)) { 2 } else { 1 };
            let hidden = mask(&secret).hidden(&encoded);
            let (from, to) = (8 * width * before.len() / 6, (8 * width * (before.len() + secret.len())).div_ceil(6));
            prop_assert_eq!(&hidden[..from], &encoded[..from]);
            prop_assert!(hidden[from..to].bytes().all(|b| b == b'*'), "{} of {}", hidden, encoded);
            prop_assert_eq!(&hidden[to..], &encoded[to..]);
        }
    }

    /// Pieces of any text are searched as the whole is.
    #[test]
    fn pieces_are_searched_as_the_whole(
        words in proptest::collection::vec(0..9_usize, 0..30), secret in "[%&+\\\\a-z0-9]{6,9}", size in 1..40_usize,
    ) {
        let (encoded, escaped) = (STANDARD.encode(format!("{secret}:x")), percent(&secret));
        let words: Vec<&[u8]> = words.into_iter().map(|word| match word {
            0 => secret.as_bytes(),
            1 => encoded.as_bytes(),
            2 => escaped.as_bytes(),
            3 => &secret.as_bytes()[..3],
            4 => b"&#x",
            5 => b"\\ud83d",
            6 => b"%2",
            7 => b"\xff\\u00",
            _ => b"a",
        }).collect();
        let mut whole = words.concat();
        let shown = in_pieces(&mask(&secret), &whole, size);
        mask(&secret).overwrite(&mut whole);
        prop_assert_eq!(shown, whole);
    }

    /// Whatever the text, searching neither panics nor changes its length.
    #[test]
    fn any_text_can_be_searched(text in proptest::collection::vec(any::<u8>(), 0..200), secret in "[%&+\\\\a-z0-9]{6,9}") {
        let mut searched = text.clone();
        mask(&secret).overwrite(&mut searched);
        prop_assert_eq!(searched.len(), text.len());
    }
}
