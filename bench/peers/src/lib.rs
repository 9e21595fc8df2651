//! What the programs of the bench share: orders come by standard input, a line each, and are answered with times.
//!
//! An order is `OPERATION COUNT AT_ONCE`. The answer is a line of nanoseconds: of the whole order, then of each operation.

#![forbid(unsafe_code)]

use std::io::{self, BufRead, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// What a program is asked to do.
pub struct Order {
    /// What, in a word that the program knows.
    pub operation: String,
    /// How often.
    pub count: usize,
    /// How many of them at a time.
    pub at_once: usize,
}

/// The orders, until there are no more.
pub fn orders() -> impl Iterator<Item = Order> {
    say("ready");
    io::stdin().lock().lines().map_while(Result::ok).map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words[at].parse().expect("an order has two numbers");
        Order { operation: words[0].to_owned(), count: number(1), at_once: number(2) }
    })
}

/// Answers an order.
pub fn answer(whole: Duration, times: &[Duration]) {
    let numbers: Vec<String> = std::iter::once(&whole).chain(times).map(|time| time.as_nanos().to_string()).collect();
    say(&numbers.join(" "));
}

/// Carries out all orders with `once`, which does an operation one time; on threads where several are wanted at once.
pub fn work(once: impl Fn(&str) + Sync) {
    for Order { operation, count, at_once } in orders() {
        let timed = || {
            let begun = Instant::now();
            once(&operation);
            begun.elapsed()
        };
        let begun = Instant::now();
        let times = if at_once == 1 { (0..count).map(|_| timed()).collect() } else { share(count, at_once, &timed) };
        answer(begun.elapsed(), &times);
    }
}

/// Does something that often, on so many threads.
fn share(count: usize, threads: usize, timed: &(impl Fn() -> Duration + Sync)) -> Vec<Duration> {
    let taken = AtomicUsize::new(0);
    let until_done = || {
        let mut times = Vec::new();
        while taken.fetch_add(1, Ordering::Relaxed) < count {
            times.push(timed());
        }
        times
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(until_done)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("an operation failed")).collect()
    })
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("whoever gave the order listens");
}

/// A setting from the environment.
pub fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// A file of JSON that a setting names.
pub fn json(name: &str) -> Value {
    let text = std::fs::read(setting(name)).expect("the file that the setting names");
    serde_json::from_slice(&text).expect("a file of JSON")
}

/// A request as Keylatch sends it.
pub struct Sent {
    /// The method, in capitals.
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// All headers, without those that every client sets for itself.
    pub headers: Vec<(String, String)>,
    /// The body; empty where there is none.
    pub body: String,
}

/// The requests that Keylatch sends to initiate a connection and to get it.
pub fn pair() -> Vec<Sent> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let request = |one: &Value| Sent {
        method: text(&one["method"]),
        target: text(&one["target"]),
        headers: one["headers"].as_array().into_iter().flatten().map(|h| (text(&h[0]), text(&h[1]))).collect(),
        body: text(&one["body"]),
    };
    json("BENCH_PAIR").as_array().expect("a list of requests").iter().map(request).collect()
}
