"""What an app answered to a `request`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from keylatch import errors


class Headers:
    """Headers of an answer: names without regard to case, and a name may stand several times."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[Iterable[str]]) -> None:
        self._pairs = tuple((name.lower(), value) for name, value in pairs)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of this name, or `default`."""
        return next(iter(self.get_all(name)), default)

    def get_all(self, name: str) -> list[str]:
        """All values of this name, in their order."""
        return [value for each, value in self._pairs if each == name.lower()]

    def items(self) -> list[tuple[str, str]]:
        """All headers in their order, names in lower case."""
        return list(self._pairs)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._pairs))

    def __len__(self) -> int:
        return len(self._pairs)

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"


class Response:
    """An answer: `status`, `headers`, `body`, and after how many `tries` it came.

    Where the app echoed the credential, `*` stands in its place.
    """

    __slots__ = ("body", "headers", "status", "tries")

    status: int
    headers: Headers
    body: bytes
    tries: int

    def __init__(self, status: int, headers: Headers, body: bytes, tries: int = 1) -> None:
        object.__setattr__(self, "status", status)
        object.__setattr__(self, "headers", headers)
        object.__setattr__(self, "body", body)
        object.__setattr__(self, "tries", tries)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Response cannot be changed: {name!r}")

    @property
    def ok(self) -> bool:
        """Whether the status is one of success (200 to 299)."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text (UTF-8; what is not UTF-8 is replaced)."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body read as JSON. Raises `ServerError` where it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise errors.ServerError("the app's answer is not JSON") from None

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.body)} bytes>"
