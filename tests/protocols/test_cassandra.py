"""CQL's protocol, version 4: nodes with and without passwords, written from its specification."""

from __future__ import annotations

import ssl
import struct

import pytest
from conftest import Connect
from serving import SocketLine, serve

GOOD = {"username": "reader", "password": "correct horse ü"}
PASSWORDS = "org.apache.cassandra.auth.PasswordAuthenticator"
ENTERPRISE = "com.datastax.bdp.cassandra.auth.DseAuthenticator"
ERROR, STARTUP, READY, AUTHENTICATE, QUERY, RESULT = 0, 1, 2, 3, 7, 8
AUTH_CHALLENGE, AUTH_RESPONSE, AUTH_SUCCESS = 0x0E, 0x0F, 0x10
ROWS, SET_KEYSPACE = 2, 3
Frame = tuple[int, bytes]


def string(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def error(code: int) -> Frame:
    return ERROR, struct.pack(">I", code) + string("words for people")


class Node:
    def __init__(self, authenticator: str | None = PASSWORDS, at_once: Frame | None = None) -> None:
        self.authenticator, self.at_once = authenticator, at_once

    def talk(self, line: SocketLine) -> None:
        self.authenticated = False
        while True:
            version, flags, stream, opcode, size = struct.unpack(">BBhBI", line.receive(9))
            assert (version, flags) == (4, 0)
            kind, body = self.answer(opcode, line.receive(size))
            line.send(struct.pack(">BBhBI", 0x84, 0, stream, kind, len(body)) + body)

    def answer(self, opcode: int, body: bytes) -> Frame:
        if self.at_once is not None:
            return self.at_once
        if opcode == STARTUP:
            assert body == b"\0\1" + string("CQL_VERSION") + string("3.0.0")
            return (READY, b"") if self.authenticator is None else (AUTHENTICATE, string(self.authenticator))
        if opcode == AUTH_RESPONSE:
            (size,) = struct.unpack(">I", body[:4])
            assert len(body) == 4 + size
            return self.check(body[4:])
        assert opcode == QUERY
        (size,) = struct.unpack(">I", body[:4])
        assert body[4 + size :] == b"\0\1\0", "consistency one, no flags"
        return self.query(body[4 : 4 + size].decode())

    def check(self, token: bytes) -> Frame:
        if self.authenticator == ENTERPRISE and token == b"PLAIN":
            return AUTH_CHALLENGE, struct.pack(">I", 11) + b"PLAIN-START"
        self.authenticated = token == f"\0{GOOD['username']}\0{GOOD['password']}".encode()
        return (AUTH_SUCCESS, b"\xff\xff\xff\xff") if self.authenticated else error(0x0100)

    def query(self, query: str) -> Frame:
        if not self.authenticated:
            return error(0x2100)
        if query == "SELECT release_version FROM system.local":
            return RESULT, struct.pack(">IIII", ROWS, 4, 0, 0)
        if query == 'USE "Shop"':
            return RESULT, struct.pack(">I", SET_KEYSPACE) + string("Shop")
        return error(0x2200)


SITUATIONS = [
    ("right", Node(), {}, ("accepted", None)),
    ("right, DataStax Enterprise", Node(ENTERPRISE), {}, ("accepted", None)),
    ("wrong password", Node(), {"password": "wrong"}, ("rejected", None)),
    ("wrong password, DataStax Enterprise", Node(ENTERPRISE), {"password": "wrong"}, ("rejected", None)),
    ("its keyspace", Node(), {"keyspace": "Shop"}, ("accepted", None)),
    ("no such keyspace", Node(), {"keyspace": 'x"; DROP'}, ("under_scoped", "0x2200")),
    ("a node without passwords", Node(None), {}, ("not_checkable", "the server asks for no proof")),
    ("overloaded", Node(at_once=error(0x1001)), {}, ("rate_limited", "0x1001")),
    ("starting", Node(at_once=error(0x1002)), {}, ("unreachable", "0x1002")),
    ("no version 4", Node(at_once=error(0x000A)), {}, ("not_checkable", "0x000a")),
]


@pytest.mark.parametrize(("node", "values", "wanted"), [row[1:] for row in SITUATIONS], ids=[r[0] for r in SITUATIONS])
@pytest.mark.parametrize("app", ["cassandra", "scylladb"])
def test_situation(
    connect: Connect, app: str, node: Node, values: dict[str, str], wanted: tuple[str, str | None]
) -> None:
    with serve(node.talk) as port:
        assert connect(app, contact_points="localhost", port=port, tls="off", **{**GOOD, **values}) == wanted


def test_the_first_of_several_contact_points_is_asked(connect: Connect) -> None:
    with serve(Node().talk) as port:
        points = f"localhost:{port},nowhere.invalid"
        assert connect("cassandra", contact_points=points, tls="off", **GOOD).verdict == "accepted"


def test_tls(connect: Connect, tls: ssl.SSLContext, ca: str) -> None:
    with serve(Node().talk, tls) as port:
        place = {"contact_points": "localhost", "port": port, **GOOD}
        assert connect("cassandra", **place, ca_certificate=ca).verdict == "accepted"
        assert connect("cassandra", **place).verdict == "unreachable"
