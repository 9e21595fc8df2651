"""MySQL's caching_sha2_password, which MariaDB's server lacks: a double written from the protocol's documentation."""

from __future__ import annotations

import hashlib
import os
import ssl
import struct

import pytest
from conftest import Connect
from serving import SocketLine, serve

GOOD = {"username": "reader", "password": "correct horse 1"}
SSL = 0x800
OK = b"\0\0\0\2\0\0\0"
ACCESS_DENIED, NO_DATABASE_RIGHT = 1045, 1044
QUIT, INIT_DB, PING, CHANGE_USER = 1, 2, 14, 17


def error(code: int) -> bytes:
    return b"\xff" + struct.pack("<H", code) + b"#28000words for people"


class Server:
    """`cached`: it has the password's digest at hand; else it wants the password itself, over TLS."""

    def __init__(
        self, context: ssl.SSLContext | None, *, cached: bool, plugin: bytes = b"caching_sha2_password"
    ) -> None:
        self.context, self.cached, self.plugin = context, cached, plugin

    def talk(self, line: SocketLine) -> None:
        self.line, self.salt, self.secured = line, os.urandom(20).replace(b"\0", b"x"), False
        self.send(0, self.greeting())
        flags = struct.unpack("<I", self.receive()[:4])[0] if self.context else 0
        if self.context and flags & SSL:
            line.start_tls(self.context)
            self.secured = True
            login = self.receive()
        elif self.context:
            return
        else:
            login = self.receive()
        if not self.authenticate(login[32:]):
            return
        while (ask := self.receive())[0] != QUIT:
            if ask[0] == CHANGE_USER:
                self.authenticate(ask[1:])
                return
            denied = ask[0] == INIT_DB and ask[1:] != b"app"
            self.send(self.number, error(NO_DATABASE_RIGHT) if denied else OK)

    def send(self, number: int, body: bytes) -> None:
        self.line.send(struct.pack("<I", len(body))[:3] + bytes([number]) + body)

    def receive(self) -> bytes:
        head = self.line.receive(4)
        self.number = head[3] + 1
        return self.line.receive(int.from_bytes(head[:3], "little"))

    def greeting(self) -> bytes:
        flags = 0x80000 | 0x8000 | 0x2000 | 0x200 | (SSL if self.context else 0)
        low, high = struct.pack("<H", flags & 0xFFFF), struct.pack("<H", flags >> 16)
        head = b"\x0a8.4.0\0" + struct.pack("<I", 7) + self.salt[:8] + b"\0" + low + b"\x2d\2\0" + high
        return head + bytes([21]) + bytes(10) + self.salt[8:] + b"\0" + self.plugin + b"\0"

    def authenticate(self, credential: bytes) -> bool:
        user, rest = credential.split(b"\0", 1)
        proof, rest = rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
        if self.plugin != b"caching_sha2_password":
            self.send(self.number, b"\xfe" + b"caching_sha2_password\0" + self.salt + b"\0")
            proof = self.receive()
        known = user.decode() == GOOD["username"]
        if self.cached:
            stored = hashlib.sha256(hashlib.sha256(GOOD["password"].encode()).digest()).digest()
            mask = hashlib.sha256(stored + self.salt).digest()
            inner = bytes(a ^ b for a, b in zip(proof, mask, strict=True))
            known = known and hashlib.sha256(inner).digest() == stored
            if known:
                self.send(self.number, b"\1\3")
                self.number += 1
        else:
            self.send(self.number, b"\1\4")
            known = self.receive() == GOOD["password"].encode() + b"\0" and self.secured and known
        self.send(self.number, OK if known else error(ACCESS_DENIED))
        return known


@pytest.mark.parametrize("cached", [True, False], ids=["fast path", "full authentication"])
@pytest.mark.parametrize("plugin", [b"caching_sha2_password", b"mysql_native_password"], ids=["at once", "switched"])
def test_over_tls(connect: Connect, tls: ssl.SSLContext, ca: str, cached: bool, plugin: bytes) -> None:
    with serve(Server(tls, cached=cached, plugin=plugin).talk) as port:
        place = {"host": "localhost", "port": port, "ca_certificate": ca}
        assert connect("mysql", **place, **GOOD) == ("accepted", None)
        assert connect("mysql", **place, **{**GOOD, "password": "wrong"}).verdict == "rejected"
        assert connect("mysql", **place, **GOOD, database="app") == ("accepted", None)
        assert connect("mysql", **place, **GOOD, database="payroll") == ("under_scoped", "1044")
        assert connect("mysql", host="localhost", port=port, **GOOD).verdict == "unreachable"


def test_without_tls(connect: Connect) -> None:
    place = {"host": "localhost", "ssl_mode": "disabled", **GOOD}
    with serve(Server(None, cached=True).talk) as port:
        assert connect("mysql", **place, port=port) == ("accepted", None)
        assert connect("mysql", host="localhost", port=port, **GOOD) == ("unreachable", "the server offers no TLS")
    with serve(Server(None, cached=False).talk) as port:
        made = connect("mysql", **place, port=port)
        assert made == ("not_checkable", "the server takes this account's password over TLS only")
