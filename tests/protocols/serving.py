"""A server on loopback for one test: each connection is a conversation that a function holds, in blocking calls."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Line(Protocol):
    """What a double talks over: a socket, or TLS in whatever wrapping."""

    def receive(self, count: int) -> bytes: ...

    def send(self, data: bytes) -> None: ...


class GoneError(Exception):
    """The other side ended the conversation."""


class SocketLine:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.sock.recv(count - len(data))
            if not piece:
                raise GoneError
            data += piece
        return data

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.sock = context.wrap_socket(self.sock, server_side=True)


@contextmanager
def serve(talk: Callable[[SocketLine], None], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port where `talk` answers; with `tls` each conversation begins by it. What `talk` raises fails the test."""
    failures: list[Exception] = []

    def converse(sock: socket.socket) -> None:
        line = SocketLine(sock)
        try:
            if tls is not None:
                line.start_tls(tls)
            talk(line)
        except (GoneError, OSError):
            pass  # the client left, as clients do
        except Exception as failure:  # shown to the test
            failures.append(failure)
        finally:
            line.sock.close()

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.settimeout(10)
            thread = threading.Thread(target=converse, args=(sock,), daemon=True)
            threads.append(thread)
            thread.start()

    threads: list[threading.Thread] = []
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in threads:
            thread.join(10)
    assert failures == []
