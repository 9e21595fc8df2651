"""What the classes here do alike: whose key, which integration, which of several connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from keylatch import errors
from keylatch._calls import Values
from keylatch.client import Keylatch
from keylatch.composio.results import ConnectedAccount, ConnectionRequest, Integration, SchemeDetails
from keylatch.models import ActionResult, Field, Status

T = TypeVar("T")

# What lists show where no status is asked for.
SWITCHED_ON = tuple(each.value for each in Status if each != Status.INACTIVE)


def same(**given: T | None) -> T | None:
    """The value of an argument that has several names."""
    values = [value for value in given.values() if value is not None]
    if any(value != values[0] for value in values):
        message = f"{' and '.join(given)} are the same argument: give one"
        raise errors.InvalidArgumentError(message, fields=given)
    return values[0] if values else None


def must_say_whose(entity_id: str | None, name: str = "entity_id") -> str:
    """The entity. There is none by default: users who share one would use each other's keys."""
    if not entity_id:
        raise errors.InvalidArgumentError(
            f"whose connection? give {name}; without it all your users would share one", fields=[name]
        )
    return entity_id


def initiate(
    client: Keylatch,
    entity_id: str,
    params: Values | None,
    *,
    integration_id: str | None,
    app: str | None,
    auth_scheme: str | None,
    auth_config: Values | None,
    labels: Sequence[str] | None,
    redirect_url: str | None,
    force_new_integration: bool = False,
    verify: str = "auto",
    alias: str | None = None,
) -> ConnectionRequest:
    """Connects as the old SDK does: as often as it is asked to, whether or not there is a connection already."""
    if auth_config or force_new_integration:
        if integration_id is not None:
            message = "auth_config and force_new_integration make an integration: leave integration_id out"
            raise errors.InvalidArgumentError(message, fields=["auth_config", "integration_id"])
        integration_id = integrate(client, app, auth_scheme, auth_config, force_new=force_new_integration).id
        app = None
    made = client.initiate_connection(
        entity_id=entity_id,
        connected_account_params=params or {},
        integration_id=integration_id,
        app_name=app,
        auth_scheme=auth_scheme,
        labels=labels or (),
        callback_url=redirect_url,
        verify=verify,
        alias=alias,
        allow_multiple=True,
    )
    return ConnectionRequest.of(made, _client=client)


def integrate(
    client: Keylatch,
    app: str | None,
    auth_scheme: str | None,
    auth_config: Values | None,
    *,
    name: str | None = None,
    force_new: bool = False,
) -> Integration:
    """The app's newest integration with these values of the developer's, else a new one.

    Values cannot be compared, only their names; `base_url` can, where it is the address and no field of the app.
    """
    if not app:
        raise errors.InvalidArgumentError("name the app of the integration", fields=["app"])
    scheme = scheme_of(client, app, auth_scheme)
    fixed = dict(auth_config or {})
    base_url: Any = None if any(field.name == "base_url" for field in scheme.fields) else fixed.pop("base_url", None)
    if not force_new:
        for each in client.integrations.list(app):
            alike = each.auth_scheme == scheme.auth_scheme and set(each.fixed_fields) == fixed.keys()
            if alike and base_url in (None, each.base_url):
                return Integration.of(each)
    made = client.integrations.create(
        app, auth_scheme=scheme.auth_scheme, name=name, base_url=base_url, fixed_values=fixed
    )
    return Integration.of(made)


def integration(client: Keylatch, id: str) -> Integration:
    """The integration of this id, with what users are asked for."""
    fields = client.get_expected_params_for_user(integration_id=id).expected_params
    return Integration.of(client.integrations.get(id), expected_input_fields=fields)


def scheme_of(client: Keylatch, app: str, auth_scheme: str | None) -> SchemeDetails:
    """The app's scheme of this name, else the one that it prefers."""
    found = client.apps.get(app)
    for scheme in found.schemes:
        if auth_scheme is None or scheme.auth_scheme == auth_scheme.upper():
            return SchemeDetails.of(scheme)
    known = ", ".join(scheme.auth_scheme for scheme in found.schemes)
    message = f"{found.name} is not connected by {auth_scheme}; it takes {known or 'nothing that can be given here'}"
    raise errors.UnsupportedSchemeError(message, fields=["auth_scheme"])


def developer_fields(client: Keylatch, app: str, auth_scheme: str) -> tuple[Field, ...]:
    """What the app's integration takes from the developer, which Composio's API tells with the app."""
    return scheme_of(client, app, auth_scheme).developer_fields


def newest(client: Keylatch, entity_id: str, app: str) -> ConnectedAccount | None:
    """The user's newest active connection to the app: the one that Composio takes."""
    page = client.connected_accounts.list(entity_id=entity_id, app=app, statuses=[Status.ACTIVE], limit=1)
    return next((ConnectedAccount.of(each) for each in page), None)


def connection(client: Keylatch, entity_id: str, app: str) -> ConnectedAccount:
    """As `newest`; raises `NotFoundError`."""
    return newest(client, entity_id, app) or ConnectedAccount.of(client.get_connection(entity_id=entity_id, app=app))


def connections(client: Keylatch, *, statuses: Sequence[str] | None = None, **filters: Any) -> list[ConnectedAccount]:
    """All connections that fit; those switched off only where their status is asked for."""
    wanted = SWITCHED_ON if statuses is None else statuses
    found = client.connected_accounts.iterate(statuses=wanted, limit=500, **filters)
    return [ConnectedAccount.of(each) for each in found]


def execute(
    client: Keylatch,
    action: str,
    params: Mapping[str, Any] | None,
    *,
    entity_id: str | None,
    connected_account_id: str | None,
) -> dict[str, Any]:
    """What an action brought, or why it failed; errors that are not the app's are raised."""

    def attempt(account: str | None) -> ActionResult:
        return client.execute_action(action, params, entity_id=entity_id, connected_account_id=account)

    try:
        try:
            result = attempt(connected_account_id)
        except errors.AmbiguousError as error:
            one = client.connected_accounts.get(error.candidates[0])
            result = attempt((newest(client, one.entity_id, one.app) or one).id)
    except errors.ActionFailedError as error:
        return {"data": {}, "error": error.message, "successful": False}
    return {"data": result.data, "error": None, "successful": True}
