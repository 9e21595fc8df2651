//! A conversation with a server that does not speak HTTP: TCP, TLS where wanted, one deadline and one limit for all of it.
//! It waits, so it belongs on a thread that may.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use zeroize::Zeroizing;

use super::{Fault, Network, buried_fault, guard, tls};
use crate::allow::Allow;
use crate::catalog::protocol::TlsMode;

/// No login takes more than this; a server that says more is not one of those we know.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// Where to go and what to believe there.
pub(crate) struct Dial {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The user named the host: dial public addresses only, and those that this allows.
    pub(crate) guarded: Option<Allow>,
    pub(crate) timeout: Duration,
    pub(crate) tls: TlsMode,
    /// Certificate authorities that the user trusts for this server, in PEM.
    pub(crate) ca_certificate: Option<Vec<u8>>,
}

impl Dial {
    /// Connects to the first of the host's addresses that answers.
    pub(crate) fn connect(&self, network: &Network, deadline: Instant) -> Result<TcpStream, Fault> {
        if network.proxy.is_some() {
            return Err(Fault::Unreachable("logins do not go through the client's proxy"));
        }
        let mut fault = Fault::NoSuchHost;
        for address in guard::resolve(&self.host, self.port, self.guarded.as_ref())? {
            match connect(&address, deadline) {
                Ok(tcp) => return Ok(tcp),
                Err(error) => fault = fault_of(&error),
            }
        }
        Err(fault)
    }
}

/// The open connection.
pub(crate) struct Wire {
    stream: Stream,
    dial: Dial,
    network: Network,
    deadline: Instant,
}

enum Stream {
    Plain(Box<dyn Transport>),
    Tls(Box<StreamOwned<ClientConnection, Box<dyn Transport>>>),
    /// While one becomes the other.
    Between,
}

/// What TLS can run over: the socket, or a protocol's own wrapping of it.
pub(crate) trait Transport: Read + Write + Send {
    /// The bare connection, where it is one.
    #[cfg(feature = "sftp")]
    fn into_tcp(self: Box<Self>) -> Option<TcpStream> {
        None
    }
}

impl Wire {
    /// Connects to the first address that answers, in the clear: the protocol says when TLS begins.
    pub(crate) fn open(network: Network, dial: Dial) -> Result<Self, Fault> {
        let deadline = Instant::now() + dial.timeout;
        let socket = Socket { tcp: dial.connect(&network, deadline)?, deadline, left: MOST_BYTES };
        Ok(Self { stream: Stream::Plain(Box::new(socket)), dial, network, deadline })
    }

    /// Hangs up and connects once more, for a second try where a protocol allows one for each connection. The deadline stays.
    pub(crate) fn reopen(&mut self) -> Result<(), Fault> {
        self.farewell();
        self.stream = Stream::Between;
        let socket =
            Socket { tcp: self.dial.connect(&self.network, self.deadline)?, deadline: self.deadline, left: MOST_BYTES };
        self.stream = Stream::Plain(Box::new(socket));
        Ok(())
    }

    /// How this connection is to be protected.
    pub(crate) fn tls(&self) -> TlsMode {
        self.dial.tls
    }

    /// When the login must be over.
    #[cfg(feature = "sftp")]
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Gives the bare connection away, to a library that reads and writes for itself.
    #[cfg(feature = "sftp")]
    pub(crate) fn hand_over(&mut self) -> Result<TcpStream, Fault> {
        match std::mem::replace(&mut self.stream, Stream::Between) {
            Stream::Plain(socket) => socket.into_tcp().ok_or(Fault::Broken),
            Stream::Tls(_) | Stream::Between => Err(Fault::Broken),
        }
    }

    /// Begins TLS, as the mode wants it checked. Nothing may have been read beyond the server's consent.
    pub(crate) fn start_tls(&mut self) -> Result<(), Fault> {
        self.begin_tls(&[], |socket| socket)
    }

    /// The same where TLS itself must say which protocol it carries.
    pub(crate) fn start_tls_for(&mut self, protocol: &[u8]) -> Result<(), Fault> {
        self.begin_tls(&[protocol], |socket| socket)
    }

    /// The same where the protocol wraps TLS in packets of its own.
    pub(crate) fn start_tls_over(
        &mut self,
        wrap: impl FnOnce(Box<dyn Transport>) -> Box<dyn Transport>,
    ) -> Result<(), Fault> {
        self.begin_tls(&[], wrap)
    }

    fn begin_tls(
        &mut self,
        carries: &[&[u8]],
        wrap: impl FnOnce(Box<dyn Transport>) -> Box<dyn Transport>,
    ) -> Result<(), Fault> {
        let mut config = tls::for_mode(&self.network, self.dial.tls, self.dial.ca_certificate.as_deref())?;
        config.alpn_protocols = carries.iter().map(|protocol| protocol.to_vec()).collect();
        let name = ServerName::try_from(self.dial.host.clone()).map_err(|_| Fault::WrongHost)?;
        let session = ClientConnection::new(Arc::new(config), name).map_err(|_| Fault::Unreachable("no TLS"))?;
        let Stream::Plain(socket) = std::mem::replace(&mut self.stream, Stream::Between) else {
            return Err(Fault::Broken);
        };
        let mut stream = StreamOwned::new(session, wrap(socket));
        while stream.conn.is_handshaking() || stream.conn.wants_write() {
            stream.conn.complete_io(&mut stream.sock).map_err(|e| fault_of(&e))?;
        }
        self.stream = Stream::Tls(Box::new(stream));
        Ok(())
    }

