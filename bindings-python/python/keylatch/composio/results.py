"""What the calls of this module answer: Keylatch's results, with Composio's names of both generations beside theirs."""

# ruff: noqa: N815 - Composio's spelling

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

from keylatch import models
from keylatch._model import Lists, Model, unchangeable
from keylatch.initiated import ConnectionRequest as _ConnectionRequest
from keylatch.models import Field, Status

if TYPE_CHECKING:
    from keylatch.client import Keylatch
    from keylatch.composio.client import Client


T = TypeVar("T")


class Also(Generic[T]):
    """Another name of an attribute."""

    def __init__(self, attribute: str) -> None:
        self._attribute = attribute

    @overload
    def __get__(self, result: None, kind: type) -> Self: ...
    @overload
    def __get__(self, result: object, kind: type) -> T: ...
    def __get__(self, result: object | None, kind: type) -> Self | T:
        if result is None:
            return self
        value: T = getattr(result, self._attribute)
        return value


class _Named(Model):
    """A result whose further names are read by key too."""

    @classmethod
    def of(cls, result: Model, **extra: Any) -> Self:
        """The same result under more names."""
        return cls.from_dict(result.to_dict(), **extra)

    def _name_of(self, key: str) -> str | None:
        further = not key.startswith("_") and not callable(getattr(type(self), key, callable))
        return key if further else super()._name_of(key)


@unchangeable
class ToolkitName(Model):
    """`toolkit` of an account or auth config."""

    slug: str


@unchangeable
class AuthConfigName(Model):
    """`auth_config` of an account."""

    id: str
    auth_scheme: str
    is_composio_managed: bool = False
    is_disabled: bool = False


class ConnectedAccount(_Named, models.Connection):
    """A connection: `status`, `appName`, `clientUniqueUserId`; `user_id`, `toolkit.slug`, `auth_config.id`."""

    appName = Also[str]("app")
    appUniqueId = Also[str]("app")
    clientUniqueUserId = Also[str]("entity_id")
    user_id = Also[str]("entity_id")

    @property
    def connectionParams(self) -> dict[str, Any]:  # noqa: N802
        """Always empty: credentials are never handed out."""
        return {}

    @property
    def is_disabled(self) -> bool:
        """Whether it is switched off."""
        return self.status == Status.INACTIVE

    isDisabled = Also[bool]("is_disabled")

    @property
    def toolkit(self) -> ToolkitName:
        """The app."""
        return ToolkitName(self.app)

    @property
    def auth_config(self) -> AuthConfigName:
        """The integration."""
        return AuthConfigName(self.integration_id, self.auth_scheme)


class ConnectionRequest(_Named, _ConnectionRequest):
    """The answer to an initiation: ACTIVE at once, `redirectUrl` None."""

    id = Also[str]("connected_account_id")
    status = Also[str]("connection_status")

    def wait_until_active(self, client: Keylatch | Client | None = None, timeout: float = 60.0) -> ConnectedAccount:
        """The account as soon as it is ACTIVE. Raises `TimeoutError`; `InvalidArgumentError` where waiting is vain.

        client: a toolset's `client`; by default the one that made this request. timeout: in seconds.
        """
        own: Any = getattr(client, "keylatch", client)
        return ConnectedAccount.of(super().wait_until_active(own, timeout))

    def wait_for_connection(self, timeout: float | None = None) -> ConnectedAccount:
        """As `wait_until_active`."""
        return self.wait_until_active(timeout=60.0 if timeout is None else timeout)


@unchangeable
class Integration(_Named, models.Integration):
    """An integration or auth config: `id`, `appName`, `authScheme`; `toolkit.slug`, `auth_scheme`.

    expected_input_fields: what a user is asked for; only where one integration was asked for by its id.
    """

    expected_input_fields: tuple[Field, ...] = ()

    _lists: ClassVar[Lists] = {**models.Integration._lists, "expected_input_fields": Field}

    appName = Also[str]("app")
    appId = Also[str]("app")
    enabled: ClassVar[bool] = True
    status: ClassVar[str] = "ENABLED"
    type: ClassVar[str] = "custom"
    is_composio_managed: ClassVar[bool] = False

    @property
    def toolkit(self) -> ToolkitName:
        """The app."""
        return ToolkitName(self.app)


class SchemeDetails(_Named, models.Scheme):
    """One way to connect an app: `auth_mode`, `fields`."""

    scheme_name = Also[str]("auth_scheme")
    auth_mode = Also[str]("auth_scheme")
    mode = Also[str]("auth_scheme")


class AppDetails(_Named, models.App):
    """An app or toolkit: `key` or `slug`, `name`, `auth_schemes`."""

    key = Also[str]("slug")
    appId = Also[str]("slug")

    @property
    def auth_schemes(self) -> tuple[SchemeDetails, ...]:
        """The ways to connect it, the preferred one first."""
        return tuple(SchemeDetails.of(scheme) for scheme in self.schemes)


@unchangeable
class Done(Model):
    """The answer to a change that has nothing else to tell."""

    success: bool = True
