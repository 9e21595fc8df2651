//! The Rust side of `tests/interop/run.py`: makes a connection, or uses one that another language made.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a test program reports on its standard output")]

use keylatch::{
    Client, ConnectionFilter, InitiateConnection, NewIntegration, Options, Params, Request, Result, Verdict,
};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let client = Client::open(Options { path: Some((&args[2]).into()), ..Options::default() })?;
    match args[1].as_str() {
        "make" => {
            let base_url = Some(args[3].clone());
            let ask = NewIntegration { app: "stripe".into(), base_url, ..NewIntegration::default() };
            let integration = client.create_integration(ask)?;
            let params = Params::new().text("api_key", "sk_test_interop_rust");
            let ask = InitiateConnection::to_integration(&integration.id, params);
            println!("{}", client.entity("interop-rust").initiate_connection(ask)?.connected_account_id);
        }
        _ => {
            let listed = client.connected_accounts(ConnectionFilter::default())?.items.len();
            for id in &args[3..] {
                assert_eq!(client.verify_connection(id)?.verdict, Verdict::Accepted);
                let ask = Request {
                    connected_account_id: Some(id.clone()),
                    method: "GET".into(),
                    path: "/v1/balance".into(),
                    ..Request::default()
                };
                assert_eq!(client.request(ask)?.status, 200);
            }
            println!("{listed}");
        }
    }
    Ok(())
}
