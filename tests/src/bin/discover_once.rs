//! Opens a vault and asks for Stripe's fields, once: what `tests/catalogue/test_cost.py` counts the instructions of.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a test program reports on its standard output")]

use keylatch::{Client, ExpectedParamsQuery, KeySource, Options, Result, Secret};

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).map(Into::into);
    let key = KeySource::Bytes(Secret::from(vec![7; 32]));
    let client = Client::open(Options { path, key, ..Options::default() })?;
    let ask = ExpectedParamsQuery { app: Some("stripe".into()), ..ExpectedParamsQuery::default() };
    for field in client.get_expected_params_for_user(ask)?.expected_params {
        println!("{}", field.name);
    }
    Ok(())
}
