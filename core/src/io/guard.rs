//! Resolves names, and keeps hosts that a user typed away from addresses inside the developer's network: only
//! addresses that pass are dialled, and there is no second look-up that could answer differently.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Fault;
use super::addresses::{kind_of_address, kind_of_name};
use crate::allow::{Allow, Permission};

/// The exceptions that are about addresses, and so matter to a look-up.
pub(crate) fn of_addresses(allow: Allow) -> Allow {
    use Permission::{LinkLocal, Loopback, Metadata, Private, Reserved};
    allow.both(Allow::from([Loopback, Private, LinkLocal, Metadata, Reserved]))
}

/// The addresses of a host (a name or an address), all of which may be dialled. `guarded`: a user named the host, and this
/// is what the developer allows of it; addresses of other kinds are left out, and where none is left it is
/// [`Fault::Forbidden`]. Waits for the look-up. Dial what comes back and never the name, which may lead elsewhere then.
pub(crate) fn resolve(host: &str, port: u16, guarded: Option<&Allow>) -> Result<Vec<SocketAddr>, Fault> {
    resolve_by(look_up, host, port, guarded)
}

fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

pub(crate) fn resolve_by(
    look_up: impl FnOnce(&str, u16) -> io::Result<Vec<SocketAddr>>,
    host: &str,
    port: u16,
    guarded: Option<&Allow>,
) -> Result<Vec<SocketAddr>, Fault> {
    let host = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
    let refused = |kind: Option<Permission>| kind.filter(|kind| guarded.is_some_and(|allow| !allow.contains(*kind)));
    if let Some(kind) = refused(kind_of_name(host)) {
        return Err(Fault::Forbidden(Allow::from([kind])));
    }
    let mut addresses = look_up(host, port).map_err(|_| Fault::NoSuchHost)?;
    if addresses.is_empty() {
        return Err(Fault::NoSuchHost);
    }
    let mut kinds = Allow::default();
    addresses.retain(|address| match refused(kind_of_address(address.ip())) {
        Some(kind) => {
            kinds.insert(kind);
            false
        }
        None => true,
    });
    if addresses.is_empty() { Err(Fault::Forbidden(kinds)) } else { Ok(addresses) }
}

/// [`resolve`], or what takes its place in a test.
type Resolution = fn(&str, u16, Option<&Allow>) -> Result<Vec<SocketAddr>, Fault>;

/// The resolver of every HTTP connection.
pub(crate) struct Resolver {
    guarded: Option<Allow>,
    resolve: Resolution,
}

impl Resolver {
    pub(crate) fn new(guarded: Option<Allow>) -> Self {
        Self { guarded, resolve }
    }
}

/// Why a name is not dialled, on its way through the HTTP library.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Fault);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host has no address that may be dialled")
    }
}

impl std::error::Error for Refusal {}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (guarded, resolve) = (self.guarded, self.resolve);
        Box::pin(async move {
            let work = move || resolve(name.as_str(), 0, guarded.as_ref());
            let addresses = tokio::task::spawn_blocking(work).await?.map_err(Refusal)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::io::{Network, tls};
    use Permission::{Loopback, Metadata, Private};

    fn answering(addresses: &[&str]) -> impl FnOnce(&str, u16) -> io::Result<Vec<SocketAddr>> {
        let found = addresses.iter().map(|a| SocketAddr::new(a.parse().unwrap(), 443)).collect();
        |_, _| Ok(found)
    }

    fn only(kind: Permission) -> Fault {
        Fault::Forbidden(Allow::from([kind]))
    }

    #[test]
    fn addresses_of_kinds_that_are_not_allowed_are_left_out() {
        let mixed = ["10.0.0.1", "1.1.1.1", "127.0.0.1"];
        let found = |guarded: Option<Allow>| {
            let found = resolve_by(answering(&mixed), "app.example", 443, guarded.as_ref()).unwrap();
            found.into_iter().map(|a| a.ip().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found(Some(Allow::default())), ["1.1.1.1"]);
        assert_eq!(found(Some(Allow::from([Private]))), ["10.0.0.1", "1.1.1.1"]);
        assert_eq!(found(None), mixed);
    }

    #[test]
    fn where_none_is_left_the_kinds_are_named() {
        let refused = |addresses: &[&str], allow: &[Permission]| {
            let allow: Allow = allow.iter().copied().collect();
            resolve_by(answering(addresses), "app.example", 443, Some(&allow)).unwrap_err()
        };
        assert_eq!(refused(&["10.0.0.1"], &[]), only(Private));
        assert_eq!(refused(&["10.0.0.1", "::1"], &[]), Fault::Forbidden(Allow::from([Private, Loopback])));
        assert_eq!(refused(&["169.254.169.254"], &[Private, Loopback]), only(Metadata));
        assert_eq!(refused(&[], &[]), Fault::NoSuchHost);
    }

    #[test]
    fn names_that_mean_one_place_are_not_looked_up() {
        let never = |_: &str, _| -> io::Result<Vec<SocketAddr>> { panic!("looked up") };
        assert_eq!(resolve_by(never, "LOCALHOST.", 443, Some(&Allow::default())), Err(only(Loopback)));
        assert_eq!(resolve_by(never, "metadata.goog", 443, Some(&Allow::from([Loopback]))), Err(only(Metadata)));
    }

    #[test]
    fn written_addresses_are_checked_in_every_form() {
        let refused = |host| resolve(host, 443, Some(&Allow::default())).unwrap_err();
        for host in ["127.0.0.1", "::1", "[::1]", "::ffff:127.0.0.1"] {
            assert_eq!(refused(host), only(Loopback), "{host}");
        }
        assert_eq!(resolve("[::1]", 443, None).unwrap(), ["[::1]:443".parse().unwrap()]);
    }

    /// A name whose answers change between two look-ups: the first may be dialled, the second is the attack.
    #[test]
    fn a_name_is_looked_up_once_and_what_was_checked_is_dialled() {
        static LOOK_UPS: AtomicUsize = AtomicUsize::new(0);
        fn rebinding(_: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
            let address = match LOOK_UPS.fetch_add(1, Ordering::SeqCst) {
                0 => [127, 0, 0, 1],
                _ => [10, 0, 0, 1],
            };
            Ok(vec![SocketAddr::from((address, port))])
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://rebinding.example:{}/", listener.local_addr().unwrap().port());
        let resolver = Resolver {
            guarded: Some(Allow::from([Loopback])),
            resolve: |host, port, guarded| resolve_by(rebinding, host, port, guarded),
        };
        let network = Network { max_response_bytes: 0, extra_ca_pem: None, proxy: None, keep_connections: false };
        let tls = tls::config(&network).unwrap();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .dns_resolver(std::sync::Arc::new(resolver));
        let client = client.timeout(std::time::Duration::from_secs(5)).build().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(io::Read::read(&mut stream, &mut [0; 1024]).unwrap() > 0);
            io::Write::write_all(&mut stream, b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert_eq!(runtime.block_on(async { client.get(url).send().await }).unwrap().status().as_u16(), 204);
        assert_eq!(LOOK_UPS.load(Ordering::SeqCst), 1);
        let second = resolve_by(rebinding, "rebinding.example", 443, Some(&Allow::from([Loopback])));
        assert_eq!(second, Err(only(Private)));
    }
}
