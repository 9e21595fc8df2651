//! Every flow of both backends over an outside that fails at its nth operation, for every n and in every way: the error
//! is one of those that the call may end with, nothing is half done, nothing is done twice, and no secret stays behind.

mod composio;
mod composio_server;
mod embedded;
mod outside;
mod provider;
mod turns;

use std::fmt::Debug;

use crate::error::{ErrorKind, Result};
use outside::{Failing, Operation, Plan};

/// What a call promises of what it leaves behind.
#[derive(Clone, Copy, PartialEq)]
enum Promise {
    /// All where it succeeds, nothing where it fails; save that `indeterminate` says that it is one of the two.
    AllOrNothing,
    /// The same, but any error may hide that it was done: to do it again is unharmful.
    Repeatable,
    /// What it writes down is a note that the next call makes as well.
    Note,
}

/// One run of a flow.
struct Run<S> {
    result: Result<()>,
    /// What there is afterwards.
    left: S,
    operations: Vec<Operation>,
    /// How many secrets outlived the client.
    secrets: isize,
}

/// Runs a flow with every failure of each of its operations; gives back how many that were.
fn fails_well<S: PartialEq + Debug>(
    name: &str,
    promise: Promise,
    kinds: &[ErrorKind],
    before: &S,
    run: impl Fn(Option<Plan>) -> Run<S>,
) -> usize {
    let clean = run(None);
    assert_eq!((clean.result.err(), clean.secrets), (None, 0), "{name}, where nothing fails");
    let mut failures = 0;
    for (at, operation) in clean.operations.iter().enumerate() {
        let is_last = !clean.operations[at + 1..].contains(operation);
        for failing in Failing::all(*operation) {
            for ever_after in [false, true] {
                if ever_after && is_last {
                    continue; // may well be, but is the same
                }
                let plan = Plan { at, failing, ever_after };
                let case = format!("{name}, {operation:?} {plan:?}");
                let Run { result, left, operations, secrets } = run(Some(plan));
                assert!(operations.len() > at, "{case}: was not reached");
                assert_eq!(secrets, 0, "{case}: secrets stayed behind");
                let may_be = |state: &S, allowed: bool| allowed && left == *state;
                let (nothing, all) = match &result {
                    Ok(()) => (promise == Promise::Note, true),
                    Err(error) => {
                        assert!(kinds.contains(&error.kind()), "{case}: {error}");
                        // A store call that was done and ends without an answer is told as such.
                        let in_doubt = matches!(error.kind(), ErrorKind::Indeterminate | ErrorKind::Internal);
                        let told = error.connected_account_id().is_some() || error.message().contains("was made");
                        (true, in_doubt || told || promise != Promise::AllOrNothing)
                    }
                };
                assert!(
                    may_be(before, nothing) || may_be(&clean.left, all),
                    "{case}: {result:?}\nbefore {before:?}\nafter {:?}\nleft {left:?}",
                    clean.left
                );
                failures += 1;
            }
        }
    }
    assert!(failures > 0, "{name} does nothing that can fail");
    failures
}
