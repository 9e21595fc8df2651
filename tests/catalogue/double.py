"""The double of every app: an HTTPS proxy behind which every host of the catalogue seems to be."""

from __future__ import annotations

import functools
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import trustme
from entries import Scheme
from places import Reading, Request, read
from rules import Answer
from situations import TOKEN, Situation
from values import Values

LOOPBACK = "127.0.0.1"
LONGEST_WAIT = 30.0
UNKNOWN = Answer.json(404, {"the double": "knows no such request"})
MALFORMED = Answer.json(400, {"the double": "misses something"})


@dataclass
class Scene:
    """What the double plays during one attempt to connect, and what it saw."""

    scheme: Scheme
    situation: Situation
    right: Values
    wrong: Values
    asked: list[tuple[int, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        """What the app says; notes what was asked with whose key, and everything that is not as it should be."""
        for number, check in enumerate(self.scheme.checks):
            if reading := read(self.scheme, check, request, self._of("right")):
                return self._judge(number, reading)
        self.problems.append(f"no check asks {request.method} of this address: {request.authority}")
        return UNKNOWN

    def _judge(self, number: int, reading: Reading) -> Answer:
        self.problems += reading.missing + reading.strange
        if reading.strange:
            return MALFORMED
        key = "nobody" if reading.missing else self._whose(reading)
        self.asked.append((number, key))
        answer = self.situation.answer(number, key)
        return replace(answer, body=answer.body.replace(TOKEN.encode(), token_of(key).encode()))

    def _of(self, key: str) -> Values:
        """All that the app knows of a key."""
        values = self.right if key == "right" else self.wrong
        return {**values, "access_token": token_of(key)} if self.scheme.trade else values

    def _whose(self, reading: Reading) -> str:
        for key in ("right", "wrong"):
            if all(found.agrees(self._of(key)) for found in reading.found):
                return key
        sent = self.right if self.situation.key == "right" else self.wrong
        for found in reading.found:
            secret = found.name in self.scheme.secrets
            if found.agrees(sent) is secret or (secret and not found.resembles(sent)):
                self.problems.append(f"neither the right nor a made-up {found.name} came")
        return "made up"


def token_of(key: str) -> str:
    """What the app gives for a key."""
    return f"token-of-the-{key}-key"


class Authority:
    """Makes certificates for all hosts."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self.pem = self._ca.cert_pem.bytes()
        self.context = functools.lru_cache(maxsize=256)(self._context)

    def _context(self, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.num_tickets = 0
        self._ca.issue_cert(host).configure_cert(context)
        return context


class Door:
    """One address of the double, for one client at a time."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._socket = socket.create_server((LOOPBACK, 0))
        self.proxy = f"http://{LOOPBACK}:{self._socket.getsockname()[1]}"
        self.scene: Scene | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            scene = self.scene
            assert scene is not None
            try:
                connection.settimeout(LONGEST_WAIT)
                with connection:
                    self._play(scene, connection)
            except (OSError, ValueError) as error:
                scene.problems.append(f"the connection broke: {error}")

    def _play(self, scene: Scene, plain: socket.socket) -> None:
        with plain.makefile("rb") as lines:
            (_, authority, _), _ = _head(lines)
        plain.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        context = self._authority.context(authority.rpartition(":")[0])
        with context.wrap_socket(plain, server_side=True) as stream, stream.makefile("rb") as lines:
            (method, target, _), headers = _head(lines)
            length = int(dict(headers).get("content-length", 0))
            request = Request(authority, method, target, headers, lines.read(length))
            answer = scene.answer(request)
            if answer.status is None:
                with suppress(OSError):
                    stream.recv(1)  # the client hangs up
                return
            head = [f"HTTP/1.1 {answer.status} Said", f"content-length: {len(answer.body)}", "connection: close"]
            head += [f"{name}: {value}" for name, value in answer.headers]
            body = b"" if method == "HEAD" else answer.body
            stream.sendall("\r\n".join([*head, "", ""]).encode() + body)


def _head(lines: BinaryIO) -> tuple[tuple[str, str, str], tuple[tuple[str, str], ...]]:
    """The first line of a message in its three parts, and its headers."""
    first, second, third = lines.readline().decode().split()
    headers = []
    while line := lines.readline().decode().strip():
        name, _, value = line.partition(":")
        headers.append((name.lower(), value.strip()))
    return (first, second, third), tuple(headers)
