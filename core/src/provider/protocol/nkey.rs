//! NATS's keys: the text of a seed becomes a pair of Ed25519 keys, which signs what a server wants signed.
//!
//! <https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth>

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What the encoded bytes begin with: a seed, and of which kind; five bits each, at the heads of two bytes.
const SEED: u8 = 18 << 3;
const USER: u8 = 20 << 3;

/// A user's seed: two bytes of kind, the private key and a checksum.
pub(crate) struct Seed {
    key: Ed25519KeyPair,
    public: String,
}

impl Seed {
    /// None where the text is not the seed of a user, or was misspelled.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let raw = decode(text)?;
        let (body, checksum) = raw.split_last_chunk::<2>()?;
        let (kind, seed) = body.split_first_chunk::<2>()?;
        if crc16(body) != u16::from_le_bytes(*checksum) || *kind != [SEED | USER >> 5, USER << 3] {
            return None;
        }
        let key = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let mut public = vec![USER];
        public.extend_from_slice(key.public_key().as_ref());
        let checksum = crc16(&public);
        public.extend_from_slice(&checksum.to_le_bytes());
        Some(Self { key, public: encode(&public) })
    }

    /// The public key as NATS writes it.
    pub(crate) fn public(&self) -> &str {
        &self.public
    }

    /// The signature of a server's nonce.
    pub(super) fn sign(&self, nonce: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.key.sign(nonce))
    }
}

/// Base32 (RFC 4648) without padding.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity((bytes.len() * 8).div_ceil(5));
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

fn letter(value: u32) -> char {
    let index = usize::try_from(value & 31).unwrap_or_default();
    char::from(ALPHABET.get(index).copied().unwrap_or_default())
}

fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 5 / 8));
    let (mut held, mut bits) = (0_u32, 0);
    for character in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == character)?;
        held = (held & 0xff) << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, byte| {
        let mixed = sum ^ u16::from(*byte) << 8;
        (0..8).fold(mixed, |sum, _| if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x1021 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of the first test of RFC 8032, section 7.1, put into NATS's form by Python's base64.
    const SEED: &str = "SUAJ2YNRTXX72WTAXKCEV5ES5QWMIRCJYVUXWMTJDFYDXLADDSXH6YALCA";
    const PUBLIC: &str = "UDLVVGABQKYQVN6VJP7NHSLEA45A5YLS6PNKMIZFV4BBU2HXA5IRUVAL";
    const OF_NOTHING: &str = "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc-bRr0lv18FlbviRlUUFDjnoQCw";

    #[test]
    fn the_keys_of_the_rfc_come_out_as_printed_there() {
        let seed = Seed::parse(SEED).unwrap();
        assert_eq!(seed.public(), PUBLIC);
        assert_eq!(seed.sign(b""), OF_NOTHING);
    }

    #[test]
    fn what_is_not_the_seed_of_a_user_is_told() {
        let account = encode(&{
            let mut raw = decode(SEED).unwrap().to_vec();
            raw[..2].copy_from_slice(&[18 << 3, 0]); // the prefix of an account
            let sum = crc16(&raw[..34]).to_le_bytes();
            raw[34..].copy_from_slice(&sum);
            raw
        });
        let swapped = SEED.replace("YN", "NY");
        for text in ["", "S", "SU", PUBLIC, &SEED[..57], &SEED.to_lowercase(), "seed with spaces", &account, &swapped] {
            assert!(Seed::parse(text).is_none(), "{text}");
        }
    }
}
