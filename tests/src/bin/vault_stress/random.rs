//! Random numbers, the same again for the same seed.

/// A generator of numbers that look random (Marsaglia's xorshift).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// One that nobody can foretell.
    pub(crate) fn new() -> Self {
        use std::hash::{BuildHasher as _, Hasher as _};
        Self::seeded(std::hash::RandomState::new().build_hasher().finish())
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 8) % limit
    }

    pub(crate) fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        let at = self.below(items.len() as u64);
        &items[usize::try_from(at).expect("an index")]
    }
}
