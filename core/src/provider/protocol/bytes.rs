//! Reads numbers and texts out of a server's message, and never past its end: whatever is cut short or longer than it may
//! be comes from a server of another kind.

use zeroize::Zeroizing;

use crate::io::Fault;
use crate::io::wire::Wire;

/// No message of a login is longer.
const MOST_MESSAGE: usize = 1 << 18;

/// What of a message is not yet read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'b>(pub(super) &'b [u8]);

impl<'b> Reader<'b> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'b [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Fault::WrongHost)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next bytes, as a number's `from_be_bytes` or `from_le_bytes` wants them.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Fault::WrongHost)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Fault> {
        Ok(self.array::<1>()?[0])
    }

    /// A text of one byte a character, up to the zero byte that ends it.
    pub(super) fn until_nul(&mut self) -> Result<&'b [u8], Fault> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or(Fault::WrongHost)?;
        let text = self.take(end)?;
        self.take(1)?;
        Ok(text)
    }
}

/// A length that a server gives, if it can be one.
pub(super) fn length(number: impl TryInto<usize>) -> Result<usize, Fault> {
    number.try_into().ok().filter(|length| *length <= MOST_MESSAGE).ok_or(Fault::WrongHost)
}

/// A message of these parts, in a buffer of its final size.
pub(super) fn joined(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let size = parts.iter().map(|part| part.len()).sum();
    let mut message = Zeroizing::new(Vec::with_capacity(size));
    parts.iter().for_each(|part| message.extend_from_slice(part));
    message
}

/// Reads a message behind its length in four bytes, the highest first.
pub(super) fn receive_framed(wire: &mut Wire) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let head = wire.receive(4)?;
    let count = u32::from_be_bytes(Reader(&head).array()?);
    wire.receive(length(count)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_past_the_end() {
        let mut reader = Reader(b"\x01ab\0cd");
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.until_nul(), Ok(&b"ab"[..]));
        assert_eq!(reader.until_nul(), Err(Fault::WrongHost));
        assert_eq!(reader.array::<3>(), Err(Fault::WrongHost));
        assert_eq!(reader.take(usize::MAX), Err(Fault::WrongHost));
        assert_eq!(reader.take(2), Ok(&b"cd"[..]));
        assert_eq!(reader.u8(), Err(Fault::WrongHost));
    }

    #[test]
    fn a_length_is_not_negative_and_not_huge() {
        assert_eq!(length(-1_i32), Err(Fault::WrongHost));
        assert_eq!(length(u32::MAX), Err(Fault::WrongHost));
        assert_eq!(length(7_u16), Ok(7));
    }
}
