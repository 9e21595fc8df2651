//! Reads a private key of SSH's from its file: OpenSSH's own form, and the older ones as far as they are not encrypted in
//! a way that would let whoever wrote the file keep us busy.

use russh::keys::PrivateKey;
use russh::keys::ssh_key::Kdf;

use super::Outcome;
use crate::verdict::Verdict;

/// `ssh-keygen` takes 24 where nothing else is said. Each takes milliseconds, and the file's author chooses how many.
const MOST_ROUNDS: u32 = 1000;

/// The key, or what is to be said of a text that gives none.
pub(crate) fn read(text: &str, passphrase: Option<&[u8]>) -> Result<PrivateKey, Outcome> {
    if text.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {
        let key = PrivateKey::from_openssh(text.trim_start()).map_err(|_| unreadable())?;
        return if key.is_encrypted() { decrypt(&key, passphrase) } else { Ok(key) };
    }
    let putty = text.trim_start().starts_with("PuTTY-User-Key-File-");
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || (putty && !text.contains("Encryption: none")) {
        let why = "the private key is encrypted in a way not read here; `ssh-keygen -p` writes OpenSSH's own form";
        return Err(Outcome::no_way_in(why));
    }
    let passphrase = passphrase.and_then(|bytes| std::str::from_utf8(bytes).ok());
    russh::keys::decode_secret_key(text, passphrase).map_err(|_| unreadable())
}

fn decrypt(key: &PrivateKey, passphrase: Option<&[u8]>) -> Result<PrivateKey, Outcome> {
    if matches!(key.kdf(), Kdf::Bcrypt { rounds, .. } if *rounds > MOST_ROUNDS) {
        return Err(Outcome::no_way_in("the private key's passphrase takes too long to check"));
    }
    let Some(passphrase) = passphrase else {
        return Err(Outcome::coded(Verdict::Rejected, "the private key needs its passphrase"));
    };
    key.decrypt(passphrase)
        .map_err(|_| Outcome::coded(Verdict::Rejected, "the passphrase does not fit the private key"))
}

fn unreadable() -> Outcome {
    Outcome::coded(Verdict::Rejected, "the private key cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_or_costs_too_much_to_open_is_told() {
        let pem = |name: &str, inside: &str| format!("-----BEGIN {name}-----\n{inside}\n-----END {name}-----\n");
        for (text, verdict) in [
            ("".into(), Verdict::Rejected),
            ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me".into(), Verdict::Rejected),
            (pem("OPENSSH PRIVATE KEY", ""), Verdict::Rejected),
            (pem("OPENSSH PRIVATE KEY", "b3BlbnNzaC1rZXktdjEA"), Verdict::Rejected),
            (pem("RSA PRIVATE KEY", "MIIB"), Verdict::Rejected),
            (pem("PRIVATE KEY", "not base64 at all"), Verdict::Rejected),
            (pem("ENCRYPTED PRIVATE KEY", "MIIB"), Verdict::NotCheckable),
            ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: aes256-cbc\n".into(), Verdict::NotCheckable),
            ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n".into(), Verdict::Rejected),
        ] {
            assert_eq!(read(&text, Some(b"open sesame")).err().map(|o| o.verdict), Some(verdict), "{text}");
        }
    }
}
