//! The packets that SQL Server speaks in, and TLS inside them: its handshake travels in packets, what follows does not.
//!
//! <https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-tds/>

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::Zeroizing;

use super::bytes::joined;
use crate::io::Fault;
use crate::io::wire::{Transport, Wire};

pub(super) const PRELOGIN: u8 = 0x12;
pub(super) const LOGIN7: u8 = 0x10;
const RESPONSE: u8 = 0x04;

const LAST: u8 = 0x01;
const HEAD: usize = 8;
/// What both sides begin with; no login asks for more.
const MOST_PACKET: usize = 4096;
const MOST_PACKETS: usize = 16;

/// Sends a message in as many packets as it takes.
pub(super) fn send(wire: &mut Wire, kind: u8, message: &[u8]) -> Result<(), Fault> {
    for (head, part) in packets(kind, message) {
        wire.send(&joined(&[&head, part]))?;
    }
    Ok(())
}

/// Reads a whole message of the server.
pub(super) fn receive(wire: &mut Wire) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut message = Zeroizing::new(Vec::new());
    for _ in 0..MOST_PACKETS {
        let head = wire.receive(HEAD)?;
        let size = body_size(&head, &[RESPONSE]).ok_or(Fault::WrongHost)?;
        message.extend_from_slice(&wire.receive(size)?);
        if head.get(1).is_some_and(|status| status & LAST != 0) {
            return Ok(message);
        }
    }
    Err(Fault::WrongHost)
}

fn packets(kind: u8, message: &[u8]) -> impl Iterator<Item = ([u8; HEAD], &[u8])> {
    let parts = message.chunks(MOST_PACKET - HEAD);
    let count = parts.len();
    parts.zip(1..).map(move |(part, number)| {
        let [high, low] = u16::try_from(part.len() + HEAD).unwrap_or_default().to_be_bytes();
        let status = if number == count { LAST } else { 0 };
        ([kind, status, high, low, 0, 0, u8::try_from(number % 256).unwrap_or_default(), 0], part)
    })
}

/// How much follows a packet's head, if it is one of these kinds.
fn body_size(head: &[u8], kinds: &[u8]) -> Option<usize> {
    let [kind, _, high, low, ..] = *head else { return None };
    let size = usize::from(u16::from_be_bytes([high, low])).checked_sub(HEAD)?;
    kinds.contains(&kind).then_some(size)
}

/// Makes TLS over packets, and takes them away when the handshake is over.
pub(super) fn start_tls(wire: &mut Wire) -> Result<(), Fault> {
    let packed = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&packed);
    wire.start_tls_over(|socket| Box::new(Packed { socket, packed, out: Vec::new(), came: io::Cursor::default() }))?;
    flag.store(false, Ordering::Relaxed);
    Ok(())
}

/// Carries a handshake's bytes in packets for as long as it lasts.
struct Packed {
    socket: Box<dyn Transport>,
    packed: Arc<AtomicBool>,
    /// Not yet sent: a flight goes out as a whole.
    out: Vec<u8>,
    /// Came in a packet and is not yet read.
    came: io::Cursor<Vec<u8>>,
}

impl Packed {
    fn is_packed(&self) -> bool {
        self.packed.load(Ordering::Relaxed)
    }
}

impl Transport for Packed {}

impl Read for Packed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.came.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        if !self.is_packed() {
            return self.socket.read(buffer);
        }
        self.flush()?;
        let mut head = [0; HEAD];
        self.socket.read_exact(&mut head)?;
        let size = body_size(&head, &[PRELOGIN, RESPONSE]).ok_or(io::ErrorKind::InvalidData)?;
        let mut body = vec![0; size];
        self.socket.read_exact(&mut body)?;
        self.came = io::Cursor::new(body);
        self.came.read(buffer)
    }
}

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_packed() {
            return self.socket.write(bytes);
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let flight = std::mem::take(&mut self.out);
        for (head, part) in packets(PRELOGIN, &flight) {
            self.socket.write_all(&[&head, part].concat())?;
        }
        self.socket.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_goes_out_in_numbered_packets() {
        let message = vec![7; MOST_PACKET];
        let sent: Vec<_> = packets(LOGIN7, &message).map(|(head, part)| (head, part.len())).collect();
        let (first, second) = ([0x10, 0, 0x10, 0, 0, 0, 1, 0], [0x10, 1, 0, 16, 0, 0, 2, 0]);
        assert_eq!(sent, [(first, MOST_PACKET - HEAD), (second, HEAD)]);
    }

    #[test]
    fn a_head_is_checked() {
        assert_eq!(body_size(&[RESPONSE, 1, 0, 9, 0, 0, 1, 0], &[RESPONSE]), Some(1));
        assert_eq!(body_size(&[RESPONSE, 1, 0, 7, 0, 0, 1, 0], &[RESPONSE]), None); // shorter than itself
        assert_eq!(body_size(b"HTTP/1.1", &[RESPONSE]), None);
        assert_eq!(body_size(b"", &[RESPONSE]), None);
    }
}
