//! The audit log's key, and what is made with it: the hashes in an entry, the chain of entries, and the check of both.
//!
//! The key is sealed as a record is, so that it outlives other master keys and other data keys. Each link of the chain is a MAC over
//! the link before and over all columns of its row: without the key no row can be made, and one that is changed, moved or gone shows.

use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Closed, Vault, new_id, newer, record, ring};
use crate::audit::{Action, Audit, AuditCheck, AuditLog, AuditQuery, BEGUN, Head, hexadecimal};
use crate::error::{Error, ErrorKind, Result};
use crate::io;
use crate::process::{self, Lock};
use crate::secret::Secret;
use crate::store::{About, AuditKeyRow, AuditRow, AuditRows, Entry, Note as StoreNote, unwritten};

/// How many rows are looked at at once.
const BATCH: u32 = 500;
/// How many faults are told.
const MOST_FAULTS: usize = 100;
/// Bytes of a keyed hash that are kept.
const HASH: usize = 16;

/// How a vault keeps its log.
#[derive(Default)]
pub(super) struct Log {
    how: Audit,
    /// Once it was opened: a vault has one for good.
    pub(super) key: Lock<Option<Arc<Secret>>>,
}

/// An entry on its way, or none.
pub(crate) struct Note(Option<Writing>);

struct Writing {
    key: Arc<Secret>,
    action: Action,
    outcome: String,
    required: bool,
}

impl Note {
    /// For the store.
    pub(crate) fn entry(&self) -> StoreNote<'_> {
        self.0.as_ref().map(|writing| writing as &dyn Entry)
    }
}

impl Entry for Writing {
    fn row(&self, about: About<'_>, last: Option<&AuditRow>) -> AuditRow {
        let host = mac(&self.key, "host", &[Some(process::host_name().as_bytes())]);
        let mut row = AuditRow {
            seq: last.map_or(0, |last| last.seq) + 1,
            at: io::now(),
            action: self.action.as_str().to_owned(),
            outcome: self.outcome.clone(),
            entity: about.entity_id.map(|id| entity_hash(&self.key, id)),
            record: about.record_id.map(|id| record_hash(&self.key, id)),
            app: about.app.map(str::to_owned),
            process: format!("{}@{}", std::process::id(), hexadecimal(&host[..HASH / 2])),
            chain: Vec::new(),
        };
        row.chain = link(&self.key, last, &row);
        row
    }

    fn is_required(&self) -> bool {
        self.required
    }
}

impl Vault {
    /// From here on the log is kept like this.
    pub(crate) fn keep_log(&mut self, how: Audit) {
        self.log.how = how;
    }

    /// The entry of a change, to be stored with it; none where the log is not kept, or need not be and cannot.
    pub(crate) fn note(&self, action: Action, outcome: &str) -> Result<Note> {
        if self.log.how == Audit::Off {
            return Ok(Note(None));
        }
        let required = self.log.how == Audit::Required;
        match self.log_key_or_new() {
            Ok(key) => Ok(Note(Some(Writing { key, action, outcome: outcome.to_owned(), required }))),
            Err(error) if required => Err(unwritten(error)),
            Err(error) => {
                tracing::warn!(
                    "keylatch.action" = action.as_str(),
                    "error.type" = error.kind().code(),
                    "no audit entry"
                );
                Ok(Note(None))
            }
        }
    }

    /// Writes down what is about to be done.
    pub(crate) fn note_begun(&self, action: Action, about: About<'_>) -> Result<()> {
        self.note_alone(action, BEGUN, about)
    }

