//! Cuts an input into the pieces that a target wants.

/// Stands between two pieces; no text holds it.
const CUT: u8 = 0xff;

/// What is left of an input.
pub(crate) struct Input<'d>(&'d [u8]);

impl<'d> Input<'d> {
    /// The whole of it.
    pub(crate) fn new(data: &'d [u8]) -> Self {
        Self(data)
    }

    /// Up to the next cut.
    pub(crate) fn bytes(&mut self) -> &'d [u8] {
        let end = self.0.iter().position(|byte| *byte == CUT).unwrap_or(self.0.len());
        let (piece, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        piece
    }

    /// The same as text; what is none is left out.
    pub(crate) fn text(&mut self) -> &'d str {
        let bytes = self.bytes();
        match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        }
    }

    /// One byte; 0 at the end.
    pub(crate) fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(first, rest)| (*first, rest));
        self.0 = rest;
        first
    }

    /// One of these, chosen by a byte.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'d [u8] {
        self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
