"""MariaDB: its usual kind of password and a newer one, a database without rights, TLS modes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from servers import HOST, NAME, Place, free_port, listens, program, secret
from situations import Live, Situation

TITLE = "mariadb"
NEEDS = ("mariadbd", "mariadb-install-db", "mariadb")


def setup(native: str, ed25519: str) -> str:
    return f"""\
INSTALL SONAME 'auth_ed25519';
CREATE DATABASE app;
CREATE DATABASE closed;
CREATE USER native@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('{native}');
CREATE USER modern@'%' IDENTIFIED VIA ed25519 USING PASSWORD('{ed25519}');
GRANT SELECT ON app.* TO native@'%', modern@'%';
"""


@contextmanager
def start(place: Place) -> Iterator[Live]:
    data, socket = place.make("data"), place.folder / "mariadb.sock"
    port = free_port()
    here = [f"--datadir={data}"]
    # The rights of the first user are those of whoever runs this; no password is involved.
    install = ["--auth-root-authentication-method=socket", f"--auth-root-socket-user={place.user}"]
    place.run(program("mariadb-install-db"), "--no-defaults", *here, *install, "--skip-test-db", "--skip-name-resolve")
    options = [
        "--no-defaults",
        *here,
        f"--socket={socket}",
        f"--pid-file={place.folder / 'mariadb.pid'}",
        f"--bind-address={HOST}",
        f"--port={port}",
        f"--ssl-cert={place.chain_file}",
        f"--ssl-key={place.key_file}",
        "--skip-name-resolve",
        "--innodb-buffer-pool-size=16M",
        "--innodb-flush-log-at-trx-commit=0",
    ]
    with place.server(program("mariadbd"), *options, ready=listens(port)):
        native, ed25519 = secret(), secret()
        client = [program("mariadb"), "--no-defaults", f"--socket={socket}", f"--user={place.user}"]
        place.run(*client, text=setup(native, ed25519))
        version = place.run(*client, "-BN", "-e", "SELECT version()").strip().partition("-")[0]
        yield Live(version, list(situations(place, port, native, ed25519)))


def situations(place: Place, port: int, native: str, ed25519: str) -> Iterator[Situation]:
    values = {
        "host": NAME,
        "port": str(port),
        "username": "native",
        "password": native,
        "database": "app",
        "ssl_mode": "verify_identity",
        "ca_certificate": place.authority.ca,
    }
    right = Situation("native password over checked TLS", "mariadb", values, "accepted")
    yield right
    yield right.but("native password, wrong", "rejected", password=secret())
    yield right.but("ed25519, which is not spoken", "not_checkable", username="modern", password=ed25519)
    yield right.but("a user that does not exist", "rejected", username="stranger")
    yield right.but("a database without rights", "under_scoped", database="closed")
    yield right.but("a closed port", "unreachable", port=str(place.closed_port))
    yield right.but("a certificate of another name", "wrong_host", host=HOST)
    yield right.but("a certificate of another authority", "unreachable", ca_certificate=place.authority.stranger)
    yield right.but("verify_ca takes another name", "accepted", host=HOST, ssl_mode="verify_ca")
    yield right.but("required takes any certificate", "accepted", host=HOST, ssl_mode="required")
    yield right.but("native password without TLS", "accepted", ssl_mode="disabled")
    yield right.but("native password without TLS, wrong", "rejected", ssl_mode="disabled", password=secret())
