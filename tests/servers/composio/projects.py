"""A project's state: its toolkits, auth configs, connected accounts, faults and the log of its requests."""

from __future__ import annotations

import random
import string
import uuid
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from faults import Fault
from refusals import Refusal, mask, unknown_account, unknown_auth_config, unknown_toolkit
from shapes import words
from templates import NotFilled, fill, names_in
from toolkits import Toolkit

Json = Any
LOG_LIMIT = 10_000
TICK = timedelta(milliseconds=1)

# What an answer may show of an account besides the toolkit's own fields that are marked as no secret.
PLAIN = words(
    "status redirectUrl subdomain your-domain region shop account_url account_id COMPANYDOMAIN extension "
    "form_api_base_url instanceEndpoint instanceName api_url base_url borneo_dashboard_url domain version dc "
    "site_name server_location your_server username application_id installation_id token_type scope expires_in "
    "expires_at error error_description expired_at revoked_at user_agent"
)


@dataclass
class AuthConfig:
    """An auth config of v3, an integration of v1; `credentials` are the developer's, in clear."""

    id: str
    toolkit: Toolkit
    scheme: str
    name: str
    managed: bool
    credentials: dict[str, Json]
    settings: dict[str, Json]
    created_at: str
    updated_at: str
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    enabled: bool = True

    @property
    def definition(self) -> Json:
        """Where requests of this scheme go and how the credential gets into them."""
        return self.toolkit.schemes.get(self.scheme, {})

    @property
    def given(self) -> dict[str, Json]:
        """What every account has before its user says anything: the developer's values, then defaults.

        `shared_credentials` are user's fields that the developer gives for everybody.
        """
        fields = [*self.toolkit.fields(self.scheme, "auth_config_creation"), *self.toolkit.fields(self.scheme)]
        defaults = {one["name"]: one["default"] for one in fields if one.get("default") is not None}
        return {**defaults, **self.settings.get("shared_credentials", {}), **self.credentials}

    def missing(self, values: dict[str, Json]) -> list[Json]:
        """The fields that the user must fill in and has not; hidden ones are never among them."""
        have = {**self.given, **values}
        return [
            one
            for one in self.toolkit.fields(self.scheme)
            if one["required"] and one.get("user_visible", True) and have.get(one["name"]) is None
        ]

    def masked(self, values: dict[str, Json]) -> dict[str, Json]:
        groups = ("auth_config_creation", "connected_account_initiation")
        fields = {one["name"]: one for group in groups for one in self.toolkit.fields(self.scheme, group)}

        def shown(name: str, value: Json) -> Json:
            if value is None or (name in PLAIN and not fields.get(name, {}).get("is_secret", False)):
                return value
            # A field that does not say so may well be a secret.
            return value if name in fields and fields[name].get("is_secret") is False else mask(value)

        return {name: shown(name, value) for name, value in values.items()}


@dataclass
class Account:
    """A connected account; `values` are its user's, in clear and without the status."""

    id: str
    word_id: str
    user_id: str
    auth_config: AuthConfig
    status: str
    values: dict[str, Json]
    alias: str | None
    labels: list[str]
    settings: dict[str, Json]
    created_at: str
    updated_at: str
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    status_reason: str | None = None

    @property
    def is_disabled(self) -> bool:
        return self.status == "INACTIVE"

    @property
    def shared(self) -> bool:
        return self.settings.get("account_type") == "SHARED"

    @property
    def filled(self) -> dict[str, Json]:
        """Everything that requests are made of: defaults, the developer's values and the user's."""
        return {**self.auth_config.given, **self.values}

    @property
    def base_url(self) -> str | None:
        """Where the app is, in clear; None when that is not known."""
        values = self.filled
        try:
            if values.get("base_url"):
                return fill(str(values["base_url"]), values).rstrip("/")
            return fill(self.auth_config.definition.get("base_url", ""), values).rstrip("/") or None
        except NotFilled:
            return None

    def val(self) -> dict[str, Json]:
        """`state.val` as answers show it: masked, with the address unless a secret is part of that."""
        fields = self.auth_config.toolkit.fields(self.auth_config.scheme)
        defaults = {one["name"]: one["default"] for one in fields if one.get("default") is not None}
        values = {**self.values, **{name: value for name, value in defaults.items() if name not in self.values}}
        shown = {"status": self.status, **self.auth_config.masked(values)}
        return {**shown, "base_url": self.base_url} if self.base_url and self.address_is_plain() else shown

    def address_is_plain(self) -> bool:
        parts = {name: self.filled.get(name) for name in names_in(self.auth_config.definition.get("base_url", ""))}
        return "base_url" in self.filled or self.auth_config.masked(parts) == parts


