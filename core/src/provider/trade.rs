//! Trades a credential for a token: a signed assertion, a client's id and secret, a user's name and password.

use std::time::{Duration, Instant};

use bytes::Bytes;
use url::{Host, Url};
use zeroize::Zeroize as _;

use super::fill::{fill, fill_path};
use super::inject::{HostRequest, Places, assemble, broken_entry, with_jwt};
use super::json;
use super::judge::verdict_of;
use super::target::Target;
use crate::allow::Allow;
use crate::catalog::{Check, Expiry, SchemeDef, TradeDef};
use crate::connection::Evidence;
use crate::error::{Error, ErrorKind, Result};
use crate::input::Values;
use crate::io::{Fault, Incoming, Io, Outgoing};
use crate::limits::retry_after;
use crate::secret::Secret;
use crate::verdict::Verdict;

/// How long before its end a token is no longer used.
const MARGIN: Duration = Duration::from_secs(60);
/// What a token without an end is good for.
const UNTOLD: Duration = Duration::from_secs(300);
/// The longest that a token is kept, whatever the app says.
const LONGEST: Duration = Duration::from_secs(86_400);
/// More is no token.
const LONGEST_TOKEN: usize = 64 << 10;

/// A token that an app gave, with the moment until which it is used.
pub(crate) struct Token {
    value: Secret,
    pub(crate) good_until: Instant,
}

impl Token {
    /// The user's values, and the token.
    pub(crate) fn with(&self, values: &Values) -> Values {
        let mut all = values.duplicate();
        all.set("access_token", self.value.lent());
        all
    }
}

/// What came of a trade.
pub(crate) struct Traded {
    /// None where the verdict is not `accepted`.
    pub(crate) token: Option<Token>,
    pub(crate) evidence: Evidence,
    pub(crate) retry_after: Option<Duration>,
    /// Why there was no answer.
    pub(crate) fault: Option<Fault>,
}

/// Asks for a token, on a connection of its own. An error means that it cannot be asked for at all.
pub(crate) async fn trade<I: Io>(
    io: &I,
    scheme: &SchemeDef,
    trade: &TradeDef,
    target: &Target,
    values: &Values,
    timeout: Duration,
) -> Result<Traded> {
    let signed = scheme.jwt.as_ref().map(|jwt| with_jwt(jwt, values)).transpose()?;
    let values = signed.as_ref().unwrap_or(values);
    let (url, guarded) = address(trade, target, values)?;
    let places = Places { fields: &scheme.fields, headers: &trade.headers, inject: &trade.inject };
    let ask = HostRequest { method: &trade.check.method, body: Bytes::new(), ..HostRequest::default() };
    let (request, mask) = assemble(places, url, values, ask)?;
    let asked = io.send(Outgoing { request, timeout, guarded, alone: true }).await;
    let mut answer = match asked {
        Ok(incoming) => incoming,
        Err(Fault::Forbidden(kinds)) => return Err(target.forbidden(kinds)),
        Err(fault) => return Ok(unanswered(trade, target, fault)),
    };
    mask.apply(&mut answer);
    let mut verdict = meaning(&trade.check, &answer, target);
    let token = if verdict == Verdict::Accepted { token(trade, &answer) } else { None };
    if verdict == Verdict::Accepted && token.is_none() {
        verdict = Verdict::WrongHost;
    }
    let retry_after = retry_after(&answer.headers);
    answer.body.zeroize();
    Ok(Traded { token, evidence: evidence(trade, Some(answer.status), None, verdict), retry_after, fault: None })
}

fn unanswered(trade: &TradeDef, target: &Target, fault: Fault) -> Traded {
    let evidence = evidence(trade, None, Some(fault.reason().to_owned()), target.verdict_of(fault));
    Traded { token: None, evidence, retry_after: None, fault: Some(fault) }
}

fn evidence(trade: &TradeDef, status: Option<u16>, detail: Option<String>, verdict: Verdict) -> Evidence {
    Evidence { request: format!("{} {}", trade.check.method, trade.check.path), status, detail, verdict }
}

/// Where the trade goes, and what the developer allows of that host if a user named it. A value may name the address only where the app's hosts or the
/// base URL allow it: what it gets is as good as the credential.
fn address(trade: &TradeDef, target: &Target, values: &Values) -> Result<(Url, Option<Allow>)> {
    let template = trade.check.path.as_ref();
    if template.starts_with('/') {
        let path = fill_path(template, values)?;
        let url = target.at(path.expose_text().unwrap_or_default())?; // expose: into the request
        return Ok((url, target.guarded));
    }
    if template.starts_with("https://") {
        let filled = fill_path(template, values)?;
        let url = filled.expose_text().and_then(|text| Url::parse(text).ok()).ok_or_else(broken_entry)?; // expose: parsed
        return Ok((url, None));
    }
    let filled = fill(template, values)?.ok_or_else(broken_entry)?;
    let url = filled.expose_text().and_then(|text| Url::parse(text).ok()); // expose: parsed
    match url {
        Some(url) if target.is_at(&url) => Ok((url, target.guarded)),
        Some(url) if url.scheme() == "https" && is_one_of(&trade.hosts, &url) => Ok((url, None)),
        _ => {
            let message =
                format!("the credentials name an address for tokens that is not at {}", trade.hosts.join(" or "));
            let fields = crate::catalog::template::names(template);
            Err(Error::new(ErrorKind::ForbiddenHost, message).with_fields(fields))
        }
    }
}

