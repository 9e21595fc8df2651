//! Resolves names, and keeps hosts that a user typed away from addresses inside the developer's network: only
//! addresses that pass are dialled, and there is no second look-up that could answer differently.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Fault;

/// Whether an address is on the public internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0 // this network
        || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
        || (a == 198 && (18..20).contains(&b)) // benchmarks
        || a >= 240) // reserved and broadcast
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    // Forms that carry an IPv4 address lead to that address.
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] => embedded(high, low), // v4-mapped
        [0, 0, 0, 0, 0, 0, ..] => false,                           // unspecified, loopback, v4-compatible
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low), // NAT64
        [0x64, 0xff9b, 1, ..] => false,                            // local NAT64
        [0x100, 0, 0, 0, ..] => false,                             // discard
        [0x2001, 0..=0x1ff, ..] => false,                          // Teredo and other protocol assignments
        [0x2001, 0xdb8, ..] => false,                              // documentation
        [0x2002, high, low, ..] => embedded(high, low),            // 6to4
        // Global unicast, in which the ranges above are the exceptions.
        [first, ..] => (0x2000..0x4000).contains(&first) && first != 0x3fff,
    }
}

/// The resolver of every connection.
pub(crate) struct Resolver {
    pub(crate) public_only: bool,
}

/// The addresses of a host that may be dialled. Waits for the system's resolver.
pub(crate) fn resolve(host: &str, port: u16, public_only: bool) -> Result<Vec<SocketAddr>, Fault> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let mut addresses: Vec<SocketAddr> = (bare, port).to_socket_addrs().map_err(|_| Fault::NoSuchHost)?.collect();
    if addresses.is_empty() {
        return Err(Fault::NoSuchHost);
    }
    addresses.retain(|address| !public_only || is_public(address.ip()));
    if addresses.is_empty() { Err(Fault::Forbidden) } else { Ok(addresses) }
}

/// Why a name is not dialled.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// All its addresses are inside.
    NotPublic,
    /// It has none.
    NoSuchHost,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotPublic => "the host is not on the public internet",
            Self::NoSuchHost => "the host has no address",
        })
    }
}

impl std::error::Error for Refusal {}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let public_only = self.public_only;
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = tokio::task::spawn_blocking(move || (name.as_str(), 0).to_socket_addrs()).await?;
            let mut addresses: Vec<SocketAddr> = found.map_err(|_| Refusal::NoSuchHost)?.collect();
            if addresses.is_empty() {
                return Err(Refusal::NoSuchHost.into());
            }
            if public_only {
                addresses.retain(|address| is_public(address.ip()));
            }
            if addresses.is_empty() {
                return Err(Refusal::NotPublic.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_are_told_from_public_ones() {
        let inside = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2001::1",
            "fec0::1",
        ];
        for address in inside {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        let public =
            ["1.1.1.1", "93.184.215.14", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
