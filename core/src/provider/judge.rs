//! Asks the provider about a credential and turns its answers into a verdict.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::fill::fill_path;
use super::inject::{self, HostRequest};
use super::protocol;
use super::target::Target;
use super::trade::trade;
use crate::catalog::{Check, Condition, SchemeDef, Test, template};
use crate::connection::Evidence;
use crate::error::{Error, ErrorKind, Result};
use crate::input::Values;
use crate::io::{Fault, Incoming, Io, Outgoing};
use crate::limits::retry_after;
use crate::secret::Secret;
use crate::verdict::Verdict;

/// The verdict and what it rests on.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) account: Option<String>,
    pub(crate) retry_after: Option<Duration>,
}

impl Judgement {
    /// Nobody was asked, for this reason.
    pub(crate) fn without_asking(verdict: Verdict) -> Self {
        Self { verdict, evidence: Vec::new(), account: None, retry_after: None }
    }

    /// Whether the provider was asked at all.
    pub(crate) fn was_asked(&self) -> bool {
        !self.evidence.is_empty()
    }
}

impl Judgement {
    /// Sums up the evidence from this place on: a token that was granted is less than what it is then good for.
    fn concluded(mut self, from: usize) -> Self {
        let verdicts = || self.evidence.iter().skip(from).map(|e| e.verdict);
        if let Some(best) = Verdict::ALL.iter().copied().find(|v| verdicts().any(|found| found == *v)) {
            self.verdict = best;
        }
        if self.verdict != Verdict::RateLimited {
            self.retry_after = None;
        }
        self
    }
}

/// For whom a verdict is weighed.
pub(crate) struct Refusing<'a> {
    /// The app's name for people.
    pub(crate) app: &'a str,
    pub(crate) secret_fields: Vec<String>,
    /// Fields that the host is made of.
    pub(crate) host_fields: &'a [String],
    /// Only what the provider has accepted will do.
    pub(crate) required: bool,
}

impl Judgement {
    /// The error for a verdict with which credentials are not taken.
    pub(crate) fn refuse(&self, by: &Refusing<'_>) -> Result<()> {
        let Refusing { app, required, .. } = *by;
        let (kind, message, fields) = match self.verdict {
            Verdict::Rejected => (
                ErrorKind::CredentialsRejected,
                format!("{app} refused the credentials; check them and try again"),
                by.secret_fields.clone(),
            ),
            Verdict::WrongHost => {
                let place = if by.host_fields.is_empty() { "network and base_url" } else { &by.host_fields.join(", ") };
                let message = format!("what answered is not {app}; check {place}");
                (ErrorKind::ProviderUnreachable, message, by.host_fields.to_vec())
            }
            Verdict::Unreachable if required => {
                (ErrorKind::ProviderUnreachable, format!("{app} could not be asked; try again"), Vec::new())
            }
            Verdict::RateLimited if required => {
                (ErrorKind::RateLimited, format!("{app} asks to come back later; try again"), Vec::new())
            }
            Verdict::NotCheckable | Verdict::NotChecked if required => (
                ErrorKind::InvalidArgument,
                format!("{app} cannot tell whether credentials are good; do not give `verify` as required"),
                vec!["verify".to_owned()],
            ),
            _ => return Ok(()),
        };
        let error = Error::new(kind, message).with_fields(fields).with_verdict(self.verdict);
        Err(error.with_retry_after(self.retry_after))
    }
}

