//! Every input that is kept for a target, and every one that can be derived, judged once; without libFuzzer, on stable.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

use std::fs;
use std::path::{Path, PathBuf};

use keylatch_fuzz::{TARGETS, Target, seeds};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn kept(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    files(&folder).into_iter().map(|file| (file.display().to_string(), fs::read(&file).unwrap())).collect()
}

fn replay(name: &str, target: Target) {
    let inputs: Vec<_> = kept(name).into_iter().chain(seeds::of(name)).collect();
    assert!(!inputs.is_empty(), "{name} has no inputs");
    for (file, input) in inputs {
        let judged = std::panic::catch_unwind(|| target(&input));
        assert!(judged.is_ok(), "{name}: {file}");
        // Cut short, changed: what is near must hold too.
        for at in [input.len() / 3, input.len() / 2, input.len().saturating_sub(1)] {
            target(&input[..at]);
        }
    }
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let folders = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"));
    let names: Vec<String> = folders.iter().map(|f| f.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
}

/// A test for each target, so that they run side by side.
macro_rules! replayed {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            let (name, target) = TARGETS.iter().find(|(name, _)| *name == stringify!($name)).unwrap();
            replay(name, *target);
        })*

        #[test]
        fn every_target_is_replayed() {
            assert_eq!([$(stringify!($name)),*].to_vec(), TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        }
    };
}

replayed! { addresses c_calls calls composio definitions exports keys masks patterns protocols records templates }
