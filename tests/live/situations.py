"""What is tried at a server, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Use:
    """A request with a connection that was made, and a piece of the right answer's text."""

    path: str
    answer: str
    status: int = 200


@dataclass(frozen=True)
class Situation:
    """One attempt to connect: what must be said of `params`; `at` is an address that the developer gives, if any."""

    words: str
    app: str
    params: Mapping[str, str]
    verdict: str
    scheme: str | None = None
    at: str | None = None
    use: Use | None = None

    def but(self, words: str, verdict: str, **params: str) -> Situation:
        """The same with some values changed."""
        return replace(self, words=words, verdict=verdict, params={**self.params, **params}, use=None)

    def elsewhere(self, words: str, verdict: str, at: str) -> Situation:
        """The same at another address of the developer's."""
        return replace(self, words=words, verdict=verdict, at=at, use=None)


def nothing() -> list[str]:
    return []


@dataclass
class Live:
    """A server that runs: what it is, the apps to register for it, and what to try."""

    version: str
    situations: list[Situation]
    apps: list[dict[str, Any]] = field(default_factory=list)
    ca: str | None = None
    """A certificate authority that the developer trusts for all apps, in PEM."""
    complaints: Callable[[], list[str]] = nothing
    """What is wrong with the server's own log in the end, a line each."""
