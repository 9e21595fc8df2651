"""The calls of the blocking client that stand in groups: apps, integrations, connected accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from keylatch import _calls
from keylatch._calls import ConnectionFilter, Due, Value, Values
from keylatch._forget import forgetful
from keylatch._native import Secret
from keylatch.initiated import ConnectionRequest
from keylatch.models import App, Connection, Integration, KeyOrigin, Page, Permission, Recheck, Rechecks, Verification

if TYPE_CHECKING:
    from keylatch.client import Keylatch

# Inside classes that have a method `list`, the name means the method.
_AppList = list[App]
_OriginList = list[KeyOrigin]
_IntegrationList = list[Integration]


class Apps:
    """`client.apps`: what can be connected."""

    def __init__(self, client: Keylatch) -> None:
        self._client = client

    def list(self) -> _AppList:
        """Every app, by slug."""
        return self._client._run(_calls.apps())

    def search(self, query: str | None = None, *, category: str | None = None, limit: int | None = None) -> _AppList:
        """The apps that a person's words mean, best first: by slug, name or a part of one, also misspelt.

        category: only those of it; alone, all of it by slug. limit: 1 to 500, by default 50.
        Raises `InvalidArgumentError` for a category that there is not, with near ones, and for a limit that cannot be.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     print(client.apps.search("strpe", limit=1)[0].name)
        Stripe
        """
        return self._client._run(_calls.search_apps(query, category, limit))

    @forgetful
    def identify(self, value: Value) -> _OriginList:
        """The apps that a credential could be of, by its form alone, the most specific form first.

        Nothing is asked and nothing is kept; a bytearray holds zeros afterwards. Of forms that many share, such as 32
        hexadecimal digits, nothing is said.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     print([origin.app for origin in client.apps.identify(bytearray(b"ghp_0123456789abcdef"))])
        ['github']
        """
        return self._client._run(_calls.identify(value))

    def get(self, app: str) -> App:
        """The app of this name, compared without regard to case. Raises `UnknownAppError` with near names.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     print(client.apps.get("STRIPE").name)
        Stripe
        """
        return self._client._run(_calls.app(app))

    def register(self, definition: Mapping[str, Any]) -> App:
        """Registers an app of your own, in the catalogue's format, for as long as this client lives.

        Raises `InvalidArgumentError` with a problem for every mistake; `AlreadyExistsError` for a built-in app's slug.
        """
        return self._client._run(_calls.register_app(definition))


class Integrations:
    """`client.integrations`: the developer's configurations of apps."""

    def __init__(self, client: Keylatch) -> None:
        self._client = client

    @forgetful
    def create(
        self,
        app: str,
        *,
        auth_scheme: str | None = None,
        name: str | None = None,
        base_url: str | None = None,
        allow: Sequence[Permission | str] = (),
        fixed_values: Values | None = None,
    ) -> Integration:
        """Stores a configuration of an app.

        auth_scheme: by default the one that the app prefers. name: by default the app's.
        base_url: where requests go instead of the app's own (self-hosted, test instances); HTTPS, or HTTP on
            loopback and where `unencrypted` is allowed.
        allow: what is refused otherwise, mostly of its hosts (`Permission`), such as `["private"]`. Default: none,
            so that users can name public hosts only.
        fixed_values: values that the developer gives, so that users are not asked; sealed in the vault.

        Raises `UnknownAppError`, `UnsupportedSchemeError`, `InvalidArgumentError`, `ForbiddenHostError`, and those of
        the values.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     made = client.integrations.create("stripe", base_url="http://127.0.0.1:8420", name="Test instance")
        ...     print(client.integrations.get(made.id).name)
        Test instance
        """
        call = _calls.create_integration(
            fixed_values,
            app=app,
            auth_scheme=auth_scheme,
            name=name,
            base_url=base_url,
            allow=allow,
        )
        return self._client._run(call)

    def get(self, integration_id: str) -> Integration:
        """The integration of this id. Raises `NotFoundError`."""
        return self._client._run(_calls.integration(integration_id))

    def list(self, app: str | None = None) -> _IntegrationList:
        """All integrations, or those of one app; newest first. Raises `UnknownAppError`."""
        return self._client._run(_calls.integrations(app))

    def delete(self, integration_id: str) -> None:
        """Deletes an integration. Raises `NotFoundError`; `InvalidArgumentError` while connections use it."""
        self._client._run(_calls.delete_integration(integration_id))


