"""NATS: users with passwords and keys, a token, TLS."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from servers import HOST, NAME, Place, free_port, listens, program, secret
from situations import Live, Situation

TITLE = "nats"
NEEDS = ("nats-server",)

# What makes the first letters of the written form: S for a seed, U for a user.
SEED, USER = 18 << 3, 20 << 3


def written(prefix: bytes, raw: bytes) -> str:
    """NATS's written form of a key: Base32 of prefix, key and checksum."""
    body = prefix + raw
    checksum = binascii.crc_hqx(body, 0).to_bytes(2, "little")
    return base64.b32encode(body + checksum).decode().rstrip("=")


def nkey() -> tuple[str, str]:
    """A new user key: its seed and its public half."""
    raw = os.urandom(32)
    public = Ed25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw()
    # The seed's two letters share two bytes: five bits of kind, then the kind of key.
    first = bytes([SEED | USER >> 5, (USER & 31) << 3])
    return written(first, raw), written(bytes([USER]), public)


def config(place: Place, name: str, port: int, *parts: str) -> Path:
    return place.write(name, "\n".join([f'listen: "{HOST}:{port}"', *parts, ""]))


@contextmanager
def start(place: Place) -> Iterator[Live]:
    port, token_port, tls_port = free_port(), free_port(), free_port()
    password, token = secret(), secret()
    (seed, public), (other_seed, _) = nkey(), nkey()
    users = f'authorization {{ users = [ {{user: app, password: "{password}"}}, {{nkey: {public}}} ] }}'
    tls = f'tls {{ cert_file: "{place.chain_file}", key_file: "{place.key_file}" }}'
    plain = config(place, "users.conf", port, users)
    tokens = config(place, "token.conf", token_port, f'authorization {{ token: "{token}" }}')
    safe = config(place, "tls.conf", tls_port, users, tls)
    server = program("nats-server")
    with (
        place.server(server, "-c", plain, ready=listens(port)),
        place.server(server, "-c", tokens, ready=listens(token_port), log="token.txt"),
        place.server(server, "-c", safe, ready=listens(tls_port), log="tls.txt"),
    ):
        version = place.run(server, "--version").split()[1].removeprefix("v")
        values = {"servers": f"{NAME}:{tls_port}", "tls": "verify-full", "ca_certificate": place.authority.ca}
        user = {**values, "username": "app", "password": password}
        open_user = {"servers": f"{NAME}:{port}", "tls": "off"}
        known = Situation("a user over checked TLS", "nats", user, "accepted", scheme="BASIC")
        holder = {"servers": f"{NAME}:{token_port}", "tls": "off", "token": token}
        by_token = Situation("a token", "nats", holder, "accepted", scheme="BEARER_TOKEN")
        by_key = Situation("a key", "nats", {**values, "nkey_seed": seed}, "accepted", scheme="NKEY")
        yield Live(
            version,
            [
                known,
                known.but("a user, wrong password", "rejected", password=secret()),
                known.but("a user that does not exist", "rejected", username="stranger"),
                known.but("a user without TLS", "accepted", **open_user),
                known.but("a user without TLS, wrong password", "rejected", **open_user, password=secret()),
                by_token,
                by_token.but("a wrong token", "rejected", token=secret()),
                by_key,
                by_key.but("another key", "rejected", nkey_seed=other_seed),
                known.but("a closed port", "unreachable", servers=f"{NAME}:{place.closed_port}"),
                known.but("a certificate of another name", "wrong_host", servers=f"{HOST}:{tls_port}"),
                known.but("a certificate of another authority", "unreachable", ca_certificate=place.authority.stranger),
                known.but("on takes any certificate", "accepted", servers=f"{HOST}:{tls_port}", tls="on"),
            ],
        )
