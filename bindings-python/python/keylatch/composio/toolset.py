"""The old SDK's toolset, with the calls that the page "Connecting to Token/API Key Apps" makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, Unpack

from keylatch import errors
from keylatch._calls import Values
from keylatch._forget import forgetful
from keylatch._options import ApiKey
from keylatch.client import Keylatch
from keylatch.composio import backend, connecting, proxy
from keylatch.composio.absent import Partial
from keylatch.composio.client import Client
from keylatch.composio.entity import Entity
from keylatch.composio.results import AppDetails, ConnectedAccount, ConnectionRequest, Integration, SchemeDetails
from keylatch.models import ExpectedParams, Field


class ComposioToolSet(Partial):
    """Connects users' own keys, and uses them, under the names of Composio's old SDK.

    api_key, base_url: a project on Composio's API. Without them (and without COMPOSIO_API_KEY in the environment) it is
        the encrypted vault on this machine, and the options are those of `Keylatch`: path, key, …
    client: a `Keylatch` of your own, which wins over everything else; it stays yours to close.
    entity_id: the user for whom calls are that name none. Where there is none either, such a call is an error, since
        Composio's `default` would be one user shared by everybody.
    connected_account_ids: by app, the connection to use where a call names neither a connection nor a user.

    >>> from keylatch.composio import App, ComposioToolSet
    >>> with ComposioToolSet(path="vault.db") as toolset:
    ...     info = toolset.get_expected_params_for_user(app=App.STRIPE, auth_scheme="API_KEY")
    ...     request = toolset.initiate_connection(
    ...         integration_id=info["integration_id"],
    ...         entity_id="user-1",
    ...         connected_account_params={"api_key": bytearray(b"sk_test_123")},
    ...         verify="off",
    ...     )
    >>> [field["name"] for field in info["expectedInputFields"]], request.connectionStatus, request.redirectUrl
    (['api_key'], 'ACTIVE', None)
    """

    @forgetful
    def __init__(
        self,
        api_key: ApiKey | None = None,
        base_url: str | None = None,
        entity_id: str | None = None,
        connected_account_ids: Mapping[str, str] | None = None,
        *,
        client: Keylatch | None = None,
        **options: Unpack[backend.Options],
    ) -> None:
        self._keylatch = backend.opened(client, api_key, base_url, options)
        self._owned = client is None
        self.entity_id = entity_id
        self.connected_account_ids = {app.lower(): account for app, account in (connected_account_ids or {}).items()}
        self.client = Client(self._keylatch)

    def close(self) -> None:
        """Closes the client that this toolset has opened; one that was given stays open."""
        if self._owned:
            self._keylatch.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get_expected_params_for_user(
        self, app: str | None = None, auth_scheme: str | None = None, integration_id: str | None = None
    ) -> ExpectedParams:
        """What a user must give to connect; as `expected_params` and `expectedInputFields`.

        By app, by integration, or by both where they belong together. Names an integration: the one asked for, else
        the app's newest, else one that this call makes. Raises as `Keylatch.get_expected_params_for_user`.
        """
        return self._keylatch.get_expected_params_for_user(app, auth_scheme, integration_id)

    @forgetful
    def initiate_connection(
        self,
        integration_id: str | None = None,
        app: str | None = None,
        labels: Sequence[str] | None = None,
        entity_id: str | None = None,
        redirect_url: str | None = None,
        connected_account_params: Values | None = None,
        *,
        app_name: str | None = None,
        auth_scheme: str | None = None,
        auth_config: Values | None = None,
        verify: str = "auto",
        alias: str | None = None,
    ) -> ConnectionRequest:
        """Connects a user: by an integration, or to an app (app and app_name are the same). ACTIVE at once.

        entity_id: by default the toolset's. connected_account_params: what the user typed, by field name; a bytearray
        is taken. auth_config: the developer's own values, so that the user is not asked for them.
        verify, alias, and what is raised: as for `Keylatch.initiate_connection`. A user may have several connections
        to one app: each call makes one.
        """
        return connecting.initiate(
            self._keylatch,
            self._whose(entity_id),
            connected_account_params,
            integration_id=integration_id,
            app=connecting.same(app=app, app_name=app_name),
            auth_scheme=auth_scheme,
            auth_config=auth_config,
            labels=labels,
            redirect_url=redirect_url,
            verify=verify,
            alias=alias,
        )

    @forgetful
    def create_integration(
        self,
        app: str,
        auth_mode: str | None = None,
        auth_config: Values | None = None,
        use_composio_oauth_app: bool = True,  # noqa: ARG002 - there is nothing of Composio's to use
        force_new_integration: bool = False,
    ) -> Integration:
        """The app's integration with these values of the developer's, made where there is none.

        auth_config: fields that users are then not asked for; and `base_url`, where the app is elsewhere.
        force_new_integration: make one in any case.
        """
        return connecting.integrate(self._keylatch, app, auth_mode, auth_config, force_new=force_new_integration)

    def get_integration(self, id: str) -> Integration:
        """The integration of this id, with its `expectedInputFields`. Raises `NotFoundError`."""
        return self.client.integrations.get(id)

    def get_integrations(
        self,
        app: str | None = None,
        auth_scheme: str | None = None,
        fetch_disabled: bool = False,  # noqa: ARG002 - none is ever disabled
    ) -> list[Integration]:
        """All integrations, or those of one app or scheme, newest first. Raises `UnknownAppError`."""
        found = self.client.integrations.get(app_name=app)
        return [each for each in found if auth_scheme is None or each.auth_scheme == auth_scheme.upper()]

    def get_auth_schemes(self, app: str) -> tuple[SchemeDetails, ...]:
        """The ways to connect an app, the preferred one first. Raises `UnknownAppError`."""
        return self.client.apps.get(app).auth_schemes

    def get_auth_scheme_for_app(self, app: str, auth_scheme: str | None = None) -> SchemeDetails:
        """The app's scheme of this name, else the one that it prefers. Raises `UnsupportedSchemeError`."""
        return connecting.scheme_of(self._keylatch, app, auth_scheme)

    def fetch_expected_integration_params(self, app: AppDetails | str, auth_scheme: str) -> tuple[Field, ...]:
        """What the developer gives to the app's integration; with a vault that is nothing.

        Raises `UnknownAppError`, `UnsupportedSchemeError`.
        """
        return connecting.developer_fields(self._keylatch, app if isinstance(app, str) else app.slug, auth_scheme)

    def get_entity(self, id: str | None = None) -> Entity:
        """The user of this id, by default the toolset's."""
        return Entity(self._keylatch, self._whose(id))

    def get_connected_account(self, id: str) -> ConnectedAccount:
        """The connection of this id. Raises `NotFoundError`."""
        return self.client.connected_accounts.get(id)

    def get_connected_accounts(self) -> list[ConnectedAccount]:
        """The connections of the toolset's user, newest first, without those that are switched off."""
        return self.get_entity().get_connections()

    def execute_action(
        self,
        action: str,
        params: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        entity_id: str | None = None,
        connected_account_id: str | None = None,
        text: str | None = None,
    ) -> dict[str, Any]:
        """Does an action of an app with a user's connection: the one named, else the user's newest active one.

        Answers `data`, `error` and `successful` (and Composio's older `successfull`). Where the app did not do it,
        `successful` is False and `error` says why; everything else that goes wrong is raised, as by
        `Keylatch.execute_action`. metadata and text stand for what is not done here: `InvalidArgumentError`.
        """
        if metadata or text:
            raise errors.InvalidArgumentError(
                "give params: metadata and text are not read here", fields=["metadata", "text"]
            )
        if connected_account_id is None and entity_id is None:
            connected_account_id = self._account_for(action)
        if connected_account_id is None:
            entity_id = self._whose(entity_id)
        done = connecting.execute(
            self._keylatch, action, params, entity_id=entity_id, connected_account_id=connected_account_id
        )
        return done | {"successfull": done["successful"]}

    def execute_request(
        self,
        endpoint: str,
        method: str,
        *,
        body: Any = None,
        parameters: Sequence[Any] | None = None,
        connection_id: str | None = None,
        app: str | None = None,
    ) -> dict[str, Any]:
        """Sends a request to the app over a connection: the one named, else the one of the toolset's user to the app.

        endpoint: below the connection's base URL. parameters: `{"name", "in": "query" | "header", "value"}` each.
        Answers as `execute_action` does; raises as `Keylatch.request` does.
        """
        if connection_id is None and app is not None:
            connection_id = self.connected_account_ids.get(app.lower())
            connection_id = connection_id or connecting.connection(self._keylatch, self._whose(None), app).id
        answer = proxy.send(self._keylatch, endpoint, method, body, parameters, connection_id)
        error = None if answer.ok else f"the app answered {answer.status}"
        data = proxy.content(answer)
        return {
            "data": data if isinstance(data, dict) else {"value": data},
            "error": error,
            "successful": answer.ok,
            "successfull": answer.ok,
        }

    def _whose(self, entity_id: str | None) -> str:
        return connecting.must_say_whose(self.entity_id if entity_id is None else entity_id)

    def _account_for(self, action: str) -> str | None:
        """The connection that the toolset was given for the action's app; the longest name that fits is the app's."""
        fits = [app for app in self.connected_account_ids if action.lower().startswith(f"{app}_")]
        return self.connected_account_ids[max(fits, key=len)] if fits else None
