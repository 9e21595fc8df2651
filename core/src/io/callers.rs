//! The kept connections of the blocking driver. Whoever waits for an answer turns their event loop, on its own thread, so
//! that no answer has to change threads. A thread beside the callers turns it now and then, and takes away what nobody uses.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::yield_now;

use super::clients::{IDLE, Kept};
use super::exchange::{Answer, Exchange, fault_of_lost, runtime};
use super::{CLOSED, Fault, Outgoing, interrupt};
use crate::memory;
use crate::process::PerProcess;

/// How often the loop is turned where nobody else does: so much later than [`IDLE`] may an unused connection end.
const LOOKING: Duration = if cfg!(test) { Duration::from_millis(50) } else { Duration::from_secs(5) };

/// Connections that callers keep.
#[derive(Default)]
pub(super) struct Callers(PerProcess<Arc<Shared>>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    event_loop: Option<Arc<Loop>>,
    /// When a call last began or ended.
    used: Option<Instant>,
    /// A thread takes away what is over.
    watched: bool,
}

/// An event loop and the connections on it. Dropped, it drops them at once.
struct Loop {
    kept: Mutex<Kept>,
    /// There until dropped.
    runtime: Option<Runtime>,
}

impl Callers {
    /// Sends on a kept connection, or one that is kept from now on.
    pub(super) fn send(&self, outgoing: Outgoing, exchange: &Exchange) -> Answer {
        memory::bleach_briefly(); // before the loop and the client, too, are made
        let shared = self.0.get();
        let event_loop = shared.event_loop(exchange)?;
        let client = lock(&event_loop.kept).client(&exchange.settings, outgoing.guarded)?;
        let sending = async {
            // What came while nobody turned the loop is first heard of, then looked at: a connection that has ended is not used.
            yield_now().await;
            yield_now().await;
            exchange.send_by(client, outgoing).await
        };
        let outcome = event_loop.turn(sending);
        shared.state().used = Some(Instant::now());
        outcome
    }

    /// Drops kept connections; those in use with the calls that use them.
    pub(super) fn drop_connections(&self) {
        let event_loop = self.0.get().state().event_loop.take();
        drop(event_loop); // not under the lock
        self.0.get().changed.notify_all();
    }
}

impl Drop for Callers {
    fn drop(&mut self) {
        self.drop_connections();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The loop, begun where there is none.
    fn event_loop(self: &Arc<Self>, exchange: &Exchange) -> Result<Arc<Loop>, Fault> {
        let mut state = self.state();
        if exchange.is_closed() {
            return Err(Fault::Unreachable(CLOSED));
        }
        state.used = Some(Instant::now());
        let event_loop = match &state.event_loop {
            Some(event_loop) => event_loop.clone(),
            None => state.event_loop.insert(Arc::new(Loop::begin()?)).clone(),
        };
        if !state.watched {
            let shared = self.clone();
            let watch = move || memory::bleached(|| shared.watch());
            let begun = thread::Builder::new().name("keylatch-idle".into()).spawn(watch);
            begun.map_err(|_| Fault::Unreachable("this system gives no thread"))?;
            state.watched = true;
        }
        Ok(event_loop)
    }

    /// Turns the loop now and then, until there is none; takes it away where it was not used for long.
    fn watch(&self) {
        let mut state = self.state();
        while let Some(event_loop) = state.event_loop.clone() {
            if state.used.is_some_and(|used| used.elapsed() < IDLE) {
                drop(state);
                event_loop.turn_once();
                drop(event_loop);
                state = self.changed.wait_timeout(self.state(), LOOKING).unwrap_or_else(PoisonError::into_inner).0;
            } else {
                state.event_loop = None;
            }
        }
        state.watched = false;
    }
}

impl Loop {
    fn begin() -> Result<Self, Fault> {
        let runtime = runtime(&mut Builder::new_current_thread())?;
        Ok(Self { kept: Mutex::default(), runtime: Some(runtime) })
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("there until it is dropped")
    }

    /// Turns it until the answer is there, as does whoever else waits for one.
    fn turn(&self, work: impl Future<Output = Answer> + Send) -> Answer {
        let turning = || {
            let answer = interrupt::wait_on(self.runtime(), work);
            if answer.is_err() {
                self.turn_once(); // for the connection of what was given up, which has its bytes
            }
            answer
        };
        if Handle::try_current().is_err() {
            return turning();
        }
        // Who is called from a task of tokio's may turn no other loop than that task's.
        memory::run(turning).unwrap_or_else(|lost| Err(fault_of_lost(lost)))
    }

