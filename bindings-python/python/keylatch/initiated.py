"""What a connection was made with: the answers to `initiate_connection`, which can wait for ACTIVE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from keylatch import errors
from keylatch._model import Lists, Model, unchangeable
from keylatch.models import Connection, Evidence, InputWarning

if TYPE_CHECKING:
    from keylatch.aio import AsyncKeylatch
    from keylatch.client import Keylatch


@unchangeable
class _Initiated(Model):
    connection_status: str
    connected_account_id: str
    verdict: str
    evidence: tuple[Evidence, ...]
    warnings: tuple[InputWarning, ...]
    replaced: bool
    redirect_url: str | None = None
    account: str | None = None

    _lists: ClassVar[Lists] = {"evidence": Evidence, "warnings": InputWarning}

    @property
    def connectionStatus(self) -> str:  # noqa: N802 - the page's spelling
        """`connection_status`."""
        return self.connection_status

    @property
    def connectedAccountId(self) -> str:  # noqa: N802 - the page's spelling
        """`connected_account_id`."""
        return self.connected_account_id

    @property
    def redirectUrl(self) -> str | None:  # noqa: N802 - the page's spelling
        """`redirect_url`."""
        return self.redirect_url

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the client, which belongs to this process.
        return _restored, (type(self), self.to_dict())


def _restored(kind: type[_Initiated], data: dict[str, Any]) -> _Initiated:
    return kind.from_dict(data)


@unchangeable
class ConnectionRequest(_Initiated):
    """The answer to `initiate_connection`: ACTIVE at once, since there is nothing to redirect to."""

    _client: Keylatch | None = None

    def wait_until_active(self, client: Keylatch | None = None, timeout: float = 60.0) -> Connection:
        """The connection as soon as it is ACTIVE, as `connected_accounts.wait_until_active` says.

        client: by default the one that made this request.
        """
        client = client or self._client
        if client is None:
            raise _no_client()
        return client.connected_accounts.wait_until_active(self.connected_account_id, timeout)


@unchangeable
class AsyncConnectionRequest(_Initiated):
    """The answer to `AsyncKeylatch.initiate_connection`."""

    _client: AsyncKeylatch | None = None

    async def wait_until_active(self, client: AsyncKeylatch | None = None, timeout: float = 60.0) -> Connection:
        """As `ConnectionRequest.wait_until_active`."""
        client = client or self._client
        if client is None:
            raise _no_client()
        return await client.connected_accounts.wait_until_active(self.connected_account_id, timeout)


def _no_client() -> errors.KeylatchError:
    return errors.InvalidArgumentError("give the client to wait with", fields=["client"])
