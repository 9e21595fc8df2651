//! The audit log in PostgreSQL, on a real server: `make test-postgres`. What is the same in a file is tried there, in `tests/audit.rs`.

use std::thread;

use crate::store::Schema;
use crate::{
    Allow, Audit, AuditQuery, Client, ErrorKind, InitiateConnection, KeySource, NewIntegration, Options, Params,
    Permission, RotateDataKey, Secret, Verify,
};

fn open(schema: &Schema, audit: Audit) -> Client {
    let key = KeySource::Bytes(Secret::new(&[7; 32]));
    Client::open(Options { path: Some(schema.url().into()), key, audit, ..Options::default() }).unwrap()
}

fn integration(client: &Client) -> String {
    let allow = Allow::from([Permission::Reveal]);
    client.create_integration(NewIntegration { app: "postgresql".into(), allow, ..Default::default() }).unwrap().id
}

fn connect(client: &Client, integration: &str, user: &str) -> crate::Result<String> {
    let params = Params::new().text("host", "db.example.com").text("username", "u").text("password", "canary-0001");
    let params = params.text("database", "reports");
    let ask = InitiateConnection { verify: Verify::Off, ..InitiateConnection::to_integration(integration, params) };
    client.entity(user).initiate_connection(ask).map(|made| made.connected_account_id)
}

fn faults(client: &Client, head: Option<&str>) -> Vec<String> {
    client.check_audit(head).unwrap().faults
}

#[test]
#[ignore = "wants a server: make test-postgres"]
fn all_that_write_at_once_to_postgresql_make_one_chain() {
    let schema = Schema::new();
    let clients = [open(&schema, Audit::Required), open(&schema, Audit::BestEffort)];
    let integration = integration(&clients[0]);
    thread::scope(|scope| {
        for number in 0..8 {
            let (client, integration) = (&clients[number % 2], &integration);
            scope.spawn(move || {
                for _ in 0..5 {
                    let id = connect(client, integration, &format!("user-{number}")).unwrap();
                    client.dsn(&id).unwrap();
                    client.delete_connection(&id, false).unwrap();
                }
            });
        }
    });
    let check = clients[0].check_audit(None).unwrap();
    assert_eq!((check.entries, check.faults), (1 + 8 * 5 * 3, Vec::new()));
    let ask = AuditQuery { entity_id: Some("user-3".into()), ..AuditQuery::default() };
    assert_eq!(clients[0].audit_log(ask).unwrap().items.len(), 15);
}

#[test]
#[ignore = "wants a server: make test-postgres"]
fn damages_of_a_log_in_postgresql_show() {
    let schema = Schema::new();
    let client = open(&schema, Audit::Required);
    let integration = integration(&client);
    let id = connect(&client, &integration, "user-1").unwrap();
    (0..4).for_each(|_| drop(client.dsn(&id).unwrap()));
    let mut cursor = None;
    loop {
        let batch = client.rotate_data_key(RotateDataKey { cursor, ..RotateDataKey::default() }).unwrap();
        cursor = batch.next_cursor;
        if cursor.is_none() {
            assert_eq!(batch.kept_keys, [""; 0]);
            break;
        }
    }
    let head = client.audit_log(AuditQuery::default()).unwrap().head;
    let again = open(&schema, Audit::Off);
    assert_eq!(faults(&again, Some(&head)), [""; 0], "the log's key is sealed with the newest");
    for (edit, found) in [
        ("DELETE FROM audit WHERE seq = 7", "entry 7 is missing: the log was cut"),
        ("DELETE FROM audit WHERE seq = 3", "entry 3 is missing"),
        ("UPDATE audit SET outcome = 'done' WHERE seq = 5", "entry 5 is not as it was written"),
    ] {
        schema.edit(edit);
        let seen = faults(&again, Some(&head));
        assert!(seen.iter().any(|seen| seen.starts_with(found)), "{edit}: {seen:?}");
    }
}

#[test]
#[ignore = "wants a server: make test-postgres"]
fn what_postgresql_does_not_write_down_is_not_done_where_it_must_be() {
    let schema = Schema::new();
    let client = open(&schema, Audit::Required);
    let integration = integration(&client);
    let id = connect(&client, &integration, "user-1").unwrap();
    schema.edit(
        "CREATE FUNCTION full_log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''full''; END'; \
         CREATE TRIGGER full_log BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION full_log()",
    );
    for refused in [
        connect(&client, &integration, "user-2").map(drop),
        client.dsn(&id).map(drop),
        client.disable_connection(&id).map(drop),
        client.delete_connection(&id, false),
        client.change_key(KeySource::Bytes(Secret::new(&[8; 32]))),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage);
        assert!(error.message().starts_with("the audit log takes no entry"), "{error}");
    }
    assert_eq!(client.connected_accounts(crate::ConnectionFilter::default()).unwrap().items.len(), 1);
    let easy = open(&schema, Audit::BestEffort);
    easy.dsn(&id).unwrap();
    connect(&easy, &integration, "user-2").unwrap();
    easy.delete_connection(&id, false).unwrap();
    let check = easy.check_audit(None).unwrap();
    assert_eq!((check.entries, check.faults), (2, Vec::new()));
}

#[test]
#[ignore = "wants a server: make test-postgres"]
fn tables_of_the_first_format_in_postgresql_become_todays() {
    let schema = Schema::new();
    let client = open(&schema, Audit::Off);
    let integration = integration(&client);
    let id = connect(&client, &integration, "user-1").unwrap();
    client.close();
    schema.edit("DROP TABLE audit, audit_keys; UPDATE vault SET format = 1");
    thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(|| open(&schema, Audit::Required).dsn(&id).unwrap())));
    });
    let client = open(&schema, Audit::Off);
    let check = client.check_audit(None).unwrap();
    assert_eq!((check.entries, check.faults), (4, Vec::new()));
    assert_eq!(client.diagnose().unwrap().format, Some(2));
}
