"""`auth_scheme`: what a user typed, in the form that the new SDK takes. Printed, it shows no credential."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keylatch import errors
from keylatch._calls import Values
from keylatch._forget import forgetful
from keylatch.composio.absent import Partial

_SHAPE = '{"auth_scheme": …, "val": {"status": "ACTIVE", …}}'


class Masked(dict[str, Any]):
    """A dict whose values are printed as `[redacted]`, all but the status."""

    def __repr__(self) -> str:
        shown = (
            f"{name!r}: {value!r}" if name == "status" else f"{name!r}: [redacted]" for name, value in self.items()
        )
        return "{" + ", ".join(shown) + "}"


class AuthSchemes(Partial):
    """The helpers of `auth_scheme`: one for each kind of key.

    >>> from keylatch.composio import auth_scheme
    >>> auth_scheme.api_key({"api_key": "sk_test_123"})
    {'auth_scheme': 'API_KEY', 'val': {'status': 'ACTIVE', 'api_key': [redacted]}}
    """

    @forgetful
    def api_key(self, options: Values) -> dict[str, Any]:
        """An API key, with whatever else the app asks for."""
        return _state("API_KEY", options)

    @forgetful
    def basic(self, options: Values) -> dict[str, Any]:
        """A user name and password."""
        return _state("BASIC", options)

    @forgetful
    def bearer_token(self, options: Values) -> dict[str, Any]:
        """A token."""
        return _state("BEARER_TOKEN", options)

    @forgetful
    def google_service_account(self, options: Values) -> dict[str, Any]:
        """The key file of a service account, as `credentials_json`."""
        return _state("GOOGLE_SERVICE_ACCOUNT", options)

    @forgetful
    def basic_with_jwt(self, options: Values) -> dict[str, Any]:
        """A user name and password that are changed for a token."""
        return _state("BASIC_WITH_JWT", options)

    @forgetful
    def calcom_auth(self, options: Values) -> dict[str, Any]:
        """Cal.com's own."""
        return _state("CALCOM_AUTH", options)

    @forgetful
    def billcom_auth(self, options: Values) -> dict[str, Any]:
        """Bill.com's own."""
        return _state("BILLCOM_AUTH", options)

    @forgetful
    def no_auth(self, options: Values | None = None) -> dict[str, Any]:
        """Nothing."""
        return _state("NO_AUTH", options or {})


auth_scheme = AuthSchemes()
"""The helpers, as `from composio.types import auth_scheme` gives them."""


def _state(scheme: str, options: Values) -> dict[str, Any]:
    return {"auth_scheme": scheme, "val": Masked({"status": "ACTIVE", **options})}


def read(config: Mapping[str, Any] | None) -> tuple[str | None, dict[str, Any]]:
    """The scheme and the credentials of a `config`. Credentials beside `val` instead of in it would reach nobody."""
    if config is None:
        return None, {}
    rest = dict(config)
    scheme = rest.pop("auth_scheme", None) or rest.pop("authScheme", None)
    val = rest.pop("val", {})
    if not isinstance(val, Mapping):
        raise errors.InvalidArgumentError(f"`val` must be a dict: config is {_SHAPE}", fields=["val"])
    if rest:
        named = ", ".join(f"`{name}`" for name in rest)
        raise errors.InvalidArgumentError(f"{named} must stand inside `val`: config is {_SHAPE}", fields=rest)
    credentials = dict(val)
    if credentials.pop("status", "ACTIVE") != "ACTIVE":
        message = "`status` must be ACTIVE: keys and tokens need no redirect that would have to be waited for"
        raise errors.InvalidArgumentError(message, fields=["status"])
    return scheme, credentials
