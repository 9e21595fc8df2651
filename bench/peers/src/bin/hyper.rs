//! Bare hyper on a loop of its own: sends the requests of BENCH_PAIR to BENCH_SERVER, and reads the answers' bodies.

#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use keylatch_peers::{Order, answer, orders, pair, setting};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

type Sender = SendRequest<Full<Bytes>>;

struct Peer {
    address: String,
    requests: Vec<Request<Full<Bytes>>>,
    idle: RefCell<Vec<Sender>>,
}

fn main() {
    let address = setting("BENCH_SERVER").trim_start_matches("http://").to_owned();
    let request = |sent: keylatch_peers::Sent| {
        let mut request = Request::builder().method(&*sent.method).uri(&sent.target).header("host", &address);
        for (name, value) in &sent.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(Bytes::from(sent.body))).expect("a request")
    };
    let requests = pair().into_iter().map(request).collect();
    let peer = Rc::new(Peer { address, requests, idle: RefCell::default() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a loop");
    let tasks = LocalSet::new(); // of all orders, so that connections are kept
    for order in orders() {
        let begun = Instant::now();
        let times = tasks.block_on(&runtime, carried_out(peer.clone(), order));
        answer(begun.elapsed(), &times);
    }
}

async fn carried_out(peer: Rc<Peer>, Order { count, at_once, .. }: Order) -> Vec<Duration> {
    let left = Rc::new(Cell::new(count));
    let times = Rc::new(RefCell::new(Vec::with_capacity(count)));
    let tasks: Vec<_> = (0..at_once)
        .map(|_| {
            let (peer, left, times) = (peer.clone(), left.clone(), times.clone());
            tokio::task::spawn_local(async move {
                while left.get() > 0 {
                    left.set(left.get() - 1);
                    let begun = Instant::now();
                    peer.pair().await;
                    times.borrow_mut().push(begun.elapsed());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("an operation failed");
    }
    times.take()
}

impl Peer {
    async fn pair(&self) {
        let idle = self.idle.borrow_mut().pop();
        let mut sender = match idle {
            Some(sender) => sender,
            None => self.connect().await,
        };
        for request in &self.requests {
            let answer = sender.send_request(request.clone()).await.expect("an answer");
            assert!(answer.status().is_success());
            answer.into_body().collect().await.expect("a body");
            sender.ready().await.expect("a connection that is kept");
        }
        self.idle.borrow_mut().push(sender);
    }

    async fn connect(&self) -> Sender {
        let stream = TcpStream::connect(&self.address).await.expect("a server");
        stream.set_nodelay(true).expect("a socket");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a connection");
        // Its end is the program's.
        tokio::task::spawn_local(connection);
        sender
    }
}
