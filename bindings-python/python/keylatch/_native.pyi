"""The native half, as `src/*.rs` defines it. Only `Secret` is for applications."""

from asyncio import Future
from collections.abc import Callable, Mapping
from os import PathLike
from types import TracebackType
from typing import Any, ClassVar, Final, NoReturn, Self, SupportsIndex, final

__all__ = [
    "ERROR_CODES",
    "PERMISSIONS",
    "VERDICTS",
    "VERSION",
    "AsyncClient",
    "AsyncStream",
    "AsyncUpload",
    "Client",
    "News",
    "Options",
    "Secret",
    "Stream",
    "diagnose",
    "plain_json",
    "set_log",
]

VERSION: Final[str]
ERROR_CODES: Final[tuple[str, ...]]
VERDICTS: Final[tuple[str, ...]]
PERMISSIONS: Final[tuple[str, ...]]

@final
class Secret:
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __new__(cls, value: str | bytes, /) -> Self: ...
    @classmethod
    def take(cls, buffer: bytearray | memoryview, /) -> Self: ...
    def expose(self) -> bytes: ...
    def wipe(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __format__(self, spec: str, /) -> str: ...
    def __copy__(self) -> NoReturn: ...
    def __deepcopy__(self, memo: object, /) -> NoReturn: ...
    def __reduce__(self) -> NoReturn: ...
    def __reduce_ex__(self, protocol: SupportsIndex, /) -> NoReturn: ...

@final
class News:
    def __new__(cls) -> Self: ...
    def take(self) -> list[tuple[str, str, str, str]]: ...

@final
class Options:
    def __new__(
        cls,
        *,
        path: str | PathLike[str] | None,
        tenant: str,
        key: object,
        key_env: str | None,
        key_file: str | PathLike[str] | None,
        passphrase: object,
        keyring: str | None,
        transit: object,
        timeout: float,
        max_response_bytes: int,
        extra_ca_pem: bytes | None,
        proxy: str | None,
        strict_secrets: bool,
        hold_for: float,
        audit: str,
        news: News | None,
    ) -> Self: ...
    @staticmethod
    def composio(
        *,
        api_key: object,
        base_url: str | None,
        api_version: str,
        timeout: float,
        max_response_bytes: int,
        extra_ca_pem: bytes | None,
        proxy: str | None,
        strict_secrets: bool,
    ) -> Options: ...

@final
class Client:
    @staticmethod
    def open(options: Options) -> Client: ...
    def call(
        self, name: str, json: str, values: Mapping[str, object] | None = None, body: bytes | None = None
    ) -> tuple[str, bytes | None, Secret | None]: ...
    def stream(self, json: str, body: bytes | None = None, next: Callable[[], bytes] | None = None) -> Stream: ...
    def close(self) -> None: ...

@final
class Stream:
    def head(self) -> str: ...
    def next(self) -> bytes: ...
    def close(self) -> None: ...

@final
class AsyncClient:
    @staticmethod
    def open(options: Options) -> Future[AsyncClient]: ...
    def call(
        self, name: str, json: str, values: Mapping[str, object] | None = None, body: bytes | None = None
    ) -> Future[tuple[str, bytes | None, Secret | None]]: ...
    def stream(
        self, json: str, body: bytes | None = None, upload: AsyncUpload | None = None
    ) -> Future[AsyncStream]: ...
    def close(self) -> Future[None]: ...

@final
class AsyncUpload:
    def __new__(cls) -> Self: ...
    def send(self, piece: bytes) -> Future[bool]: ...
    def end(self, whole: bool) -> Future[None]: ...

@final
class AsyncStream:
    def head(self) -> str: ...
    def next(self) -> Future[bytes]: ...
    def close(self) -> Future[None]: ...

def diagnose(options: Options) -> str: ...
def plain_json(args: dict[str, Any]) -> str | None: ...
def set_log(
    tell: Callable[[str, str, str | None, str, dict[str, str | int | bool]], None] | None, level: str
) -> None: ...
