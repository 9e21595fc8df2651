"""PostgreSQL: its three ways to ask for a password, its TLS modes, and a database that lets nobody in."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import HOST, NAME, Place, free_port, program, secret, takes_sql
from situations import Live, Situation

TITLE = "postgresql"
NEEDS = ("postgres",)

HBA = """\
local all all trust
hostssl all keylatch_cleartext 127.0.0.1/32 password
host all keylatch_md5 127.0.0.1/32 md5
host all all 127.0.0.1/32 scram-sha-256
"""


def setup(passwords: dict[str, str]) -> str:
    lines = []
    for method, password in passwords.items():
        kept = "md5" if method == "md5" else "scram-sha-256"
        lines += [f"SET password_encryption = '{kept}';", f"CREATE ROLE keylatch_{method} LOGIN PASSWORD '{password}';"]
    lines += ["CREATE DATABASE app;", "CREATE DATABASE closed;", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC;"]
    return "\n".join(lines)


@contextmanager
def start(place: Place) -> Iterator[Live]:
    tools = Path(program("postgres")).resolve().parent
    port = free_port()
    data = place.folder / "data"
    place.run(tools / "initdb", "-D", data, "-U", "owner", "--auth=trust", "--no-sync", "-E", "UTF8")
    place.write("data/pg_hba.conf", HBA)
    settings = {
        "listen_addresses": HOST,
        "port": port,
        "unix_socket_directories": place.folder,
        "ssl": "on",
        "ssl_cert_file": place.chain_file,
        "ssl_key_file": place.key_file,
        "fsync": "off",
        "max_connections": 20,
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    # SIGINT is PostgreSQL's word for: end now, in order.
    ready = takes_sql(place, tools, port)
    with place.server(tools / "postgres", "-D", data, *options, ready=ready, stop=signal.SIGINT):
        passwords = {method: secret() for method in ("scram", "md5", "cleartext")}
        psql = [
            tools / "psql",
            "-qX",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            place.folder,
            "-p",
            str(port),
            "-U",
            "owner",
        ]
        place.run(*psql, "-d", "postgres", text=setup(passwords))
        version = place.run(tools / "postgres", "--version").split()[2]
        yield Live(version, list(situations(place, port, passwords)), complaints=lambda: complaints(place))


def situations(place: Place, port: int, passwords: dict[str, str]) -> Iterator[Situation]:
    values = {
        "host": NAME,
        "port": str(port),
        "username": "keylatch_scram",
        "password": passwords["scram"],
        "database": "app",
        "sslmode": "verify-full",
        "ssl_root_cert": place.authority.ca,
    }
    right = Situation("SCRAM over checked TLS", "postgresql", values, "accepted")
    yield right
    for method in ("md5", "cleartext"):
        user, password = f"keylatch_{method}", passwords[method]
        yield right.but(f"{method}, right password", "accepted", username=user, password=password)
        yield right.but(f"{method}, wrong password", "rejected", username=user, password=secret())
    yield right.but("SCRAM, wrong password", "rejected", password=secret())
    yield right.but("a user that does not exist", "rejected", username="keylatch_nobody")
    yield right.but("a database without rights", "under_scoped", database="closed")
    yield right.but("a database that does not exist", "under_scoped", database="absent")
    yield right.but("a closed port", "unreachable", port=str(place.closed_port))
    yield right.but("a certificate of another name", "wrong_host", host=HOST)
    yield right.but("a certificate of another authority", "unreachable", ssl_root_cert=place.authority.stranger)
    yield right.but("verify-ca takes another name", "accepted", host=HOST, sslmode="verify-ca")
    yield right.but("require takes any certificate", "accepted", host=HOST, sslmode="require")
    yield right.but("no TLS, right password", "accepted", sslmode="disable")
    yield right.but("no TLS, wrong password", "rejected", sslmode="disable", password=secret())


def complaints(place: Place) -> list[str]:
    """A client that goes without a goodbye is told of in the log."""
    words = ("unexpected EOF", "invalid length of startup packet", "unsupported frontend protocol")
    log = (place.folder / "log.txt").read_text(errors="replace")
    return [line for line in log.splitlines() if any(word in line for word in words)]
