//! Where requests go: whatever a user types as a host, nothing is dialled that is not public or allowed, and no path leaves
//! the base. The rules stand here once more, written in another way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use keylatch::fuzzing::{App, Named, Place, dialled};
use keylatch::{Allow, Permission};
use serde_json::{Value, json};
use url::{Host, Url};

use crate::input::Input;

const TEMPLATES: [&str; 6] = [
    "https://{host}.acme.example/v1",
    "https://{host}/api/{key}",
    "https://{host}:{port}",
    "https://api-{host}/x",
    "{host}",
    "http://{host}/",
];

static WEB: LazyLock<App> = LazyLock::new(|| {
    app(json!({"base_url": "https://{host}/{key}/{port}", "inject": [{"in": "path"}], "no_checks": "None."}))
});
static LOGIN: LazyLock<App> = LazyLock::new(|| {
    let login = json!({"protocol": "postgresql", "host": "{host}", "port": "{port}", "tls": "on", "username": "x", "password": "{key}"});
    app(json!({"login": login}))
});

fn app(rest: Value) -> App {
    let field =
        |name: &str| json!({"name": name, "display_name": name, "description": "A value.", "no_help_url": "None."});
    let mut scheme = json!({"auth_scheme": "API_KEY", "fields": [field("host"), field("port"), field("key")]});
    scheme["fields"][2]["secret"] = true.into();
    if let (Some(scheme), Some(rest)) = (scheme.as_object_mut(), rest.as_object()) {
        scheme.extend(rest.clone());
    }
    let docs = "https://acme.example/";
    let definition =
        json!({"slug": "fuzzed", "name": "Fuzzed", "category": "test", "docs_url": docs, "schemes": [scheme]});
    App::read(&definition).expect("the definition is good")
}

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let allow: Allow = Permission::ALL.iter().copied().filter(|_| input.byte().is_multiple_of(4)).collect();
    let kind = input.byte();
    let template = input.one_of(&TEMPLATES);
    let (host, port, key) = (input.bytes(), input.bytes(), input.bytes());
    let given: Named =
        [("host", host), ("port", port), ("key", key)].map(|(name, value)| (name.to_owned(), value.to_vec())).to_vec();
    let path = input.text();
    looked_up(input.bytes(), input.bytes(), allow);
    let is_web = !kind.is_multiple_of(4);
    let (app, base_url) = if is_web { (&*WEB, Some(template)) } else { (&*LOGIN, None) };
    let Ok(place) = app.place(base_url, &given, allow, kind % 8 == 1) else { return };
    let base = Url::parse(place.base()).expect("a base is an address");
    assert_eq!(place.guarded(), Some(allow), "a host that the user named is not guarded");
    may_be_dialled(&base, allow);
    if is_web {
        assert!(kind % 8 != 1 || allow.contains(Permission::ThroughProxy));
        below(&place, &base, path);
        if let Some((before, after)) = template.split_once("{host}").filter(|(before, _)| !before.is_empty()) {
            let own = |text: &str| {
                text.split("://").last().unwrap_or_default().split(['/', ':']).next().unwrap_or_default().to_owned()
            };
            let name = base.host_str().unwrap_or_default();
            assert!(name.starts_with(&own(before)) && name.ends_with(&own(after)), "{base} left {template}");
        }
    }
}

/// A name that leads to these addresses.
fn looked_up(name: &[u8], packed: &[u8], allow: Allow) {
    let name = String::from_utf8_lossy(name);
    let v4 = packed.chunks_exact(4).filter_map(|four| <[u8; 4]>::try_from(four).ok()).map(IpAddr::from);
    let v6 = packed.chunks_exact(16).filter_map(|all| <[u8; 16]>::try_from(all).ok()).map(IpAddr::from);
    let found: Vec<IpAddr> = v4.chain(v6).collect();
    let chosen = dialled(&name, &found, Some(allow)).unwrap_or_default();
    for address in &chosen {
        assert!(found.contains(address) && is_allowed(*address, allow), "{address} is dialled under {allow:?}");
    }
    let public = found.iter().filter(|address| is_public(**address)).count();
    let kept = chosen.iter().filter(|address| is_public(**address)).count();
    assert!(kept == public || chosen.is_empty());
}

fn may_be_dialled(url: &Url, allow: Allow) {
    let loopback = match url.host().expect("a base has a host") {
        Host::Ipv4(v4) => checked(v4.into(), allow),
        Host::Ipv6(v6) => checked(v6.into(), allow),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let local = name == "localhost" || name.ends_with(".localhost");
            assert!(!local || allow.contains(Permission::Loopback), "{url}");
            let metadata = ["metadata.google.internal", "metadata.goog", "metadata", "instance-data"];
            assert!(!metadata.contains(&name.as_str()) || allow.contains(Permission::Metadata), "{url}");
            let international = name.split('.').any(|label| label.starts_with("xn--"));
            assert!(!international || allow.contains(Permission::InternationalNames), "{url}");
            local
        }
    };
    assert!(url.scheme() == "https" || loopback || allow.contains(Permission::Unencrypted), "{url}");
    assert!(url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none());
    assert!(url.port().is_none_or(|port| port == 443 || port >= 1024) || allow.contains(Permission::Ports), "{url}");
}