    /// Does what is due: ends connections that were not used for long, or that the other side has ended.
    fn turn_once(&self) {
        self.runtime().block_on(async {
            yield_now().await;
            yield_now().await;
        });
        memory::bleach();
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background(); // a look-up that still runs is not waited for
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::{AtomicBool, Ordering};

    use bytes::Bytes;

    use super::*;
    use crate::io::{BlockingIo, Io as _, Network, run_now};

    const LONG: Duration = Duration::from_secs(60);

    fn driver() -> BlockingIo {
        let (extra_ca_pem, proxy) = (None, None);
        BlockingIo::new(Network { max_response_bytes: 1000, extra_ca_pem, proxy, keep_connections: true })
    }

    fn get(driver: &BlockingIo, port: u16) -> Answer {
        let request = http::Request::get(format!("http://127.0.0.1:{port}/")).body(Bytes::new()).unwrap();
        run_now(driver.send(Outgoing { request, timeout: LONG, guarded: None, alone: false }))
    }

    /// Reads a request, and answers it.
    fn serve(connection: &mut BufReader<TcpStream>) {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert!(connection.read_line(&mut line).unwrap() > 0, "the connection ended");
        }
        connection.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
    }

    fn accepted(server: &TcpListener) -> BufReader<TcpStream> {
        let (connection, _) = server.accept().unwrap();
        connection.set_read_timeout(Some(LONG)).unwrap();
        BufReader::new(connection)
    }

    /// Whether the other side ends the connection, saying no more.
    fn ends(mut connection: BufReader<TcpStream>) -> bool {
        connection.read(&mut [0; 1]).is_ok_and(|count| count == 0)
    }

    #[test]
    fn a_connection_that_nobody_uses_ends_though_nobody_calls() {
        let (server, driver) = (TcpListener::bind("127.0.0.1:0").unwrap(), driver());
        let port = server.local_addr().unwrap().port();
        thread::scope(|scope| {
            let served = scope.spawn(|| {
                let mut connection = accepted(&server);
                (0..3).for_each(|_| serve(&mut connection));
                ends(connection)
            });
            (0..3).for_each(|_| assert_eq!(get(&driver, port).map(|answer| answer.status), Ok(200)));
            assert!(served.join().unwrap());
        });
    }

    #[test]
    fn a_connection_that_the_other_side_has_ended_is_not_used() {
        let (server, driver) = (TcpListener::bind("127.0.0.1:0").unwrap(), driver());
        let port = server.local_addr().unwrap().port();
        for _ in 0..20 {
            thread::scope(|scope| {
                scope.spawn(|| serve(&mut accepted(&server))); // which ends it
                assert_eq!(get(&driver, port).map(|answer| answer.status), Ok(200));
            });
        }
    }

    #[test]
    fn threads_and_tasks_turn_one_loop() {
        let (server, driver, over) = (TcpListener::bind("127.0.0.1:0").unwrap(), driver(), AtomicBool::new(false));
        let port = server.local_addr().unwrap().port();
        let tasks = tokio::runtime::Builder::new_current_thread().build().unwrap();
        // Each is joined by name: the end of a scope is no order that the thread sanitizer sees.
        thread::scope(|scope| {
            let accepting = scope.spawn(|| {
                let mut serving = Vec::new();
                while !over.load(Ordering::SeqCst) {
                    let mut connection = accepted(&server);
                    serving.push(scope.spawn(move || {
                        while connection.fill_buf().is_ok_and(|more| !more.is_empty()) {
                            serve(&mut connection);
                        }
                    }));
                }
                serving.into_iter().for_each(|one| one.join().unwrap());
            });
            let call = |number: u32| {
                let _as_in_a_task = number.is_multiple_of(2).then(|| tasks.handle().enter());
                (0..5).for_each(|_| assert_eq!(get(&driver, port).map(|answer| answer.status), Ok(200)));
            };
            let callers = (0..8).map(|number| scope.spawn(move || call(number)));
            callers.collect::<Vec<_>>().into_iter().for_each(|one| one.join().unwrap());
            driver.close();
            over.store(true, Ordering::SeqCst);
            drop(TcpStream::connect(("127.0.0.1", port)).unwrap()); // the last to be accepted
            accepting.join().unwrap();
        });
        assert!(get(&driver, port).is_err());
    }
}
