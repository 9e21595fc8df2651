"""Kafka's protocol: brokers with SASL, written from the protocol guide."""

from __future__ import annotations

import ssl
import struct

import pytest
from conftest import Connect
from scram import RefusedError, ScramServer
from serving import GoneError, SocketLine, serve

GOOD = {"username": "reader", "password": "correct horse 1"}
METADATA, SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE = 3, 17, 18, 36
UNSUPPORTED_MECHANISM, ILLEGAL_STATE, AUTHENTICATION_FAILED = 33, 34, 58


def nullable(text: str | None) -> bytes:
    return struct.pack(">h", -1) if text is None else struct.pack(">h", len(text)) + text.encode()


class Broker:
    """One that offers `mechanism`; None: a listener without authentication."""

    def __init__(self, mechanism: str | None = "PLAIN", metadata: tuple[int, int] = (0, 12), *, old: bool = False):
        self.mechanism, self.metadata, self.old = mechanism, metadata, old

    def talk(self, line: SocketLine) -> None:
        self.authenticated = False
        self.scram: ScramServer | None = None
        while True:
            (size,) = struct.unpack(">i", line.receive(4))
            request = line.receive(size)
            key, version, number, length = struct.unpack(">hhih", request[:10])
            assert request[10 : 10 + length] == b"keylatch"
            body = self.answer(key, version, request[10 + length :])
            line.send(struct.pack(">ii", 4 + len(body), number) + body)

    def answer(self, key: int, version: int, body: bytes) -> bytes:
        if key == API_VERSIONS:
            assert (version, body) == (0, b"")
            keys = [(METADATA, *self.metadata), (SASL_HANDSHAKE, 0, 1), (SASL_AUTHENTICATE, 0, 2)]
            keys = keys[:2] if self.old else keys
            return struct.pack(">hi", 0, len(keys)) + b"".join(struct.pack(">hhh", *row) for row in keys)
        if key == SASL_HANDSHAKE:
            assert version == 1
            offered = [] if self.mechanism is None else [self.mechanism]
            code = 0 if body == nullable(self.mechanism) else UNSUPPORTED_MECHANISM
            code = ILLEGAL_STATE if self.mechanism is None else code
            return struct.pack(">hi", code, len(offered)) + b"".join(map(nullable, offered))
        if key == SASL_AUTHENTICATE:
            (size,) = struct.unpack(">i", body[:4])
            assert len(body) == 4 + size
            return self.authenticate(body[4:])
        assert key == METADATA
        assert self.authenticated
        return self.tell(version, body)

    def authenticate(self, said: bytes) -> bytes:
        try:
            answer = self.plain(said) if self.mechanism == "PLAIN" else self.next_of_scram(said)
        except RefusedError:
            return struct.pack(">h", AUTHENTICATION_FAILED) + nullable("Authentication failed") + struct.pack(">i", 0)
        return struct.pack(">h", 0) + nullable(None) + struct.pack(">i", len(answer)) + answer

    def plain(self, said: bytes) -> bytes:
        if said != f"\0{GOOD['username']}\0{GOOD['password']}".encode():
            raise RefusedError
        self.authenticated = True
        return b""

    def next_of_scram(self, said: bytes) -> bytes:
        if self.scram is None:
            algorithm = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}[self.mechanism or ""]
            self.scram = ScramServer(algorithm, GOOD["username"], GOOD["password"])
            return self.scram.first(said)
        proof = self.scram.final(said)
        self.authenticated = True
        return proof

    def tell(self, version: int, body: bytes) -> bytes:
        assert self.metadata[0] <= version <= self.metadata[1]
        wanted = struct.pack(">i", 0) + bytes((version >= 4) + 2 * (version >= 8))
        assert body == wanted, "no topics"
        return struct.pack(">i", 0) + nullable("localhost") + struct.pack(">iii", 9092, 0, 0)


class Closing(Broker):
    """Hangs up at once where it should answer a wrong password."""

    def authenticate(self, said: bytes) -> bytes:
        raise GoneError


SCRAM = {"sasl_mechanism": "SCRAM-SHA-512"}
SITUATIONS = [
    ("right", Broker(), {}, ("accepted", None)),
    ("right, metadata of version 4 and on", Broker(metadata=(4, 13)), {}, ("accepted", None)),
    ("right, metadata of version 8 and on", Broker(metadata=(8, 13)), {}, ("accepted", None)),
    ("right, metadata in a form of the future", Broker(metadata=(20, 21)), {}, ("accepted", None)),
    ("wrong password", Broker(), {"password": "wrong"}, ("rejected", None)),
    ("right, SCRAM-SHA-512", Broker("SCRAM-SHA-512"), SCRAM, ("accepted", None)),
    ("wrong password, SCRAM-SHA-512", Broker("SCRAM-SHA-512"), {**SCRAM, "password": "wrong"}, ("rejected", None)),
    ("unknown user, SCRAM-SHA-512", Broker("SCRAM-SHA-512"), {**SCRAM, "username": "x"}, ("rejected", None)),
    ("right, SCRAM-SHA-256", Broker("SCRAM-SHA-256"), {"sasl_mechanism": "SCRAM-SHA-256"}, ("accepted", None)),
    ("another mechanism", Broker("GSSAPI"), {}, ("not_checkable", "33")),
    ("a listener without authentication", Broker(None), {}, ("not_checkable", "the server asks for no proof")),
    ("an old broker", Broker(old=True), {}, ("not_checkable", "the server is older than version 1.0")),
    ("hangs up", Closing(), {}, ("unreachable", "the connection broke")),
]


@pytest.mark.parametrize(
    ("broker", "values", "wanted"), [row[1:] for row in SITUATIONS], ids=[r[0] for r in SITUATIONS]
)
def test_situation(connect: Connect, broker: Broker, values: dict[str, str], wanted: tuple[str, str | None]) -> None:
    with serve(broker.talk) as port:
        place = {"bootstrap_servers": f"localhost:{port},localhost:1", "security_protocol": "SASL_PLAINTEXT"}
        assert connect("kafka", **place, **{**GOOD, **values}) == wanted


def test_tls(connect: Connect, tls: ssl.SSLContext, misnamed: ssl.SSLContext, ca: str) -> None:
    with serve(Broker().talk, tls) as port:
        place = {"bootstrap_servers": f"localhost:{port}", **GOOD}
        assert connect("kafka", **place, ca_certificate=ca).verdict == "accepted"
        assert connect("kafka", **place).verdict == "unreachable"
    with serve(Broker().talk, misnamed) as port:
        assert (
            connect("kafka", bootstrap_servers=f"localhost:{port}", ca_certificate=ca, **GOOD).verdict == "wrong_host"
        )