fn is_one_of(hosts: &[crate::catalog::Text], url: &Url) -> bool {
    let Some(Host::Domain(name)) = url.host() else { return false };
    let plain = url.port().is_none() && url.username().is_empty() && url.password().is_none();
    let fits = |host: &str| match host.strip_prefix('*') {
        Some(domain) => name.len() > domain.len() && name.ends_with(domain),
        None => name == host,
    };
    plain && hosts.iter().any(|host| fits(host))
}

/// As of a check, and where nothing else is said, the errors of OAuth (RFC 6749, section 5.2).
fn meaning(check: &Check, answer: &Incoming, target: &Target) -> Verdict {
    let usual = verdict_of(check, answer, target);
    if usual != Verdict::NotCheckable || check.verdicts.iter().any(|rule| rule.status == answer.status) {
        return usual;
    }
    match json::text_at(&answer.body, "/error").as_ref().and_then(Secret::expose_text) {
        Some("invalid_grant" | "invalid_client") => Verdict::Rejected, // expose: a word of OAuth's
        Some("unauthorized_client" | "invalid_scope" | "access_denied") => Verdict::UnderScoped,
        _ => usual,
    }
}

fn token(trade: &TradeDef, answer: &Incoming) -> Option<Token> {
    let value = json::text_at(&answer.body, &trade.token)?;
    let plain = value.expose().iter().all(u8::is_ascii_graphic); // expose: only looked at
    let life = lifetime(&trade.expiry, &answer.body);
    let good_until = Instant::now() + (life - MARGIN.min(life / 4));
    (plain && value.len() <= LONGEST_TOKEN).then(|| Token { value: value.duplicate(), good_until }) // held from now on
}

fn lifetime(expiry: &Expiry, body: &[u8]) -> Duration {
    let number = |pointer: &str| json::raw_at(body, pointer)?.trim_matches('"').parse::<f64>().ok();
    let seconds = match expiry {
        Expiry::Lifetime(seconds) => Some(f64::from(*seconds)),
        Expiry::In(pointer) => number(pointer),
        Expiry::At(pointer) => {
            let now = jiff::Timestamp::now().as_duration().as_secs_f64();
            let moment = || {
                let text = json::text_at(body, pointer)?;
                let moment: jiff::Timestamp = text.expose_text()?.parse().ok()?; // expose: a date
                Some(moment.as_duration().as_secs_f64())
            };
            number(pointer).or_else(moment).map(|then| then - now)
        }
    };
    let told = seconds.map(|s| Duration::try_from_secs_f64(s.max(0.0)).unwrap_or(LONGEST));
    told.unwrap_or(UNTOLD).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_out_of_a_credential_must_be_at_the_apps_own_hosts() {
        let hosts = ["*.acme.example".into(), "login.other.example".into()];
        let fits = |url: &str| is_one_of(&hosts, &Url::parse(url).unwrap());
        assert!(fits("https://oauth2.acme.example/token"));
        assert!(fits("https://login.other.example/token"));
        for elsewhere in [
            "https://acme.example/",
            "https://evilacme.example/",
            "https://acme.example.evil.example/",
            "https://evil.example/.acme.example",
            "https://x.login.other.example/",
            "https://oauth2.acme.example:444/",
            "https://user@oauth2.acme.example/",
            "https://127.0.0.1/",
        ] {
            assert!(!fits(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn the_end_of_a_token_is_read_in_every_form() {
        let seconds = |expiry: &Expiry, body: &str| lifetime(expiry, body.as_bytes()).as_secs();
        let (within, until) = (Expiry::In("/e".into()), Expiry::At("/e".into()));
        assert_eq!(seconds(&within, r#"{"e": 3600}"#), 3600);
        assert_eq!(seconds(&within, r#"{"e": "3600"}"#), 3600);
        assert_eq!(seconds(&within, r#"{"e": -5}"#), 0);
        assert_eq!(seconds(&within, r#"{"e": 1e300}"#), LONGEST.as_secs());
        assert_eq!(seconds(&within, "{}"), UNTOLD.as_secs());
        assert_eq!(seconds(&until, r#"{"e": "2999-01-01T00:00:00Z"}"#), LONGEST.as_secs());
        assert_eq!(seconds(&until, r#"{"e": "2001-01-01T00:00:00Z"}"#), 0);
        assert_eq!(seconds(&until, r#"{"e": 978307200}"#), 0);
        assert_eq!(seconds(&Expiry::Lifetime(60), "{}"), 60);
    }
}
