"""One of the application's users, as the old SDK sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keylatch import _calls, models
from keylatch._calls import Values
from keylatch._forget import forgetful
from keylatch.client import Keylatch
from keylatch.composio import connecting
from keylatch.composio.absent import Partial
from keylatch.composio.results import ConnectedAccount, ConnectionRequest


class Entity(Partial):
    """A user: `toolset.get_entity(id="user-1")`."""

    def __init__(self, keylatch: Keylatch, id: str) -> None:
        self._keylatch = keylatch
        self.id = id

    @forgetful
    def initiate_connection(
        self,
        app_name: str | None = None,
        auth_mode: str | None = None,
        auth_config: Values | None = None,
        redirect_url: str | None = None,
        integration: models.Integration | None = None,
        use_composio_auth: bool = True,  # noqa: ARG002 - there is nothing of Composio's to use
        force_new_integration: bool = False,
        connected_account_params: Values | None = None,
        labels: Sequence[str] | None = None,
        *,
        app: str | None = None,
        auth_scheme: str | None = None,
        integration_id: str | None = None,
        entity_id: str | None = None,
        verify: str = "auto",
        alias: str | None = None,
    ) -> ConnectionRequest:
        """Connects this user, as `ComposioToolSet.initiate_connection` does.

        To an app (app_name or app) or by an integration (the object, or integration_id). auth_mode and auth_scheme are
        the same. entity_id may repeat the user's own id.
        """
        _calls.same_entity(self.id, entity_id)
        return connecting.initiate(
            self._keylatch,
            self.id,
            connected_account_params,
            integration_id=connecting.same(
                integration=None if integration is None else integration.id, integration_id=integration_id
            ),
            app=connecting.same(app_name=app_name, app=app),
            auth_scheme=connecting.same(auth_mode=auth_mode, auth_scheme=auth_scheme),
            auth_config=auth_config,
            labels=labels,
            redirect_url=redirect_url,
            force_new_integration=force_new_integration,
            verify=verify,
            alias=alias,
        )

    def get_connection(self, app: str | None = None, connected_account_id: str | None = None) -> ConnectedAccount:
        """The connection of this id, or the user's newest active one to the app. Raises `NotFoundError`."""
        if connected_account_id is not None:
            return ConnectedAccount.of(self._keylatch.connected_accounts.get(connected_account_id))
        return connecting.connection(self._keylatch, self.id, app or "")

    def get_connections(self) -> list[ConnectedAccount]:
        """The user's connections, newest first, without those that are switched off."""
        return connecting.connections(self._keylatch, entity_id=self.id)

    def execute(
        self, action: str, params: Mapping[str, Any] | None = None, connected_account_id: str | None = None
    ) -> dict[str, Any]:
        """Does an action with a connection of this user, as `ComposioToolSet.execute_action` does."""
        done = connecting.execute(
            self._keylatch, action, params, entity_id=self.id, connected_account_id=connected_account_id
        )
        return done | {"successfull": done["successful"]}

    def __repr__(self) -> str:
        return f"Entity({self.id!r})"
