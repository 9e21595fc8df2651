//! SFTP over SSH-2: the server's key, the user's password or key, the sftp subsystem. The transport is russh's, since the
//! key exchange and the ciphers of SSH are nothing to write anew; it gets until the login's deadline.
//!
//! <https://www.rfc-editor.org/rfc/rfc4252>, <https://www.rfc-editor.org/rfc/rfc4254>

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use russh::client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse as Asked};
use russh::keys::ssh_key::HashAlg;
use russh::keys::{Algorithm, EcdsaCurve, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{ChannelMsg, Disconnect, Error, MethodKind, MethodSet, Preferred, SshId};
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::{Outcome, Roles, ssh_key};
use crate::io::Fault;
use crate::io::wire::{MOST_BYTES, Wire};
use crate::verdict::Verdict;

/// The first packet of SFTP: length, SSH_FXP_INIT, version 3. The answer's type is 2.
const INIT: &[u8] = &[0, 0, 0, 5, 1, 0, 0, 0, 3];
const VERSION: u8 = 2;

/// More questions than a server has that wants a password.
const MOST_QUESTIONS: usize = 5;

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    let key = match roles.text("private_key").map(|text| ssh_key::read(text, roles.get("passphrase"))) {
        Some(Ok(key)) => Some(Arc::new(key)),
        Some(Err(outcome)) => return Ok(outcome),
        None => None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|_| Fault::Unreachable("this system gives no event loop"))?;
    let deadline = Instant::from_std(wire.deadline());
    runtime.block_on(async { timeout_at(deadline, converse(wire, roles, key)).await.unwrap_or(Err(Fault::Timeout)) })
}

async fn converse(wire: &mut Wire, roles: &Roles, key: Option<Arc<PrivateKey>>) -> Result<Outcome, Fault> {
    let pinned = roles.text("host_key").map(|text| text.trim_end_matches('=').to_owned());
    let (mut server, fingerprint) = match meet(wire, pinned.as_deref()).await? {
        Met::Server(server, fingerprint) => (server, fingerprint),
        Met::Stranger(fingerprint) => {
            return Ok(Outcome::coded(Verdict::WrongHost, format_args!("the server's key is {fingerprint}")));
        }
    };
    let user = roles.text("username").unwrap_or_default();
    let refused = authenticate(&mut server, user, key, roles.text("password")).await.map_err(|e| fault_of(&e))?;
    let outcome = match refused {
        Some(outcome) => outcome,
        None if !opens_sftp(&server).await.map_err(|e| fault_of(&e))? => {
            Outcome::coded(Verdict::UnderScoped, "the server opens no SFTP for this user")
        }
        None if pinned.is_none() => Outcome::coded(
            Verdict::Accepted,
            format_args!("the server's key, believed at first sight, is {fingerprint}"),
        ),
        None => Outcome::accepted(),
    };
    // It has been decided; whether the goodbye arrives changes nothing.
    let _ = server.disconnect(Disconnect::ByApplication, "", "").await;
    Ok(outcome)
}

/// Who answered.
enum Met {
    Server(Handle<Doorkeeper>, String),
    /// One with another key than the user's server has.
    Stranger(String),
}

/// Agrees on keys with the server. One may have a key of each kind, and the pinned one need not be the one it shows first.
async fn meet(wire: &mut Wire, pinned: Option<&str>) -> Result<Met, Fault> {
    let mut kinds = host_key_kinds();
    let mut stranger = None;
    loop {
        let seen = Arc::default();
        let doorkeeper = Doorkeeper { pinned: pinned.map(str::to_owned), seen: Arc::clone(&seen) };
        let tcp = wire.hand_over()?;
        tcp.set_nonblocking(true).map_err(|_| Fault::Broken)?;
        let (from, to) = tokio::net::TcpStream::from_std(tcp).map_err(|_| Fault::Broken)?.into_split();
        let stream = tokio::io::join(from.take(MOST_BYTES as u64), to);
        let answer = client::connect_stream(config(&kinds), stream, doorkeeper).await;
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (answer, seen, stranger.take()) {
            (Ok(server), Some((_, fingerprint)), _) => return Ok(Met::Server(server, fingerprint)),
            (Err(Error::UnknownKey), Some((kind, fingerprint)), _) => {
                kinds.retain(|other| std::mem::discriminant(other) != std::mem::discriminant(&kind));
                if kinds.is_empty() {
                    return Ok(Met::Stranger(fingerprint));
                }
                stranger = Some(fingerprint);
                wire.reopen()?;
            }
            // It has no key of the kinds that are left.
            (Err(Error::NoCommonAlgo { .. }), _, Some(fingerprint)) => return Ok(Met::Stranger(fingerprint)),
            (Err(error), ..) => return Err(fault_of(&error)),
            (Ok(_), None, _) => return Err(Fault::WrongHost),
        }
    }
}

/// Kinds of host keys, the best first. SHA-1 is not among them.
fn host_key_kinds() -> Vec<Algorithm> {
    let curves = [EcdsaCurve::NistP256, EcdsaCurve::NistP384, EcdsaCurve::NistP521];
    let mut kinds = vec![Algorithm::Ed25519];
    kinds.extend(curves.map(|curve| Algorithm::Ecdsa { curve }));
    kinds.extend([HashAlg::Sha512, HashAlg::Sha256].map(|hash| Algorithm::Rsa { hash: Some(hash) }));
    kinds
}

