"""RabbitMQ: two virtual hosts, the user has rights on one of them; AMQP 0-9-1 with and without TLS."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import HOST, NAME, Place, free_port, listens, program, secret
from situations import Live, Situation

TITLE = "rabbitmq"
NEEDS = ("rabbitmq-server", "epmd")
# Debian's own wrapper in PATH insists on the user `rabbitmq`.
SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def hashed(password: str) -> str:
    salt = os.urandom(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def definitions(password: str) -> str:
    user = {"name": "app", "tags": "", "hashing_algorithm": "rabbit_password_hashing_sha256"}
    rights = {"user": "app", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
    return json.dumps(
        {
            "users": [{**user, "password_hash": hashed(password)}],
            "vhosts": [{"name": "/"}, {"name": "open"}, {"name": "closed"}],
            "permissions": [rights, {**rights, "vhost": "open"}],
        }
    )


@contextmanager
def start(place: Place) -> Iterator[Live]:
    port, tls_port, names_port, own_port = (free_port() for _ in range(4))
    right = secret()
    data = place.make("data")
    file = place.write("definitions.json", definitions(right))
    config = place.write(
        "rabbitmq.conf",
        f"""\
listeners.tcp.1 = {HOST}:{port}
listeners.ssl.1 = {HOST}:{tls_port}
ssl_options.certfile = {place.chain_file}
ssl_options.keyfile = {place.key_file}
ssl_options.verify = verify_none
load_definitions = {file}
""",
    )
    env = {
        "RABBITMQ_NODENAME": "keylatch@localhost",
        "RABBITMQ_CONFIG_FILE": str(config),
        "RABBITMQ_MNESIA_BASE": str(data),
        "RABBITMQ_LOG_BASE": str(data),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(place.write("plugins", "[].\n")),
        "RABBITMQ_CONF_ENV_FILE": str(place.write("environment", "")),
        "RABBITMQ_DIST_PORT": str(own_port),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none",
        "ERL_EPMD_PORT": str(names_port),
        "ERL_EPMD_ADDRESS": HOST,
    }
    names = [program("epmd"), "-port", str(names_port), "-address", HOST]
    # Started by us, Erlang's register of names ends with us.
    with (
        place.server(*names, ready=listens(names_port), env=env, log="epmd.txt"),
        place.server(SCRIPT, ready=listens(port, tls_port), env=env),
    ):
        yield Live(version(place), list(situations(place, port, tls_port, right)))


def version(place: Place) -> str:
    log = (place.folder / "log.txt").read_text(errors="replace")
    return log.partition("Starting RabbitMQ ")[2].split()[0]


def situations(place: Place, port: int, tls_port: int, password: str) -> Iterator[Situation]:
    values = {
        "host": NAME,
        "port": str(tls_port),
        "username": "app",
        "password": password,
        "vhost": "open",
        "tls": "verify-full",
        "ca_certificate": place.authority.ca,
    }
    right = Situation("right password over checked TLS", "rabbitmq", values, "accepted")
    plain = {"port": str(port), "tls": "off"}
    yield right
    yield right.but("the usual virtual host", "accepted", vhost="/")
    yield right.but("wrong password", "rejected", password=secret())
    yield right.but("a user that does not exist", "rejected", username="stranger")
    yield right.but("a virtual host without rights", "under_scoped", vhost="closed")
    yield right.but("a virtual host that does not exist", "under_scoped", vhost="absent")
    yield right.but("without TLS", "accepted", **plain)
    yield right.but("without TLS, wrong password", "rejected", **plain, password=secret())
    yield right.but("a closed port", "unreachable", port=str(place.closed_port))
    yield right.but("a certificate of another name", "wrong_host", host=HOST)
    yield right.but("a certificate of another authority", "unreachable", ca_certificate=place.authority.stranger)
    yield right.but("on takes any certificate", "accepted", host=HOST, tls="on")
