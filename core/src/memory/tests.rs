//! What the room promises, seen from outside: through the kernel's view of this process, and from a child of `fork`.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::sync::mpsc;

use super::arena::{at_exit, locked};
use super::*;

const MARK: &[u8; 16] = b"mark of one test";

/// What is in this process's memory there; `None` where nothing is mapped.
fn seen(at: usize) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    File::open("/proc/self/mem").unwrap().read_exact_at(&mut bytes, at as u64).ok().map(|()| bytes)
}

fn is_marked(at: usize) -> bool {
    seen(at).is_some_and(|bytes| bytes == *MARK)
}

/// The kernel's flags for the mapping that holds this address.
fn flags(at: usize) -> String {
    let mut here = false;
    for line in std::fs::read_to_string("/proc/self/smaps").unwrap().lines() {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        let number = |text| usize::from_str_radix(text, 16).ok();
        if let Some((start, end)) = range.and_then(|(start, end)| Some((number(start)?, number(end)?))) {
            here = (start..end).contains(&at);
        } else if let Some(flags) = line.strip_prefix("VmFlags: ").filter(|_| here) {
            return flags.to_owned();
        }
    }
    panic!("not mapped");
}

/// Runs this in a child of `fork`, where only what needs no other thread may be done, and tells whether it held.
fn holds_in_child(check: impl Fn() -> bool) -> bool {
    let mut status = 0;
    // SAFETY: the child makes no use of anything that another thread may have been in the middle of.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::_exit(i32::from(!check()));
        }
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
    }
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

fn address(bytes: &[u8]) -> usize {
    bytes.as_ptr() as usize
}

#[test]
fn a_slot_is_wiped_when_given_back_and_blank_when_handed_out() {
    for size in [1, 64, 65, 4096, 16 << 10, 100_000, 3 << 20] {
        for span in [Span::Held, Span::Passing] {
            let mut buffer = Guarded::with_capacity(size.max(MARK.len()), span);
            assert!(buffer.spare().iter().all(|byte| *byte == 0), "{size}");
            buffer.extend(MARK);
            let at = address(&buffer);
            assert!(is_marked(at));
            drop(buffer);
            assert!(!is_marked(at), "{size}");
        }
    }
}

#[test]
fn slots_are_nobody_elses() {
    let mut threads = Vec::new();
    for thread in 0..4_u8 {
        threads.push(std::thread::spawn(move || {
            let mut held = Vec::new();
            for round in 0..500_usize {
                held.push(Guarded::copy_of(&[thread; 48], Span::Held));
                if round % 3 == 0 {
                    held.swap_remove(round % held.len());
                }
            }
            held.iter().all(|buffer| **buffer == [thread; 48])
        }));
    }
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
}

#[test]
#[should_panic(expected = "more bytes than a guarded buffer has room for")]
fn a_guarded_buffer_does_not_grow() {
    let mut buffer = Guarded::with_capacity(64, Span::Passing);
    buffer.extend(&[1; 64]);
    buffer.extend(&[1]);
}

#[test]
fn secrets_are_left_out_of_core_dumps_and_locked() {
    let ordinary = MARK.to_vec();
    assert!(!flags(address(&ordinary)).contains("dd"));
    for span in [Span::Held, Span::Passing] {
        let buffer = Guarded::copy_of(MARK, span);
        let flags = flags(address(&buffer));
        assert!(flags.contains("dd"), "{flags}");
        assert!(flags.contains("lo") || !locked(), "{flags}");
    }
}

#[test]
fn a_child_has_the_secrets_that_are_held_and_not_those_of_calls() {
    let (held, passing) = (Guarded::copy_of(MARK, Span::Held), Guarded::copy_of(MARK, Span::Passing));
    assert!(holds_in_child(|| *held == *MARK && *passing == [0; 16]));
    assert!(*passing == *MARK);
}

#[test]
fn nothing_is_held_once_the_process_ends() {
    let held = Guarded::copy_of(MARK, Span::Held);
    assert!(holds_in_child(|| {
        at_exit();
        ending() && *held == [0; 16]
    }));
    assert!(!ending() && *held == *MARK);
}

#[test]
fn work_on_a_stack_of_its_own_returns_and_leaves_nothing() {
    let (value, at) = run(|| {
        let local = black_box(*MARK);
        let at = address(&local);
        assert!(is_marked(at));
        (7, at)
    })
    .unwrap();
    assert_eq!(value, 7);
    assert!(!is_marked(at));
}

#[test]
fn a_panic_on_a_stack_of_its_own_is_told() {
    assert_eq!(run(|| assert!(black_box(false), "on purpose")), Err(Lost::Panicked));
    Thread::spawn(|| panic!("on purpose")).unwrap().join();
}

#[test]
fn a_child_does_not_have_the_stacks_of_other_threads() {
    let (tell, told) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let thread = Thread::spawn(move || {
        let local = black_box(*MARK);
        tell.send(address(&local)).unwrap();
        released.recv().unwrap_err();
        assert_eq!(black_box(local), *MARK);
    })
    .unwrap();
    let at = told.recv().unwrap();
    assert!(is_marked(at));
    let page = at & !0xfff;
    // SAFETY: only asks the kernel about the page.
    let is_mapped = || unsafe { libc::msync(page as *mut libc::c_void, 1, libc::MS_ASYNC) } == 0;
    assert!(is_mapped());
    assert!(holds_in_child(|| !is_mapped()));
    drop(release);
    thread.join();
}

#[inline(never)]
fn leave_behind() -> usize {
    let local = black_box([*MARK; 16]);
    black_box(&local).as_ptr() as usize
}

#[test]
fn what_a_call_left_on_the_stack_is_overwritten() {
    let file = File::open("/proc/self/mem").unwrap();
    let mut before = [0; 16];
    let at = leave_behind();
    // A system call by hand: whatever is called here may overwrite it too.
    // SAFETY: reads into an array of that length.
    let read = unsafe {
        use std::os::fd::AsRawFd as _;
        libc::pread(file.as_raw_fd(), before.as_mut_ptr().cast(), before.len(), libc::off_t::try_from(at).unwrap())
    };
    assert_eq!((read, &before), (16, MARK));
    leave_behind();
    bleach();
    assert!(!is_marked(at));
}
