"""The old SDK's client, which a toolset has as `client`: groups of calls with its names and arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from keylatch._calls import Values
from keylatch._forget import forgetful
from keylatch.client import Keylatch
from keylatch.composio import connecting
from keylatch.composio.absent import Partial
from keylatch.composio.entity import Entity
from keylatch.composio.results import AppDetails, ConnectedAccount, ConnectionRequest, Integration


class Apps(Partial):
    """`client.apps`: what can be connected."""

    def __init__(self, keylatch: Keylatch) -> None:
        self._keylatch = keylatch

    @overload
    def get(self, name: str) -> AppDetails: ...
    @overload
    def get(self, name: None = None) -> list[AppDetails]: ...
    def get(self, name: str | None = None) -> AppDetails | list[AppDetails]:
        """The app of this name, or all. Raises `UnknownAppError`."""
        if name is None:
            return [AppDetails.of(app) for app in self._keylatch.apps.list()]
        return AppDetails.of(self._keylatch.apps.get(name))


class Integrations(Partial):
    """`client.integrations`: the developer's configurations of apps."""

    def __init__(self, keylatch: Keylatch) -> None:
        self._keylatch = keylatch

    @forgetful
    def create(
        self,
        app_id: str,
        name: str | None = None,
        auth_mode: str | None = None,
        auth_config: Values | None = None,
        use_composio_auth: bool = False,  # noqa: ARG002 - there is nothing of Composio's to use
        force_new_integration: bool = False,
    ) -> Integration:
        """The app's integration with these values of the developer's, made where there is none."""
        return connecting.integrate(
            self._keylatch, app_id, auth_mode, auth_config, name=name, force_new=force_new_integration
        )

    @overload
    def get(self, id: str) -> Integration: ...
    @overload
    def get(
        self, id: None = None, *, app_id: str | None = None, app_name: str | None = None, show_disabled: bool = False
    ) -> list[Integration]: ...
    def get(
        self,
        id: str | None = None,
        *,
        app_id: str | None = None,
        app_name: str | None = None,
        show_disabled: bool = False,  # noqa: ARG002 - none is ever disabled
    ) -> Integration | list[Integration]:
        """The integration of this id with its `expectedInputFields`; or all, or those of one app, newest first."""
        if id is None:
            app = connecting.same(app_id=app_id, app_name=app_name)
            return [Integration.of(each) for each in self._keylatch.integrations.list(app)]
        return connecting.integration(self._keylatch, id)

    def remove(self, id: str) -> None:
        """Deletes an integration. Raises `NotFoundError`; `InvalidArgumentError` while connections use it."""
        self._keylatch.integrations.delete(id)


class ConnectedAccounts(Partial):
    """`client.connected_accounts`: the connections of all users."""

    def __init__(self, keylatch: Keylatch) -> None:
        self._keylatch = keylatch

    @overload
    def get(self, connection_id: str) -> ConnectedAccount: ...
    @overload
    def get(
        self, connection_id: None = None, *, entity_ids: Sequence[str] | None = None, active: bool = False
    ) -> list[ConnectedAccount]: ...
    def get(
        self, connection_id: str | None = None, *, entity_ids: Sequence[str] | None = None, active: bool = False
    ) -> ConnectedAccount | list[ConnectedAccount]:
        """The connection of this id; or those of these users (None: of all), newest first for each."""
        if connection_id is not None:
            return ConnectedAccount.of(self._keylatch.connected_accounts.get(connection_id))
        statuses = ["ACTIVE"] if active else None
        users = [None] if entity_ids is None else entity_ids
        return [
            each for user in users for each in connecting.connections(self._keylatch, entity_id=user, statuses=statuses)
        ]

    @forgetful
    def initiate(
        self,
        integration_id: str,
        entity_id: str | None = None,
        params: Values | None = None,
        labels: Sequence[str] | None = None,
        redirect_url: str | None = None,
    ) -> ConnectionRequest:
        """Connects a user by an integration; raises as `ComposioToolSet.initiate_connection` does."""
        return connecting.initiate(
            self._keylatch,
            connecting.must_say_whose(entity_id),
            params,
            integration_id=integration_id,
            app=None,
            auth_scheme=None,
            auth_config=None,
            labels=labels,
            redirect_url=redirect_url,
        )


class Client(Partial):
    """`toolset.client`: groups of calls; `keylatch` is the client of this library that they go to."""

    def __init__(self, keylatch: Keylatch) -> None:
        self.keylatch = keylatch
        self.apps = Apps(keylatch)
        self.integrations = Integrations(keylatch)
        self.connected_accounts = ConnectedAccounts(keylatch)

    def get_entity(self, id: str) -> Entity:
        """The user of this id."""
        return Entity(self.keylatch, connecting.must_say_whose(id))
