//! Protocols other than HTTP in which Keylatch can log in, and what each needs to know for that.

/// A protocol and the roles that an app's fields play in it.
#[derive(Debug, PartialEq)]
pub(crate) struct Protocol {
    /// Its name in app files.
    pub(crate) name: &'static str,
    /// The usual port without TLS (or with TLS begun by a command), and with TLS from the first byte.
    ports: (u16, u16),
    /// Roles that must be filled.
    pub(crate) needed: &'static [&'static str],
    /// Roles that may be filled beside them and those that every protocol has.
    pub(crate) optional: &'static [&'static str],
    /// What its `tls` role may say, the safest first.
    pub(crate) tls: &'static [TlsMode],
}

/// Roles that every protocol has.
pub(crate) const COMMON_ROLES: [&str; 4] = ["host", "port", "tls", "ca_certificate"];

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TlsMode {
    /// TLS from the first byte (or as the protocol begins it), certificate and name checked.
    Verified,
    /// TLS begun by a command of the protocol, certificate and name checked.
    Upgraded,
    /// The certificate's issuer is checked, its name is not.
    IssuerOnly,
    /// Encrypted, but whoever answers is believed.
    Unverified,
    /// Neither.
    Off,
}

impl TlsMode {
    /// The mode of a word that some protocol's users know it by. `prefer` is not among them: whoever sits between could
    /// turn it into `off`.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().replace('_', "-").as_str() {
            "verify-full" | "verify-identity" | "strict" | "implicit" | "ssl" | "sasl-ssl" => Self::Verified,
            "starttls" | "mandatory" => Self::Upgraded,
            "verify-ca" => Self::IssuerOnly,
            "require" | "required" | "on" => Self::Unverified,
            "disable" | "disabled" | "off" | "optional" | "plaintext" | "sasl-plaintext" => Self::Off,
            _ => return None,
        })
    }
}

const DATABASE: &[TlsMode] = &[TlsMode::Verified, TlsMode::IssuerOnly, TlsMode::Unverified, TlsMode::Off];
const MAIL: &[TlsMode] = &[TlsMode::Verified, TlsMode::Upgraded, TlsMode::Off];
const TDS: &[TlsMode] = &[TlsMode::Verified, TlsMode::Upgraded, TlsMode::Off];
const LOGIN: &[&str] = &["username", "password"];

const fn protocol(
    name: &'static str,
    ports: (u16, u16),
    needed: &'static [&'static str],
    optional: &'static [&'static str],
    tls: &'static [TlsMode],
) -> Protocol {
    Protocol { name, ports, needed, optional, tls }
}

/// Every protocol, by name.
const ALL: &[Protocol] = &[
    protocol("amqp", (5672, 5671), LOGIN, &["vhost"], DATABASE),
    protocol("cassandra", (9042, 9042), LOGIN, &["keyspace"], DATABASE),
    protocol("imap", (143, 993), LOGIN, &[], MAIL),
    protocol("kafka", (9092, 9092), LOGIN, &["mechanism"], DATABASE),
    protocol("ldap", (389, 636), &["bind_dn", "password"], &["base_dn"], MAIL),
    protocol("mongodb", (27017, 27017), LOGIN, &["database", "auth_source"], DATABASE),
    protocol("mqtt", (1883, 8883), &[], &["username", "password", "client_id"], DATABASE),
    protocol("mysql", (3306, 3306), LOGIN, &["database"], DATABASE),
    protocol("nats", (4222, 4222), &[], &["username", "password", "token", "nkey_seed", "credentials"], DATABASE),
    protocol("postgresql", (5432, 5432), LOGIN, &["database"], DATABASE),
    protocol("redis", (6379, 6379), &["password"], &["username", "database"], DATABASE),
    protocol("sftp", (22, 22), &["username"], &["password", "private_key", "passphrase", "host_key"], &[]),
    protocol("smtp", (587, 465), LOGIN, &[], MAIL),
    protocol("sqlserver", (1433, 1433), LOGIN, &["database", "trust_server_certificate"], TDS),
];

impl Protocol {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|p| p.name == name)
    }

    /// The names of all of them.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|p| p.name)
    }

    /// Whether a server of it is expected at this port.
    pub(crate) fn is_usual_port(&self, port: u16) -> bool {
        port >= 1024 || port == self.ports.0 || port == self.ports.1
    }

    /// Whether it encrypts without TLS.
    pub(crate) fn is_secure_itself(&self) -> bool {
        self.tls.is_empty()
    }

    /// The port where none is given.
    pub(crate) fn port(&self, tls: TlsMode) -> u16 {
        if matches!(tls, TlsMode::Off | TlsMode::Upgraded) { self.ports.0 } else { self.ports.1 }
    }
}
