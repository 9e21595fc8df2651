"""The new SDK's connected accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from keylatch import errors
from keylatch._forget import forgetful
from keylatch.client import Keylatch
from keylatch.composio import connecting, schemes
from keylatch.composio.absent import Partial
from keylatch.composio.results import ConnectedAccount, ConnectionRequest, Done
from keylatch.models import Page

T = TypeVar("T")


class ConnectedAccounts(Partial):
    """`composio.connected_accounts`: the connections of all users."""

    def __init__(self, keylatch: Keylatch) -> None:
        self._keylatch = keylatch

    @forgetful
    def initiate(
        self,
        user_id: str,
        auth_config_id: str,
        *,
        callback_url: str | None = None,
        allow_multiple: bool = False,
        config: Mapping[str, Any] | None = None,
        alias: str | None = None,
        verify: str = "auto",
    ) -> ConnectionRequest:
        """Connects a user by an auth config. ACTIVE at once.

        config: made by `auth_scheme`, as `auth_scheme.api_key({"api_key": …})`. callback_url: not needed for keys.
        Raises `AlreadyExistsError` where the user has an active connection with the auth config and not allow_multiple,
        and as `Keylatch.initiate_connection` does, for which verify is described.
        """
        scheme, credentials = schemes.read(config)
        made = self._keylatch.initiate_connection(
            entity_id=connecting.must_say_whose(user_id, "user_id"),
            integration_id=auth_config_id,
            auth_scheme=scheme,
            connected_account_params=credentials,
            callback_url=callback_url,
            allow_multiple=allow_multiple,
            alias=alias,
            verify=verify,
        )
        return ConnectionRequest.of(made, _client=self._keylatch)

    def wait_for_connection(self, id: str, timeout: float | None = None) -> ConnectedAccount:
        """The account as soon as it is ACTIVE. timeout: in seconds, by default 60.

        Raises `TimeoutError`; `InvalidArgumentError` at once where waiting is vain.
        """
        seconds = 60.0 if timeout is None else timeout
        return ConnectedAccount.of(self._keylatch.connected_accounts.wait_until_active(id, seconds))

    def get(self, nanoid: str) -> ConnectedAccount:
        """The account of this id. Raises `NotFoundError`."""
        return ConnectedAccount.of(self._keylatch.connected_accounts.get(nanoid))

    def list(
        self,
        *,
        user_ids: Sequence[str] | None = None,
        auth_config_ids: Sequence[str] | None = None,
        toolkit_slugs: Sequence[str] | None = None,
        statuses: Sequence[str] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[ConnectedAccount]:
        """One page of the accounts that fit, newest first; those switched off only where statuses has INACTIVE.

        user_ids, auth_config_ids, toolkit_slugs: of at most one value each.
        """
        page = self._keylatch.connected_accounts.list(
            entity_id=_only("user_ids", user_ids),
            integration_id=_only("auth_config_ids", auth_config_ids),
            app=_only("toolkit_slugs", toolkit_slugs),
            statuses=connecting.SWITCHED_ON if statuses is None else statuses,
            limit=limit,
            cursor=cursor,
        )
        return Page(tuple(ConnectedAccount.of(each) for each in page), page.next_cursor)

    def delete(self, nanoid: str) -> Done:
        """Deletes an account and its credentials. Raises `NotFoundError`."""
        self._keylatch.connected_accounts.delete(nanoid)
        return Done()

    def enable(self, nanoid: str) -> Done:
        """Switches an account on. Raises `NotFoundError`, `InvalidArgumentError`."""
        self._keylatch.connected_accounts.enable(nanoid)
        return Done()

    def disable(self, nanoid: str) -> Done:
        """Switches an account off: it stays, but is not used. Raises `NotFoundError`."""
        self._keylatch.connected_accounts.disable(nanoid)
        return Done()

    def update_status(self, nanoid: str, *, enabled: bool) -> Done:
        """Switches an account on or off."""
        return self.enable(nanoid) if enabled else self.disable(nanoid)


class RawConnectedAccounts(Partial):
    """`composio.client.connected_accounts`: what the new SDK has only there."""

    def __init__(self, keylatch: Keylatch) -> None:
        self._keylatch = keylatch

    @forgetful
    def patch(
        self, nanoid: str, *, connection: Mapping[str, Any] | None = None, alias: str | None = None
    ) -> ConnectedAccount:
        """Puts new credentials in the place of the present ones (fields not given keep theirs), or renames.

        connection: `{"state": …}` as made by `auth_scheme`. alias: an empty text takes the alias away.
        Raises as `Keylatch.connected_accounts.update_credentials` and `set_alias` do.
        """
        if connection is not None:
            _, credentials = schemes.read(connection.get("state"))
            self._keylatch.connected_accounts.update_credentials(nanoid, credentials)
        if alias is not None:
            self._keylatch.connected_accounts.set_alias(nanoid, alias or None)
        return ConnectedAccount.of(self._keylatch.connected_accounts.get(nanoid))


class RawClient(Partial):
    """`composio.client`."""

    def __init__(self, keylatch: Keylatch) -> None:
        self.connected_accounts = RawConnectedAccounts(keylatch)


def _only(name: str, values: Sequence[str] | None) -> str | None:
    if not values:
        return None
    if isinstance(values, str):
        return values
    if len(values) > 1:
        raise errors.InvalidArgumentError(f"{name} takes one value here: list for each", fields=[name])
    return values[0]
