"""A proxy to the server that breaks off at a COMMIT, and servers that are no PostgreSQL."""

from __future__ import annotations

import enum
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Self

HOST = "127.0.0.1"
SECONDS = 20
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
# The server's word that it has done a statement and waits for the next, outside of a transaction.
READY = b"Z\x00\x00\x00\x05I"


class Cut(enum.Enum):
    """Where the connection breaks."""

    ORDER = "the COMMIT does not reach the server"
    ANSWER = "the server's answer to the COMMIT does not reach the client"


class Link:
    """One client's connection to the server."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self._committing, self._committed = threading.Event(), threading.Event()

    def commit(self) -> bool:
        """Passes a COMMIT on, and keeps the answer; tells whether it was done."""
        self._committing.set()
        self.server.sendall(COMMIT)
        return self._committed.wait(SECONDS)

    def answer(self) -> None:
        """From the server to the client, until the answer that is kept."""
        with suppress(OSError):
            while said := self.server.recv(1 << 16):
                if self._committing.is_set():
                    if said.endswith(READY):
                        self._committed.set()
                    return
                self.client.sendall(said)
        hang_up(self.client)

    def break_off(self) -> None:
        hang_up(self.client)
        hang_up(self.server)


class Proxy:
    """Carries bytes between clients and the server at a port, without TLS."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads: list[threading.Thread] = []
        self._links: list[Link] = []
        self._next: Cut | None = None
        self._open, self._stays_open = True, True
        self.cuts = 0

    def __enter__(self) -> Self:
        self._start(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        hang_up(self._listener)
        for link in self._links:
            link.break_off()
        for thread in self._threads:
            thread.join()

    def cut_next(self, cut: Cut, *, stays_open: bool = True) -> None:
        """Breaks the connection at the next COMMIT, and perhaps takes no other from then on."""
        self._next, self._stays_open = cut, stays_open

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if not self._open:
                    client.close()
                    continue
                link = Link(client, socket.create_connection((HOST, self._to)))
                self._links.append(link)
                self._start(partial(self._ask, link))
                self._start(link.answer)

    def _ask(self, link: Link) -> None:
        """From the client to the server. The store sends a COMMIT by itself, so it is what is read at once."""
        with suppress(OSError):
            while asked := link.client.recv(1 << 16):
                if asked == COMMIT and self._next is not None:
                    cut, self._next = self._next, None
                    self._open = self._stays_open
                    self.cuts += cut is Cut.ORDER or link.commit()
                    break
                link.server.sendall(asked)
        link.break_off()


def hang_up(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()


@contextmanager
def answering(words: bytes) -> Iterator[int]:
    """Something at a port that says the same to everybody, and hangs up."""
    listener = socket.create_server((HOST, 0))

    def answer() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.recv(1 << 16)
                client.sendall(words)
                client.shutdown(socket.SHUT_WR)
                while client.recv(1 << 16):
                    pass
                client.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        hang_up(listener)
        thread.join()
