//! Tries one app of the catalogue from the command line: `try_app SLUG [AUTH_SCHEME] < values.json` prints what the app
//! said of the values.
//! Environment: KEYLATCH_TEST_CA, a file with an authority to trust besides the system's.

use std::io::Read as _;

use keylatch::{Client, InitiateConnection, Input, NewIntegration, Options, Params, Permission, Secret};
use serde_json::Value;

#[allow(clippy::print_stdout, reason = "its output is its purpose")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let slug = std::env::args().nth(1).ok_or("name an app")?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let values: serde_json::Map<String, Value> = serde_json::from_str(&text)?;

    let folder = tempfile::tempdir()?;
    let extra_ca_pem = std::env::var_os("KEYLATCH_TEST_CA").map(std::fs::read).transpose()?;
    let path = Some(folder.path().join("vault.db"));
    let client = Client::open(Options { path, extra_ca_pem, ..Options::default() })?;
    let ask = NewIntegration {
        app: slug,
        auth_scheme: std::env::args().nth(2).map(|scheme| scheme.parse()).transpose()?,
        allow: Permission::ALL.iter().copied().collect(),
        ..NewIntegration::default()
    };
    let integration = client.create_integration(ask)?;
    let mut params = Params::new();
    for (name, value) in values {
        let input = match value {
            Value::String(text) => Input::Text { value: Secret::from(text), wipeable: true },
            other => Input::Scalar(other.to_string()),
        };
        params.insert(&name, input);
    }
    let ask =
        InitiateConnection { entity_id: "me".into(), ..InitiateConnection::to_integration(&integration.id, params) };
    match client.initiate_connection(ask) {
        Ok(made) => println!("{} {}", made.verdict, serde_json::to_string(&made)?),
        Err(error) => println!("{} {error}", error.verdict().map_or("-", |v| v.as_str())),
    }
    Ok(())
}
