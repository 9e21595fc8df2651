//! What can happen to single records: each is noticed, and hides no other.

use keylatch::{Audit, AuditQuery, Client, Options};

use crate::fixture::Fixture;
use crate::table::Row;

pub(crate) fn swapped_rows(row: &Row) {
    let fixture = Fixture::new();
    let (first, second) = (&fixture.ids[0], &fixture.ids[1]);
    fixture.edit(&format!("UPDATE connections SET sealed = (SELECT sealed FROM connections WHERE id = '{first}')"));
    row.tells(&fixture.only_this_one_fails(second), &[("ID", second)]);
}

pub(crate) fn row_given_to_another_user(row: &Row) {
    let fixture = Fixture::new();
    let id = &fixture.ids[0];
    fixture.edit(&format!("UPDATE connections SET entity_id = 'thief' WHERE id = '{id}'"));
    row.tells(&fixture.only_this_one_fails(id), &[("ID", id)]);
}

pub(crate) fn flipped_bits_in_a_record(row: &Row) {
    let fixture = Fixture::new();
    let id = &fixture.ids[0];
    // A byte of the nonce, of the content, of the tag; half a record; none.
    let flip = |at: &str| {
        format!("sealed = CAST(substr(sealed, 1, {at} - 1) || x'a5' || substr(sealed, {at} + 1) AS BLOB), labels = ''")
    };
    let halved = "sealed = CAST(substr(sealed, 1, length(sealed) / 2) AS BLOB)".to_owned();
    for change in [flip("5"), flip("40"), flip("length(sealed)"), halved, "sealed = x''".to_owned()] {
        fixture.edit(&format!("UPDATE connections SET {change} WHERE id = '{id}'"));
        row.tells(&fixture.only_this_one_fails(id), &[("ID", id)]);
    }
}

pub(crate) fn flipped_bits_beside_a_record(row: &Row) {
    row.is_no_error();
    let fixture = Fixture::new();
    let id = &fixture.ids[0];
    let broken = "CAST(x'ff00' AS TEXT)";
    fixture.edit(&format!(
        "UPDATE connections SET labels = {broken}, metadata = {broken}, account = {broken}, alias = {broken}, verdict = {broken}, \
         created_at = {broken} WHERE id = '{id}'"
    ));
    let client = fixture.open().unwrap();
    let filter = |labels: &[&str]| keylatch::ConnectionFilter {
        labels: labels.iter().map(ToString::to_string).collect(),
        ..Default::default()
    };
    assert_eq!(client.connected_accounts(filter(&[])).unwrap().items.len(), 2);
    assert_eq!(client.connected_accounts(filter(&["a"])).unwrap().items.len(), 0);
    for id in &fixture.ids {
        client.verify_connection(id).unwrap();
    }
}

pub(crate) fn edited_integration(row: &Row) {
    for change in ["base_url = 'https://evil.example'", "allow = '[\"loopback\"]'", "fixed_fields = '[\"api_key\"]'"] {
        let fixture = Fixture::new();
        fixture.edit(&format!("UPDATE integrations SET {change}"));
        let client = fixture.open().unwrap();
        let integrations = client.integrations(None).unwrap();
        let error = client.verify_connection(&fixture.ids[0]).unwrap_err();
        row.tells(&error, &[("ID", &integrations[0].id)]);
        assert_eq!(fixture.diagnose().damaged_integrations, [integrations[0].id.clone()]);
    }
}

pub(crate) fn record_of_a_later_version(row: &Row) {
    let fixture = Fixture::new();
    let id = &fixture.ids[0];
    fixture
        .edit(&format!("UPDATE connections SET sealed = CAST(x'02' || substr(sealed, 2) AS BLOB) WHERE id = '{id}'"));
    row.tells(&fixture.only_this_one_fails(id), &[("ID", id)]);
}

/// Set back after a connection was verified: its time has not come yet.
pub(crate) fn clock_set_back(row: &Row) {
    row.is_no_error();
    let fixture = Fixture::new();
    let future = "'2999-01-01T00:00:00.000Z'";
    let id = &fixture.ids[0];
    fixture.edit(&format!("UPDATE connections SET verified_at = {future}, created_at = {future} WHERE id = '{id}'"));
    let diagnosis = fixture.diagnose();
    assert!(diagnosis.warnings.iter().any(|w| w.contains("the clock was set back")), "{:?}", diagnosis.warnings);
    let client = fixture.open().unwrap();
    let due = || keylatch::VerifyDue { pause_ms: Some(0), ..Default::default() };
    let round = client.verify_due(due()).unwrap();
    assert_eq!(round.items.len(), 2, "what was verified in the future is due");
    assert_eq!(client.connected_accounts(keylatch::ConnectionFilter::default()).unwrap().items[1].id, *id);
}

pub(crate) fn log_key_gone(row: &Row) {
    log_key(row, "DELETE FROM audit_keys");
}

pub(crate) fn log_key_damaged(row: &Row) {
    log_key(row, "UPDATE audit_keys SET sealed = x'00'");
}

/// What must be written down is refused, all else goes on; the log is read without its key, and the loss shows in it.
fn log_key(row: &Row, damage: &str) {
    let fixture = Fixture::new();
    let open = |audit| Client::open(Options { audit, ..fixture.options() }).unwrap();
    let id = &fixture.ids[0];
    open(Audit::Required).disable_connection(id).unwrap();
    fixture.edit(damage);
    row.tells(&open(Audit::Required).enable_connection(id).unwrap_err(), &[]);
    let client = open(Audit::BestEffort);
    client.enable_connection(id).unwrap();
    assert_eq!(client.audit_log(AuditQuery::default()).unwrap().items.len(), 1);
    assert_eq!(client.check_audit(None).unwrap().faults.len(), 1);
}