fn config(kinds: &[Algorithm]) -> Arc<client::Config> {
    let name = concat!("SSH-2.0-Keylatch_", env!("CARGO_PKG_VERSION"));
    Arc::new(client::Config {
        client_id: SshId::Standard(Cow::Borrowed(name)),
        preferred: Preferred { key: Cow::Owned(kinds.to_vec()), ..Preferred::DEFAULT },
        ..client::Config::default()
    })
}

/// Looks at the server's key.
struct Doorkeeper {
    pinned: Option<String>,
    /// The key's kind and fingerprint.
    seen: Arc<Mutex<Option<(Algorithm, String)>>>,
}

impl client::Handler for Doorkeeper {
    type Error = Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let known = self.pinned.as_ref().is_none_or(|pinned| *pinned == fingerprint);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((key.algorithm(), fingerprint));
        Ok(known)
    }

    /// As russh does it, but without a log line that holds the server's words.
    async fn disconnected(&mut self, reason: client::DisconnectReason<Error>) -> Result<(), Error> {
        match reason {
            client::DisconnectReason::ReceivedDisconnect(_) => Ok(()),
            client::DisconnectReason::Error(error) => Err(error),
        }
    }
}

/// Proves who the user is; what came of it where that did not succeed. A server may want the key and then the password.
async fn authenticate(
    server: &mut Handle<Doorkeeper>,
    user: &str,
    key: Option<Arc<PrivateKey>>,
    password: Option<&str>,
) -> Result<Option<Outcome>, Error> {
    let AuthResult::Failure { remaining_methods: mut able, .. } = server.authenticate_none(user).await? else {
        return Ok(Some(Outcome::open()));
    };
    if let Some(key) = key {
        if !able.contains(&MethodKind::PublicKey) {
            return Ok(Some(Outcome::no_way_in("the server takes no keys")));
        }
        let hash = match key.algorithm() {
            Algorithm::Rsa { .. } => server.best_supported_rsa_hash().await?.unwrap_or(Some(HashAlg::Sha512)),
            _ => None,
        };
        match server.authenticate_publickey(user, PrivateKeyWithHashAlg::new(key, hash)).await? {
            AuthResult::Success => return Ok(None),
            AuthResult::Failure { partial_success: true, remaining_methods } => able = remaining_methods,
            AuthResult::Failure { .. } => return Ok(Some(Outcome::coded(Verdict::Rejected, "publickey"))),
        }
    }
    let Some(password) = password else {
        return Ok(Some(Outcome::no_way_in("the server asks for more than was given")));
    };
    by_password(server, user, password, &able).await
}

async fn by_password(
    server: &mut Handle<Doorkeeper>,
    user: &str,
    password: &str,
    able: &MethodSet,
) -> Result<Option<Outcome>, Error> {
    if able.contains(&MethodKind::Password) {
        return Ok(match server.authenticate_password(user, password).await? {
            AuthResult::Success => None,
            AuthResult::Failure { partial_success, .. } => Some(refused(partial_success, "password")),
        });
    }
    if !able.contains(&MethodKind::KeyboardInteractive) {
        return Ok(Some(Outcome::no_way_in("the server takes no passwords")));
    }
    let mut password = Some(Zeroizing::new(password.to_owned()));
    let mut asked = server.authenticate_keyboard_interactive_start(user, None).await?;
    for _ in 0..MOST_QUESTIONS {
        let answers = match asked {
            Asked::Success => return Ok(None),
            Asked::Failure { partial_success, .. } => {
                return Ok(Some(refused(partial_success, "keyboard-interactive")));
            }
            Asked::InfoRequest { prompts, .. } => match (prompts.as_slice(), &mut password) {
                ([], _) => Vec::new(),
                ([prompt], password) if !prompt.echo && password.is_some() => {
                    password.take().map(|mut text| std::mem::take(&mut *text)).into_iter().collect()
                }
                _ => break,
            },
        };
        asked = server.authenticate_keyboard_interactive_respond(answers).await?;
    }
    Ok(Some(Outcome::no_way_in("the server asks for more than a password")))
}

/// `partly`: right, but not enough.
fn refused(partly: bool, method: &'static str) -> Outcome {
    if partly {
        return Outcome::no_way_in("the server asks for more than was given");
    }
    Outcome::coded(Verdict::Rejected, method)
}

/// Whether the server lets this user speak SFTP.
async fn opens_sftp(server: &Handle<Doorkeeper>) -> Result<bool, Error> {
    let mut channel = match server.channel_open_session().await {
        Err(Error::ChannelOpenFailure(_)) => return Ok(false),
        other => other?,
    };
    channel.request_subsystem(true, "sftp").await?;
    let mut heard = Vec::new();
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Success => channel.data_bytes(INIT).await?,
            ChannelMsg::Data { data } => {
                heard.extend_from_slice(&data);
                if let Some(kind) = heard.get(4) {
                    return Ok(*kind == VERSION);
                }
            }
            ChannelMsg::Failure | ChannelMsg::Eof | ChannelMsg::Close => return Ok(false),
            _ => {} // the window's size, the exit of what may run behind it
        }
    }
    Err(Error::Disconnect)
}

fn fault_of(error: &Error) -> Fault {
    match error {
        Error::NoCommonAlgo { .. } => Fault::Unreachable("the server knows only algorithms that are not safe"),
        Error::Version | Error::KexInit | Error::WrongServerSig | Error::PacketSize(_) => Fault::WrongHost,
        _ => Fault::Broken,
    }
}
