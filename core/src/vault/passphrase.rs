//! Keys made of passphrases, with Argon2id (version 19).

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Below these a stored cost is refused: someone may have weakened it. (OWASP's lowest recommendation.)
const LEAST_MEMORY_KIB: u32 = 19 * 1024;
const LEAST_PASSES: u32 = 2;
/// Above these it would only make the host run out of memory or time.
const MOST_MEMORY_KIB: u32 = 4 * 1024 * 1024;
const MOST_PASSES: u32 = 64;

/// What it costs to try a passphrase; kept with what it opens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Cost {
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

/// Why no key is made of a passphrase.
pub(super) enum Unstretched {
    /// Trying others would cost too little, or this one too much.
    UnsafeCost,
    /// Argon2 takes no such passphrase.
    Unusable,
}

impl Cost {
    /// Of what is sealed today.
    pub(super) const TODAY: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };

    pub(super) fn stretch(&self, passphrase: &Secret, salt: &[u8; 16]) -> Result<Zeroizing<[u8; 32]>, Unstretched> {
        let Self { memory_kib, passes, lanes } = *self;
        if !(LEAST_MEMORY_KIB..=MOST_MEMORY_KIB).contains(&memory_kib)
            || !(LEAST_PASSES..=MOST_PASSES).contains(&passes)
        {
            return Err(Unstretched::UnsafeCost);
        }
        let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| Unstretched::UnsafeCost)?;
        // Memory of our own, since Argon2 frees its own unwiped.
        let mut memory = Zeroizing::new(vec![Block::default(); params.block_count()]);
        let mut key = Zeroizing::new([0_u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(passphrase.expose(), salt, key.as_mut_slice(), memory.as_mut_slice()) // expose: hashed
            .map_err(|_| Unstretched::Unusable)?;
        Ok(key)
    }
}
