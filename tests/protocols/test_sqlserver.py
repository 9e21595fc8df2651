"""SQL Server's TDS, with TLS inside its packets and around them: a double written from [MS-TDS]."""

from __future__ import annotations

import ssl
import struct

import pytest
import trustme
from conftest import Connect, server_context
from serving import SocketLine, serve

GOOD = {"username": "reader", "password": "Correct horse 1 ü"}
PRELOGIN, LOGIN7, RESPONSE = 0x12, 0x10, 0x04
LOGIN_ONLY, ON, NOT_SUPPORTED, REQUIRED = range(4)
DONE = b"\xfd" + bytes(12)
LOGIN_ACK = b"\xad" + struct.pack("<HB4s", 6, 1, b"\x74\0\0\4") + b"\0"
LANGUAGE = b"\xe3" + struct.pack("<HBB", 2, 2, 0)
ROUTING = b"\xe3" + struct.pack("<HB", 1, 20)
CHANGED = b"\xab" + struct.pack("<Hi", 8, 5701) + b"\1\0\0\0"


def error(number: int) -> bytes:
    return b"\xaa" + struct.pack("<Hi", 12, number) + b"\1\x0e\1\0x\0\0\0"


class Packets:
    """Messages in packets, over a line of bytes; after `secure`, over TLS on that line."""

    def __init__(self, line: SocketLine) -> None:
        self.line = line
        self.tls: ssl.SSLObject | None = None

    def read(self) -> tuple[int, bytes]:
        message = b""
        while True:
            kind, status, size = struct.unpack(">BBH4x", self._receive(8))
            message += self._receive(size - 8)
            if status & 1:
                return kind, message

    def write(self, kind: int, message: bytes, size: int = 4096) -> None:
        parts = [message[at : at + size - 8] for at in range(0, len(message), size - 8)]
        for number, part in enumerate(parts, 1):
            head = struct.pack(">BBHHBB", kind, int(number == len(parts)), 8 + len(part), 0, number, 0)
            self._send(head + part)

    def secure(self, context: ssl.SSLContext) -> None:
        """The handshake travels in packets of pre-login; what follows does not."""
        self.came, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = context.wrap_bio(self.came, self.out, server_side=True)
        while True:
            try:
                session.do_handshake()
                break
            except ssl.SSLWantReadError:
                if self.out.pending:
                    self.write(PRELOGIN, self.out.read(), 512)
                kind, flight = self.read()
                assert kind == PRELOGIN
                self.came.write(flight)
        if self.out.pending:
            self.write(PRELOGIN, self.out.read())
        self.tls = session

    def drop_tls(self) -> None:
        self.tls = None

    def _receive(self, count: int) -> bytes:
        if self.tls is None:
            return self.line.receive(count)
        data = b""
        while len(data) < count:
            try:
                data += self.tls.read(count - len(data))
            except ssl.SSLWantReadError:
                self.came.write(self.line.receive(1))
        return data

    def _send(self, data: bytes) -> None:
        if self.tls is None:
            self.line.send(data)
        else:
            self.tls.write(data)
            self.line.send(self.out.read())


class Server:
    """Its answer to encryption follows [MS-TDS] 2.2.6.5. `answer`: what it says to a login instead of checking it."""

    def __init__(self, context: ssl.SSLContext | None, *, forces: bool = False, answer: bytes | None = None) -> None:
        self.context, self.forces, self.answer = context, forces, answer
        self.seen: list[str] = []

    def talk(self, line: SocketLine) -> None:
        packets = Packets(line)
        agreed = self.agree(packets)
        if agreed != NOT_SUPPORTED:
            assert self.context is not None
            packets.secure(self.context)
        kind, login = packets.read()
        assert kind == LOGIN7
        self.seen.append("encrypted" if packets.tls else "plain")
        if agreed == LOGIN_ONLY:
            packets.drop_tls()
        packets.write(RESPONSE, self.check(login), 64)

    def agree(self, packets: Packets) -> int:
        kind, message = packets.read()
        assert kind == PRELOGIN
        wanted = encryption(message)
        if self.context is None:
            agreed = NOT_SUPPORTED
        elif self.forces:
            agreed = REQUIRED
        else:
            agreed = {LOGIN_ONLY: LOGIN_ONLY, ON: ON, NOT_SUPPORTED: NOT_SUPPORTED}[wanted]
        packets.write(RESPONSE, struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF) + bytes(6) + bytes([agreed]))
        return agreed

    def check(self, login: bytes) -> bytes:
        texts = login_texts(login)
        if self.answer is not None:
            return self.answer
        if (texts["user"], texts["password"]) != (GOOD["username"], GOOD["password"]):
            return error(18456) + DONE
        if texts["database"] not in ("", "app"):
            return error(4060) + error(18456) + DONE
        return LANGUAGE + CHANGED + LOGIN_ACK + DONE