/// Makes the scheme's checks in order until one accepts. An error means that the input cannot be asked about at all:
/// a host that is forbidden, a value that no request can carry.
pub(crate) async fn judge<I: Io>(
    io: &I,
    scheme: &SchemeDef,
    target: &Target,
    values: &Values,
    timeout: Duration,
) -> Result<Judgement> {
    if let Some(login) = &scheme.login {
        return protocol::judge(io, login, target, values, timeout).await;
    }
    let mut judgement = Judgement::without_asking(Verdict::NotCheckable);
    let Some(values) = traded(io, scheme, target, values, timeout, &mut judgement).await? else {
        return Ok(judgement.concluded(0));
    };
    let values = &*values;
    let trades = if scheme.checks.is_empty() { 0 } else { judgement.evidence.len() };
    for check in scheme.checks.iter().filter(|check| can_be_asked(check, values)) {
        let answer = ask(io, scheme, target, values, check, timeout).await?;
        let (verdict, status, detail) = match &answer {
            Ok(incoming) => (verdict_of(check, incoming, target), Some(incoming.status), None),
            Err(Fault::Forbidden(kinds)) => return Err(target.forbidden(*kinds)),
            Err(fault) => (target.verdict_of(*fault), None, Some(fault.reason().to_owned())),
        };
        let request = format!("{} {}", check.method, check.path);
        judgement.evidence.push(Evidence { request, status, detail, verdict });
        if let Ok(incoming) = &answer {
            judgement.retry_after = judgement.retry_after.max(retry_after(&incoming.headers));
            if verdict == Verdict::Accepted {
                if check.control && anybody_passes(io, scheme, target, values, check, timeout).await? {
                    judgement.evidence.pop();
                    continue;
                }
                judgement.account = account(check, incoming);
                break;
            }
        } else {
            break; // the same host will not answer the next one either
        }
    }
    Ok(judgement.concluded(trades))
}

/// The values with the token that they were traded for; as they are where nothing is traded, and `None` where the app
/// gave no token.
async fn traded<'v, I: Io>(
    io: &I,
    scheme: &SchemeDef,
    target: &Target,
    values: &'v Values,
    timeout: Duration,
    judgement: &mut Judgement,
) -> Result<Option<Holder<'v>>> {
    let Some(def) = &scheme.trade else { return Ok(Some(Holder::Lent(values))) };
    let traded = trade(io, scheme, def, target, values, timeout).await?;
    judgement.evidence.push(traded.evidence);
    judgement.retry_after = traded.retry_after;
    Ok(traded.token.map(|token| Holder::Own(token.with(values))))
}

/// Values of somebody else's, or of one's own.
enum Holder<'v> {
    Lent(&'v Values),
    Own(Values),
}

impl std::ops::Deref for Holder<'_> {
    type Target = Values;
    fn deref(&self) -> &Values {
        match self {
            Self::Lent(values) => values,
            Self::Own(values) => values,
        }
    }
}

/// Whether all that the path asks for was given.
fn can_be_asked(check: &Check, values: &Values) -> bool {
    template::names(&check.path).into_iter().all(|name| values.get(name).is_some())
}

/// What a status means where nothing else is said. `typed_host`: the user named the host.
pub(crate) fn usual_verdict(status: u16, typed_host: bool) -> Verdict {
    match status {
        200..=299 => Verdict::Accepted,
        401 => Verdict::Rejected,
        403 => Verdict::UnderScoped,
        404 if typed_host => Verdict::WrongHost,
        429 => Verdict::RateLimited,
        300..=399 => Verdict::WrongHost,
        408 | 500..=599 => Verdict::Unreachable,
        _ => Verdict::NotCheckable,
    }
}

/// Makes one check's request on a connection of its own; the answer comes masked.
async fn ask<I: Io>(
    io: &I,
    scheme: &SchemeDef,
    target: &Target,
    values: &Values,
    check: &Check,
    timeout: Duration,
) -> Result<Result<Incoming, Fault>> {
    let path = fill_path(&check.path, values)?;
    let kind = if check.form { "application/x-www-form-urlencoded" } else { "application/json" };
    let kind = [("content-type".to_owned(), kind.to_owned())];
    let ask = HostRequest {
        method: &check.method,
        path: path.expose_text().unwrap_or_default(), // expose: into the request
        headers: if check.body.is_some() { &kind } else { &[] },
        body: check.body.as_ref().map_or_else(Bytes::new, |b| Bytes::copy_from_slice(b.as_bytes())),
        ..HostRequest::default()
    };
    let (request, mask) = inject::prepare(scheme, target, values, ask)?;
    let outgoing = Outgoing { request, timeout, guarded: target.guarded, alone: true };
    Ok(io.send(outgoing).await.map(|mut incoming| {
        mask.apply(&mut incoming);
        incoming
    }))
}

