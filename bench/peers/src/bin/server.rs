//! A server that answers as Composio's API does, with bodies from the file BENCH_REPLIES, as fast as it can or after
//! BENCH_LATENCY_MS milliseconds. It counts requests and connections.
//!
//! `GET /_bench` tells what it saw since it was last asked: the counts, and the first requests as they came.

#![forbid(unsafe_code)]

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use keylatch_peers::{json, setting};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// So many requests are kept as they came.
const KEPT: usize = 16;

#[derive(Default)]
struct Seen {
    count: u64,
    connections: HashSet<u64>,
    unknown: u64,
    first: Vec<Value>,
}

struct Server {
    /// By method and path.
    replies: HashMap<(String, String), (StatusCode, Bytes)>,
    latency: Option<Duration>,
    seen: Mutex<Seen>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let server = Arc::new(Server {
        replies: replies(),
        latency: setting("BENCH_LATENCY_MS").parse().ok().filter(|ms| *ms > 0).map(Duration::from_millis),
        seen: Mutex::default(),
    });
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener: TcpListener = socket.listen(4096)?;
    println!("http://{}", listener.local_addr()?);
    for number in 0.. {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let server = server.clone();
        let service = hyper::service::service_fn(move |request| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(number, request).await) }
        });
        // A client that goes away is no error.
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
    Ok(())
}

/// The answers that there are, from the file.
fn replies() -> HashMap<(String, String), (StatusCode, Bytes)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let reply = |one: &Value| {
        let status = one["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        let status = status.and_then(|status| StatusCode::from_u16(status).ok()).expect("a status");
        ((text(&one["method"]), text(&one["path"])), (status, Bytes::from(one["body"].to_string())))
    };
    json("BENCH_REPLIES").as_array().expect("a list of replies").iter().map(reply).collect()
}

impl Server {
    async fn answer(&self, connection: u64, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() == "/_bench" {
            return response(StatusCode::OK, self.told().into());
        }
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let reply = self.replies.get(&(head.method.to_string(), head.uri.path().to_owned()));
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.count += 1;
            seen.connections.insert(connection);
            seen.unknown += u64::from(reply.is_none());
            if seen.first.len() < KEPT {
                let headers: Vec<_> = head.headers.iter().map(|(n, v)| json!([n.as_str(), v.to_str().ok()])).collect();
                seen.first.push(json!({
                    "method": head.method.as_str(),
                    "target": head.uri.path_and_query().map(|target| target.as_str()),
                    "headers": headers,
                    "body": String::from_utf8_lossy(&body),
                }));
            }
        }
        if let Some(latency) = self.latency {
            tokio::time::sleep(latency).await;
        }
        match reply {
            Some((status, body)) => response(*status, body.clone()),
            None => response(StatusCode::NOT_FOUND, Bytes::from_static(b"{\"error\":{\"message\":\"no such route\"}}")),
        }
    }

    /// What was seen, which is forgotten with that.
    fn told(&self) -> String {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let Seen { count, connections, unknown, first } = seen;
        json!({ "requests": count, "connections": connections.len(), "unknown": unknown, "first": first }).to_string()
    }
}

fn response(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
