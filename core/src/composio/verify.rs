//! What ACTIVE is worth: Composio takes any credential, so the provider is asked: directly before anything is sent where
//! the catalogue knows the app, else through Composio's proxy afterwards.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::discover::Resolved;
use super::model::{Account, BaseUrl};
use super::routes::{AppAnswer, Filter, Proxied};
use super::{Composio, Session};
use crate::calls::{Verify, VerifyDue};
use crate::catalog::{AppRef, FieldDef, SchemeDef};
use crate::connection::{Evidence, Rechecks, Verification};
use crate::error::{Error, Result};
use crate::input::Values;
use crate::io::{self, Io};
use crate::provider::{Judgement, Refusing, Target, Terms, judge, usual_verdict};
use crate::round::{BATCH, Checked, DUE, Due, Round};
use crate::verdict::Verdict;

/// Where a round of checks goes on: a page of the list, and how many of its accounts are done.
#[derive(Clone, Default, Deserialize, Serialize)]
struct Place {
    page: Option<String>,
    done: usize,
}

/// What is left to take back an account whose credential was refused.
const TAKE_BACK: Duration = Duration::from_secs(10);

impl<I: Io> Composio<I> {
    /// Asks the provider itself and refuses what `verify` does not let pass; `None` where only the proxy could tell.
    pub(super) async fn ask_directly(
        &self,
        found: &Resolved,
        values: &Values,
        verify: Verify,
    ) -> Result<Option<Judgement>> {
        if verify == Verify::Off {
            return Ok(Some(Judgement::without_asking(Verdict::NotChecked)));
        }
        let base_url = match &found.config.base_url {
            BaseUrl::Usual => None,
            BaseUrl::Own(url) => Some(url.as_str()),
            // The credential must not go to another host than its own.
            BaseUrl::Masked => return Ok(None),
        };
        let Some((app, index)) = self.known_scheme(&found.config.app, &found.config.scheme) else { return Ok(None) };
        let scheme = &app.schemes[index];
        if !scheme.checkable() {
            return Ok(None);
        }
        let Some(values) = translated(scheme, &found.fields, values) else { return Ok(None) };
        let terms =
            Terms { base_url, fixed: &found.config.fixed, allow: found.config.allow, proxied: self.io.has_proxy() };
        let target = Target::resolve(scheme, &terms, &values)?;
        let judgement = judge(&self.io, scheme, &target, &values, self.timeout).await?;
        judgement.refuse(&refusing(&app.name, found, &target.host_fields, verify))?;
        Ok(Some(judgement))
    }

    /// Asks by the app's current-user endpoint, and takes the account back where the answer is no.
    pub(super) async fn ask_through_proxy(
        &self,
        session: &Session<'_, I>,
        found: &Resolved,
        id: &str,
        verify: Verify,
    ) -> Result<Judgement> {
        let judgement = self.judge_through_proxy(session, &found.config.app, id).await;
        let Err(refused) = self.weigh(&judgement, found, verify) else { return Ok(judgement) };
        let removal = self.project.version.delete_account(id, false)?;
        let removed = session.with_time(TAKE_BACK).call(removal).await;
        match removed {
            Ok(_) => Err(refused),
            Err(failure) if failure.status == Some(404) => Err(refused),
            Err(_) => {
                let message = format!("{}; the connection {id} could not be deleted again", refused.message());
                let kept = Error::new(refused.kind(), message).with_fields(refused.fields().to_vec());
                Err(kept.with_connection(id).with_verdict(judgement.verdict))
            }
        }
    }

    /// Refuses what `verify` does not let pass of an answer that came through the proxy, or of none.
    pub(super) fn weigh(&self, judgement: &Judgement, found: &Resolved, verify: Verify) -> Result<()> {
        judgement.refuse(&refusing(&found.config.app, found, &[], verify))
    }

    async fn judge_through_proxy(&self, session: &Session<'_, I>, app: &str, id: &str) -> Judgement {
        let nothing = Judgement::without_asking(Verdict::NotCheckable);
        let Ok(toolkit) = self.toolkit(session, app).await else { return nothing };
        let Some((method, path)) = &toolkit.current_user else { return nothing };
        let version = self.project.version;
        let ask = Proxied { account: id, method, endpoint: path, query: &[], headers: &[], body: None };
        let Ok(call) = version.proxy(&ask) else { return nothing };
        // No proxy for this key or on this server says nothing of the credential.
        let Ok(answer) = session.call(call.alone()).await else { return nothing };
        let Ok(AppAnswer { status, .. }) = version.read_proxied(&answer.json) else { return nothing };
        let verdict = usual_verdict(status, false);
        // What cannot be somebody else's host here is just an answer that decides nothing.
        let verdict = if verdict == Verdict::WrongHost { Verdict::NotCheckable } else { verdict };
        Judgement {
            verdict,
            evidence: vec![Evidence {
                request: format!("{method} {path}"),
                status: Some(status),
                detail: None,
                verdict,
            }],
            account: None,
            retry_after: None,
        }
    }

