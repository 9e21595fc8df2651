//! Signs JSON Web Tokens with a user's key.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::fill::fill;
use super::inject::broken_entry;
use super::json;
use crate::catalog::{Algorithm, JwtDef, KeyForm, Text, template};
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::input::Values;
use crate::secret::Secret;

/// Clocks differ: a token that were valid from this second on would be refused by an app whose clock is behind.
const BACKDATED: i64 = 30;

/// A token with these values, valid from now on.
pub(super) fn sign(jwt: &JwtDef, values: &Values) -> Result<Secret> {
    let issued = jiff::Timestamp::now().as_second() - BACKDATED;
    sign_at(jwt, values, issued)
}

fn sign_at(jwt: &JwtDef, values: &Values, issued: i64) -> Result<Secret> {
    let alg = match jwt.alg {
        Algorithm::Rs256 => "RS256",
        Algorithm::Es256 => "ES256",
        Algorithm::Hs256 => "HS256",
    };
    let header = object(&format!(r#""alg":"{alg}","typ":"JWT""#), &jwt.header, values)?;
    let times = format!(r#""iat":{issued},"exp":{}"#, issued + i64::from(jwt.lifetime));
    let claims = object(&times, &jwt.claims, values)?;
    let key = fill(&jwt.key, values)?.ok_or_else(broken_entry)?;
    let size = header.len().div_ceil(3) * 4 + claims.len().div_ceil(3) * 4 + 1 + LONGEST_SIGNATURE;
    let mut token: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(size));
    append(&header, &mut token);
    token.push(b'.');
    append(&claims, &mut token);
    let signature = signature(jwt, &key, &token).ok_or_else(|| unfit(jwt))?;
    token.push(b'.');
    append(&signature, &mut token);
    Ok(Secret::passing(&token))
}

/// In Base64, of an RSA key of 8192 bits, with the dot before it.
const LONGEST_SIGNATURE: usize = 1367;

fn append(part: &[u8], token: &mut Vec<u8>) {
    let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(part));
    token.extend_from_slice(encoded.as_bytes());
}

/// A JSON object of ready members and texts; those without their optional field are left out.
fn object(ready: &str, texts: &[(Text, Text)], values: &Values) -> Result<Zeroizing<Vec<u8>>> {
    let mut filled = Vec::with_capacity(texts.len());
    for (name, value) in texts {
        if let Some(value) = fill(value, values)? {
            filled.push((name, value));
        }
    }
    let size = |name: &str, value: &Secret| json::longest(name.as_bytes()) + json::longest(value.expose()) + 2; // expose: its length
    let sizes = filled.iter().map(|(name, value)| size(name, value)).sum::<usize>();
    let mut object = Zeroizing::new(Vec::with_capacity(ready.len() + "{}".len() + sizes));
    object.push(b'{');
    object.extend_from_slice(ready.as_bytes());
    for (name, value) in &filled {
        object.push(b',');
        json::string(name.as_bytes(), &mut object);
        object.push(b':');
        json::string(value.expose(), &mut object); // expose: into the token
    }
    object.push(b'}');
    Ok(object)
}

/// `None` where the key is none for this algorithm.
fn signature(jwt: &JwtDef, key: &Secret, signed: &[u8]) -> Option<Vec<u8>> {
    let key = key.expose(); // expose: to sign
    match jwt.alg {
        Algorithm::Rs256 => {
            let pair = rsa(key)?;
            let mut signature = vec![0; pair.public().modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed, &mut signature).ok()?;
            Some(signature)
        }
        Algorithm::Es256 => {
            let (label, der) = pem(key)?;
            let random = SystemRandom::new();
            let pair = (label == "PRIVATE KEY")
                .then(|| EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random).ok())??;
            Some(pair.sign(&random, signed).ok()?.as_ref().to_vec())
        }
        Algorithm::Hs256 => {
            let key = match jwt.key_form {
                KeyForm::Plain => Zeroizing::new(key.to_vec()),
                KeyForm::Hex => hex(key)?,
                KeyForm::Base64 => Zeroizing::new(STANDARD.decode(key).ok()?),
            };
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
            mac.update(signed);
            Some(mac.finalize().into_bytes().to_vec())
        }
    }
}

