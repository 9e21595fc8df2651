//! What a Transit engine's refusal means, and what to do about it. Of its texts nothing is passed on: they are only looked at.

use std::time::Duration;

use url::Url;

use super::{Transit, locked};
use crate::error::{Error, ErrorKind};
use crate::io::Fault;

/// Why there is no good answer.
pub(super) struct Refusal {
    pub(super) why: Why,
    /// How long the server wants to be left alone.
    pub(super) pause: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Why {
    /// Nobody answers, or not in time.
    Silent(Fault),
    /// The token is none, or may not do this.
    Denied,
    /// There is no engine at that mount.
    NoEngine,
    /// The engine has no key of that name.
    NoKey,
    /// The version of the key that sealed it is no longer to be used.
    TooOld,
    /// What was to be opened does not open.
    Shut,
    /// The key cannot seal: it is of another type, or derived.
    Unfit,
    /// The server is sealed, or not ready yet.
    Sealed,
    /// Another node is to be asked.
    Standby,
    /// The server is asked too often.
    Busy,
    /// The server failed, or what stands before it, with this status.
    Failed(u16),
    /// What answered says nothing that we understand.
    Strange,
}

impl From<Why> for Refusal {
    fn from(why: Why) -> Self {
        Self { why, pause: None }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Why::Silent(fault).into()
    }
}

impl Refusal {
    /// What an answer means that is not 200. Its text tells what the status does not: a key that does not open is a 400 or a 500,
    /// by the server's version.
    pub(super) fn of(status: u16, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let says = |words: &str| text.contains(words);
        let why = match status {
            400 | 500 if says("message authentication failed") || says("invalid ciphertext") => Why::Shut,
            400 if says("encryption key not found") => Why::NoKey,
            400 if says("(too old)") => Why::TooOld,
            400 => Why::Unfit,
            401 | 403 => Why::Denied,
            404 => Why::NoEngine,
            429 => Why::Busy,
            300..400 | 472 | 473 => Why::Standby,
            503 => Why::Sealed,
            412 | 500.. => Why::Failed(status),
            _ => Why::Strange,
        };
        why.into()
    }

    pub(super) fn after(self, pause: Option<Duration>) -> Self {
        Self { pause, ..self }
    }

    /// Whether the same request may soon fare better.
    pub(super) fn may_pass(&self) -> bool {
        match self.why {
            Why::Silent(fault) => fault.may_pass(),
            Why::Sealed | Why::Busy | Why::Failed(_) => true,
            _ => false,
        }
    }

    pub(super) fn told(&self, asked: &Transit, base: &Url) -> Error {
        let Transit { key, mount, .. } = asked;
        let server = format!("the Transit server {}", base.origin().ascii_serialization());
        let message = match self.why {
            Why::Silent(Fault::Timeout) => {
                format!("{server} did not answer in time: see that it runs, then open the vault again")
            }
            Why::Silent(fault) => format!(
                "{server} cannot be asked ({}): see that it runs and that the address is its own, then open the vault again",
                fault.reason()
            ),
            Why::Denied => format!(
                "{server} refuses the token: give one that is good and has the capability `update` on {mount}/encrypt/{key} and \
                 {mount}/decrypt/{key}"
            ),
            Why::NoEngine => format!(
                "{server} has no Transit engine at {mount}: correct mount or namespace, or have it mounted there"
            ),
            Why::NoKey => format!(
                "{server} has no key {key} at {mount}: correct the name, or have the key made or restored there"
            ),
            Why::TooOld => format!(
                "the version of the Transit key {key} that sealed the vault's key is no longer to be used: lower its \
                 min_decryption_version, open the vault, and change its key to the same Transit key before that is raised again"
            ),
            Why::Shut => {
                let message = format!(
                    "the Transit key {key} at {mount} does not open the vault's key: give the one that it was sealed with; if that \
                     is what you gave, the vault's key record is damaged: restore a backup"
                );
                return Error::new(ErrorKind::WrongKey, message).with_fields(["key"]);
            }
            Why::Unfit => {
                let message = format!(
                    "the Transit key {key} at {mount} cannot seal a vault's key: it must be of the type aes256-gcm96, or another \
                     one with associated data, and not derived"
                );
                return Error::argument("key", message);
            }
            Why::Sealed => format!("{server} is sealed or not ready: unseal it, then open the vault again"),
            Why::Standby => format!(
                "{server} wants another node to be asked: give the address of the active one, or one that always leads to it"
            ),
            Why::Busy => {
                format!("{server} is asked more often than it allows: open the vault later, or raise its limit")
            }
            Why::Failed(status) => {
                format!("{server} failed with status {status}: see its log, then open the vault again")
            }
            Why::Strange => format!("what answers as {server} is none: see that the address is its own"),
        };
        locked(message).with_retry_after(self.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_open_is_told_from_a_server_that_fails() {
        let why = |status, text: &str| Refusal::of(status, format!(r#"{{"errors":["{text}"]}}"#).as_bytes()).why;
        for (status, text, expected) in [
            (400, "cipher: message authentication failed", Why::Shut),
            (500, r"1 error occurred:\n\t* cipher: message authentication failed\n\n", Why::Shut),
            (400, "invalid ciphertext: unable to decrypt", Why::Shut),
            (400, "invalid ciphertext: version is too new", Why::Shut),
            (400, "ciphertext or signature version is disallowed by policy (too old)", Why::TooOld),
            (400, "encryption key not found", Why::NoKey),
            (400, "missing 'context' for key derivation", Why::Unfit),
            (403, "permission denied", Why::Denied),
            (404, r#"no handler for route \"transit/decrypt/app\""#, Why::NoEngine),
            (405, "unsupported operation", Why::Strange),
            (412, "required index state not present", Why::Failed(412)),
            (429, "rate limit quota exceeded", Why::Busy),
            (307, "", Why::Standby),
            (472, "", Why::Standby),
            (473, "", Why::Standby),
            (500, "internal error", Why::Failed(500)),
            (502, "", Why::Failed(502)),
            (503, "Vault is sealed", Why::Sealed),
        ] {
            assert_eq!(why(status, text), expected, "{status} {text}");
        }
    }

    #[test]
    fn only_what_may_pass_is_asked_again() {
        let passing = [
            Why::Sealed,
            Why::Busy,
            Why::Failed(500),
            Why::Silent(Fault::Broken),
            Why::Silent(Fault::Unreachable(crate::io::NO_CONNECTION)),
        ];
        let lasting = [
            Why::Denied,
            Why::Shut,
            Why::TooOld,
            Why::NoKey,
            Why::Standby,
            Why::Silent(Fault::WrongHost),
            Why::Strange,
        ];
        assert!(passing.into_iter().all(|why| Refusal::from(why).may_pass()));
        assert!(!lasting.into_iter().any(|why| Refusal::from(why).may_pass()));
    }
}