class Strict(Server):
    """TDS 8.0: TLS first, everything inside it."""

    def talk(self, line: SocketLine) -> None:
        assert isinstance(line.sock, ssl.SSLSocket)
        assert line.sock.selected_alpn_protocol() == "tds/8.0"
        packets = Packets(line)
        self.forces = False
        self.agree(packets)
        _, login = packets.read()
        assert login[4:8] == b"\0\0\0\x08"
        packets.write(RESPONSE, self.check(login))


def encryption(message: bytes) -> int:
    """The option of that number in a pre-login."""
    at = 0
    while message[at] != 0xFF:
        option, start, size = struct.unpack(">BHH", message[at : at + 5])
        if option == 1:
            assert size == 1
            return int(message[start])
        at += 5
    raise AssertionError("nothing said of encryption")


def login_texts(login: bytes) -> dict[str, str]:
    assert struct.unpack("<I", login[:4]) == (len(login),)
    texts = {}
    for name, at in {"user": 40, "password": 44, "app": 48, "database": 68}.items():
        start, length = struct.unpack("<HH", login[at : at + 4])
        data = login[start : start + 2 * length]
        if name == "password":
            data = bytes(((byte ^ 0xA5) >> 4) | (((byte ^ 0xA5) << 4) & 0xF0) for byte in data)
        texts[name] = data.decode("utf-16-le")
    return texts


@pytest.fixture(scope="session")
def tds(authority: trustme.CA) -> ssl.SSLContext:
    """TLS as it is done inside TDS: 1.2 at most."""
    context = server_context(authority, "localhost")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


SITUATIONS = [
    ("right", None, {}, ("accepted", None)),
    ("its own database", None, {"database": "app"}, ("accepted", None)),
    ("wrong password", None, {"password": "wrong"}, ("rejected", None)),
    ("unknown login", None, {"username": "nobody"}, ("rejected", None)),
    ("no right in the database", None, {"database": "payroll"}, ("under_scoped", "4060")),
    ("locked", error(18486) + DONE, {}, ("rejected", None)),
    ("the database is asleep", error(40613) + DONE, {}, ("unreachable", "40613")),
    ("too many requests", error(10928) + DONE, {}, ("rate_limited", "10928")),
    ("the address is not let in", error(40615) + DONE, {}, ("not_checkable", "40615")),
    ("elsewhere", LOGIN_ACK + ROUTING + DONE, {}, ("not_checkable", "the server sends its users to another host")),
    ("neither yes nor no", DONE, {}, ("wrong_host", None)),
]


@pytest.mark.parametrize(
    ("answer", "values", "wanted"), [row[1:] for row in SITUATIONS], ids=[r[0] for r in SITUATIONS]
)
def test_situation(
    connect: Connect,
    tds: ssl.SSLContext,
    ca: str,
    answer: bytes | None,
    values: dict[str, str],
    wanted: tuple[str, str | None],
) -> None:
    server = Server(tds, answer=answer)
    with serve(server.talk) as port:
        place = {"host": "localhost", "port": port, "ca_certificate": ca}
        assert connect("sqlserver", **place, **{**GOOD, **values}) == wanted
    assert server.seen == ["encrypted"]


def test_mandatory_encryption_is_checked(
    connect: Connect, tds: ssl.SSLContext, misnamed: ssl.SSLContext, ca: str
) -> None:
    with serve(Server(tds).talk) as port:
        place = {"host": "localhost", "port": port, **GOOD}
        assert connect("sqlserver", **place).verdict == "unreachable"
        assert connect("sqlserver", **place, trust_server_certificate=True).verdict == "accepted"
    with serve(Server(misnamed).talk) as port:
        assert connect("sqlserver", host="localhost", port=port, ca_certificate=ca, **GOOD).verdict == "wrong_host"
    with serve(Server(None).talk) as port:
        made = connect("sqlserver", host="localhost", port=port, ca_certificate=ca, **GOOD)
        assert made == ("unreachable", "the server offers no TLS")


@pytest.mark.parametrize(
    ("forces", "has_tls", "seen"), [(False, True, "encrypted"), (True, True, "encrypted"), (False, False, "plain")]
)
def test_optional_encryption(connect: Connect, tds: ssl.SSLContext, forces: bool, has_tls: bool, seen: str) -> None:
    server = Server(tds if has_tls else None, forces=forces)
    with serve(server.talk) as port:
        place = {"host": "localhost", "port": port, "encrypt": "optional"}
        assert connect("sqlserver", **place, **GOOD).verdict == "accepted"
        assert connect("sqlserver", **place, **{**GOOD, "password": "wrong"}).verdict == "rejected"
    assert server.seen == [seen, seen]


def test_strict_encryption(connect: Connect, authority: trustme.CA, ca: str) -> None:
    context = server_context(authority, "localhost")
    context.set_alpn_protocols(["tds/8.0"])
    with serve(Strict(context).talk, context) as port:
        place = {"host": "localhost", "port": port, "encrypt": "strict", "trust_server_certificate": True}
        assert connect("sqlserver", **place, ca_certificate=ca, **GOOD).verdict == "accepted"
        assert connect("sqlserver", **place, **GOOD).verdict == "unreachable"
