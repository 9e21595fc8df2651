//! No server can make a login panic, whatever it says, and none that talks at random is believed.

use proptest::prelude::*;

use super::{Outcome, Roles, log_in};
use crate::catalog::protocol::{Protocol, TlsMode};
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

/// Logs in to a server that says just this, without TLS.
pub(super) fn told(protocol: &str, roles: &[(&'static str, &str)], says: &[u8]) -> Result<Outcome, Fault> {
    log_in(protocol, Wire::saying(says.to_vec(), TlsMode::Off), &Roles::of(roles))
}

const EVERYTHING: &[(&str, &str)] = &[
    ("username", "app_reader"),
    ("bind_dn", "cn=reader,dc=example,dc=com"),
    ("password", "correct horse"),
    ("database", "app"),
    ("keyspace", "app"),
    ("auth_source", "admin"),
    ("vhost", "/"),
    ("base_dn", "dc=example,dc=com"),
    ("token", "t0ken"),
    ("client_id", "keylatch"),
    ("nkey_seed", "SUAJ2YNRTXX72WTAXKCEV5ES5QWMIRCJYVUXWMTJDFYDXLADDSXH6YALCA"),
];

/// How a server of the protocol might begin; what follows is at random.
const OPENINGS: &[(&str, &[u8])] = &[
    ("mysql", b"\x49\0\0\0\x0a8.4.0\0\x01\0\0\0abcdefgh\0\xff\xff\x2d\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0caching_sha2_password\0"),
    ("mysql", b"\x49\0\0\0\x0a8.4.0\0\x01\0\0\0abcdefgh\0\xff\xff\x2d\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0caching_sha2_password\0\x02\0\0\x02\x01\x03"),
    ("cassandra", b"\x84\0\0\0\x03\0\0\0\x03\0\x01x"),
    ("kafka", b"\0\0\0\x16\0\0\0\x01\0\0\0\0\0\x02\0\x24\0\0\0\x02\0\x03\0\0\0\x0c\0\0\0\x06\0\0\0\x02\0\0"),
    ("mongodb", b"\x3f\0\0\0\x01\0\0\0\x01\0\0\0\xdd\x07\0\0\0\0\0\0\0\x2a\0\0\0\x01ok\0\0\0\0\0\0\0\xf0\x3f\x04saslSupportedMechs\0\x05\0\0\0\0\0"),
    ("postgresql", b"R\0\0\0\x0c\0\0\0\x05salt"),
    ("postgresql", b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0R\0\0\0\x14\0\0\0\x0b"),
    ("sqlserver", b"\x04\x01\0\x0f\0\0\0\0\x01\0\x06\0\x01\xff\x02\x04\x01\0\x20\0\0\0\0\xaa\x04\0"),
    ("amqp", b"\x01\0\0\0\0\0\x17\0\x0a\0\x0a\0\x09\0\0\0\0\0\0\0\x05PLAIN\0\0\0\0\xce\x01\0\0\0\0\0\x0c\0\x0a\0\x1e\x07\xff\0\x02\0\0\0\x3c\xce"),
    ("imap", b"* OK ready\r\n* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\nk1 OK\r\n"),
    ("imap", b"* OK ready\r\n* CAPABILITY IMAP4rev1\r\nk1 OK\r\n+ go on\r\n"),
    ("ldap", b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01"),
    ("mqtt", b"\x20\x02\0"),
    ("nats", b"INFO {\"auth_required\":true,\"nonce\":\"abc\"}\r\n+OK\r\n"),
    ("smtp", b"220 ready\r\n250-ready\r\n250 AUTH PLAIN LOGIN\r\n"),
    ("smtp", b"220 ready\r\n250-ready\r\n250 AUTH LOGIN\r\n334 VXNlcm5hbWU6\r\n"),
    ("redis", b"+OK\r\n+PONG\r\n"),
];

proptest! {
    // Each case reads the system's authorities for every protocol that begins with TLS.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_server_can_make_it_panic(
        noise in prop::collection::vec(any::<u8>(), 0..300),
        mode in 0..4_usize,
        mechanism in prop::sample::select(vec!["PLAIN", "SCRAM-SHA-256"]),
    ) {
        for protocol in Protocol::names() {
            let roles = [EVERYTHING, &[("mechanism", mechanism)]].concat();
            let modes = Protocol::named(protocol).expect("it was named").tls;
            let wire = Wire::saying(noise.clone(), modes.get(mode).copied().unwrap_or(TlsMode::Off));
            believes_nothing(protocol, log_in(protocol, wire, &Roles::of(&roles)))?;
        }
    }
}

proptest! {
    #[test]
    fn nor_one_that_begins_well(noise in prop::collection::vec(any::<u8>(), 0..200), keep in 0..200_usize) {
        for (protocol, opening) in OPENINGS {
            let says = [&opening[..keep.min(opening.len())], &noise].concat();
            believes_nothing(protocol, told(protocol, EVERYTHING, &says))?;
        }
    }
}

/// Chance does not prove a password.
fn believes_nothing(protocol: &str, outcome: Result<Outcome, Fault>) -> Result<(), TestCaseError> {
    let believed = matches!(&outcome, Ok(Outcome { verdict: Verdict::Accepted, .. }));
    prop_assert!(!believed, "{protocol} believed noise");
    Ok(())
}
