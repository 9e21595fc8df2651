"""MongoDB's wire protocol: a server that keeps one user, written from its documentation with PyMongo's BSON."""

from __future__ import annotations

import hashlib
import ssl
import struct
from collections.abc import Callable
from typing import Any

import bson
import pytest
from conftest import Connect
from scram import RefusedError, ScramServer
from serving import SocketLine, serve

OP_MSG = 2013
GOOD = {"username": "re,ad=er", "password": "correct horse 1"}
AUTHENTICATION_FAILED = {"ok": 0.0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": "Authentication failed."}
UNAUTHORIZED = {"ok": 0.0, "code": 13, "codeName": "Unauthorized", "errmsg": "not authorized"}
Document = dict[str, Any]


class Server:
    """One that knows `mechanism` for the user of GOOD, whose rights are in the database `app`."""

    def __init__(self, mechanism: str = "SCRAM-SHA-256", *, rounds_more: bool = False, checksum: bool = False) -> None:
        self.mechanism, self.rounds_more, self.checksum = mechanism, rounds_more, checksum

    def talk(self, line: SocketLine) -> None:
        self.authenticated = False
        while True:
            size, number, _, opcode = struct.unpack("<iiii", line.receive(16))
            body = line.receive(size - 16)
            assert opcode == OP_MSG
            assert body[:5] == bytes(5), "no flags, one document"
            reply = bson.encode(self.answer(bson.decode(body[5:])))
            flags, trailer = (1, b"\1\2\3\4") if self.checksum else (0, b"")
            whole = struct.pack("<Ib", flags, 0) + reply + trailer
            line.send(struct.pack("<iiii", 16 + len(whole), 1, number, OP_MSG) + whole)

    def answer(self, ask: Document) -> Document:
        name = next(iter(ask))
        done: Callable[[Document], Document] | None = getattr(self, f"do_{name}", None)
        if done is None:
            return {"ok": 0.0, "code": 59, "codeName": "CommandNotFound", "errmsg": "no such command"}
        return done(ask)

    def do_hello(self, ask: Document) -> Document:
        reply = {"isWritablePrimary": True, "localTime": bson.datetime_ms.DatetimeMS(0), "maxWireVersion": 21}
        if ask["saslSupportedMechs"] == f"admin.{GOOD['username']}":
            reply["saslSupportedMechs"] = [self.mechanism]
        return {**reply, "topologyVersion": {"processId": bson.ObjectId(), "counter": bson.Int64(6)}, "ok": 1.0}

    def do_saslStart(self, ask: Document) -> Document:  # noqa: N802 -- the command's name
        if ask["$db"] != "admin":
            return AUTHENTICATION_FAILED
        if ask["mechanism"] != self.mechanism:
            return {"ok": 0.0, "code": 334, "codeName": "MechanismUnavailable", "errmsg": "no such mechanism"}
        algorithm, password = "sha256", GOOD["password"]
        if self.mechanism == "SCRAM-SHA-1":
            algorithm = "sha1"
            password = hashlib.md5(f"{GOOD['username']}:mongo:{password}".encode()).hexdigest()
        self.scram = ScramServer(algorithm, GOOD["username"], password)
        try:
            return {"conversationId": 1, "done": False, "payload": self.scram.first(ask["payload"]), "ok": 1.0}
        except RefusedError:
            return AUTHENTICATION_FAILED

    def do_saslContinue(self, ask: Document) -> Document:  # noqa: N802
        assert ask["conversationId"] == 1
        if ask["payload"] == b"":
            self.authenticated = True
            return {"conversationId": 1, "done": True, "payload": b"", "ok": 1.0}
        try:
            proof = self.scram.final(ask["payload"])
        except RefusedError:
            return AUTHENTICATION_FAILED
        self.authenticated = not self.rounds_more
        return {"conversationId": 1, "done": not self.rounds_more, "payload": proof, "ok": 1.0}

    def do_connectionStatus(self, ask: Document) -> Document:  # noqa: N802
        users = [{"user": GOOD["username"], "db": "admin"}] if self.authenticated else []
        return {"authInfo": {"authenticatedUsers": users, "authenticatedUserRoles": []}, "ok": 1}

    def do_listCollections(self, ask: Document) -> Document:  # noqa: N802
        open_to_readers = ask.get("nameOnly") and ask.get("authorizedCollections")
        if not (self.authenticated and open_to_readers and ask["$db"] == "app"):
            return UNAUTHORIZED
        return {"cursor": {"id": bson.Int64(0), "ns": "app.$cmd.listCollections", "firstBatch": []}, "ok": 1.0}


class OldServer(Server):
    """From before `hello`."""

    do_hello = None  # type: ignore[assignment]
    do_isMaster = Server.do_hello  # noqa: N815


class Impostor(Server):
    """Lets the client in without knowing the password."""

    def do_saslContinue(self, ask: Document) -> Document:  # noqa: N802
        return {"conversationId": 1, "done": True, "payload": b"v=AAAA", "ok": 1.0}


SITUATIONS = [
    ("right", Server(), {}, ("accepted", None)),
    ("right, SHA-1", Server("SCRAM-SHA-1"), {}, ("accepted", None)),
    ("right, with one more round and checksums", Server(rounds_more=True, checksum=True), {}, ("accepted", None)),
    ("right, an old server", OldServer(), {}, ("accepted", None)),
    ("wrong password", Server(), {"password": "correct horse 2"}, ("rejected", None)),
    ("wrong password, SHA-1", Server("SCRAM-SHA-1"), {"password": "correct horse 2"}, ("rejected", None)),
    ("unknown user", Server(), {"username": "nobody"}, ("rejected", None)),
    ("another database to authenticate in", Server(), {"auth_source": "app"}, ("rejected", None)),
    ("its own database", Server(), {"database": "app"}, ("accepted", None)),
    ("no right in the database", Server(), {"database": "payroll"}, ("under_scoped", "13")),
    ("a mechanism of another kind", Server("PLAIN"), {}, ("not_checkable", "334")),
]


@pytest.mark.parametrize(
    ("server", "values", "wanted"), [row[1:] for row in SITUATIONS], ids=[r[0] for r in SITUATIONS]
)
def test_situation(connect: Connect, server: Server, values: dict[str, str], wanted: tuple[str, str | None]) -> None:
    with serve(server.talk) as port:
        assert connect("mongodb", host="localhost", port=port, tls="off", **{**GOOD, **values}) == wanted


def test_a_server_that_does_not_know_the_password_is_another(connect: Connect) -> None:
    with serve(Impostor().talk) as port:
        assert connect("mongodb", host="localhost", port=port, tls="off", **GOOD).verdict == "wrong_host"


def test_tls(connect: Connect, tls: ssl.SSLContext, misnamed: ssl.SSLContext, ca: str) -> None:
    with serve(Server().talk, tls) as port:
        place = {"host": "localhost", "port": port, **GOOD}
        assert connect("mongodb", **place, ca_certificate=ca).verdict == "accepted"
        assert connect("mongodb", **place).verdict == "unreachable"
        assert connect("mongodb", **place, tls="on").verdict == "accepted"
    with serve(Server().talk, misnamed) as port:
        place = {"host": "localhost", "port": port, "ca_certificate": ca, **GOOD}
        assert connect("mongodb", **place).verdict == "wrong_host"
        assert connect("mongodb", **place, tls="verify-ca").verdict == "accepted"