/// The negative control: whether the same request passes with made-up secrets too, so that it proves nothing. Where
/// that cannot be found out, it proves nothing either.
async fn anybody_passes<I: Io>(
    io: &I,
    scheme: &SchemeDef,
    target: &Target,
    values: &Values,
    check: &Check,
    timeout: Duration,
) -> Result<bool> {
    let mut made_up = values.duplicate();
    for field in scheme.fields.iter().filter(|f| f.secret) {
        if let Some(value) = values.get(&field.name) {
            made_up.set(&field.name, random_like(value)?);
        }
    }
    match ask(io, scheme, target, &made_up, check, timeout).await? {
        Ok(incoming) => Ok(!matches!(verdict_of(check, &incoming, target), Verdict::Rejected | Verdict::UnderScoped)),
        Err(_) => Ok(true),
    }
}

/// Random letters where the value has letters and digits, so that it keeps its form.
fn random_like(value: &Secret) -> Result<Secret> {
    let mut random = vec![0; value.len()];
    getrandom::fill(&mut random).map_err(|_| Error::new(ErrorKind::Internal, "this system gives no randomness"))?;
    let like = |(byte, random): (&u8, u8)| match byte {
        b'0'..=b'9' => b'0' + random % 10,
        b'a'..=b'z' => b'a' + random % 26,
        b'A'..=b'Z' => b'A' + random % 26,
        other => *other,
    };
    Ok(Secret::passing_from(value.expose().iter().zip(random).map(like).collect::<Vec<u8>>())) // expose: its form only
}

/// What an answer to a check means.
pub(super) fn verdict_of(check: &Check, incoming: &Incoming, target: &Target) -> Verdict {
    let status = incoming.status;
    let json = serde_json::from_slice::<Value>(&incoming.body).ok();
    let holds = |condition: &Condition| holds(condition, &incoming.body, json.as_ref());
    if let Some(rule) = check.verdicts.iter().find(|rule| rule.status == status && rule.when.iter().all(holds)) {
        return rule.verdict;
    }
    let good = (200..300).contains(&status);
    let accepted = if check.accept.is_empty() { good } else { check.accept.contains(&status) };
    match (accepted, good) {
        (true, _)
            if check.method == "HEAD" || check.when.iter().all(holds) && (json.is_some() || !needs_json(check)) =>
        {
            Verdict::Accepted
        }
        (true, _) if status == 401 => Verdict::Rejected,
        // Not the form that the app's answers have.
        (true, _) if json.is_none() => Verdict::WrongHost,
        (true, _) => Verdict::Rejected,
        (false, true) => Verdict::NotCheckable,
        (false, false) => usual_verdict(status, !target.host_fields.is_empty()),
    }
}

/// Whether an accepted answer must be JSON.
fn needs_json(check: &Check) -> bool {
    check.json || check.when.iter().any(|condition| !matches!(condition.test, Test::TextHas(_)))
}

/// Nothing holds in what is not JSON, save for what is about its text.
fn holds(condition: &Condition, body: &[u8], json: Option<&Value>) -> bool {
    let found = || json?.pointer(&condition.at).filter(|v| !v.is_null());
    let is = |text: &str| found().is_some_and(|f| serde_json::from_str::<Value>(text).is_ok_and(|v| v == *f));
    match &condition.test {
        Test::Present(wanted) => json.is_some() && found().is_some() == *wanted,
        Test::Equals(text) => is(text),
        Test::NotEquals(text) => json.is_some() && !is(text),
        Test::TextHas(texts) => texts.iter().any(|text| body.windows(text.len()).any(|w| w == text.as_bytes())),
    }
}

/// Whose account it is: at most 200 characters of text or a number, control characters left out.
fn account(check: &Check, incoming: &Incoming) -> Option<String> {
    let json: Value = serde_json::from_slice(&incoming.body).ok()?;
    let text = match json.pointer(check.account.as_ref()?)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let shown: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    (!shown.is_empty()).then_some(shown)
}
