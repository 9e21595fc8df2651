//! What the conformance cases cannot show of the network rules: a client with a proxy.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use keylatch::{
    Client, ConnectionRequest, ErrorKind, InitiateConnection, KeySource, NewIntegration, Options, Params, Permission,
    Result, Secret, Verdict,
};

/// A client with a proxy that answers nothing but 502, and the first line of each request that the proxy gets.
struct Fixture {
    _folder: tempfile::TempDir,
    client: Client,
    asked: Receiver<String>,
}

impl Fixture {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // By name, which the rules for users' hosts would refuse: the proxy is the developer's.
        let proxy = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let (tell, asked) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut seen = [0; 1024];
                let length = stream.read(&mut seen).unwrap_or(0);
                let line = String::from_utf8_lossy(&seen[..length]).lines().next().unwrap_or_default().to_owned();
                let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            path: Some(folder.path().join("vault.db")),
            key: KeySource::Bytes(Secret::new(&[1; 32])),
            proxy: Some(proxy),
            timeout: Duration::from_secs(5),
            ..Options::default()
        };
        Self { client: Client::open(options).unwrap(), asked, _folder: folder }
    }

    fn connect(&self, app: &str, allow: &[Permission], params: Params) -> Result<ConnectionRequest> {
        let ask =
            NewIntegration { app: app.into(), allow: allow.iter().copied().collect(), ..NewIntegration::default() };
        let integration = self.client.create_integration(ask).unwrap();
        let to = InitiateConnection::to_integration(&integration.id, params);
        self.client.entity("user-1").initiate_connection(to)
    }
}

fn typed(hostname: &str) -> Params {
    Params::new().text("hostname", hostname).text("access_token", "glpat-canary-0000000001")
}

/// Why it was refused, as the exceptions that its message names.
fn refusal(outcome: Result<ConnectionRequest>) -> String {
    let error = outcome.err().unwrap();
    assert_eq!((error.kind(), error.fields()), (ErrorKind::ForbiddenHost, &["hostname".to_owned()][..]));
    let (_, names) = error.message().split_once("allow=").unwrap();
    names.split(" on the").next().unwrap().to_owned()
}

#[test]
fn a_typed_host_goes_through_a_proxy_with_its_exception_alone() {
    let fixture = Fixture::new();
    let others: Vec<_> = Permission::ALL.iter().copied().filter(|e| *e != Permission::ThroughProxy).collect();
    assert_eq!(refusal(fixture.connect("gitlab", &[], typed("git.example"))), r#"["through_proxy"]"#);
    assert_eq!(refusal(fixture.connect("gitlab", &others, typed("git.example"))), r#"["through_proxy"]"#);
    assert!(fixture.asked.try_recv().is_err(), "the proxy was asked");
    let made = fixture.connect("gitlab", &[Permission::ThroughProxy], typed("git.example")).unwrap();
    assert_eq!(made.verdict, Verdict::Unreachable);
    assert_eq!(fixture.asked.recv_timeout(Duration::from_secs(5)).unwrap(), "CONNECT git.example:443 HTTP/1.1");
}

#[test]
fn written_addresses_and_known_names_are_checked_with_a_proxy_too() {
    let fixture = Fixture::new();
    let allow = [Permission::ThroughProxy];
    for (host, kind) in [("10.1.2.3", "private"), ("localhost", "loopback"), ("metadata.goog", "metadata")] {
        assert_eq!(refusal(fixture.connect("gitlab", &allow, typed(host))), format!(r#"["{kind}"]"#), "{host}");
    }
    assert_eq!(refusal(fixture.connect("gitlab", &[], typed("10.1.2.3"))), r#"["private", "through_proxy"]"#);
    assert!(fixture.asked.try_recv().is_err(), "the proxy was asked");
}

#[test]
fn hosts_that_nobody_typed_go_through_a_proxy_without_it() {
    let fixture = Fixture::new();
    let key = || Params::new().text("access_token", "glpat-canary-0000000001");
    fixture.connect("gitlab", &[], key()).unwrap();
    assert_eq!(fixture.asked.recv_timeout(Duration::from_secs(5)).unwrap(), "CONNECT gitlab.com:443 HTTP/1.1");
}
