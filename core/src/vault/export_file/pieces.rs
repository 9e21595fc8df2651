//! The content of an export, in pieces that are sealed one by one, each with its number and whether it is the last: none can be
//! changed, left out, moved or added, and one is all that stands in memory.

use std::io::{BufRead, Write};

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::header::Key;
use super::{cut, damaged, not_read};
use crate::error::{Error, ErrorKind, Result};

/// Bytes of content in each piece but the last, which may have less.
pub(super) const PIECE: usize = 64 * 1024;
const TAG: usize = 16;

/// What each piece is sealed with. The key is of one file alone, so the numbers can begin with 0.
struct Sealer {
    cipher: XChaCha20Poly1305,
    number: u64,
}

impl Sealer {
    fn new(key: &Key) -> Self {
        Self { cipher: XChaCha20Poly1305::new((&**key).into()), number: 0 }
    }

    fn nonce(&self, last: bool) -> XNonce {
        let mut nonce = [0; 24];
        nonce[..8].copy_from_slice(&self.number.to_le_bytes());
        nonce[23] = last.into();
        XNonce::from(nonce)
    }

    fn seal(&mut self, piece: &mut Vec<u8>, last: bool) -> Result<()> {
        let sealed = self.cipher.encrypt_in_place(&self.nonce(last), &[], piece);
        self.number += 1;
        sealed.map_err(|_| Error::new(ErrorKind::Internal, "a piece of the export could not be sealed"))
    }

    fn open(&mut self, piece: &mut Vec<u8>, last: bool) -> Result<()> {
        let opened = self.cipher.decrypt_in_place(&self.nonce(last), &[], piece);
        if opened.is_err() {
            // What is left of a cut file may end with a piece that was not the last.
            let cut_off = last && self.cipher.decrypt_in_place(&self.nonce(false), &[], piece).is_ok();
            return Err(if cut_off { cut() } else { damaged() });
        }
        self.number += 1;
        Ok(())
    }
}

/// Seals content into a file.
pub(super) struct Writer<W> {
    file: W,
    sealer: Sealer,
    /// Never grows: that would leave its old block behind.
    piece: Zeroizing<Vec<u8>>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(file: W, key: &Key) -> Self {
        Self { file, sealer: Sealer::new(key), piece: Zeroizing::new(Vec::with_capacity(PIECE + TAG)) }
    }

    pub(super) fn write(&mut self, mut content: &[u8]) -> Result<(), Unwritten> {
        while !content.is_empty() {
            if self.piece.len() == PIECE {
                self.flush(false)?;
            }
            let (now, later) = content.split_at(content.len().min(PIECE - self.piece.len()));
            self.piece.extend_from_slice(now);
            content = later;
        }
        Ok(())
    }

    /// Writes the last piece, which is empty only where there is no content at all.
    pub(super) fn finish(mut self) -> Result<(), Unwritten> {
        self.flush(true)
    }

    fn flush(&mut self, last: bool) -> Result<(), Unwritten> {
        self.sealer.seal(&mut self.piece, last)?;
        self.file.write_all(&self.piece).map_err(Unwritten::File)?;
        self.piece.clear(); // it is ciphertext by now
        Ok(())
    }
}

/// Opens what a [`Writer`] has sealed.
pub(super) struct Reader<R> {
    file: R,
    sealer: Sealer,
    piece: Zeroizing<Vec<u8>>,
    /// How much of the piece was read.
    at: usize,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    pub(super) fn new(file: R, key: &Key) -> Self {
        let piece = Zeroizing::new(Vec::with_capacity(PIECE + TAG));
        Self { file, sealer: Sealer::new(key), piece, at: 0, ended: false }
    }

    /// Fills the buffer; `false`, and nothing of it filled, where the content ends here.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<bool> {
        let mut filled = 0;
        while filled < buffer.len() {
            if self.at == self.piece.len() && !self.next_piece()? {
                return if filled == 0 { Ok(false) } else { Err(damaged()) };
            }
            let now = (buffer.len() - filled).min(self.piece.len() - self.at);
            buffer[filled..filled + now].copy_from_slice(&self.piece[self.at..self.at + now]);
            (filled, self.at) = (filled + now, self.at + now);
        }
        Ok(true)
    }

    fn next_piece(&mut self) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.at = 0;
        let piece = &mut *self.piece;
        piece.resize(PIECE + TAG, 0);
        let length = read_up_to(&mut self.file, piece).map_err(|error| not_read(&error))?;
        piece.truncate(length);
        self.ended = self.file.fill_buf().map_err(|error| not_read(&error))?.is_empty();
        self.sealer.open(piece, self.ended)?;
        Ok(!piece.is_empty())
    }
}

/// Fills the buffer as far as the file goes.
fn read_up_to(file: &mut impl BufRead, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Why content is not written.
pub(in crate::vault) enum Unwritten {
    /// The file does not take it.
    File(std::io::Error),
    Other(Error),
}

impl From<Error> for Unwritten {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}
