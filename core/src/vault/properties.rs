//! Whatever is sealed opens as it was, and only where it was sealed and as long as no bit of it changed.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::{KeySource, Means, Place, Vault};
use crate::allow::{Allow, Permission};
use crate::connection::Status;
use crate::error::{ErrorKind, Result};
use crate::input::Values;
use crate::secret::Secret;
use crate::store::{ConnectionRow, IntegrationRow};
use crate::verdict::Verdict;

thread_local! {
    static VAULT: (tempfile::TempDir, Vault) = {
        let folder = tempfile::tempdir().unwrap();
        let key = KeySource::Bytes(Secret::new(&[5; 32]));
        let vault = Vault::open(&Place::file_at(&folder.path().join("vault.db")), &key, &Means::plain()).unwrap();
        (folder, vault)
    };
}

type Content = Vec<(String, Vec<u8>)>;

fn content() -> impl Strategy<Value = Content> {
    vec(("[a-z_.-]{1,8}", vec(any::<u8>(), 0..40)), 0..4)
}

fn values(content: &Content) -> Values {
    let mut values = Values::default();
    content.iter().for_each(|(name, value)| values.set(name, Secret::new(value)));
    values
}

fn is_same(opened: &Result<Values>, sealed: &Values) -> bool {
    opened.as_ref().is_ok_and(|opened| opened.iter().eq(sealed.iter()))
}

fn is_refused(opened: &Result<Values>) -> bool {
    opened.as_ref().is_err_and(|error| error.kind() == ErrorKind::CorruptRecord)
}

/// Texts of any kind, also such that one could be taken for two.
fn texts<const N: usize>() -> impl Strategy<Value = [String; N]> {
    vec("[a-c,:|\u{1}é]{0,4}", N).prop_map(|texts| texts.try_into().unwrap())
}

fn connection([id, entity_id, app, auth_scheme, integration_id]: [String; 5], record_version: i64) -> ConnectionRow {
    ConnectionRow {
        seq: 0,
        id,
        entity_id,
        app,
        auth_scheme,
        integration_id,
        status: Status::Active,
        verdict: Verdict::NotChecked,
        verified_at: None,
        account: None,
        alias: None,
        labels: vec![],
        metadata: Value::Null,
        record_version,
        key_id: String::new(),
        sealed: vec![],
        created_at: String::new(),
        updated_at: String::new(),
    }
}

fn integration(
    [id, app, auth_scheme, name]: [String; 4],
    base_url: Option<String>,
    allow: bool,
    fixed: Vec<String>,
) -> IntegrationRow {
    let allow = if allow { Allow::from([Permission::Private]) } else { Allow::default() };
    let created_at = String::new();
    IntegrationRow {
        id,
        app,
        auth_scheme,
        name,
        base_url,
        allow,
        fixed_fields: fixed,
        key_id: String::new(),
        sealed: vec![],
        created_at,
    }
}

/// The record with one bit flipped, and with its end cut off.
fn damaged(record: &[u8], at: Index, bit: u8) -> [Vec<u8>; 2] {
    let at = at.index(record.len());
    let mut flipped = record.to_vec();
    flipped[at] ^= 1 << bit;
    [flipped, record[..at].to_vec()]
}

proptest! {
    #[test]
    fn a_connections_values_open_in_their_own_row_only(
        content in content(), is in texts(), other in texts(), version in 1..9_i64, other_version in 1..9_i64,
        at in any::<Index>(), bit in 0..8_u8,
    ) {
        VAULT.with(|(_, vault)| {
            let (mut row, values) = (connection(is, version), values(&content));
            vault.seal_connection(&mut row, &values).unwrap();
            prop_assert!(is_same(&vault.open_connection(&row), &values));
            for sealed in damaged(&row.sealed, at, bit) {
                let opened = vault.open_connection(&ConnectionRow { sealed, ..row.clone() });
                prop_assert!(is_refused(&opened));
            }
            let [id, entity_id, app, auth_scheme, integration_id] = other;
            let moved = [
                ConnectionRow { id, ..row.clone() },
                ConnectionRow { entity_id, ..row.clone() },
                ConnectionRow { app, ..row.clone() },
                ConnectionRow { auth_scheme, ..row.clone() },
                ConnectionRow { integration_id, ..row.clone() },
                ConnectionRow { record_version: other_version, ..row.clone() },
            ];
            for moved in moved.iter().filter(|moved| **moved != row) {
                prop_assert!(is_refused(&vault.open_connection(moved)), "{moved:?}");
            }
            let told = ConnectionRow { alias: Some("a".into()), status: Status::Inactive, ..row };
            prop_assert!(is_same(&vault.open_connection(&told), &values), "what the application changes is not bound");
            Ok(())
        })?;
    }

    #[test]
    fn an_integrations_values_open_in_their_own_row_only(
        content in content(), is in texts(), other in texts(), urls in [prop::option::of("[a-c]{1,3}"), prop::option::of("[a-c]{1,3}")],
        allow in any::<[bool; 2]>(), fixed in [vec("[a-c]{1,2}", 0..3), vec("[a-c]{1,2}", 0..3)], at in any::<Index>(), bit in 0..8_u8,
    ) {
        VAULT.with(|(_, vault)| {
            let ([url, other_url], [fixed, other_fixed]) = (urls, fixed);
            let (mut row, values) = (integration(is, url, allow[0], fixed), values(&content));
            vault.seal_integration(&mut row, &values).unwrap();
            prop_assert!(is_same(&vault.open_integration(&row), &values));
            for sealed in damaged(&row.sealed, at, bit) {
                let opened = vault.open_integration(&IntegrationRow { sealed, ..row.clone() });
                prop_assert!(is_refused(&opened));
            }
            let other = integration(other, other_url, allow[1], other_fixed);
            let moved = [
                IntegrationRow { id: other.id, ..row.clone() },
                IntegrationRow { app: other.app, ..row.clone() },
                IntegrationRow { auth_scheme: other.auth_scheme, ..row.clone() },
                IntegrationRow { base_url: other.base_url, ..row.clone() },
                IntegrationRow { allow: other.allow, ..row.clone() },
                IntegrationRow { fixed_fields: other.fixed_fields, ..row.clone() },
            ];
            for moved in moved.iter().filter(|moved| **moved != row) {
                prop_assert!(is_refused(&vault.open_integration(moved)), "{moved:?}");
            }
            Ok(())
        })?;
    }
}
