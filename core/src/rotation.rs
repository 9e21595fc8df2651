//! A new data key for a vault: what the call takes and answers, and the cursor that carries a rotation from batch to batch.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How many records a batch seals anew, where the caller does not say.
const DEFAULT_LIMIT: u32 = 500;
const MOST: u32 = 5_000;

/// Which batch of a rotation is wanted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RotateDataKey {
    /// How many records to seal anew in this batch, 1 to 5 000. Default: 500.
    pub limit: Option<u32>,
    /// `next_cursor` of the batch before. Without it a rotation that was broken off goes on, or another one begins.
    pub cursor: Option<String>,
}

impl RotateDataKey {
    pub(crate) fn limit(&self) -> Result<u32> {
        match self.limit.unwrap_or(DEFAULT_LIMIT) {
            limit if (1..=MOST).contains(&limit) => Ok(limit),
            _ => Err(Error::argument("limit", format!("limit must be 1 to {MOST}"))),
        }
    }
}

/// One batch of a rotation: records that are sealed with the newest data key now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rotation {
    /// Id of the newest data key.
    pub key_id: String,
    /// How many records this batch has sealed with it.
    pub resealed: u64,
    /// How many the rotation will come by yet.
    pub remaining: u64,
    /// Integrations that this batch came by and that do not open: they stay as they are.
    pub damaged_integrations: Vec<String>,
    /// Connections that this batch came by and that do not open: they stay as they are.
    pub damaged_connections: Vec<String>,
    /// On the last batch: ids of older data keys that stay, since records that do not open are sealed with them. A later rotation
    /// deletes them, once these records are deleted or have new credentials. Empty where no older key is left.
    pub kept_keys: Vec<String>,
    /// Give it back as `cursor` for the next batch; `None` on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What a cursor says: how far the newest key has come.
#[derive(Deserialize, Serialize)]
pub(crate) struct State {
    pub(crate) key_id: String,
    pub(crate) remaining: u64,
    pub(crate) at: Place,
}

/// What is to be sealed anew next. Integrations come first: whoever uses one then learns of the new key.
#[derive(Deserialize, Serialize)]
pub(crate) enum Place {
    /// Integrations behind this id.
    Integrations(String),
    /// Connections older than this one in the order of creation, or the newest.
    Connections(Option<i64>),
}

impl State {
    pub(crate) fn begin(key_id: String, remaining: u64) -> Self {
        Self { key_id, remaining, at: Place::Integrations(String::new()) }
    }

    pub(crate) fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    pub(crate) fn read(cursor: &str) -> Result<Self> {
        let state = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        state.ok_or_else(|| Error::argument("cursor", "the cursor is not one that rotate_data_key returned"))
    }
}
