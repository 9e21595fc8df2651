"""Bodies in pieces: what an app answers, read as it comes, and what it is sent, taken as it goes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from keylatch import _native, errors
from keylatch.response import Headers

if TYPE_CHECKING:
    # At run time only where a stream needs it: it takes longer to load than all of this package.
    import asyncio

T = TypeVar("T")

PIECE = 64 * 1024


class Readable(Protocol):
    """What has the `read` of a file that was opened in binary mode."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


Whole = bytes | bytearray | memoryview | str
Pieces = Readable | Iterable[bytes]
"""What can be sent in pieces: a file opened in binary mode, or an iterable of bytes."""
AsyncPieces = Pieces | AsyncIterable[bytes]
"""As `Pieces`, and async iterables of bytes."""


Body = Whole | Pieces
AsyncBody = Whole | AsyncPieces


class _Answer:
    """Status, headers and tries of an answer."""

    status: int
    headers: Headers
    tries: int

    def __init__(self, head: str) -> None:
        told = json.loads(head)
        self.status, self.headers, self.tries = told["status"], Headers(told["headers"]), told["tries"]
        self._rest = b""

    @property
    def ok(self) -> bool:
        """Whether the status is one of success (200 to 299)."""
        return 200 <= self.status < 300

    def _part(self, size: int) -> bytes:
        """At most so much of what has come and is not read yet."""
        part, self._rest = self._rest[:size], self._rest[size:]
        return part

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status}>"


class ResponseStream(_Answer):
    """An answer whose body is read as it comes: iterate over its pieces, or `read`. Best used in a `with` statement.

    `status`, `headers`, and after how many `tries` it came. Where the app echoed the credential, `*` stands in its
    place. Closed before the end, it closes its connection. For one thread at a time.

    Reading raises `ProviderUnreachableError`, `TimeoutError` where nothing moves for the client's timeout or the
    request's own is over, `ClosedError`, and what the pieces of the body that is sent raise.
    """

    def __init__(self, native: _native.Stream) -> None:
        super().__init__(native.head())
        self._native = native

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, as many as have come; no bytes are the end. Without a size, all that is left."""
        if size < 0:
            return b"".join(self)
        if not self._rest and size:
            self._rest = self._native.next()
        return self._part(size)

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._part(len(self._rest)) or self._native.next():
            yield piece

    def close(self) -> None:
        """Lets go of the connection. Closing twice is fine."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncResponseStream(_Answer):
    """An answer whose body is read as it comes, by `async for` or `read`. Best used in an `async with` statement.

    `status`, `headers`, and after how many `tries` it came. Where the app echoed the credential, `*` stands in its
    place. Closed before the end, it closes its connection. For one task at a time.

    Reading raises `ProviderUnreachableError`, `TimeoutError` where nothing moves for the client's timeout or the
    request's own is over, `ClosedError`, and what the pieces of the body that is sent raise.
    """

    def __init__(self, native: _native.AsyncStream, sending: asyncio.Future[None] | None) -> None:
        super().__init__(native.head())
        self._native = native
        self._sending = sending

    async def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, as many as have come; no bytes are the end. Without a size, all that is left."""
        if size < 0:
            return b"".join([piece async for piece in self])
        if not self._rest and size:
            self._rest = await self._next()
        return self._part(size)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := self._part(len(self._rest)) or await self._next():
            yield piece

    async def _next(self) -> bytes:
        return await or_why(self._native.next(), self._sending)

    async def close(self) -> None:
        """Lets go of the connection. Closing twice is fine."""
        if self._sending is not None:
            self._sending.cancel()
        await self._native.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def reader(body: Pieces) -> Callable[[], bytes]:
    """A function that gives a body piece by piece, no bytes at its end."""
    read = getattr(body, "read", None)
    if callable(read):
        return lambda: _bytes(read(PIECE))
    if not isinstance(body, Iterable):
        message = f"body must be bytes, text, a file in binary mode or an iterable of bytes, not {type(body).__name__}"
        raise errors.InvalidArgumentError(message, fields=["body"])
    pieces = iter(body)
    # An empty piece is not the end.
    return lambda: next((given for piece in pieces if (given := _bytes(piece))), b"")


def sending(upload: _native.AsyncUpload, body: AsyncPieces) -> asyncio.Future[None]:
    """Begins to hand a body over, on the running event loop."""
    import asyncio

    return asyncio.ensure_future(_send(upload, body))


async def _send(upload: _native.AsyncUpload, body: AsyncPieces) -> None:
    """Hands a body over, piece by piece; what it raises is kept for whoever waits for the answer."""
    whole = False
    try:
        async for piece in _pieces(body):
            if piece and not await upload.send(piece):
                return
        whole = True
    finally:
        await upload.end(whole)


async def _pieces(body: AsyncPieces) -> AsyncIterator[bytes]:
    if isinstance(body, AsyncIterable):
        async for piece in body:
            yield _bytes(piece)
    else:
        read = reader(body)
        # A file may wait for its disk.
        wait = hasattr(body, "read")
        import asyncio

        while piece := await asyncio.to_thread(read) if wait else read():
            yield piece


async def or_why(answer: asyncio.Future[T], sending: asyncio.Future[None] | None) -> T:
    """The answer; where there is none because the body's own iterator raised, that."""
    try:
        return await answer
    except errors.InvalidArgumentError:
        if sending is not None:
            import asyncio

            await asyncio.wait([sending])
            if not sending.cancelled() and (raised := sending.exception()):
                raise raised from None
        raise


def _bytes(piece: Any) -> bytes:
    if isinstance(piece, bytes | bytearray | memoryview):
        return bytes(piece)
    raise errors.InvalidArgumentError(f"the body must come as bytes, not {type(piece).__name__}", fields=["body"])
