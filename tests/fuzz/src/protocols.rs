//! Answers of servers that do not speak HTTP: nothing they say makes a login fail otherwise than by saying so, gets the
//! password in the clear, or proves a password that was not proven.

use keylatch::Verdict;
use keylatch::fuzzing::{log_in, protocols};

use crate::input::Input;

const PASSWORD: &str = "canary-7Qm2xV9k";
const SEED: &str = "SUAJ2YNRTXX72WTAXKCEV5ES5QWMIRCJYVUXWMTJDFYDXLADDSXH6YALCA";
const ROLES: [(&str, &str); 10] = [
    ("username", "app_reader"),
    ("bind_dn", "cn=reader,dc=example,dc=com"),
    ("database", "app"),
    ("keyspace", "app"),
    ("auth_source", "admin"),
    ("vhost", "/"),
    ("base_dn", "dc=example,dc=com"),
    ("client_id", "keylatch"),
    ("password", PASSWORD),
    ("token", PASSWORD),
];

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let known: Vec<&str> = protocols().collect();
    let protocol = input.one_of(&known);
    let choice = input.byte();
    let mode = [None, None, None, Some(0), Some(1), Some(2)][usize::from(choice % 6)];
    let mechanism = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"][usize::from(choice / 6 % 3)];
    let mut roles = ROLES.to_vec();
    roles.push(("mechanism", mechanism));
    if protocol == "nats" && choice & 0x80 != 0 {
        roles.retain(|(role, _)| *role != "password" && *role != "token");
        roles.push(("nkey_seed", SEED));
    }
    let (outcome, heard) = log_in(protocol, mode, &roles, input.rest());
    // TLS cannot begin with a server that speaks by chance.
    assert!(mode.is_none() || !is_in_clear(&heard), "{protocol}: the password goes in the clear");
    let quoted = |text: &[u8]| text.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
    let Some((verdict, detail)) = outcome else { return };
    assert!(!detail.is_some_and(|detail| quoted(detail.as_bytes())), "{protocol}: what is told quotes the password");
    // These end with a proof by the server, or with a second call, which nobody answers. Others take a server's word.
    let proven = matches!(protocol, "mongodb" | "mqtt") || protocol == "kafka" && mechanism != "PLAIN";
    assert!(!proven || verdict != Verdict::Accepted, "{protocol}: noise is believed");
}

/// As it is, in Base64, or as SQL Server's logins disguise it.
fn is_in_clear(heard: &[u8]) -> bool {
    let quoted = |needle: &[u8]| heard.windows(needle.len()).any(|window| window == needle);
    // Base64 has three ways to write what stands within a longer text.
    let disguised: Vec<u8> =
        PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).map(|byte| byte.rotate_left(4) ^ 0xa5).collect();
    quoted(PASSWORD.as_bytes())
        || quoted(&disguised)
        || [&b"Y2FuYXJ5LTdRbTJ4Vj"[..], b"NhbmFyeS03UW0yeFY5", b"jYW5hcnktN1FtMnhWO"].into_iter().any(quoted)
}
