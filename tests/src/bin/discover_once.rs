//! Opens a vault and prints the names of an app's fields: `discover_once VAULT APP`. `tests/catalogue/test_cost.py`
//! counts its instructions.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a test program reports on its standard output")]

use keylatch::{Client, ExpectedParamsQuery, KeySource, Options, Result, Secret};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let path = args.next().map(Into::into);
    let key = KeySource::Bytes(Secret::from(vec![7; 32]));
    let client = Client::open(Options { path, key, ..Options::default() })?;
    let ask = ExpectedParamsQuery { app: args.next(), ..ExpectedParamsQuery::default() };
    for field in client.get_expected_params_for_user(ask)?.expected_params {
        println!("{}", field.name);
    }
    Ok(())
}
