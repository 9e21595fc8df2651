//! Overwrites what a call left on the stack below it and in the processor's registers.

use std::cell::Cell;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};

/// How much is overwritten below the caller: more than calls write, down to 130 KiB, as `core/tests/stack.rs` looks for. A microsecond
/// for each 100 KiB. What is compiled for debugging goes deeper.
const DEPTH: usize = if cfg!(debug_assertions) { 1 << 20 } else { 192 << 10 };

/// As far as others go before they take memory.
const BRIEF: usize = if cfg!(debug_assertions) { DEPTH } else { 96 << 10 };

/// Overwrites the stack below the caller, and the registers that a call may use as it likes.
#[inline(never)]
pub(crate) fn bleach() {
    clear::<DEPTH>();
}

/// The same, less deep, before SQLite or the network runs: their memory gets what was on the stack where they copy gaps along, and
/// nobody wipes that as long as they keep it.
#[inline(never)]
pub(crate) fn bleach_briefly() {
    clear::<BRIEF>();
}

fn clear<const SIZE: usize>() {
    if cfg!(not(feature = "unprotected")) {
        clear_stack::<SIZE>();
        clear_registers();
    }
}

/// Does `work` and leaves nothing of it on this thread's stack.
pub(crate) fn bleached<T>(work: impl FnOnce() -> T) -> T {
    let result = outlined(work);
    bleach();
    result
}

/// In a frame of its own, which is gone when the stack is cleared.
#[inline(never)]
fn outlined<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn clear_stack<const SIZE: usize>() {
    black_box(&mut [0_u8; SIZE]);
}

/// Overwrites the registers that a function may use as it likes; `memcpy` leaves what it copied in some of them.
#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(crate) fn clear_registers() {
    if std::arch::is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has these registers, which no caller expects to find as they were.
        unsafe {
            std::arch::asm!(
                ".irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31",
                "vpxorq zmm\\n, zmm\\n, zmm\\n",
                ".endr",
                clobber_abi("sysv64"),
                options(nomem, nostack)
            );
        }
    }
    let clear = if std::arch::is_x86_feature_detected!("avx") { clear_ymm } else { clear_xmm };
    // SAFETY: as above.
    unsafe { clear() };
}

/// Clears those vector registers that every AVX processor has, and what a function may use of the others.
#[cfg(all(target_arch = "x86_64", not(miri)))]
unsafe fn clear_ymm() {
    // SAFETY: the caller knows that there is AVX; all registers are declared.
    unsafe {
        std::arch::asm!(
            "vzeroall",
            ".irp r, eax, ecx, edx, esi, edi, r8d, r9d, r10d, r11d",
            "xor \\r, \\r",
            ".endr",
            clobber_abi("sysv64"),
            options(nomem, nostack)
        );
    }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
unsafe fn clear_xmm() {
    // SAFETY: every x86_64 processor has these; all registers are declared.
    unsafe {
        std::arch::asm!(
            ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15",
            "xorps xmm\\n, xmm\\n",
            ".endr",
            clobber_abi("sysv64"),
            options(nomem, nostack)
        );
    }
}

#[cfg(all(target_arch = "aarch64", not(miri)))]
pub(crate) fn clear_registers() {
    // SAFETY: registers that a function may use as it likes, all of them declared.
    unsafe {
        std::arch::asm!(
            ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31",
            "movi v\\n\\().2d, #0",
            ".endr",
            clobber_abi("C"),
            options(nomem, nostack)
        );
    }
}

#[cfg(any(not(any(target_arch = "x86_64", target_arch = "aarch64")), miri))]
pub(crate) fn clear_registers() {}

thread_local! {
    static AT_REST: Cell<bool> = const { Cell::new(false) };
}

/// From now on this thread's own loop overwrites its stack, before it rests and before it tells what came of anything.
pub(crate) fn bleaches_at_rest() {
    AT_REST.set(true);
}

/// A future that leaves nothing on the stack of the thread that polls it.
pub(crate) struct Bleached<F>(Pin<Box<F>>);

impl<F> Bleached<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Box::pin(future))
    }
}

impl<F: Future> Future for Bleached<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if AT_REST.get() { self.0.as_mut().poll(context) } else { bleached(|| self.0.as_mut().poll(context)) }
    }
}
