//! Logs in to servers that do not speak HTTP, as far as it takes to know what a credential is worth, and leaves again.
//!
//! Each protocol is one file with one function `log_in`. It speaks the documented handshake itself, over a [`Wire`] that
//! knows deadline and TLS: a driver would bring its own sockets, its own copies of the password and megabytes.

mod amqp;
mod bytes;
mod cassandra;
mod imap;
mod kafka;
mod ldap;
mod mongodb;
mod mqtt;
mod mysql;
mod nats;
pub(super) mod nkey;
mod postgresql;
mod redis;
#[cfg(test)]
mod robustness;
mod sasl;
mod scram;
#[cfg(feature = "sftp")]
mod sftp;
mod smtp;
mod sqlserver;
#[cfg(feature = "sftp")]
pub(super) mod ssh_key;
mod tds;

use std::borrow::Cow;
use std::time::Duration;

use super::judge::Judgement;
use super::target::Target;
use crate::catalog::protocol::TlsMode;
use crate::catalog::{Login, template};
use crate::connection::Evidence;
use crate::error::Result;
use crate::input::Values;
use crate::io::wire::{Dial, Wire};
use crate::io::{Fault, Io};
use crate::memory;
use crate::secret::Secret;
use crate::verdict::Verdict;

/// The roles of a login with the user's values in them.
pub(crate) struct Roles(Vec<(Cow<'static, str>, Secret)>);

impl Roles {
    /// Roles as an app's fields would fill them.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn of(roles: &[(&str, &str)]) -> Self {
        Self(roles.iter().map(|(name, value)| ((*name).to_owned().into(), Secret::new(value.as_bytes()))).collect())
    }

    /// Fills the templates; a role whose optional field was not given stays out.
    fn fill(login: &Login, values: &Values) -> Result<Self> {
        let mut roles = Vec::new();
        for (role, template) in login.roles.iter() {
            if let Some(value) = super::fill::fill(template, values)? {
                roles.push((role.clone(), value));
            }
        }
        Ok(Self(roles))
    }

    /// A role's value; empty counts as none.
    fn get(&self, role: &str) -> Option<&[u8]> {
        let (_, value) = self.0.iter().find(|(name, value)| name == role && !value.is_empty())?;
        Some(value.expose()) // expose: into the login
    }

    fn text(&self, role: &str) -> Option<&str> {
        std::str::from_utf8(self.get(role)?).ok()
    }
}

/// How a login ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    /// The server's own code for that, such as `28P01`. Never its text.
    pub(super) detail: Option<String>,
}

impl Outcome {
    fn accepted() -> Self {
        Self { verdict: Verdict::Accepted, detail: None }
    }

    fn coded(verdict: Verdict, code: impl std::fmt::Display) -> Self {
        Self { verdict, detail: Some(code.to_string()) }
    }

    /// Whoever answers takes passwords in no way that is known here, or not without TLS.
    fn no_way_in(why: &'static str) -> Self {
        Self { verdict: Verdict::NotCheckable, detail: Some(why.to_owned()) }
    }

    /// The server lets anybody in, so that it proves nothing.
    fn open() -> Self {
        Self { verdict: Verdict::NotCheckable, detail: Some("the server asks for no proof".to_owned()) }
    }
}

/// How a role says that the connection is to be protected; as safely as the protocol can where nothing is said.
pub(crate) fn tls_mode(login: &Login, values: &Values) -> TlsMode {
    let word = login.role("tls").and_then(|template| super::fill::fill(template, values).ok().flatten());
    let said = word.as_ref().and_then(Secret::expose_text).and_then(TlsMode::parse); // expose: no secret, a mode
    said.unwrap_or_else(|| login.protocol.tls.first().copied().unwrap_or(TlsMode::Off))
}

/// Logs in once and says what came of it. An error means that the input cannot be asked about at all.
pub(crate) async fn judge<I: Io>(
    io: &I,
    login: &Login,
    target: &Target,
    values: &Values,
    timeout: Duration,
) -> Result<Judgement> {
    let roles = Roles::fill(login, values)?;
    let (host, port) = target.place();
    let dial = Dial {
        host,
        port,
        guarded: target.guarded,
        timeout,
        tls: tls_mode(login, values),
        ca_certificate: roles.get("ca_certificate").map(<[u8]>::to_vec),
    };
    let network = io.network().clone();
    // Owned: a borrowed name, even for ever, would keep this future from being Send in general.
    let protocol = login.protocol.name.to_owned();
    // What the server is told must not be left on the stack of a thread that lives on.
    let work = move || {
        let spoken = memory::run(|| Wire::open(network, dial).and_then(|wire| log_in(&protocol, wire, &roles)));
        Ok(spoken.unwrap_or(Err(Fault::Broken)))
    };
    let outcome = io.run(work).await?;
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(Fault::Forbidden(kinds)) => return Err(target.forbidden(kinds)),
        Err(fault) => Outcome { verdict: target.verdict_of(fault), detail: Some(fault.reason().to_owned()) },
    };
    let evidence = Evidence {
        request: format!("log in by {}", login.protocol.name),
        status: None,
        detail: outcome.detail,
        verdict: outcome.verdict,
    };
    let user = login.role("username").or_else(|| login.role("bind_dn"));
    let account = user.filter(|_| matches!(outcome.verdict, Verdict::Accepted | Verdict::UnderScoped));
    Ok(Judgement {
        verdict: outcome.verdict,
        evidence: vec![evidence],
        account: account.and_then(|template| named(template, login, values)),
        retry_after: None,
    })
}

/// The name that the server has taken for the user's, unless it is made of a secret.
fn named(template: &str, login: &Login, values: &Values) -> Option<String> {
    let secret = login.role("password").is_some_and(|other| template::names(other) == template::names(template));
    let name = super::fill::fill(template, values).ok().flatten().filter(|_| !secret)?;
    Some(name.expose_text()?.to_owned()) // expose: a user's name
}

pub(super) fn log_in(protocol: &str, mut wire: Wire, roles: &Roles) -> Result<Outcome, Fault> {
    let wire = &mut wire;
    match protocol {
        "amqp" => amqp::log_in(wire, roles),
        "cassandra" => cassandra::log_in(wire, roles),
        "imap" => imap::log_in(wire, roles),
        "kafka" => kafka::log_in(wire, roles),
        "ldap" => ldap::log_in(wire, roles),
        "mongodb" => mongodb::log_in(wire, roles),
        "mqtt" => mqtt::log_in(wire, roles),
        "mysql" => mysql::log_in(wire, roles),
        "nats" => nats::log_in(wire, roles),
        "postgresql" => postgresql::log_in(wire, roles),
        "redis" => redis::log_in(wire, roles),
        #[cfg(feature = "sftp")]
        "sftp" => sftp::log_in(wire, roles),
        #[cfg(not(feature = "sftp"))]
        "sftp" => Ok(Outcome::no_way_in("this build of Keylatch does not speak SSH")),
        "smtp" => smtp::log_in(wire, roles),
        "sqlserver" => sqlserver::log_in(wire, roles),
        _ => Ok(Outcome::open()),
    }
}

/// A password that nobody has.
fn made_up() -> Result<String, Fault> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| Fault::Unreachable("this system gives no randomness"))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
