//! SCRAM (RFC 5802, RFC 7677): proves a password to a server without sending it. Shared by PostgreSQL, MongoDB and Kafka.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac, pbkdf2};
use zeroize::Zeroizing;

use crate::io::Fault;

/// More rounds than any server asks for; one that wants us busy for minutes is none.
const MOST_ROUNDS: u32 = 10_000_000;

/// Which hash.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    fn pbkdf2(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

/// One exchange, from the first message to the server's proof.
pub(super) struct Scram {
    hash: Hash,
    nonce: String,
    first_bare: String,
    /// What the server must sign; known after [`Scram::prove`].
    expected: Option<Vec<u8>>,
}

impl Scram {
    /// `username` stays empty where the protocol names the user elsewhere.
    pub(super) fn new(hash: Hash, username: &str) -> Result<Self, Fault> {
        let mut random = [0; 18];
        getrandom::fill(&mut random).map_err(|_| Fault::Unreachable("this system gives no randomness"))?;
        Ok(Self::with_nonce(hash, username, STANDARD.encode(random)))
    }

    fn with_nonce(hash: Hash, username: &str, nonce: String) -> Self {
        let name = username.replace('=', "=3D").replace(',', "=2C");
        let first_bare = format!("n={name},r={nonce}");
        Self { hash, nonce, first_bare, expected: None }
    }

    /// The client's first message.
    pub(super) fn first(&self) -> String {
        format!("n,,{}", self.first_bare)
    }

    /// The client's final message, which answers the server's first.
    pub(super) fn prove(&mut self, server_first: &[u8], password: &[u8]) -> Result<Zeroizing<String>, Fault> {
        let server_first = std::str::from_utf8(server_first).map_err(|_| Fault::WrongHost)?;
        let part = |key: &str| server_first.split(',').find_map(|p| p.strip_prefix(key)).ok_or(Fault::WrongHost);
        let (nonce, salt, rounds) = (part("r=")?, part("s=")?, part("i=")?);
        let salt = STANDARD.decode(salt).map_err(|_| Fault::WrongHost)?;
        let rounds: u32 = rounds.parse().map_err(|_| Fault::WrongHost)?;
        if !nonce.starts_with(&self.nonce) || nonce == self.nonce || rounds > MOST_ROUNDS {
            return Err(Fault::WrongHost);
        }
        let rounds = std::num::NonZeroU32::new(rounds).ok_or(Fault::WrongHost)?;

        let mut salted = Zeroizing::new(vec![0; self.hash.digest().output_len()]);
        pbkdf2::derive(self.hash.pbkdf2(), rounds, &salt, password, &mut salted);
        let salted = hmac::Key::new(self.hash.hmac(), &salted);
        let client_key = hmac::sign(&salted, b"Client Key");
        let stored_key = digest::digest(self.hash.digest(), client_key.as_ref());
        let final_bare = format!("c=biws,r={nonce}");
        let signed = format!("{},{server_first},{final_bare}", self.first_bare);
        let signature = hmac::sign(&hmac::Key::new(self.hash.hmac(), stored_key.as_ref()), signed.as_bytes());
        let proof: Zeroizing<Vec<u8>> =
            Zeroizing::new(client_key.as_ref().iter().zip(signature.as_ref()).map(|(k, s)| k ^ s).collect());
        let server_key = hmac::sign(&salted, b"Server Key");
        let expected = hmac::sign(&hmac::Key::new(self.hash.hmac(), server_key.as_ref()), signed.as_bytes());
        self.expected = Some(expected.as_ref().to_vec());
        Ok(Zeroizing::new(format!("{final_bare},p={}", STANDARD.encode(&*proof))))
    }

    /// Whether the server knows the password too. One that does not is not the user's server.
    pub(super) fn confirm(&self, server_final: &[u8]) -> Result<(), Fault> {
        let text = std::str::from_utf8(server_final).map_err(|_| Fault::WrongHost)?;
        let signature = text.split(',').find_map(|p| p.strip_prefix("v=")).ok_or(Fault::WrongHost)?;
        let signature = STANDARD.decode(signature).map_err(|_| Fault::WrongHost)?;
        if self.expected.as_deref() == Some(&signature) { Ok(()) } else { Err(Fault::WrongHost) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange of RFC 7677, section 3.
    #[test]
    fn the_exchange_of_the_rfc_comes_out_as_printed_there() {
        let mut scram = Scram::with_nonce(Hash::Sha256, "user", "rOprNGfwEbeRWgbNEkqO".into());
        assert_eq!(scram.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let server = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let proof = scram.prove(server, b"pencil").unwrap();
        assert!(proof.ends_with(",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="), "{}", proof.as_str());
        assert_eq!(scram.confirm(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(()));
        assert_eq!(scram.confirm(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8="), Err(Fault::WrongHost));
    }

    #[test]
    fn a_server_that_answers_out_of_turn_is_not_the_users() {
        for answer in
            [&b"r=other,s=W22Z,i=4096"[..], b"r=nonce,s=W22Z,i=4096", b"r=nonce1,s=W22Z,i=0", b"e=no", b"\xff"]
        {
            let mut scram = Scram::with_nonce(Hash::Sha256, "", "nonce".into());
            assert!(scram.prove(answer, b"pencil").is_err());
        }
    }
}