    /// Ends TLS where the protocol protects its beginning only.
    pub(crate) fn stop_tls(&mut self) -> Result<(), Fault> {
        match std::mem::replace(&mut self.stream, Stream::Between) {
            Stream::Tls(stream) => self.stream = Stream::Plain(stream.sock),
            _ => return Err(Fault::Broken),
        }
        Ok(())
    }

    /// Protects the connection in another way than the mode's word says by itself.
    pub(crate) fn set_tls(&mut self, mode: TlsMode) {
        self.dial.tls = mode;
    }

    /// A server that says just this, whatever it hears. It does so once: nobody answers a second call.
    #[cfg(test)]
    pub(crate) fn saying(bytes: Vec<u8>, tls: TlsMode) -> Self {
        Self::listening(bytes, tls).0
    }

    /// The same, and what it hears.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn listening(bytes: Vec<u8>, tls: TlsMode) -> (Self, Heard) {
        let dial = Dial {
            host: "127.0.0.1".into(),
            port: 1,
            guarded: None,
            timeout: Duration::from_secs(1),
            tls,
            ca_certificate: None,
        };
        let network = Network { max_response_bytes: 0, extra_ca_pem: None, proxy: None, keep_connections: false };
        let heard = Heard::default();
        let stream = Stream::Plain(Box::new(Recording { says: io::Cursor::new(bytes), heard: heard.clone() }));
        (Self { stream, deadline: Instant::now() + dial.timeout, dial, network }, heard)
    }

    /// Sends all of it.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let writer = self.as_write()?;
        writer.write_all(bytes).and_then(|()| writer.flush()).map_err(|e| fault_of(&e))
    }

    /// Reads exactly so many bytes.
    pub(crate) fn receive(&mut self, length: usize) -> Result<Zeroizing<Vec<u8>>, Fault> {
        if length > MOST_BYTES {
            return Err(Fault::TooLarge);
        }
        let mut bytes = Zeroizing::new(vec![0; length]);
        self.as_read()?.read_exact(&mut bytes).map_err(|e| fault_of(&e))?;
        Ok(bytes)
    }

    /// Reads a line and takes its end off. Byte by byte, so that nothing behind it is taken in before TLS begins.
    pub(crate) fn receive_line(&mut self) -> Result<String, Fault> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            line.extend_from_slice(&self.receive(1)?);
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Says goodbye to a server that was spoken to over TLS; it does not matter whether it hears.
    fn farewell(&mut self) {
        if let Stream::Tls(stream) = &mut self.stream {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    }

    fn as_read(&mut self) -> Result<&mut dyn Read, Fault> {
        match &mut self.stream {
            Stream::Plain(socket) => Ok(socket.as_mut()),
            Stream::Tls(stream) => Ok(stream.as_mut()),
            Stream::Between => Err(Fault::Broken),
        }
    }

    fn as_write(&mut self) -> Result<&mut dyn Write, Fault> {
        match &mut self.stream {
            Stream::Plain(socket) => Ok(socket.as_mut()),
            Stream::Tls(stream) => Ok(stream.as_mut()),
            Stream::Between => Err(Fault::Broken),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.farewell();
    }
}

/// A TCP connection whose every wait ends at the deadline.
struct Socket {
    tcp: TcpStream,
    deadline: Instant,
    left: usize,
}

impl Socket {
    fn remaining(&self) -> io::Result<Option<Duration>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.tcp.set_read_timeout(self.remaining()?)?;
        let most = buffer.len().min(self.left);
        let read = self.tcp.read(&mut buffer[..most])?;
        self.left -= read;
        Ok(read)
    }
}

impl Transport for Socket {
    #[cfg(feature = "sftp")]
    fn into_tcp(self: Box<Self>) -> Option<TcpStream> {
        Some(self.tcp)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(self.remaining()?)?;
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

fn connect(address: &SocketAddr, deadline: Instant) -> io::Result<TcpStream> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let tcp = TcpStream::connect_timeout(address, left).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => error,
        _ => io::ErrorKind::ConnectionRefused.into(), // whatever the reason: nothing was sent
    })?;
    tcp.set_nodelay(true)?;
    Ok(tcp)
}

fn fault_of(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Fault::Timeout,
        io::ErrorKind::ConnectionRefused => Fault::Unreachable("no connection"),
        io::ErrorKind::FileTooLarge => Fault::TooLarge,
        _ => buried_fault(error).unwrap_or(Fault::Broken),
    }
}

/// What a server was told.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) type Heard = Arc<std::sync::Mutex<Vec<u8>>>;

/// Plays what was recorded, and keeps what it is told.
#[cfg(any(test, feature = "fuzzing"))]
struct Recording {
    says: io::Cursor<Vec<u8>>,
    heard: Heard,
}

#[cfg(any(test, feature = "fuzzing"))]
impl Transport for Recording {}

#[cfg(any(test, feature = "fuzzing"))]
impl Read for Recording {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.says.read(buffer)
    }
}

#[cfg(any(test, feature = "fuzzing"))]
impl Write for Recording {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.heard.lock().map_err(|_| io::ErrorKind::Other)?.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
