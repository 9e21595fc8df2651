//! libcurl, one handle for each thread: sends the requests of BENCH_PAIR to BENCH_SERVER, and reads the answers' bodies.

#![forbid(unsafe_code)]

use std::cell::RefCell;

use curl::easy::{Easy, List};
use keylatch_peers::{Sent, pair, setting, work};

thread_local! {
    static HANDLE: RefCell<Easy> = RefCell::new(Easy::new());
}

fn main() {
    let server = setting("BENCH_SERVER");
    let requests = pair();
    work(|_| {
        HANDLE.with_borrow_mut(|handle| {
            for sent in &requests {
                send(handle, &server, sent).expect("an answer");
            }
        });
    });
}

fn send(handle: &mut Easy, server: &str, sent: &Sent) -> Result<(), curl::Error> {
    let mut headers = List::new();
    for (name, value) in &sent.headers {
        headers.append(&format!("{name}: {value}"))?;
    }
    handle.reset(); // keeps the connection
    handle.url(&format!("{server}{}", sent.target))?;
    handle.proxy("")?;
    handle.tcp_nodelay(true)?;
    handle.http_headers(headers)?;
    if sent.method == "POST" {
        handle.post(true)?;
        handle.post_fields_copy(sent.body.as_bytes())?;
    }
    let mut body = Vec::new();
    let mut transfer = handle.transfer();
    transfer.write_function(|bytes| {
        body.extend_from_slice(bytes);
        Ok(bytes.len())
    })?;
    transfer.perform()?;
    drop(transfer);
    assert!(handle.response_code()? < 300);
    Ok(())
}
