//! What an export holds, one entry after the other: an integration, or a connection behind its integration, with its values.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::damaged;
use super::header::newer;
use crate::error::{Error, ErrorKind, Result};
use crate::input::Values;
use crate::store::{ConnectionRow, IntegrationRow};
use crate::vault::record;

const INTEGRATION: u8 = 1;
const CONNECTION: u8 = 2;

/// A record without its seal, and the values that were in it.
pub(in crate::vault) enum Entry {
    Integration(IntegrationRow, Values),
    Connection(ConnectionRow, Values),
}

pub(super) fn pack_integration(row: &IntegrationRow, values: &Values) -> Result<Zeroizing<Vec<u8>>> {
    pack(INTEGRATION, row, values)
}

pub(super) fn pack_connection(row: &ConnectionRow, values: &Values) -> Result<Zeroizing<Vec<u8>>> {
    pack(CONNECTION, row, values)
}

/// `kind || length of the JSON || JSON || values`, behind the length of all that.
fn pack(kind: u8, row: &impl Serialize, values: &Values) -> Result<Zeroizing<Vec<u8>>> {
    let too_long = || Error::new(ErrorKind::Internal, "a record is too long to be exported");
    let json = serde_json::to_vec(row)
        .map_err(|_| Error::new(ErrorKind::Internal, "a record could not be written as JSON"))?;
    let values = record::pack(values);
    let json_length = u32::try_from(json.len()).map_err(|_| too_long())?;
    let length = u32::try_from(5 + json.len() + values.len()).map_err(|_| too_long())?;
    let mut packed = Zeroizing::new(Vec::with_capacity(9 + json.len() + values.len()));
    packed.extend_from_slice(&length.to_le_bytes());
    packed.push(kind);
    packed.extend_from_slice(&json_length.to_le_bytes());
    packed.extend_from_slice(&json);
    packed.extend_from_slice(&values);
    Ok(packed)
}

/// Reads what [`pack`] wrote behind the length.
pub(super) fn unpack(packed: &[u8]) -> Result<Entry> {
    let (&[kind], rest) = packed.split_first_chunk::<1>().ok_or_else(damaged)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (json, values) = rest.split_at_checked(length).ok_or_else(damaged)?;
    let values = record::unpack(values).ok_or_else(damaged)?;
    match kind {
        INTEGRATION => Ok(Entry::Integration(row(json)?, values)),
        CONNECTION => Ok(Entry::Connection(row(json)?, values)),
        _ => Err(newer()),
    }
}

/// Whoever can write one has the key, so what this version does not know comes from a later one.
fn row<T: DeserializeOwned>(json: &[u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|_| newer())
}
