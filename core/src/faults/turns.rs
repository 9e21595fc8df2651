//! Many calls on one client at once, given their turns in any order, some given up in the middle: however many need a token,
//! the app is asked for it once.
//!
//! Calls meet each other only where they wait, so polling them in random order tries all that threads could do to them.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::embedded::{Backend, Start, open, request_to};
use super::outside::Outside;
use super::provider::Provider;
use crate::error::Result;

const CALLS: usize = 5;
/// More turns than any order needs.
const MOST_TURNS: usize = 10_000;

/// Gives the calls turns as `order` says, and then one after the other. Call number `.0` is given up after `.1` turns.
fn in_turns(b: &Backend, id: &str, order: &[usize], given_up: Option<(usize, usize)>) -> Vec<Option<Result<()>>> {
    let mut calls: Vec<_> = (0..CALLS).map(|_| Some(Box::pin(request_to(b, id, "/things")))).collect();
    let mut results: Vec<Option<Result<()>>> = (0..CALLS).map(|_| None).collect();
    for turn in 0..MOST_TURNS {
        if let Some((which, _)) = given_up.filter(|(_, after)| *after == turn) {
            calls[which] = None;
        }
        let which = order.get(turn).copied().unwrap_or(turn) % CALLS;
        if let Some(call) = &mut calls[which]
            && let Poll::Ready(result) = Pin::new(call).poll(&mut Context::from_waker(Waker::noop()))
        {
            (calls[which], results[which]) = (None, Some(result));
        }
        if calls.iter().all(Option::is_none) {
            return results;
        }
    }
    panic!("calls wait for each other: {results:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_token_is_asked_for_however_many_calls_need_it(
        first in prop::collection::vec(0..CALLS, 0..60), second in prop::collection::vec(0..CALLS, 0..60),
        given_up in prop::option::of((0..CALLS, 0..60_usize)),
    ) {
        let (start, folder) = (Start::new(), tempfile::tempdir().unwrap());
        let path = start.put_in(folder.path());
        let b = open(&path, Outside::taking_turns(Provider::default()));
        let asked = || b.io.world.asked.load(Ordering::SeqCst);
        for (round, order) in [first, second].iter().enumerate() {
            let before = asked();
            let results = in_turns(&b, &start.traded, order, given_up);
            prop_assert!(results.iter().flatten().all(Result::is_ok), "{results:?}");
            let given_up = results.iter().filter(|result| result.is_none()).count() as u64;
            prop_assert!((1..=1 + given_up).contains(&(asked() - before)), "asked in round {round}: {}", asked() - before);
            b.io.world.withdraw_token();
        }
    }
}
