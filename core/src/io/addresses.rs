//! Which exception an address, a name or a port needs where a user typed it; none where it is an ordinary public one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::allow::Permission;

/// Metadata services of Amazon (three), Alibaba, Azure and Oracle; the first is also that of most others.
const METADATA_V4: [Ipv4Addr; 6] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];
/// Those of Amazon (two) and Google.
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];
const METADATA_NAMES: [&str; 5] =
    ["metadata.google.internal", "metadata.goog", "metadata", "instance-data", "instance-data.ec2.internal"];

/// Ports from 1024 up that belong to other services; those that the WHATWG's fetch standard blocks too.
const OTHER_SERVICES: [u16; 19] =
    [1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080];

/// The kind of an address, `None` for a public one.
pub(crate) fn kind_of_address(address: IpAddr) -> Option<Permission> {
    match address {
        IpAddr::V4(v4) => kind_of_v4(v4),
        IpAddr::V6(v6) => kind_of_v6(v6),
    }
}

fn kind_of_v4(address: Ipv4Addr) -> Option<Permission> {
    let [a, b, c, _] = address.octets();
    if METADATA_V4.contains(&address) {
        Some(Permission::Metadata)
    } else if address.is_loopback() {
        Some(Permission::Loopback)
    } else if address.is_private() || (a == 100 && (64..128).contains(&b)) {
        Some(Permission::Private)
    } else if address.is_link_local() {
        Some(Permission::LinkLocal)
    } else {
        let reserved = address.is_multicast()
            || address.is_documentation()
            || a == 0 // this network
            || (a == 192 && b == 0 && c == 0) // protocol assignments
            || (a == 192 && b == 88 && c == 99) // 6to4 relays
            || (a == 198 && (18..20).contains(&b)) // benchmarks
            || a >= 240; // reserved and broadcast
        reserved.then_some(Permission::Reserved)
    }
}

fn kind_of_v6(address: Ipv6Addr) -> Option<Permission> {
    // Forms that carry an IPv4 address lead to that address.
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        kind_of_v4(Ipv4Addr::new(a, b, c, d))
    };
    if METADATA_V6.contains(&address) {
        return Some(Permission::Metadata);
    }
    let reserved = Some(Permission::Reserved);
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Permission::Loopback),
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low), // mapped, NAT64
        [0x2002, high, low, ..] => embedded(high, low),                                                    // 6to4
        [0, 0, 0, 0, 0, 0, high, low] => embedded(high, low).or(reserved), // v4-compatible, unspecified
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Some(Permission::Private),
        [0xfe80..=0xfebf, ..] => Some(Permission::LinkLocal),
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] => reserved, // Teredo and other assignments, documentation
        [first, ..] if (0x2000..0x3fff).contains(&first) => None,  // global unicast but for documentation, 3fff::/20
        _ => reserved,                                             // discard, local NAT64, multicast and the rest
    }
}

/// The kind of a name that leads to the same place everywhere, whatever a look-up says.
pub(crate) fn kind_of_name(name: &str) -> Option<Permission> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        Some(Permission::Loopback)
    } else {
        METADATA_NAMES.contains(&name.as_str()).then_some(Permission::Metadata)
    }
}

/// The kind of a URL's host, as far as it shows without a look-up.
pub(crate) fn kind_of_host(url: &Url) -> Option<Permission> {
    match url.host()? {
        Host::Ipv4(v4) => kind_of_v4(v4),
        Host::Ipv6(v6) => kind_of_v6(v6),
        Host::Domain(name) => kind_of_name(name),
    }
}

/// Whether a URL leads to this machine itself.
pub(crate) fn is_loopback(url: &Url) -> bool {
    kind_of_host(url) == Some(Permission::Loopback)
}

/// Whether a web server of the user's own may well listen there: 443, or one that needs no privilege.
pub(crate) fn is_usual_port(port: u16) -> bool {
    port == 443 || (port >= 1024 && !OTHER_SERVICES.contains(&port))
}

/// The address of a server that the developer names: HTTPS, or HTTP on loopback, without user, query and fragment.
pub(crate) fn server_address(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    (secure && plain && url.has_host()).then_some(url)
}

/// A web address without user, query and fragment, as people write it. Browsers also forgive a backslash, too few or too
/// many slashes and an empty user name, with which one host looks like another.
pub(crate) fn web_address(text: &str) -> Option<Url> {
    let authority = authority(text);
    if authority.is_empty() || authority.contains('@') || text.contains('\\') {
        return None;
    }
    Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "https" | "http") && url.has_host() && url.query().is_none() && url.fragment().is_none()
    })
}

