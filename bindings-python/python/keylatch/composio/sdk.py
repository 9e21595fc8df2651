"""The new SDK's client."""

from __future__ import annotations

from types import TracebackType
from typing import Self, Unpack

from keylatch import errors
from keylatch._forget import forgetful
from keylatch._options import ApiKey
from keylatch.client import Keylatch
from keylatch.composio import backend
from keylatch.composio.absent import Partial
from keylatch.composio.accounts import ConnectedAccounts, RawClient
from keylatch.composio.toolkits import AuthConfigs, Toolkits
from keylatch.composio.tools import Tools


class Composio(Partial):
    """Connects users' own keys, and uses them, under the names of Composio's new SDK.

    api_key, base_url, client and options: as for `ComposioToolSet`. Nothing is tracked, whatever allow_tracking says.
    provider: none can be given, since no tools for agent frameworks are built here.

    >>> from keylatch.composio import Composio, auth_scheme
    >>> with Composio(path="vault.db") as composio:
    ...     config = composio.auth_configs.create("stripe", {"type": "use_custom_auth", "auth_scheme": "API_KEY"})
    ...     made = composio.connected_accounts.initiate(
    ...         "user-1", config.id, config=auth_scheme.api_key({"api_key": bytearray(b"sk_test_123")}), verify="off"
    ...     )
    ...     account = made.wait_for_connection()
    >>> made.status, account.user_id, account.toolkit.slug
    ('ACTIVE', 'user-1', 'stripe')
    """

    @forgetful
    def __init__(
        self,
        provider: object = None,
        *,
        api_key: ApiKey | None = None,
        base_url: str | None = None,
        client: Keylatch | None = None,
        allow_tracking: bool = False,  # noqa: ARG002 - nothing is tracked
        toolkit_versions: object = None,  # noqa: ARG002 - actions have no versions here
        **options: Unpack[backend.Options],
    ) -> None:
        if provider is not None:
            message = "tools for agent frameworks are not built here; execute actions by their names"
            raise errors.InvalidArgumentError(message, fields=["provider"])
        self._keylatch = backend.opened(client, api_key, base_url, options)
        self._owned = client is None
        self.client = RawClient(self._keylatch)
        self.toolkits = Toolkits(self._keylatch)
        self.auth_configs = AuthConfigs(self._keylatch)
        self.connected_accounts = ConnectedAccounts(self._keylatch)
        self.tools = Tools(self._keylatch)

    def close(self) -> None:
        """Closes the client that this one has opened; one that was given stays open."""
        if self._owned:
            self._keylatch.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
