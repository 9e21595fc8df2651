"""The new SDK's toolkits and auth configs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keylatch import errors
from keylatch._forget import forgetful
from keylatch.client import Keylatch
from keylatch.composio import connecting
from keylatch.composio.absent import Partial
from keylatch.composio.results import AppDetails, Done, Integration
from keylatch.models import Field, Page

_OPTIONS = {"type", "auth_scheme", "authScheme", "name", "credentials"}


class Toolkits(Partial):
    """`composio.toolkits`: what can be connected."""

    def __init__(self, keylatch: Keylatch) -> None:
        self._keylatch = keylatch

    def get(self, slug: str) -> AppDetails:
        """The toolkit of this slug. Raises `UnknownAppError`."""
        return AppDetails.of(self._keylatch.apps.get(slug))

    def get_connected_account_initiation_fields(
        self, toolkit: str, auth_scheme: str, required_only: bool = False
    ) -> tuple[Field, ...]:
        """What a user must give to connect. Raises `UnknownAppError`, `UnsupportedSchemeError`."""
        fields = connecting.scheme_of(self._keylatch, toolkit, auth_scheme).fields
        return tuple(field for field in fields if field.required or not required_only)

    def get_auth_config_creation_fields(
        self, toolkit: str, auth_scheme: str, required_only: bool = False
    ) -> tuple[Field, ...]:
        """What the developer gives to an auth config; with a vault that is nothing.

        Raises `UnknownAppError`, `UnsupportedSchemeError`.
        """
        fields = connecting.developer_fields(self._keylatch, toolkit, auth_scheme)
        return tuple(field for field in fields if field.required or not required_only)


class AuthConfigs(Partial):
    """`composio.auth_configs`: the developer's configurations of toolkits."""

    def __init__(self, keylatch: Keylatch) -> None:
        self._keylatch = keylatch

    @forgetful
    def create(self, toolkit: str, options: Mapping[str, Any]) -> Integration:
        """Stores a configuration.

        options: `{"type": "use_custom_auth", "auth_scheme": "API_KEY", "name": …, "credentials": {…}}`. The credentials
        are the developer's own, which users are not asked for; and `base_url`, where the app is elsewhere.
        Raises as `Keylatch.integrations.create` does.
        """
        unknown = sorted(options.keys() - _OPTIONS)
        if unknown or options.get("type", "use_custom_auth") != "use_custom_auth":
            message = (
                f'options are {", ".join(sorted(_OPTIONS))}, and `type` is "use_custom_auth": keys are your users\' own'
            )
            raise errors.InvalidArgumentError(message, fields=unknown or ["type"])
        return connecting.integrate(
            self._keylatch,
            toolkit,
            options.get("auth_scheme") or options.get("authScheme"),
            options.get("credentials"),
            name=options.get("name"),
            force_new=True,
        )

    def list(self, *, toolkit_slug: str | None = None) -> Page[Integration]:
        """All auth configs, or those of one toolkit; newest first. Raises `UnknownAppError`."""
        return Page(tuple(Integration.of(each) for each in self._keylatch.integrations.list(toolkit_slug)))

    def get(self, nanoid: str) -> Integration:
        """The auth config of this id, with its `expected_input_fields`. Raises `NotFoundError`."""
        return connecting.integration(self._keylatch, nanoid)

    def delete(self, nanoid: str) -> Done:
        """Deletes an auth config. Raises `NotFoundError`; `InvalidArgumentError` while accounts use it."""
        self._keylatch.integrations.delete(nanoid)
        return Done()