/// What is between `://` and the path; nothing where the scheme is not followed by that.
pub(crate) fn authority(url: &str) -> &str {
    let rest = url.split_once(':').and_then(|(_, rest)| rest.strip_prefix("//")).unwrap_or_default();
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Permission::{LinkLocal, Loopback, Metadata, Private, Reserved};

    #[test]
    fn every_address_has_its_kind() {
        let kinds: [(Permission, &[&str]); 5] = [
            (
                Loopback,
                &[
                    "127.0.0.1",
                    "127.255.255.254",
                    "::1",
                    "::ffff:127.0.0.1",
                    "::127.0.0.1",
                    "64:ff9b::7f00:1",
                    "2002:7f00:1::",
                ],
            ),
            (
                Private,
                &[
                    "10.1.2.3",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.168.1.1",
                    "100.64.0.1",
                    "100.127.255.255",
                    "::ffff:10.0.0.1",
                    "::10.0.0.1",
                    "64:ff9b::a00:1",
                    "2002:a00:1::",
                    "fc00::1",
                    "fd12:3456::1",
                    "fec0::1",
                ],
            ),
            (LinkLocal, &["169.254.0.1", "169.254.169.253", "fe80::1", "febf::1", "::ffff:169.254.1.1"]),
            (
                Metadata,
                &[
                    "169.254.169.254",
                    "169.254.170.2",
                    "169.254.170.23",
                    "100.100.100.200",
                    "168.63.129.16",
                    "192.0.0.192",
                    "fd00:ec2::254",
                    "fd00:ec2::23",
                    "fd20:ce::254",
                    "::ffff:169.254.169.254",
                    "64:ff9b::a9fe:a9fe",
                    "2002:a9fe:a9fe::",
                ],
            ),
            (
                Reserved,
                &[
                    "0.0.0.0",
                    "0.1.2.3",
                    "192.0.0.170",
                    "192.0.2.1",
                    "192.88.99.1",
                    "198.18.0.1",
                    "198.51.100.1",
                    "203.0.113.1",
                    "224.0.0.1",
                    "240.0.0.1",
                    "255.255.255.255",
                    "::",
                    "::1.1.1.1",
                    "::ffff:0.0.0.0",
                    "64:ff9b:1::1",
                    "100::1",
                    "2001::1",
                    "2001:1ff::1",
                    "2001:db8::1",
                    "3fff::1",
                    "4000::1",
                    "5f00::1",
                    "ff02::1",
                    "::ffff:0:127.0.0.1",
                ],
            ),
        ];
        for (kind, addresses) in kinds {
            for address in addresses {
                assert_eq!(kind_of_address(address.parse().unwrap()), Some(kind), "{address}");
            }
        }
        let public = [
            "1.1.1.1",
            "93.184.215.14",
            "172.32.0.1",
            "100.128.0.1",
            "169.253.1.1",
            "2606:4700::1111",
            "2001:200::1",
            "64:ff9b::101:101",
            "::ffff:1.1.1.1",
            "2002:101:101::1",
        ];
        for address in public {
            assert_eq!(kind_of_address(address.parse().unwrap()), None, "{address}");
        }
    }

    #[test]
    fn names_are_known_in_any_case_and_with_dots_behind_them() {
        for name in ["localhost", "LocalHost.", "a.b.localhost", "localhost.."] {
            assert_eq!(kind_of_name(name), Some(Loopback), "{name}");
        }
        for name in
            ["metadata", "Metadata.Google.Internal.", "metadata.goog", "instance-data", "instance-data.ec2.internal"]
        {
            assert_eq!(kind_of_name(name), Some(Metadata), "{name}");
        }
        for name in ["localhost.example", "notlocalhost", "metadata.example", "example.com"] {
            assert_eq!(kind_of_name(name), None, "{name}");
        }
    }

    #[test]
    fn addresses_are_read_only_as_people_write_them() {
        for address in ["https://shop.example/a", "HTTP://shop.example:8080", "https://shop.example/x://y"] {
            assert!(web_address(address).is_some(), "{address}");
        }
        for forgiven in [
            "https:shop.example",
            "https:/shop.example",
            "https:///shop.example",
            "https://@shop.example",
            "https:user@10.0.0.1/x://shop.example",
            r"https:\\shop.example",
        ] {
            assert!(web_address(forgiven).is_none(), "{forgiven}");
        }
    }

    #[test]
    fn ports_of_other_services_are_told() {
        for port in [443, 1024, 3000, 8080, 8443, 9200, 65535] {
            assert!(is_usual_port(port), "{port}");
        }
        for port in [0, 1, 22, 25, 80, 445, 1023, 2049, 6000, 6667, 10080] {
            assert!(!is_usual_port(port), "{port}");
        }
    }
}
