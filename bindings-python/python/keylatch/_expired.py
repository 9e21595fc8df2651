"""Tells the application of connections that have expired, on the thread (or event loop) whose call found out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from keylatch import _native
from keylatch.models import Expired

OnExpired = Callable[[Expired], Any]
"""Called with each connection that becomes EXPIRED."""
AsyncOnExpired = Callable[[Expired], Awaitable[Any] | Any]
"""As `OnExpired`; what it returns is awaited where it can be."""


class Listener:
    """Whom a client tells, and what it has yet to tell."""

    def __init__(self, on_expired: AsyncOnExpired | None) -> None:
        self._on_expired = on_expired
        self.news = None if on_expired is None else _native.News()

    def tell(self) -> None:
        """To be called when a call is over. What the function raises is logged, since the call has its answer."""
        for expired in self._untold():
            self._tell(expired)

    async def tell_and_wait(self) -> None:
        """As `tell`, waiting for functions that are async."""
        for expired in self._untold():
            answer = self._tell(expired)
            if isinstance(answer, Awaitable):
                try:
                    await answer
                except Exception:
                    _log_failure()

    def _untold(self) -> list[Expired]:
        return [] if self.news is None else [Expired(*each) for each in self.news.take()]

    def _tell(self, expired: Expired) -> Any:
        try:
            return self._on_expired(expired) if self._on_expired else None
        except Exception:
            _log_failure()


def _log_failure() -> None:
    """To be called while the exception is handled."""
    import logging  # rarely needed, and long to load

    logging.getLogger("keylatch").exception("on_expired failed")