fn checked(address: IpAddr, allow: Allow) -> bool {
    assert!(is_allowed(address, allow), "{address} may be dialled under {allow:?}");
    mapped(address).is_loopback()
}

/// Paths stay below the base, and a whole address is taken only where it is there.
fn below(place: &Place, base: &Url, path: &str) {
    let same_place = |url: &Url| {
        assert_eq!(url.origin(), base.origin(), "{path:?} leaves {base}");
        assert!(url.username().is_empty() && url.password().is_none());
        let prefix = base.path().trim_end_matches('/');
        let rest = url.path().strip_prefix(prefix);
        assert!(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')), "{url} is not below {base}");
    };
    if let Ok(address) = place.at(path) {
        same_place(&Url::parse(&address).expect("an address"));
    }
    if let Ok(rest) = place.below(path) {
        let whole = path.contains("://") || path.starts_with("//");
        if let Some(mut asked) = Url::parse(path).ok().filter(|_| whole) {
            same_place(&asked);
            asked.set_fragment(None);
            let sent = place.at(&rest).ok().and_then(|sent| Url::parse(&sent).ok());
            let slash = |url: &Url| url.path().trim_end_matches('/').to_owned();
            assert!(sent.is_none_or(|sent| slash(&sent) == slash(&asked) && sent.query() == asked.query()), "{asked}");
        } else {
            assert!(!whole && rest == path);
        }
    }
}

fn is_allowed(address: IpAddr, allow: Allow) -> bool {
    if is_public(address) {
        return true;
    }
    let needed: &[Permission] = match mapped(address) {
        address if address.is_loopback() => &[Permission::Loopback],
        IpAddr::V4(v4) if v4.is_private() => &[Permission::Private],
        IpAddr::V4(v4) if v4.is_link_local() => &[Permission::LinkLocal, Permission::Metadata],
        IpAddr::V6(v6) if v6.is_unique_local() => &[Permission::Private, Permission::Metadata],
        IpAddr::V6(v6) if v6.is_unicast_link_local() => &[Permission::LinkLocal],
        _ => &[Permission::Reserved, Permission::Private, Permission::Metadata],
    };
    needed.iter().any(|kind| allow.contains(*kind))
}

/// The IPv4 address in an IPv6 one that leads there.
fn mapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let octets = v6.octets();
    let tail = |at: usize| Ipv4Addr::new(octets[at], octets[at + 1], octets[at + 2], octets[at + 3]).into();
    let within = |net: &str, bits: u32| {
        u128::from(v6) >> (128 - bits) == u128::from(net.parse::<Ipv6Addr>().expect("a net")) >> (128 - bits)
    };
    if v6 == Ipv6Addr::LOCALHOST {
        address
    } else if within("::ffff:0:0", 96) || within("64:ff9b::", 96) || within("::", 96) {
        tail(12)
    } else if within("2002::", 16) {
        tail(2)
    } else {
        address
    }
}

/// By IANA's registries of special purposes, and two addresses of clouds.
fn is_public(address: IpAddr) -> bool {
    const V4: [(&str, u32); 17] = [
        ("0.0.0.0", 8),
        ("10.0.0.0", 8),
        ("100.64.0.0", 10),
        ("127.0.0.0", 8),
        ("169.254.0.0", 16),
        ("172.16.0.0", 12),
        ("192.0.0.0", 24),
        ("192.0.2.0", 24),
        ("192.88.99.0", 24),
        ("192.168.0.0", 16),
        ("198.18.0.0", 15),
        ("198.51.100.0", 24),
        ("203.0.113.0", 24),
        ("224.0.0.0", 4),
        ("240.0.0.0", 4),
        ("168.63.129.16", 32),
        ("255.255.255.255", 32),
    ];
    const V6: [(&str, u32); 3] = [("2001::", 23), ("2001:db8::", 32), ("3fff::", 20)];
    match (address, mapped(address)) {
        (IpAddr::V6(v6), IpAddr::V4(_)) if v6.octets()[..12] == [0; 12] => false, // long deprecated
        (_, IpAddr::V4(v4)) => {
            let within = |(net, bits): &(&str, u32)| {
                u32::from(v4) >> (32 - bits) == u32::from(net.parse::<Ipv4Addr>().expect("a net")) >> (32 - bits)
            };
            !V4.iter().any(within)
        }
        (_, IpAddr::V6(v6)) => {
            let within = |(net, bits): &(&str, u32)| {
                u128::from(v6) >> (128 - bits) == u128::from(net.parse::<Ipv6Addr>().expect("a net")) >> (128 - bits)
            };
            within(&("2000::", 3)) && !V6.iter().any(within)
        }
    }
}
