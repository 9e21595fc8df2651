//! Checking connections again: one, or all that are due.

use super::{Embedded, Opened, missing};
use crate::audit::Action;
use crate::calls::VerifyDue;
use crate::connection::{Rechecks, Status, Verification};
use crate::error::Result;
use crate::expired::Expired;
use crate::io::{self, Io};
use crate::provider::{Judgement, judge};
use crate::round::{Checked, Due, Round};
use crate::store::{ConnectionRow, DueQuery};
use crate::verdict::Verdict;

impl<I: Io> Embedded<I> {
    pub(crate) async fn verify_connection(&self, id: &str) -> Result<Verification> {
        let row = self.connection_row(id).await?;
        self.check_again(row).await.map(|(verification, _)| verification)
    }

    pub(crate) async fn verify_due(&self, ask: VerifyDue) -> Result<Rechecks> {
        self.must_be_open()?;
        let mut round = Round::<(String, i64)>::new(&ask)?;
        let query = DueQuery {
            entity_id: ask.entity_id,
            app: ask.app.map(|name| name.to_ascii_lowercase()),
            until: round.until().to_owned(),
            now: io::now(),
            after: round.at().cloned(),
            limit: round.room(),
        };
        let (rows, mut remaining) = self.vault(move |vault| vault.store.due_connections(&query)).await?;
        let mut at = None;
        for row in rows {
            if round.room() == 0 {
                break;
            }
            at = Some((row.verified_at.clone().unwrap_or_default(), row.seq));
            remaining -= 1;
            let view = row.view();
            let due = Due::from(&view);
            if round.may_ask(&self.io, due.app).await {
                let outcome = self.check_again(row).await;
                round.note(&due, outcome)?;
            } else {
                round.pass_by(&due);
            }
        }
        Ok(round.end(at.filter(|_| remaining > 0), Some(remaining)))
    }

    async fn check_again(&self, row: ConnectionRow) -> Result<Checked> {
        let opened = self.opened(row).await?;
        self.note_use(Action::Verify, &opened.row).await?;
        let judgement = self.judge_again(&opened).await?;
        let row = self.note(&opened.row, &judgement).await?;
        let verification = Verification {
            connected_account_id: row.id,
            status: row.status,
            verdict: judgement.verdict,
            verified_at: judgement.was_asked().then_some(row.verified_at).flatten(),
            account: judgement.account,
            evidence: judgement.evidence,
        };
        Ok((verification, judgement.retry_after))
    }

    pub(super) async fn judge_again(&self, opened: &Opened) -> Result<Judgement> {
        let target = opened.integration.target(&self.io, &opened.values)?;
        judge(&self.io, opened.integration.scheme()?, &target, &opened.values, self.timeout).await
    }

    /// Writes down what the provider said, unless the connection has other credentials by now.
    pub(super) async fn note(&self, judged: &ConnectionRow, judgement: &Judgement) -> Result<ConnectionRow> {
        let (id, version) = (judged.id.clone(), judged.record_version);
        let (verdict, account, asked) = (judgement.verdict, judgement.account.clone(), judgement.was_asked());
        let (row, before) = self
            .change(&judged.id, move |vault| {
                let note = vault.note(Action::Verify, verdict.as_str())?;
                let mut before = None;
                let mut change = |row: &mut ConnectionRow| {
                    before = None;
                    if row.record_version != version || !asked {
                        return Ok(());
                    }
                    let now = io::now();
                    row.verdict = verdict;
                    row.verified_at = Some(now.clone());
                    row.updated_at = now;
                    if account.is_some() {
                        row.account.clone_from(&account);
                    }
                    match (verdict, &row.status) {
                        (Verdict::Rejected, Status::Active) => {
                            before = Some(std::mem::replace(&mut row.status, Status::Expired));
                        }
                        (Verdict::Accepted | Verdict::UnderScoped, Status::Expired) => row.status = Status::Active,
                        _ => {}
                    }
                    Ok(())
                };
                let row = vault.store.update_connection(&id, &mut change, note.entry())?;
                Ok((row, before))
            })
            .await?;
        let row = row.ok_or_else(|| missing(&judged.id))?;
        if let Some(previous_status) = before {
            let (connected_account_id, entity_id) = (row.id.clone(), row.entity_id.clone());
            let app = row.app.clone();
            self.news.note(Expired { connected_account_id, entity_id, app, previous_status });
        }
        Ok(row)
    }
}
