//! New credentials for an account that is there: asked about first, then put in the place of the old ones.

use super::accounts::gone;
use super::discover::{Resolved, keep_upstream};
use super::initiate::answer;
use super::model::Made;
use super::refusal::with_wire_names;
use super::routes::Rotation;
use super::session::Doubt;
use super::{Composio, Session};
use crate::calls::{UpdateCredentials, Verify};
use crate::connection::{ConnectionRequest, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::input::{self, Completeness, Values};
use crate::io::Io;
use crate::provider::Judgement;
use crate::secret::Secret;
use crate::verdict::Verdict;

impl<I: Io> Composio<I> {
    pub(crate) async fn update_credentials(&self, ask: UpdateCredentials) -> Result<ConnectionRequest> {
        let session = self.session()?;
        let params = ask.connected_account_params;
        if params.is_empty() {
            let message = "give at least one value in `connected_account_params`";
            return Err(Error::argument("connected_account_params", message));
        }
        let account = self.account(&session, &ask.connected_account_id).await?;
        let found = self.resolve(&session, Some(&account.integration_id), None, None, "app").await?;
        let rules = self.input_rules(Completeness::Partial, &found.config.app);
        let (values, warnings) = input::check(found.fields.iter(), params, &rules)?;
        let session = session.hiding(&found.fields, &values);
        // What is kept is needed to ask the provider; of secrets the server shows no more than a mask.
        let mut all = values.duplicate();
        for (name, value) in &account.values {
            let harmless = found.fields.iter().any(|f| !f.secret && f.name == *name);
            if harmless && all.get(name).is_none() {
                all.set(name, Secret::passing(value.as_bytes()));
            }
        }
        let rotation = Rotation { id: &account.id, scheme: &found.config.scheme, alias: None, values: &values };
        self.rotate(&session, &rotation, &found, &all, ask.verify, warnings).await
    }

    /// Asks the provider about `all` values, of which the rotation has those that change, and sends these.
    pub(super) async fn rotate(
        &self,
        session: &Session<'_, I>,
        rotation: &Rotation<'_>,
        found: &Resolved,
        all: &Values,
        verify: Verify,
        warnings: Vec<Warning>,
    ) -> Result<ConnectionRequest> {
        let version = self.project.version;
        let call = version.rotate(rotation)?;
        let judgement = self.ask_directly(found, all, verify).await?;
        // Through the proxy only the new credentials could be asked about, when the old ones are lost already.
        let judgement = judgement.unwrap_or_else(|| Judgement::without_asking(Verdict::NotCheckable));
        self.weigh(&judgement, found, verify)?;
        let session = session.with_time(self.timeout); // the provider has had its own
        let id = rotation.id;
        let answered = session.call(call).await.map_err(|failure| match failure.doubt {
            Doubt::None if failure.error.kind() == ErrorKind::NotFound => gone(failure, id),
            Doubt::None => with_wire_names(failure.error, &found.fields),
            _ => {
                let message = "it cannot be known whether the connection has the new credentials; give them again";
                keep_upstream(Error::new(ErrorKind::Indeterminate, message), &failure.error)
            }
        });
        let status = version.read_made(&answered.map_err(|error| error.with_connection(id))?.json).status;
        let made = Made { id: Some(id.to_owned()), status, redirect_url: None };
        let made = self.with_status(&session, made).await?;
        tracing::debug!("keylatch.connection.id" = %id, "keylatch.verdict" = %judgement.verdict, "credentials updated");
        Ok(answer(made, judgement, warnings, true))
    }
}
