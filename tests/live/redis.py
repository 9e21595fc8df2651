"""Redis: the password of old, ACL users with and without rights, logical databases, TLS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from servers import HOST, NAME, Place, free_port, listens, program, secret
from situations import Live, Situation

TITLE = "redis"
NEEDS = ("redis-server",)


@contextmanager
def start(place: Place) -> Iterator[Live]:
    port, tls_port = free_port(), free_port()
    default, right, mute, here = secret(), secret(), secret(), secret()
    config = place.write(
        "redis.conf",
        f"""\
bind {HOST}
port {port}
tls-port {tls_port}
tls-cert-file {place.chain_file}
tls-key-file {place.key_file}
tls-ca-cert-file {place.ca_file}
tls-auth-clients no
dir {place.folder}
save ""
databases 4
user default on >{default} ~* +@all
user reader on >{right} ~* +@all
user mute on >{mute} ~* +@all -ping
user here on >{here} ~* +@all -select
user open on nopass ~* +@all
""",
    )
    with place.server(program("redis-server"), config, ready=listens(port, tls_port)):
        version = place.run(program("redis-server"), "--version").split()[2].removeprefix("v=")
        values = {"host": NAME, "port": str(tls_port), "ca_certificate": place.authority.ca}
        user = Situation(
            "a user over checked TLS", "redis", {**values, "username": "reader", "password": right}, "accepted"
        )
        plain = {"port": str(port), "tls": "off"}
        yield Live(
            version,
            [
                user,
                user.but("a user, wrong password", "rejected", password=secret()),
                user.but("a user that does not exist", "rejected", username="stranger"),
                user.but("a user without TLS", "accepted", **plain),
                user.but("a user without TLS, wrong password", "rejected", **plain, password=secret()),
                Situation("the password alone", "redis", {**values, "password": default}, "accepted"),
                Situation("the password alone, wrong", "redis", {**values, "password": secret()}, "rejected"),
                user.but("a database that is there", "accepted", database="3"),
                user.but("a database that is not there", "under_scoped", database="99"),
                user.but("no right to PING", "under_scoped", username="mute", password=mute),
                user.but("no right to SELECT", "under_scoped", username="here", password=here, database="1"),
                user.but("a user with any password", "not_checkable", username="open", password=secret()),
                user.but("a closed port", "unreachable", port=str(place.closed_port)),
                user.but("a certificate of another name", "wrong_host", host=HOST),
                user.but("a certificate of another authority", "unreachable", ca_certificate=place.authority.stranger),
                user.but("verify-ca takes another name", "accepted", host=HOST, tls="verify-ca"),
                user.but("on takes any certificate", "accepted", host=HOST, tls="on"),
            ],
        )
