//! Hides credentials in a text that comes in pieces, wherever these are cut.

use zeroize::Zeroizing;

use super::Mask;

/// Holds back what may be the beginning of a credential until it is known how it goes on; nothing else waits.
pub(crate) struct PieceMask {
    mask: Mask,
    held: Zeroizing<Vec<u8>>,
}

impl PieceMask {
    pub(crate) fn new(mask: Mask) -> Self {
        Self { mask, held: Zeroizing::default() }
    }

    /// What may be shown once this piece is there.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.settled(piece, false)
    }

    /// What is left at the end.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        self.settled(b"", true)
    }

    fn settled(&mut self, piece: &[u8], ends: bool) -> Vec<u8> {
        let mut text = Zeroizing::new(Vec::with_capacity(self.held.len() + piece.len()));
        text.extend_from_slice(&self.held);
        text.extend_from_slice(piece);
        let (settled, _) = self.mask.settle(&mut text, ends);
        self.held = Zeroizing::new(text[settled..].to_vec());
        text[..settled].to_vec()
    }
}
