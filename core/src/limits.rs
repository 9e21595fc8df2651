//! How long connections rest: what apps say of their limits in the headers of their answers.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::io::Io;
use crate::process::Lock;
use crate::retry::Tries;

/// So many connections rest at most; of more, those that rest longest are forgotten.
const MANY: usize = 4096;
/// What a server says is believed up to this.
const LONGEST: Duration = Duration::from_secs(86_400);
/// A reset from here on is a time in seconds since 1970; from the next one on, in milliseconds.
const EPOCH: f64 = 1e9;
const EPOCH_MS: f64 = 1e12;

const REMAINING: [&str; 3] = ["ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining"];
const RESET: [&str; 3] = ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"];

/// The connections of a client whose app wants to be left alone, and until when. In memory only.
#[derive(Default)]
pub(crate) struct Limits(Lock<HashMap<String, Instant>>);

impl Limits {
    /// How long this connection rests yet.
    fn rest(&self, connection: &str) -> Option<Duration> {
        let until = *self.0.lock().get(connection)?;
        Some(until.saturating_duration_since(Instant::now())).filter(|rest| !rest.is_zero())
    }

    /// Learns from the headers of an answer.
    pub(crate) fn learn(&self, connection: &str, status: u16, headers: &[(String, String)]) {
        let remaining = number(headers, &REMAINING);
        let rest = if status == 429 || remaining == Some(0.0) { wait(headers) } else { None };
        let mut held = self.0.lock();
        match rest {
            Some(rest) => {
                let now = Instant::now();
                if held.len() >= MANY {
                    held.retain(|_, until| *until > now);
                }
                if held.len() >= MANY
                    && let Some(last) = held.iter().max_by_key(|(_, until)| **until).map(|(id, _)| id.clone())
                {
                    held.remove(&last);
                }
                held.insert(connection.to_owned(), now + rest);
            }
            None if remaining.is_some_and(|n| n > 0.0) => drop(held.remove(connection)),
            None => {}
        }
    }

    /// Waits until the connection's app may be asked again; an error where that is too late for these tries.
    pub(crate) async fn await_rest<I: Io>(&self, io: &I, connection: &str, tries: &Tries) -> Result<()> {
        if tries.is_off() {
            return Ok(());
        }
        while let Some(rest) = self.rest(connection) {
            if rest >= tries.time() {
                return Err(too_long(connection, rest));
            }
            io.sleep(rest).await;
        }
        Ok(())
    }

    pub(crate) fn forget(&self, connection: &str) {
        self.0.lock().remove(connection);
    }
}

/// The error for a connection that rests longer than the caller can wait.
fn too_long(connection: &str, rest: Duration) -> Error {
    let seconds = rest.as_secs_f64().ceil();
    let message = format!(
        "the app's limit is used up for the next {seconds} s, so it was not asked; come back then, or set retry to 0 to ask \
         all the same"
    );
    Error::new(ErrorKind::RateLimited, message).with_connection(connection).with_retry_after(Some(rest))
}

/// How long the app wants to be left alone: `Retry-After` in seconds or as a date, else when its limit begins anew, in
/// seconds or as a time since 1970.
pub(crate) fn wait(headers: &[(String, String)]) -> Option<Duration> {
    retry_after(headers).or_else(|| number(headers, &RESET).and_then(until)).map(|wait| wait.min(LONGEST))
}

/// `Retry-After` in seconds or as a date, at most a day.
pub(crate) fn retry_after(headers: &[(String, String)]) -> Option<Duration> {
    let value = value(headers, &["retry-after"])?;
    let seconds = value.parse().ok().or_else(|| {
        let then = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
        Some(then.duration_since(jiff::Timestamp::now()).as_secs_f64().max(0.0))
    })?;
    Duration::try_from_secs_f64(seconds).ok().map(|wait| wait.min(LONGEST))
}

fn until(reset: f64) -> Option<Duration> {
    let now = jiff::Timestamp::now().as_millisecond();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
    let now = now as f64 / 1000.0;
    let seconds = match reset {
        at if at >= EPOCH_MS => at / 1000.0 - now,
        at if at >= EPOCH => at - now,
        seconds => seconds,
    };
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

fn number(headers: &[(String, String)], names: &[&str]) -> Option<f64> {
    value(headers, names)?.parse().ok()
}

fn value<'h>(headers: &'h [(String, String)], names: &[&str]) -> Option<&'h str> {
    let found = |name: &&str| headers.iter().find(|(n, _)| n == name);
    names.iter().find_map(found).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_reset_may_be_seconds_or_a_time() {
        let now = jiff::Timestamp::now();
        let soon = (now.as_second() + 50).to_string();
        let soon_ms = (now.as_millisecond() + 50_000).to_string();
        for (name, value, least, most) in [
            ("retry-after", "7", 7.0, 7.0),
            ("retry-after", "0.5", 0.5, 0.5),
            ("ratelimit-reset", "7", 7.0, 7.0),
            ("x-ratelimit-reset", soon.as_str(), 40.0, 50.0),
            ("x-rate-limit-reset", soon_ms.as_str(), 40.0, 50.1),
            ("x-ratelimit-reset", "1000000000", 0.0, 0.0),
            ("retry-after", "9999999", 86_400.0, 86_400.0),
        ] {
            let wait = wait(&headers(&[(name, value)])).expect(value).as_secs_f64();
            assert!((least..=most).contains(&wait), "{name}: {value} was {wait}");
        }
        for value in ["", "soon", "-1", "nan", "inf"] {
            assert_eq!(wait(&headers(&[("retry-after", value)])), None, "{value}");
        }
    }

    #[test]
    fn a_connection_rests_until_the_reset_and_no_longer() {
        let limits = Limits::default();
        limits.learn("a", 200, &headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "60")]));
        assert!(limits.rest("a").is_some() && limits.rest("b").is_none());
        limits.learn("a", 200, &headers(&[]));
        assert!(limits.rest("a").is_some());
        limits.learn("a", 200, &headers(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "60")]));
        assert!(limits.rest("a").is_none());
        limits.learn("a", 200, &headers(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "0")]));
        assert!(limits.rest("a").is_none());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let limits = Limits::default();
        for n in 0..=MANY {
            limits.learn(&n.to_string(), 429, &headers(&[("retry-after", "60")]));
        }
        assert_eq!(limits.0.lock().len(), MANY);
    }
}
