//! Does wrong what each sanitizer must find: `control race | use-after-free | leak`. It is compiled with the flags of the tests.

use std::hint::black_box;
use std::sync::{Condvar, Mutex, RwLock};
use std::time::Duration;

/// No mistake: what several threads do to a number behind locks that they have to wait for.
fn nothing() {
    let (number, arrived) = (Mutex::new(0_u64), Condvar::new());
    let shared = RwLock::new(0_u64);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2000 {
                    *number.lock().expect("nobody panics") += 1;
                    *shared.write().expect("nobody panics") += 1;
                    black_box(*shared.read().expect("nobody panics"));
                }
                arrived.notify_one();
            });
        }
        let mut seen = number.lock().expect("nobody panics");
        (seen, _) = arrived.wait_timeout(seen, Duration::from_millis(5)).expect("nobody panics");
        while *seen < 16_000 {
            seen = arrived.wait(seen).expect("nobody panics");
        }
    });
    println!("{number:?} {shared:?}");
}

struct Shared(*mut u64);
// SAFETY: it is not safe at all, which is what must be found.
unsafe impl Send for Shared {}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("race") => race(),
        Some("use-after-free") => use_after_free(),
        Some("leak") => leak(),
        _ => nothing(),
    }
}

fn race() {
    let mut number = 0_u64;
    let shared = [Shared(&raw mut number), Shared(&raw mut number)];
    let threads = shared.map(|shared| {
        std::thread::spawn(move || {
            let Shared(place) = { shared }; // the whole of it, which may be sent
            for _ in 0..1000 {
                // SAFETY: two threads write it at once: this is the race.
                unsafe { *black_box(place) += 1 };
            }
        })
    });
    threads.into_iter().for_each(|thread| thread.join().expect("it ends"));
    println!("{number}");
}

fn use_after_free() {
    let place = Box::into_raw(Box::new(7_u64));
    // SAFETY: freed, then read: this is the mistake. Here, since the standard library's own reads are not watched.
    let number = unsafe {
        drop(Box::from_raw(place));
        *black_box(place)
    };
    println!("{number}");
}

#[inline(never)]
fn leak() {
    let lost = Box::leak(vec![7_u8; 4096].into_boxed_slice());
    println!("{}", black_box(lost)[0]);
}