fn rsa(pem_text: &[u8]) -> Option<RsaKeyPair> {
    let (label, der) = pem(pem_text)?;
    match label {
        "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der).ok(),
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der).ok(),
        _ => None,
    }
}

/// The label and content of the first block of a PEM text. Line breaks may be written as `\n`, as they are where somebody
/// took the key out of a JSON file.
fn pem(text: &[u8]) -> Option<(&str, Zeroizing<Vec<u8>>)> {
    let text = std::str::from_utf8(text).ok()?;
    let (label, rest) = text.split_once("-----BEGIN ")?.1.split_once("-----")?;
    let (content, _) = rest.split_once("-----END ")?;
    let mut bare: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(content.len()));
    let mut letters = content.bytes();
    while let Some(letter) = letters.next() {
        match letter {
            b'\\' => {
                letters.next();
            }
            _ if letter.is_ascii_whitespace() => {}
            _ => bare.push(letter),
        }
    }
    let mut der = Zeroizing::new(vec![0; bare.len()]);
    let length = STANDARD.decode_slice(&*bare, &mut der).ok()?;
    der.truncate(length);
    Some((label, der))
}

fn hex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(digit(*high)? << 4 | digit(*low)?);
    }
    Some(bytes)
}

/// The fingerprint of the public half of an RSA key: the hash of its SubjectPublicKeyInfo.
pub(super) fn fingerprint(pem_text: &[u8]) -> Option<Secret> {
    // SEQUENCE { rsaEncryption, NULL }
    const ALGORITHM: [u8; 15] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let pair = rsa(pem_text)?;
    let public = pair.public_key().as_ref();
    let bits = der(3, &[&[0], public].concat());
    let info = der(0x30, &[&ALGORITHM[..], &bits].concat());
    Some(Secret::passing_from(format!("SHA256:{}", STANDARD.encode(Sha256::digest(info)))))
}

/// A value with its tag and length, as DER writes them.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let used = &length[length.iter().take_while(|b| **b == 0).count()..];
    let mut written = vec![tag];
    if value.len() >= 128 {
        written.push(0x80 | u8::try_from(used.len()).unwrap_or_default());
    }
    written.extend_from_slice(used);
    written.extend_from_slice(value);
    written
}

/// What is wrong with a key that is none of RSA.
pub(super) fn not_rsa(name: &str) -> String {
    format!("`{name}` must hold an RSA private key in PEM of 2048 bits or more, without a passphrase")
}

fn unfit(jwt: &JwtDef) -> Error {
    let name = template::names(&jwt.key).first().copied().unwrap_or_default();
    let message = match (jwt.alg, jwt.key_form) {
        (Algorithm::Rs256, _) => not_rsa(name),
        (Algorithm::Es256, _) => {
            format!("`{name}` must hold a P-256 private key in PEM (PKCS#8), without a passphrase")
        }
        (Algorithm::Hs256, KeyForm::Base64) => format!("`{name}` must hold a key in Base64"),
        (Algorithm::Hs256, _) => format!("`{name}` must hold a key in hexadecimal digits"),
    };
    let problem = Problem { field: name.to_owned(), code: ErrorKind::InvalidField, message };
    Error::of_problems(vec![problem], Vec::new()).expect("one problem")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pem_block_is_read_however_its_lines_are_broken() {
        for text in [
            "-----BEGIN KEY-----\nAAEC\nAwQ=\n-----END KEY-----\n",
            "x -----BEGIN KEY-----\\nAAEC\\r\\nAwQ=\\n-----END KEY-----",
        ] {
            let (label, der) = pem(text.as_bytes()).unwrap();
            assert_eq!((label, der.as_slice()), ("KEY", &[0, 1, 2, 3, 4][..]));
        }
        for broken in ["", "-----BEGIN KEY-----AAEC", "-----BEGIN KEY-----A-----END KEY-----", "AAEC"] {
            assert!(pem(broken.as_bytes()).is_none(), "{broken}");
        }
    }

    #[test]
    fn hexadecimal_digits_are_read_in_pairs() {
        assert_eq!(hex(b"00fFa5").unwrap().as_slice(), [0, 0xff, 0xa5]);
        assert!(hex(b"0").is_none() && hex(b"zz").is_none());
    }

    #[test]
    fn lengths_are_written_as_der_wants_them() {
        assert_eq!(der(4, &[7]), [4, 1, 7]);
        assert_eq!(der(4, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(der(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }
}