class Project:
    """Everything that belongs to one API key."""

    def __init__(self, toolkits: dict[str, Toolkit], faults: list[Fault]) -> None:
        self.toolkits = toolkits
        self.faults = faults
        self.auth_configs: dict[str, AuthConfig] = {}
        self.accounts: dict[str, Account] = {}
        self.log: deque[Json] = deque(maxlen=LOG_LIMIT)
        self.connections: dict[Hashable, int] = {}
        self._last = datetime.now(UTC)
        self._random = random.Random()

    def now(self) -> str:
        """The time; never the same twice, so that newest and oldest are certain."""
        self._last = max(datetime.now(UTC), self._last + TICK)
        return self._last.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def connection_number(self, connection: Hashable) -> int:
        return self.connections.setdefault(connection, len(self.connections) + 1)

    def new_id(self, prefix: str) -> str:
        return prefix + "".join(self._random.choices(string.ascii_letters + string.digits, k=12))

    def toolkit(self, slug: str) -> Toolkit:
        toolkit = self.toolkits.get(slug.lower())
        if toolkit is None:
            raise unknown_toolkit(slug)
        return toolkit

    def auth_config(self, id: str, old: bool = False) -> AuthConfig:
        """By the id of v3, or by the UUID of v1."""
        for one in self.auth_configs.values():
            if id == (one.uuid if old else one.id):
                return one
        raise unknown_auth_config(id)

    def account(self, id: str, old: bool = False) -> Account:
        """By the id of v3, or by the UUID of v1."""
        for one in self.accounts.values():
            if id == (one.uuid if old else one.id):
                return one
        raise unknown_account(id)

    def newest(self, user_id: str, slug: str | None = None) -> Account | None:
        """The user's newest ACTIVE account, of one toolkit if it is named."""
        fitting = [
            one
            for one in self.accounts.values()
            if one.user_id == user_id and one.status == "ACTIVE" and slug in (None, one.auth_config.toolkit.slug)
        ]
        return max(fitting, key=lambda one: one.created_at, default=None)

    def connections_of(self, auth_config: AuthConfig) -> list[Account]:
        return [account for account in self.accounts.values() if account.auth_config is auth_config]

    def add_auth_config(
        self,
        toolkit: Toolkit,
        scheme: str,
        name: str | None,
        credentials: dict[str, Json],
        *,
        managed: bool = False,
        settings: dict[str, Json] | None = None,
    ) -> AuthConfig:
        if not managed:
            check_offered(toolkit, scheme)
            check_developer_fields(toolkit, scheme, credentials)
        now = self.now()
        name = name or f"{toolkit.slug}_{now[:19].translate({ord(c): None for c in '-:T'})}"
        made = AuthConfig(self.new_id("ac_"), toolkit, scheme, name, managed, credentials, settings or {}, now, now)
        self.auth_configs[made.id] = made
        return made

    def remove_auth_config(self, auth_config: AuthConfig) -> None:
        for account in self.connections_of(auth_config):
            del self.accounts[account.id]
        del self.auth_configs[auth_config.id]

    def add_account(
        self,
        auth_config: AuthConfig,
        user_id: str,
        status: str,
        values: dict[str, Json],
        *,
        alias: str | None = None,
        labels: list[str] | None = None,
        settings: dict[str, Json] | None = None,
    ) -> Account:
        now = self.now()
        words = (self._random.choice(("red", "blue", "calm", "tall")), self._random.choice(("castle", "river", "tree")))
        made = Account(
            self.new_id("ca_"),
            f"{auth_config.toolkit.slug}_{'-'.join(words)}",
            user_id,
            auth_config,
            status,
            values,
            alias or None,
            labels or [],
            settings or {},
            now,
            now,
        )
        self.accounts[made.id] = made
        return made

    def touch(self, changed: Account | AuthConfig) -> None:
        changed.updated_at = self.now()


def check_offered(toolkit: Toolkit, scheme: str) -> None:
    if scheme not in toolkit.modes:
        offered = ", ".join(toolkit.modes) or "none"
        raise Refusal(400, f"{toolkit.slug} does not offer {scheme}; it offers {offered}")


def check_developer_fields(toolkit: Toolkit, scheme: str, credentials: dict[str, Json]) -> None:
    fields = toolkit.fields(scheme, "auth_config_creation")
    missing = [one for one in fields if one["required"] and credentials.get(one["name"]) is None]
    if missing:
        raise Refusal(
            400,
            "Missing required fields: " + ", ".join(one["displayName"] for one in missing),
            errors=[f"{one['name']} is required" for one in missing],
        )
