//! Bare `reqwest::blocking`: sends the requests of BENCH_PAIR to BENCH_SERVER, and reads the answers' bodies.

#![forbid(unsafe_code)]

use keylatch_peers::{Sent, pair, setting, work};
use reqwest::blocking::Client;

fn main() {
    // Nothing here is encrypted, but a client is not made without.
    rustls::crypto::ring::default_provider().install_default().expect("the first provider");
    let client = Client::builder().no_proxy().build().expect("a client");
    let server = setting("BENCH_SERVER");
    let requests = pair();
    work(|_| requests.iter().for_each(|sent| send(&client, &server, sent)));
}

fn send(client: &Client, server: &str, sent: &Sent) {
    let method = sent.method.parse().expect("a method");
    let mut request = client.request(method, format!("{server}{}", sent.target));
    for (name, value) in &sent.headers {
        request = request.header(name, value);
    }
    if !sent.body.is_empty() {
        request = request.body(sent.body.clone());
    }
    let answer = request.send().expect("an answer");
    assert!(answer.status().is_success());
    answer.bytes().expect("a body");
}
