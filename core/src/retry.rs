//! When a request of the host's is sent again: only what may act twice unharmed or surely did not act, and only in time.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::io::Io;

/// How often a request is sent again at most, where the caller does not say.
const DEFAULT: u32 = 2;
const MOST: u32 = 10;

/// The tries of one request, all within one deadline.
pub(crate) struct Tries {
    safe: bool,
    left: u32,
    made: u32,
    deadline: Instant,
}

impl Tries {
    /// `retry`: how often to send again at most; 0 is never.
    pub(crate) fn new(method: &str, retry: Option<u32>, time: Duration) -> Result<Self> {
        let left = retry.unwrap_or(DEFAULT);
        if left > MOST {
            return Err(Error::argument("retry", format!("retry must be 0 to {MOST}")));
        }
        let safe = ["GET", "HEAD", "OPTIONS"].iter().any(|safe| method.eq_ignore_ascii_case(safe));
        Ok(Self { safe, left, made: 0, deadline: Instant::now() + time })
    }

    /// One try, and no more.
    pub(crate) fn once(time: Duration) -> Self {
        Self { safe: false, left: 0, made: 0, deadline: Instant::now() + time }
    }

    /// The same for what is sent once: again only where nothing of it was read.
    pub(crate) fn only_untouched(self) -> Self {
        Self { safe: false, ..self }
    }

    /// Begins a try, which may take this long.
    pub(crate) fn begin(&mut self) -> Duration {
        self.made += 1;
        self.time()
    }

    /// What is left of the time.
    pub(crate) fn time(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// Whether the caller wants nothing but what it asks for: no second try, no wait for a limit.
    pub(crate) fn is_off(&self) -> bool {
        self.left == 0 && self.made == 0
    }

    /// Whether an answer of this status may be another one next time; waits for that, as long as the app `wants`.
    pub(crate) async fn after_answer<I: Io>(&mut self, io: &I, status: u16, wants: Option<Duration>) -> bool {
        self.safe && matches!(status, 429 | 502 | 503 | 504) && self.pause(io, wants).await
    }

    /// As `after_answer`, for a try without an answer. `acted`: whether the app may have got the request.
    pub(crate) async fn after_failure<I: Io>(&mut self, io: &I, acted: bool, wants: Option<Duration>) -> bool {
        (self.safe || !acted) && self.pause(io, wants).await
    }

    async fn pause<I: Io>(&mut self, io: &I, wants: Option<Duration>) -> bool {
        let pause = wants.unwrap_or_else(|| backoff(self.made.saturating_sub(1)));
        if self.left == 0 || pause >= self.time() {
            return false;
        }
        self.left -= 1;
        io.sleep(pause).await;
        true
    }
}

/// Half a second, doubled each time up to eight, less up to a quarter at random so that clients spread out.
pub(crate) fn backoff(n: u32) -> Duration {
    let whole = Duration::from_millis(500) * 2u32.pow(n.min(4));
    let mut byte = [0];
    let part = getrandom::fill(&mut byte).map_or(0.0, |()| f64::from(byte[0]) / 1024.0);
    whole.mul_f64(1.0 - part)
}
