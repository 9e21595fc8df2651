//! Initiates connections in a vault in PostgreSQL, whose server `tests/postgres/restarts.py` stops meanwhile.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a test program reports on its standard output")]

use std::io::Write as _;

use keylatch::{Client, ConnectionFilter, InitiateConnection, KeySource, Options, Params, Secret, Verify};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["initiate", name, count] => initiate(name, count.parse().expect("a number")),
        ["look"] => look(),
        _ => panic!("postgres_stress initiate NAME COUNT | look"),
    }
}

fn open() -> Client {
    let url = std::env::var("KEYLATCH_TEST_POSTGRES").expect("the URL of a server");
    let key = KeySource::Bytes(Secret::new(&[7; 32]));
    Client::open(Options { path: Some(url.into()), key, ..Options::default() }).expect("the vault opens")
}

/// One connection for each of so many users; says of each at once how it went.
fn initiate(name: &str, count: usize) {
    let client = open();
    for number in 0..count {
        let mut key = format!("canary-{name}-{number:04}").into_bytes();
        let ask = InitiateConnection {
            verify: Verify::Off,
            ..InitiateConnection::to_app("google_maps", Params::new().take("api_key", &mut key))
        };
        match client.entity(&format!("{name}-{number}")).initiate_connection(ask) {
            Ok(made) => println!("done {}", made.connected_account_id),
            Err(error) => println!("{}", error.kind()),
        }
        std::io::stdout().flush().expect("somebody reads");
    }
}

/// Opens every connection and says its id: its credential is unsealed to be asked about.
fn look() {
    let client = open();
    let mut filter = ConnectionFilter { limit: Some(500), ..ConnectionFilter::default() };
    loop {
        let page = client.connected_accounts(filter.clone()).expect("the vault lists");
        for connection in page.items {
            println!("{}", client.verify_connection(&connection.id).expect("the record opens").connected_account_id);
        }
        match page.next_cursor {
            Some(cursor) => filter.cursor = Some(cursor),
            None => return,
        }
    }
}
