//! The audit log in the flows: what uses a credential is written down before it does.

use super::Embedded;
use crate::audit::{Action, Audit, AuditCheck, AuditLog, AuditQuery};
use crate::error::{Error, Result};
use crate::io::Io;
use crate::store::{About, ConnectionRow};

impl<I: Io> Embedded<I> {
    pub(crate) async fn audit_log(&self, ask: AuditQuery) -> Result<AuditLog> {
        self.vault(move |vault| vault.audit_log(&ask)).await
    }

    pub(crate) async fn check_audit(&self, head: Option<&str>) -> Result<AuditCheck> {
        let head = head.map(str::to_owned);
        self.vault(move |vault| vault.check_audit(head.as_deref())).await
    }

    /// Writes down that a connection is about to be used.
    pub(super) async fn note_use(&self, action: Action, row: &ConnectionRow) -> Result<()> {
        if self.audit == Audit::Off {
            return Ok(()); // a use asks the vault nothing then
        }
        let row = row.clone();
        self.vault(move |vault| vault.note_begun(action, (&row).into())).await
    }

    /// Writes down that the provider was asked and nothing is stored; gives the error back, which is told in any case.
    pub(super) async fn note_refusal(&self, action: Action, error: Error, entity_id: String, app: String) -> Error {
        if self.audit == Audit::Off {
            return error;
        }
        let kind = error.kind();
        let noted = self.vault(move |vault| {
            let about = About { entity_id: Some(&entity_id), record_id: None, app: Some(&app) };
            vault.note_alone(action, &format!("refused:{}", kind.code()), about)
        });
        let _ = noted.await;
        error
    }
}
