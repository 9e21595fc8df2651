//! A buffer of fixed capacity for a secret: it never grows, since growing would leave the old block behind.

use std::ops::Deref;

use super::arena::{Slot, Span};

/// Bytes in memory of our own, filled from the front and wiped on drop.
pub(crate) struct Guarded {
    slot: Slot,
    length: usize,
}

impl Guarded {
    /// Empty, with room for so many bytes.
    pub(crate) fn with_capacity(capacity: usize, span: Span) -> Self {
        Self { slot: Slot::new(capacity, span), length: 0 }
    }

    /// A copy of `bytes`.
    pub(crate) fn copy_of(bytes: &[u8], span: Span) -> Self {
        let mut copied = Self::with_capacity(bytes.len(), span);
        copied.extend(bytes);
        copied
    }

    /// Adds bytes. There must be room for them: capacities are computed from what goes in.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        let spare = self.spare();
        assert!(bytes.len() <= spare.len(), "more bytes than a guarded buffer has room for");
        copy(bytes, &mut spare[..bytes.len()]);
        self.length += bytes.len();
    }

    /// What is not filled yet.
    pub(super) fn spare(&mut self) -> &mut [u8] {
        // SAFETY: the rest of the slot, which is this buffer's alone; its bytes are zeros or what was written before.
        unsafe { std::slice::from_raw_parts_mut(self.slot.start().add(self.length), self.slot.size() - self.length) }
    }
}

impl Deref for Guarded {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: the beginning of the slot, which is this buffer's alone and was filled up to here.
        unsafe { std::slice::from_raw_parts(self.slot.start(), self.length) }
    }
}

impl AsRef<[u8]> for Guarded {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// Copies without leaving bytes in vector registers, as `memcpy` does. Both are of the same length.
fn copy(from: &[u8], to: &mut [u8]) {
    assert_eq!(from.len(), to.len(), "a copy is as long as what it is of");
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: both ranges are as long as the count, and cannot overlap, since one of them is borrowed alone. The direction
    // flag is clear, as the calling convention has it.
    unsafe {
        std::arch::asm!(
            "rep movsb",
            inout("rcx") from.len() => _,
            inout("rsi") from.as_ptr() => _,
            inout("rdi") to.as_mut_ptr() => _,
            options(nostack, preserves_flags)
        );
    }
    #[cfg(any(not(target_arch = "x86_64"), miri))]
    for (from, to) in from.iter().zip(to) {
        // SAFETY: a reference is valid for one write. Volatile, so that the loop is not made a memcpy.
        unsafe { std::ptr::write_volatile(to, *from) };
    }
}
