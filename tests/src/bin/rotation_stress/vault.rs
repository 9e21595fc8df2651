//! The vault that is rotated: one integration that hands credentials out, and connections whose credential tells its number.

use std::path::Path;

use keylatch::{
    Allow, Client, Connection, ConnectionFilter, InitiateConnection, NewIntegration, Options, Params, Permission,
    Verify,
};

pub(crate) fn open(path: &Path) -> Client {
    Client::open(Options { path: Some(path.to_owned()), ..Options::default() }).expect("the vault opens")
}

/// In memory where the system has such a place: it is processes that are tried here, and a disk would be waited for 100,000 times.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder can be made")
}

pub(crate) fn fill(path: &Path, records: u64) {
    let client = open(path);
    let allow = Allow::from([Permission::Reveal]);
    let ours = NewIntegration { app: "postgresql".into(), allow, ..NewIntegration::default() };
    client.create_integration(ours).expect("an integration is made");
    for number in 0..records {
        connect(&client, &user(number), number).expect("a connection is made");
    }
    client.close();
}

/// The user of the record of this number.
pub(crate) fn user(number: u64) -> String {
    format!("user-{number}")
}

pub(crate) fn connect(client: &Client, user: &str, number: u64) -> keylatch::Result<String> {
    let params = credential(number).text("host", "db.example.com").text("database", "app");
    let ask = InitiateConnection { verify: Verify::Off, ..InitiateConnection::to_app("postgresql", params) };
    Ok(client.entity(user).initiate_connection(ask)?.connected_account_id)
}

/// Two values, so that a mix of two credentials would show.
pub(crate) fn credential(number: u64) -> Params {
    let mut password = format!("password-{number}").into_bytes();
    Params::new().text("username", &format!("name-{number}")).take("password", &mut password)
}

/// The number that a connection's credential tells.
pub(crate) fn number_of(client: &Client, id: &str) -> keylatch::Result<Option<u64>> {
    let dsn = client.dsn(id)?;
    let dsn = dsn.expose_text().unwrap_or_default(); // expose: made up for this test
    let numbers = dsn
        .strip_prefix("postgresql://name-")
        .and_then(|rest| rest.split_once('@'))
        .and_then(|(credential, _)| credential.split_once(":password-"));
    Ok(numbers.filter(|(name, password)| name == password).and_then(|(number, _)| number.parse().ok()))
}

/// Every record opens, each with a credential of its own kind, and there are so many.
pub(crate) fn is_whole(path: &Path, records: u64) {
    let client = open(path);
    let found = client.diagnose().expect("a diagnosis");
    assert_eq!((found.data_keys, found.older_records, found.connections), (Some(1), Some(0), Some(records)));
    assert_eq!(found.warnings, [""; 0]);
    let mut filter = ConnectionFilter { limit: Some(500), ..ConnectionFilter::default() };
    let page = |filter: &ConnectionFilter| client.connected_accounts(filter.clone()).expect("the vault lists");
    loop {
        let page = page(&filter);
        let tells = |connection: &Connection| number_of(&client, &connection.id).is_ok_and(|number| number.is_some());
        assert!(page.items.iter().all(tells), "every record holds what was put in");
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() {
            return;
        }
    }
}