    /// Writes an entry in a transaction of its own.
    pub(crate) fn note_alone(&self, action: Action, outcome: &str, about: About<'_>) -> Result<()> {
        let note = self.note(action, outcome)?;
        let Some(entry) = note.entry() else { return Ok(()) };
        match self.store.append_entry(entry, about) {
            Err(error) if entry.is_required() => Err(unwritten(error)),
            Err(error) => {
                tracing::warn!(
                    "keylatch.action" = action.as_str(),
                    "error.type" = error.kind().code(),
                    "no audit entry"
                );
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    pub(crate) fn audit_log(&self, ask: &AuditQuery) -> Result<AuditLog> {
        let limit = ask.limit()?;
        let wanted = [&ask.entity_id, &ask.connected_account_id];
        let hashes = match self.log_key() {
            Ok(Some(key)) => {
                let [entity, record] = wanted.map(Option::as_deref);
                Some((entity.map(|id| entity_hash(&key, id)), record.map(|id| record_hash(&key, id))))
            }
            // Without ids there is nothing to hash.
            _ if wanted.iter().all(|id| id.is_none()) => Some((None, None)),
            Ok(None) => None,
            Err(error) => return Err(error),
        };
        let after = i64::try_from(ask.after).unwrap_or(i64::MAX);
        let head = Head::of(self.store.last_entry()?.as_ref()).write();
        let rows = match hashes {
            Some((entity, record)) => self.store.entries(&AuditRows { after: Some(after), entity, record, limit })?,
            None => Vec::new(),
        };
        Ok(AuditLog { items: rows.iter().map(Into::into).collect(), head })
    }

    /// Reads all of the log, and says what is not as it was written.
    pub(crate) fn check_audit(&self, head: Option<&str>) -> Result<AuditCheck> {
        let head = head.map(Head::read).transpose()?;
        let mut checking = Checking { key: None, head, last: None, entries: 0, faults: Vec::new() };
        let mut query = AuditRows { limit: BATCH, ..AuditRows::default() };
        match self.log_key() {
            Ok(key) => checking.key = key,
            Err(error) if error.kind() == ErrorKind::CorruptRecord => checking.fault(error.message().to_owned()),
            Err(error) => return Err(error),
        }
        loop {
            let rows = self.store.entries(&query)?;
            let ended = rows.len() < BATCH as usize;
            query.after = rows.last().map(|row| row.seq).or(query.after);
            rows.into_iter().for_each(|row| checking.entry(row));
            if ended {
                return Ok(checking.end());
            }
        }
    }

    /// The log's key, where there is one.
    fn log_key(&self) -> Result<Option<Arc<Secret>>> {
        let held = self.log.key.lock().clone();
        match held {
            Some(key) => Ok(Some(key)),
            None => self.store.audit_key()?.map(|row| self.open_log_key(row)).transpose(),
        }
    }

    fn log_key_or_new(&self) -> Result<Arc<Secret>> {
        if let Some(key) = self.log_key()? {
            return Ok(key);
        }
        let mut key = Zeroizing::new([0_u8; 32]);
        record::random(key.as_mut_slice())?;
        let mut row = AuditKeyRow { id: new_id("log")?, key_id: String::new(), sealed: Vec::new() };
        // Another process may be quicker; then its key is the log's.
        let stored = self.sealing(|| {
            let (id, data_key) = self.sealing_key()?;
            row.key_id = id;
            row.sealed = record::seal(ring::key(&data_key), &self.log_binding(&row), key.as_slice())?;
            self.store.add_audit_key(&row)
        })?;
        self.open_log_key(stored)
    }

    fn open_log_key(&self, row: AuditKeyRow) -> Result<Arc<Secret>> {
        let opened = self.open_sealed(&row.key_id, &self.log_binding(&row), &row.sealed).or_else(|why| {
            // It may have got another seal since it was read, and the key of this one may be gone.
            match self.store.audit_key().map_err(Closed::Key)? {
                Some(now) if now.key_id != row.key_id => {
                    self.open_sealed(&now.key_id, &self.log_binding(&now), &now.sealed)
                }
                _ => Err(why),
            }
        });
        let of_its_size = |key: Zeroizing<Vec<u8>>| match key.len() {
            32 => Ok(key),
            _ => Err(Closed::Record(record::Unopened::Damaged)),
        };
        let key = opened.and_then(of_its_size).map_err(|why| match why {
            Closed::Key(error) => error,
            Closed::Record(record::Unopened::Newer) => newer("the audit log's key"),
            Closed::Record(record::Unopened::Damaged) => {
                Error::new(ErrorKind::CorruptRecord, "the audit log's own key does not open: restore a backup")
            }
        })?;
        let key = Arc::new(Secret::new(&key));
        *self.log.key.lock() = Some(key.clone());
        Ok(key)
    }

    pub(super) fn log_binding(&self, row: &AuditKeyRow) -> Vec<u8> {
        record::binding(&["audit-key", &self.vault_id, &self.tenant, &row.id, &row.key_id])
    }
}

/// A check on its way through the log.
struct Checking {
    key: Option<Arc<Secret>>,
    head: Option<Head>,
    last: Option<AuditRow>,
    entries: u64,
    faults: Vec<String>,
}

impl Checking {
    fn entry(&mut self, row: AuditRow) {
        let expected = self.last.as_ref().map_or(0, |last| last.seq) + 1;
        if row.seq < expected {
            return self.fault(format!("entry {} does not belong to the log", row.seq));
        }
        if row.seq > expected {
            self.fault(missing(expected, row.seq - 1));
        } else if self.key.as_ref().is_some_and(|key| link(key, self.last.as_ref(), &row) != row.chain) {
            self.fault(format!("entry {} is not as it was written, or not in its place", row.seq));
        }
        if self.head.as_ref().is_some_and(|head| head.seq == row.seq && head.chain != row.chain) {
            let message = "is not the one that the head tells of: the log was cut, or the vault put back to an earlier \
                           state, and written on";
            self.fault(format!("entry {} {message}", row.seq));
        }
        self.entries += 1;
        self.last = Some(row);
    }

    fn end(mut self) -> AuditCheck {
        if self.key.is_none() && self.entries > 0 && self.faults.is_empty() {
            self.fault(
                "the audit log's own key is gone, so that nothing of it can be checked: restore a backup".into(),
            );
        }
        let end = Head::of(self.last.as_ref());
        if let Some(head) = self.head.take().filter(|head| head.seq > end.seq) {
            let gone = missing(end.seq + 1, head.seq);
            self.fault(format!("{gone}: the log was cut, or the vault put back to an earlier state"));
        }
        AuditCheck { entries: self.entries, head: end.write(), faults: self.faults }
    }

    fn fault(&mut self, sentence: String) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(sentence);
        }
    }
}

fn missing(first: i64, last: i64) -> String {
    if first == last { format!("entry {first} is missing") } else { format!("entries {first} to {last} are missing") }
}

fn entity_hash(key: &Secret, id: &str) -> Vec<u8> {
    mac(key, "entity", &[Some(id.as_bytes())])[..HASH].to_vec()
}

fn record_hash(key: &Secret, id: &str) -> Vec<u8> {
    mac(key, "record", &[Some(id.as_bytes())])[..HASH].to_vec()
}

/// The link of the chain that a row is.
fn link(key: &Secret, last: Option<&AuditRow>, row: &AuditRow) -> Vec<u8> {
    let text = |text: &'_ str| Some(text.as_bytes().to_vec());
    let parts = [
        last.map(|last| last.chain.clone()),
        Some(row.seq.to_le_bytes().to_vec()),
        text(&row.at),
        text(&row.action),
        text(&row.outcome),
        row.entity.clone(),
        row.record.clone(),
        row.app.as_deref().and_then(text),
        text(&row.process),
    ];
    mac(key, "entry", &parts.each_ref().map(Option::as_deref)).to_vec()
}

/// A MAC for this purpose over these parts: each behind whether it is there and how long it is, so that no two lists look the same.
fn mac(key: &Secret, purpose: &str, parts: &[Option<&[u8]>]) -> [u8; 32] {
    let key = ring::key(key);
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    for part in std::iter::once(&Some(purpose.as_bytes())).chain(parts) {
        mac.update(&[u8::from(part.is_some())]);
        mac.update(&part.map_or(0, |part| part.len() as u64).to_le_bytes());
        mac.update(part.unwrap_or_default());
    }
    mac.finalize().into_bytes().into()
}
