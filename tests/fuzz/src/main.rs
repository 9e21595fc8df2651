//! libFuzzer on the target that `KEYLATCH_FUZZ_TARGET` names.

#![no_main]

use std::sync::LazyLock;

use keylatch_fuzz::{TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let wanted = std::env::var("KEYLATCH_FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(name, _)| *name == wanted);
    found.expect("KEYLATCH_FUZZ_TARGET names a target").1
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET(data));
