"""OpenLDAP: simple binds over LDAP, StartTLS and LDAPS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from servers import HOST, NAME, Place, free_port, listens, program, secret
from situations import Live, Situation

TITLE = "openldap"
NEEDS = ("slapd",)
SUFFIX = "dc=keylatch,dc=test"
USER = f"uid=ada,ou=people,{SUFFIX}"


def config(place: Place) -> str:
    return f"""\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {place.folder}/slapd.pid
TLSCACertificateFile {place.ca_file}
TLSCertificateFile {place.chain_file}
TLSCertificateKeyFile {place.key_file}
loglevel stats
database mdb
maxsize 16777216
suffix "{SUFFIX}"
directory {place.make("data")}
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
"""


def entries(password: str) -> str:
    return f"""\
dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
o: Keylatch
dc: keylatch

dn: ou=people,{SUFFIX}
objectClass: organizationalUnit
ou: people

dn: {USER}
objectClass: inetOrgPerson
cn: Ada
sn: Lovelace
uid: ada
userPassword: {password}
"""


@contextmanager
def start(place: Place) -> Iterator[Live]:
    port, tls_port = free_port(), free_port()
    right = secret()
    slapd = program("slapd")
    file = place.write("slapd.conf", config(place))
    place.run(slapd, "-T", "add", "-f", file, text=entries(right))
    urls = f"ldap://{HOST}:{port} ldaps://{HOST}:{tls_port}"
    # With a debug level slapd stays in the foreground and writes its log there.
    with place.server(slapd, "-f", file, "-h", urls, "-d", "stats", ready=listens(port, tls_port)):
        log = (place.folder / "log.txt").read_text(errors="replace")
        version = log.partition("OpenLDAP: slapd ")[2].split()[0].partition("+")[0]
        values = {
            "host": NAME,
            "port": str(tls_port),
            "bind_dn": USER,
            "password": right,
            "base_dn": SUFFIX,
            "tls": "implicit",
            "ca_certificate": place.authority.ca,
        }
        known = Situation("right password over LDAPS", "ldap", values, "accepted")
        upgraded, plain = {"port": str(port), "tls": "starttls"}, {"port": str(port), "tls": "off"}
        yield Live(
            version,
            [
                known,
                known.but("wrong password over LDAPS", "rejected", password=secret()),
                known.but("a user that does not exist", "rejected", bind_dn=f"uid=eve,ou=people,{SUFFIX}"),
                known.but("right password over StartTLS", "accepted", **upgraded),
                known.but("wrong password over StartTLS", "rejected", **upgraded, password=secret()),
                known.but("right password without TLS", "accepted", **plain),
                known.but("wrong password without TLS", "rejected", **plain, password=secret()),
                known.but("a place in the tree that does not exist", "under_scoped", base_dn=f"ou=absent,{SUFFIX}"),
                known.but("a closed port", "unreachable", port=str(place.closed_port)),
                known.but("a certificate of another name", "wrong_host", host=HOST),
                known.but("another name over StartTLS", "wrong_host", host=HOST, **upgraded),
                known.but("a certificate of another authority", "unreachable", ca_certificate=place.authority.stranger),
            ],
            complaints=lambda: complaints(place),
        )


def complaints(place: Place) -> list[str]:
    """A connection on which somebody has bound ends with an unbind; others may just be lost."""
    log = (place.folder / "log.txt").read_text(errors="replace")
    bound = set(re.findall(r"(conn=\d+) op=\d+ BIND dn=", log))
    lost = re.findall(r"(conn=\d+) fd=\d+ closed \(connection lost\)", log)
    return [f"{name} bound and was lost" for name in lost if name in bound]