class ConnectedAccounts:
    """`client.connected_accounts`: the connections of all users."""

    def __init__(self, client: Keylatch) -> None:
        self._client = client

    def get(self, connected_account_id: str) -> Connection:
        """The connection of this id. Raises `NotFoundError`."""
        return self._client._run(_calls.connection(connected_account_id))

    def list(
        self,
        *,
        entity_id: str | None = None,
        app: str | None = None,
        integration_id: str | None = None,
        statuses: Sequence[str] = (),
        labels: Sequence[str] = (),
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Connection]:
        """One page of the connections that fit everything given, newest first.

        statuses: in one of these. labels: with all of these. limit: 1 to 500, by default 50.
        cursor: `next_cursor` of the page before; `iterate` does that for you.
        Raises `InvalidArgumentError` for a limit or cursor that cannot be.
        """
        call = _calls.connections(
            entity_id=entity_id,
            app=app,
            integration_id=integration_id,
            statuses=statuses,
            labels=labels,
            limit=limit,
            cursor=cursor,
        )
        return self._client._run(call)

    def iterate(self, **filters: Unpack[ConnectionFilter]) -> Iterator[Connection]:
        """All connections that fit, fetched page by page; the filters are those of `list`.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     print([each.alias for each in client.connected_accounts.iterate(entity_id="user-1", limit=100)])
        []
        """
        while True:
            page = self.list(**filters)
            yield from page.items
            if page.next_cursor is None:
                return
            filters["cursor"] = page.next_cursor

    def verify(self, connected_account_id: str) -> Verification:
        """Asks the provider again: a refusal makes the connection EXPIRED, an acceptance ACTIVE again.

        Raises `NotFoundError`, `CorruptRecordError`, `ForbiddenHostError`.
        """
        return self._client._run(_calls.verify(connected_account_id))

    def verify_due(
        self,
        *,
        older_than: float = 0.0,
        entity_id: str | None = None,
        app: str | None = None,
        limit: int | None = None,
        pause: float | None = None,
        cursor: str | None = None,
    ) -> Rechecks:
        """One batch of a round that asks the providers again, about those first that were verified longest ago.

        older_than: only connections that were verified longer ago than this many seconds, or never.
        entity_id, app: of this user; to this app. Connections that are neither ACTIVE nor EXPIRED are left alone.
        limit: how many to come by in the whole round, by default 1 000.
        pause: seconds between two checks at the same app, at most 60; by default 0.2. An app that asks to come back
            later is left alone for as long as it says.
        cursor: `next_cursor` of the batch before; `verify_all` does that for you.

        A batch is 20 connections at most and takes about a second. Raises `InvalidArgumentError` for a limit, pause or
        cursor that cannot be; a connection that cannot be checked is `skipped`.
        """
        call = _calls.verify_due(older_than, pause, entity_id=entity_id, app=app, limit=limit, cursor=cursor)
        return self._client._run(call)

    def verify_all(self, **due: Unpack[Due]) -> Iterator[Recheck]:
        """Asks the providers again, one connection after the other; the arguments are those of `verify_due`.

        Stop by leaving the loop: nothing is asked ahead of it but the rest of a batch, which is done already.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     week = 7 * 24 * 3600
        ...     print([each.app for each in client.connected_accounts.verify_all(older_than=week, limit=100)])
        []
        """
        cursor: str | None = None
        while True:
            batch = self.verify_due(**due, cursor=cursor)
            yield from batch.items
            if batch.next_cursor is None:
                return
            cursor = batch.next_cursor

    @forgetful
    def update_credentials(
        self, connected_account_id: str, connected_account_params: Values, *, verify: str = "auto"
    ) -> ConnectionRequest:
        """Puts new values in the place of the present ones; fields that are not given keep theirs.

        Raises as `Keylatch.initiate_connection` does; the present values stay then.
        """
        call = _calls.update_credentials(connected_account_id, connected_account_params, verify)
        return ConnectionRequest.from_dict(self._client._run(call), _client=self._client)

    def enable(self, connected_account_id: str) -> Connection:
        """Switches a connection on. Raises `NotFoundError`, `InvalidArgumentError`."""
        return self._client._run(_calls.switch(connected_account_id, on=True))

    def disable(self, connected_account_id: str) -> Connection:
        """Switches a connection off: it stays, but is not used. Raises `NotFoundError`."""
        return self._client._run(_calls.switch(connected_account_id, on=False))

    def wait_until_active(self, connected_account_id: str, timeout: float = 60.0) -> Connection:
        """The connection as soon as it is ACTIVE, with keys and tokens at once; waits `timeout` seconds at most.

        Raises `TimeoutError`, `NotFoundError`; `InvalidArgumentError` at once where it is FAILED, EXPIRED, REVOKED or
        INACTIVE, which waiting does not change.
        """
        return self._client._run(_calls.wait_until_active(connected_account_id, timeout))

    def set_alias(self, connected_account_id: str, alias: str | None = None) -> Connection:
        """Gives a connection another alias; without one, takes away the one it has.

        Raises `NotFoundError`; `AlreadyExistsError` where another connection of the entity to the app has it.
        """
        return self._client._run(_calls.set_alias(connected_account_id, alias))

    def dsn(self, connected_account_id: str) -> Secret:
        """The connection's credentials as a connection string, such as `postgresql://…`, for a driver.

        What the `Secret` holds is yours to guard: `expose()` it where you hand it on. Parts are percent-encoded.

            with client.connected_accounts.dsn(connection.id) as dsn:
                connect(dsn.expose().decode())

        Raises `NotFoundError`; `InvalidArgumentError` where the integration does not allow `reveal`, where drivers of
        the app take no such thing, and on Composio's API, which gives no credentials back; `CredentialsRejectedError`
        once EXPIRED.
        """
        return self._client._run(_calls.dsn(connected_account_id))

    def delete(self, connected_account_id: str, *, revoke: bool = False) -> None:
        """Deletes a connection and its credentials. Raises `NotFoundError`.

        revoke: withdraw them at the provider too. Only Composio's API can: `InvalidArgumentError` on a vault.
        """
        self._client._run(_calls.delete_connection(connected_account_id, revoke=revoke))
