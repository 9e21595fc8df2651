//! The audit log: who connected, used, verified, rotated or deleted what, and when. Here is what a host sees of it; how an entry is
//! made and chained is in `vault/audit.rs`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::embedded::check_limit;
use crate::error::{Error, Result};
use crate::store::AuditRow;

/// Whether a client keeps the vault's audit log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Audit {
    /// It writes no entries.
    #[default]
    Off,
    /// It writes them, and goes on where one cannot be written.
    BestEffort,
    /// What has no entry is not done: a call whose entry cannot be written is refused.
    Required,
}

impl Audit {
    /// The choice of this name: `off`, `best_effort` or `required`.
    ///
    /// # Errors
    /// `invalid_argument` for another name.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "off" => Ok(Self::Off),
            "best_effort" => Ok(Self::BestEffort),
            "required" => Ok(Self::Required),
            _ => Err(Error::argument("audit", "audit must be `off`, `best_effort` or `required`")),
        }
    }
}

/// What an entry tells of: the name of the call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Action {
    CreateIntegration,
    DeleteIntegration,
    Initiate,
    Update,
    Verify,
    Enable,
    Disable,
    SetAlias,
    Dsn,
    Delete,
    Execute,
    Request,
    Stream,
    Backup,
    ChangeKey,
    RotateDataKey,
    Export,
    Import,
}

impl Action {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::CreateIntegration => "integrations.create",
            Self::DeleteIntegration => "integrations.delete",
            Self::Initiate => "initiate_connection",
            Self::Update => "connected_accounts.update_credentials",
            Self::Verify => "connected_accounts.verify",
            Self::Enable => "connected_accounts.enable",
            Self::Disable => "connected_accounts.disable",
            Self::SetAlias => "connected_accounts.set_alias",
            Self::Dsn => "connected_accounts.dsn",
            Self::Delete => "connected_accounts.delete",
            Self::Execute => "execute_action",
            Self::Request => "request",
            Self::Stream => "request_stream",
            Self::Backup => "backup",
            Self::ChangeKey => "change_key",
            Self::RotateDataKey => "rotate_data_key",
            Self::Export => "export_vault",
            Self::Import => "import_vault",
        }
    }
}

/// Outcome of what is about to be done.
pub(crate) const BEGUN: &str = "begun";
/// Outcome of what is done with the entry, or neither is.
pub(crate) const DONE: &str = "done";

/// Which entries are wanted; all that is given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditQuery {
    /// Only those behind the entry of this number. Default: 0, all.
    pub after: u64,
    /// How many at most, 1 to 500. Default: 50.
    pub limit: Option<u32>,
    /// About this user.
    pub entity_id: Option<String>,
    /// About this connection.
    pub connected_account_id: Option<String>,
}

impl AuditQuery {
    pub(crate) fn limit(&self) -> Result<u32> {
        check_limit(self.limit)
    }
}

/// A page of the audit log, oldest entry first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditLog {
    /// The entries. Where there are more, they are behind the last of these: give its `seq` as `after`.
    pub items: Vec<AuditEntry>,
    /// The end of the whole log: kept elsewhere and given to `check_audit` later, it shows whether the log was cut.
    pub head: String,
}

/// An entry of the audit log. It holds no credential, and no id of a user, connection or integration in clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its number: 1 for the first, one more for each.
    pub seq: u64,
    /// When it was written, RFC 3339 in UTC.
    pub at: String,
    /// Name of the call, such as `request` or `connected_accounts.delete`.
    pub action: String,
    /// `begun` of what was about to be done; `done`, or a verdict, of what was stored together with the entry; `refused:` and the
    /// code of the error where an initiation or update came to nothing after the input was found good.
    pub outcome: String,
    /// Keyed hash of the user's id, 32 hexadecimal digits: the same for the same user throughout the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_hash: Option<String>,
    /// The same of the connection's id, or of the integration's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_hash: Option<String>,
    /// Slug of the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Process id, `@`, and a keyed hash of the machine's host name.
    pub process: String,
}

/// What looking at the whole audit log has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditCheck {
    /// How many entries there are.
    pub entries: u64,
    /// The end of the log, to be kept elsewhere.
    pub head: String,
    /// What is wrong, a sentence each, 100 at most. Empty where the log is as it was written, as far as `head` reaches.
    pub faults: Vec<String>,
}

/// An end of a log: the number of its last entry, and that entry's link of the chain.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) chain: Vec<u8>,
}

impl Head {
    pub(crate) fn of(last: Option<&AuditRow>) -> Self {
        last.map(|row| Self { seq: row.seq, chain: row.chain.clone() }).unwrap_or_default()
    }

    pub(crate) fn write(&self) -> String {
        format!("{}:{}", self.seq, URL_SAFE_NO_PAD.encode(&self.chain))
    }

    pub(crate) fn read(text: &str) -> Result<Self> {
        let read = || {
            let (seq, chain) = text.split_once(':')?;
            let seq = seq.parse().ok().filter(|seq| *seq >= 0)?;
            Some(Self { seq, chain: URL_SAFE_NO_PAD.decode(chain).ok()? })
        };
        read().ok_or_else(|| Error::argument("head", "the head is not one that audit_log or check_audit returned"))
    }
}

impl From<&AuditRow> for AuditEntry {
    fn from(row: &AuditRow) -> Self {
        let hash = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(hexadecimal);
        Self {
            seq: row.seq.unsigned_abs(),
            at: row.at.clone(),
            action: row.action.clone(),
            outcome: row.outcome.clone(),
            entity_hash: hash(&row.entity),
            record_hash: hash(&row.record),
            app: row.app.clone(),
            process: row.process.clone(),
        }
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
