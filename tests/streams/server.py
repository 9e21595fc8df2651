"""An app with bodies of any size: gives as many bytes as are wanted, and counts what it gets. Keeps none of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = bytes(range(256)) * 256
CREDENTIAL = "Bearer sk_test_good_0001"
# How long a download that its client left may go on.
PATIENCE = 20.0


class App(BaseHTTPRequestHandler):
    """`GET /bytes/N` gives N bytes, `PUT /count` tells how many came, `GET /cut` how many downloads were left early."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        """Gives bytes, or waits until a download was cut."""
        if self.headers["authorization"] != CREDENTIAL:
            self.answer(401, b"")
        elif self.path == "/cut":
            self.answer(200, str(self.server.cut.wait(PATIENCE) and 1 or 0).encode())
        else:
            self.give(int(self.path.rpartition("/")[2]))

    def do_PUT(self) -> None:
        """Counts."""
        self.answer(200, str(sum(self.pieces())).encode())

    def give(self, size: int) -> None:
        """So many bytes, as fast as they are taken."""
        self.send_response(200)
        self.send_header("content-length", str(size))
        self.end_headers()
        try:
            for start in range(0, size, len(PIECE)):
                self.wfile.write(PIECE[: size - start])
        except ConnectionError:
            self.close_connection = True
            self.server.cut.set()

    def pieces(self) -> Iterator[int]:
        """Lengths of what comes."""
        if self.headers["transfer-encoding"] != "chunked":
            yield self.skip(int(self.headers["content-length"]))
            return
        while length := int(self.rfile.readline(), 16):
            yield self.skip(length)
            self.rfile.readline()
        self.rfile.readline()

    def skip(self, length: int) -> int:
        """Reads so many bytes."""
        left = length
        while left and (got := len(self.rfile.read(min(left, 1 << 16)))):
            left -= got
        return length - left

    def answer(self, status: int, body: bytes) -> None:
        """Answers with a whole body."""
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


class Server(ThreadingHTTPServer):
    """The app on a free port."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), App)
        self.cut = threading.Event()


@contextmanager
def serving() -> Iterator[str]:
    """The app's address, for as long as it is up."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
