//! Streams bodies through the Rust doors, for `tests/streams/run.py`: `stream_host DOOR URL BYTES`.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a test program reports on its standard output")]

use std::fs;
use std::io::Read;

use keylatch::{
    AsyncClient, Client, InitiateConnection, KeySource, NewIntegration, Options, Params, Request, Result, Secret,
    Streaming, Upload, Verify,
};
use serde_json::{Value, json};

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, door, url, size] = &arguments[..] else { return Err("stream_host DOOR URL BYTES".into()) };
    let size: u64 = size.parse()?;
    let folder = tempfile::tempdir()?;
    let options = Options {
        path: Some(folder.path().join("vault.db")),
        key: KeySource::Bytes(Secret::new(&[7; 32])),
        ..Options::default()
    };
    let client = Client::open(options.duplicate())?;
    let made = client.create_integration(NewIntegration {
        app: "stripe".into(),
        base_url: Some(url.clone()),
        ..NewIntegration::default()
    })?;
    client.initiate_connection(InitiateConnection {
        entity_id: "user-1".into(),
        integration_id: Some(made.id),
        connected_account_params: Params::new().text("api_key", "sk_test_good_0001"),
        verify: Verify::Off,
        ..InitiateConnection::default()
    })?;
    let report = if door == "rust" {
        blocking(&client, size)?
    } else {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(later(options, size))?
    };
    println!("{report}");
    Ok(())
}

fn ask(method: &str, path: &str) -> Request {
    Request {
        entity_id: Some("user-1".into()),
        app: Some("stripe".into()),
        method: method.into(),
        path: path.into(),
        ..Request::default()
    }
}

fn any_size(upload: Option<Upload>) -> Streaming {
    Streaming { upload, max_response_bytes: Some(0), ..Streaming::default() }
}

fn blocking(client: &Client, size: u64) -> Result<Value> {
    let download = |size: u64| {
        let mut answer = client.request_stream(ask("GET", &format!("/bytes/{size}")), any_size(None))?;
        let mut whole = 0;
        while let Some(piece) = answer.next_piece()? {
            whole += piece.len() as u64;
        }
        Ok::<_, keylatch::Error>(whole)
    };
    let upload = |size: u64| {
        let body = Upload::new(std::io::repeat(b'x').take(size));
        let mut told = String::new();
        let mut answer = client.request_stream(ask("PUT", "/count"), any_size(Some(body)))?;
        answer.read_to_string(&mut told).expect("a number");
        Ok::<_, keylatch::Error>(number(told.as_bytes()))
    };
    download(1 << 20)?;
    upload(1 << 20)?;
    let before = state();
    let (down, up) = (download(size)?, upload(size)?);
    let mut left = client.request_stream(ask("GET", &format!("/bytes/{}", 1_u64 << 60)), any_size(None))?;
    left.next_piece()?;
    drop(left);
    let cut = number(&client.request(ask("GET", "/cut"))?.body);
    Ok(report(down, up, cut, before))
}

async fn later(options: Options, size: u64) -> Result<Value> {
    let client = AsyncClient::open(options).await?;
    let download = async |size: u64| {
        let mut answer = client.request_stream(ask("GET", &format!("/bytes/{size}")), any_size(None)).await?;
        let mut whole = 0;
        while let Some(piece) = answer.next().await? {
            whole += piece.len() as u64;
        }
        Ok::<_, keylatch::Error>(whole)
    };
    let upload = async |size: u64| {
        let (sender, body) = Upload::channel();
        let sending = tokio::spawn(async move {
            for _ in 0..size >> 16 {
                sender.send(vec![b'x'; 1 << 16]).await;
            }
            sender.end().await;
        });
        let mut answer = client.request_stream(ask("PUT", "/count"), any_size(Some(body))).await?;
        let mut told = Vec::new();
        while let Some(piece) = answer.next().await? {
            told.extend(piece);
        }
        sending.await.expect("sending does not panic");
        Ok::<_, keylatch::Error>(number(&told))
    };
    download(1 << 20).await?;
    upload(1 << 20).await?;
    let before = state();
    let (down, up) = (download(size).await?, upload(size).await?);
    let mut left = client.request_stream(ask("GET", &format!("/bytes/{}", 1_u64 << 60)), any_size(None)).await?;
    left.next().await?;
    drop(left);
    let cut = number(&client.request(ask("GET", "/cut")).await?.body);
    Ok(report(down, up, cut, before))
}

fn number(text: &[u8]) -> u64 {
    String::from_utf8_lossy(text).parse().expect("the server tells a number")
}

/// Peak of memory in KiB.
fn state() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells this");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells this");
    line.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
}

fn report(down: u64, up: u64, cut: u64, before: u64) -> Value {
    json!({"down": down, "up": up, "cut": cut, "grown_kib": state() - before})
}