    pub(crate) async fn verify_connection(&self, id: &str) -> Result<Verification> {
        let session = self.session()?;
        let account = self.account(&session, id).await?;
        Ok(self.check_again(&session, account).await.0)
    }

    /// In the order of the API's own list: Composio keeps no time of a check, so all are due.
    pub(crate) async fn verify_due(&self, ask: VerifyDue) -> Result<Rechecks> {
        let mut round = Round::<Place>::new(&ask)?;
        let place = round.at().cloned().unwrap_or_default();
        let session = self.session()?;
        let filter = Filter {
            entity_id: ask.entity_id.as_deref(),
            app: ask.app.as_deref(),
            statuses: &DUE,
            limit: BATCH,
            cursor: place.page.as_deref(),
            ..Filter::default()
        };
        let page = self.page(&session, &filter).await?;
        let count = page.items.len();
        let mut done = place.done;
        for account in page.items.into_iter().skip(place.done) {
            if round.room() == 0 {
                break;
            }
            done += 1;
            let (id, entity_id, app, status) =
                (account.id.clone(), account.entity_id.clone(), account.app.clone(), account.status.clone());
            let due = Due { id: &id, entity_id: &entity_id, app: &app, status: &status };
            if round.may_ask(&self.io, &app).await {
                let outcome = self.check_again(&self.session()?, account).await;
                round.note(&due, Ok(outcome))?;
            } else {
                round.pass_by(&due);
            }
        }
        let next = page.next.filter(|next| Some(next) != place.page.as_ref());
        let at = if done < count {
            Some(Place { done, ..place })
        } else {
            next.map(|page| Place { page: Some(page), done: 0 })
        };
        Ok(round.end(at, None))
    }

    async fn check_again(&self, session: &Session<'_, I>, account: Account) -> Checked {
        let judgement = self.judge_through_proxy(session, &account.app, &account.id).await;
        let verification = Verification {
            connected_account_id: account.id,
            status: account.status,
            verdict: judgement.verdict,
            verified_at: judgement.was_asked().then(io::now),
            account: judgement.account,
            evidence: judgement.evidence,
        };
        (verification, judgement.retry_after)
    }

    pub(super) fn can_ask(&self, app: &str, scheme: &str) -> bool {
        self.known_scheme(app, scheme).is_some_and(|(app, index)| app.schemes[index].checkable())
    }

    /// What the catalogue knows of this app and scheme.
    pub(super) fn known_scheme(&self, app: &str, scheme: &str) -> Option<(AppRef, usize)> {
        let app = self.catalog.app(app).ok()?;
        let same = app.schemes.iter().position(|s| s.auth_scheme.eq_ignore_ascii_case(scheme));
        let index = same.or((app.schemes.len() == 1).then_some(0))?;
        Some((app, index))
    }
}

fn refusing<'a>(app: &'a str, found: &Resolved, host_fields: &'a [String], verify: Verify) -> Refusing<'a> {
    Refusing {
        app,
        secret_fields: found.fields.iter().filter(|f| f.secret).map(|f| f.name.to_string()).collect(),
        host_fields,
        required: verify == Verify::Required,
    }
}

/// The values under the names that the catalogue has for them; `None` where they cannot be told apart, or one is missing.
fn translated(scheme: &SchemeDef, theirs: &[FieldDef], values: &Values) -> Option<Values> {
    let mut found = Values::default();
    let secrets = |fields: &[FieldDef]| fields.iter().filter(|f| f.secret).count();
    // Where both sides know one secret, it is the same whatever it is called: `api_key` here, `generic_api_key` there.
    let sole = theirs.iter().find(|f| f.secret).filter(|_| secrets(theirs) == 1 && secrets(&scheme.fields) == 1);
    for field in scheme.fields.iter() {
        let name = field.name.as_ref();
        let value = values.get(name).or_else(|| values.get(&sole.filter(|_| field.secret)?.name));
        match (value, &field.default) {
            (Some(value), _) => found.set(name, value.lent()),
            (None, Some(default)) => found.set(name, crate::secret::Secret::passing(default.as_bytes())),
            (None, None) if field.required => return None,
            (None, None) => {}
        }
    }
    Some(found)
}
