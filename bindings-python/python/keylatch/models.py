"""What calls answer: small unchangeable objects, readable as attributes and by key, in either spelling.

`request.connected_account_id`, `request["connected_account_id"]`, `request.connectedAccountId` and
`request["connectedAccountId"]` are the same. What is not there is `None`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Generic

from keylatch._model import Lists, M, Models, unchangeable
from keylatch._model import Model as Model


class Status(StrEnum):
    """Where a connection stands. Results carry plain text, so names that come later survive; compare with these."""

    INITIALIZING = "INITIALIZING"
    INITIATED = "INITIATED"
    ACTIVE = "ACTIVE"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    INACTIVE = "INACTIVE"
    REVOKED = "REVOKED"


class Verdict(StrEnum):
    """What the provider said of a credential. Results carry plain text; compare with these."""

    ACCEPTED = "accepted"
    UNDER_SCOPED = "under_scoped"
    REJECTED = "rejected"
    WRONG_HOST = "wrong_host"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    NOT_CHECKABLE = "not_checkable"
    NOT_CHECKED = "not_checked"


class Permission(StrEnum):
    """What an integration may allow that is refused otherwise (docs/network.md); each allows its own kind only."""

    LOOPBACK = "loopback"
    PRIVATE = "private"
    LINK_LOCAL = "link_local"
    METADATA = "metadata"
    RESERVED = "reserved"
    UNENCRYPTED = "unencrypted"
    PORTS = "ports"
    INTERNATIONAL_NAMES = "international_names"
    THROUGH_PROXY = "through_proxy"
    REVEAL = "reveal"


class AuthScheme(StrEnum):
    """How an app is authenticated. Results carry plain text; compare with these."""

    API_KEY = "API_KEY"
    BEARER_TOKEN = "BEARER_TOKEN"  # noqa: S105 - the name of a scheme
    BASIC = "BASIC"
    NO_AUTH = "NO_AUTH"


@unchangeable
class FieldCondition(Model):
    """That the field of this name has one of these values."""

    field: str
    values: tuple[str, ...]

    _lists: ClassVar[Lists] = {"values": None}


@unchangeable
class Field(Model):
    """One thing that a user must type: the key in `connected_account_params`, and how to ask for it.

    enum_labels: what people know the values of `enum` by, in the same order.
    when: only where this holds is the field asked for, and taken; `required` is meant for that case.
    strip_prefix, strip_suffix: what may stand around the value, as in an address that was pasted; it is taken off.
    """

    name: str
    display_name: str
    description: str
    type: str
    required: bool
    is_secret: bool
    default: str | None = None
    enum: tuple[str, ...] | None = None
    pattern: str | None = None
    hint: str | None = None
    example: str | None = None
    help_url: str | None = None
    enum_labels: tuple[str, ...] | None = None
    when: FieldCondition | None = None
    strip_prefix: tuple[str, ...] = ()
    strip_suffix: tuple[str, ...] = ()

    _lists: ClassVar[Lists] = {"enum": None, "enum_labels": None, "strip_prefix": None, "strip_suffix": None}
    _models: ClassVar[Models] = {"when": FieldCondition}
    _aliases: ClassVar[Mapping[str, str]] = {"secret": "is_secret"}

    @property
    def expected_from_customer(self) -> bool:
        """Always true: what the developer has fixed is not asked for."""
        return True

    @property
    def displayName(self) -> str:  # noqa: N802 - the page's spelling
        """`display_name`."""
        return self.display_name

    @property
    def secret(self) -> bool:
        """`is_secret`."""
        return self.is_secret


@unchangeable
class Scheme(Model):
    """One way to connect an app."""

    auth_scheme: str
    fields: tuple[Field, ...]
    developer_fields: tuple[Field, ...]
    base_url: str
    checkable: bool

    _lists: ClassVar[Lists] = {"fields": Field, "developer_fields": Field}


@unchangeable
class ActionParam(Model):
    """One thing that an action takes."""

    name: str
    description: str
    type: str
    required: bool


@unchangeable
class Action(Model):
    """Something that `execute_action` does with a connection, by its name, such as `STRIPE_RETRIEVE_BALANCE`."""

    name: str
    description: str
    params: tuple[ActionParam, ...]

    _lists: ClassVar[Lists] = {"params": ActionParam}


@unchangeable
class App(Model):
    """Something with an API that users have keys for; `actions` as far as they are known beforehand."""

    slug: str
    name: str
    category: str
    custom: bool
    schemes: tuple[Scheme, ...]
    actions: tuple[Action, ...]
    docs_url: str | None = None

    _lists: ClassVar[Lists] = {"schemes": Scheme, "actions": Action}


@unchangeable
class KeyOrigin(Model):
    """An app that a credential could be of, by its form, and the field that such values are for.

    certain: whether the form is clear, and that of no other app that is known here.
    """

    app: str
    app_name: str
    auth_scheme: str
    field: str
    certain: bool


@unchangeable
class Integration(Model):
    """The developer's configuration of one app with one auth scheme."""

    id: str
    app: str
    auth_scheme: str
    name: str
    fixed_fields: tuple[str, ...]
    allow: tuple[str, ...]
    created_at: str
    base_url: str | None = None

    _lists: ClassVar[Lists] = {"fixed_fields": None, "allow": None}


@unchangeable
class ExpectedParams(Model):
    """What a user must give to connect, as a list of fields and as JSON Schema (draft 2020-12).

    developer_params: what the developer must give to the integration, on Composio's API; a user is not asked for it.
    """

    app: str
    integration_id: str
    auth_scheme: str
    expected_params: tuple[Field, ...]
    developer_params: tuple[Field, ...]
    json_schema: dict[str, Any]

    _lists: ClassVar[Lists] = {"expected_params": Field, "developer_params": Field}
    _aliases: ClassVar[Mapping[str, str]] = {"expectedInputFields": "expected_params"}

    @property
    def expectedInputFields(self) -> tuple[Field, ...]:  # noqa: N802 - the page's spelling
        """`expected_params`."""
        return self.expected_params


@unchangeable
class Connection(Model):
    """One user's connection to one app. It never carries the credential. Times are RFC 3339, UTC."""

    id: str
    app: str
    auth_scheme: str
    integration_id: str
    entity_id: str
    status: str
    verdict: str
    labels: tuple[str, ...]
    metadata: Any
    created_at: str
    updated_at: str
    verified_at: str | None = None
    account: str | None = None
    alias: str | None = None

    _lists: ClassVar[Lists] = {"labels": None}


@unchangeable
class Evidence(Model):
    """One request that was made to check a credential, the HTTP status of its answer, and what that means.

    `detail` is the server's own code where it does not speak HTTP (such as the SQLSTATE `28P01`), or why there was no
    answer.
    """

    request: str
    verdict: str
    status: int | None = None
    detail: str | None = None


@unchangeable
class InputWarning(Model):
    """Something about the input that was put right, and that the user may want to know."""

    field: str
    message: str


@unchangeable
class Verification(Model):
    """The answer to a renewed check of a connection."""

    connected_account_id: str
    status: str
    verdict: str
    evidence: tuple[Evidence, ...]
    verified_at: str | None = None
    account: str | None = None

    _lists: ClassVar[Lists] = {"evidence": Evidence}


@unchangeable
class Recheck(Model):
    """One connection that a round of checks came by.

    skipped: why the provider was not asked: `rate_limited` where the app had asked to come back later, else the code of
        the error.
    """

    connected_account_id: str
    entity_id: str
    app: str
    previous_status: str
    status: str
    verdict: str
    skipped: str | None = None


@unchangeable
class Expired(Model):
    """A connection that has become EXPIRED: the app no longer takes its credentials, so ask its user for new ones."""

    connected_account_id: str
    entity_id: str
    app: str
    previous_status: str


@unchangeable
class Rechecks(Model):
    """One batch of a round of checks; `next_cursor` is `None` on the last, `remaining` where Composio does not tell."""

    items: tuple[Recheck, ...]
    next_cursor: str | None = None
    remaining: int | None = None

    _lists: ClassVar[Lists] = {"items": Recheck}


@unchangeable
class ActionResult(Model):
    """What an action brought: the app's answer as `data`. What is not a JSON object stands in one, as `value`."""

    data: dict[str, Any]
    successful: bool
    log_id: str | None = None


@unchangeable
class Diagnosis(Model):
    """The state of a vault. It holds ids and paths, never a credential or a key.

    path: the vault's file, from the root. exists: whether it is there. size: in bytes, without its log.
    mode, folder_mode: who may do what with the file and its folder, as `chmod` writes it, such as "600"; not on
        Windows.
    format: the version of the vault's file. intact: whether its structure is whole, where it could be looked at.
    key_source: "file" (then `key_file` names it), "bytes", "environment", "passphrase", "keyring" or
        "transit".
    key_fits: whether the key opens the vault, where that could be tried.
    data_keys: how many there are: one, or more while a rotation is under way and where records do not open.
    older_records: how many records are sealed with another data key than the newest.
    integrations, connections: how many there are.
    damaged_integrations, damaged_connections: ids of those that do not open.
    memory_locked: whether the key is in memory that is not swapped out, where a key is held.
    warnings: what is wrong, a sentence each, and what to do about it. Empty where all is well.
    """

    path: str
    exists: bool
    key_source: str
    damaged_integrations: tuple[str, ...]
    damaged_connections: tuple[str, ...]
    warnings: tuple[str, ...]
    size: int | None = None
    mode: str | None = None
    folder_mode: str | None = None
    format: int | None = None
    intact: bool | None = None
    key_file: str | None = None
    key_fits: bool | None = None
    data_keys: int | None = None
    older_records: int | None = None
    integrations: int | None = None
    connections: int | None = None
    memory_locked: bool | None = None

    _lists: ClassVar[Lists] = {"damaged_integrations": None, "damaged_connections": None, "warnings": None}


@unchangeable
class Rotation(Model):
    """One batch of a rotation of the data key; `next_cursor` is `None` on the last.

    key_id: of the newest data key. resealed: how many records this batch has sealed with it. remaining: how many the
        rotation will come by yet.
    damaged_integrations, damaged_connections: ids of those that this batch came by and that do not open; they stay as
        they are.
    kept_keys: on the last batch, ids of older data keys that stay, since records that do not open are sealed with them.
        A later rotation deletes them, once these records are deleted or have new credentials.
    """

    key_id: str
    resealed: int
    remaining: int
    damaged_integrations: tuple[str, ...]
    damaged_connections: tuple[str, ...]
    kept_keys: tuple[str, ...]
    next_cursor: str | None = None

    _lists: ClassVar[Lists] = {"damaged_integrations": None, "damaged_connections": None, "kept_keys": None}


@unchangeable
class AuditEntry(Model):
    """An entry of the audit log. It holds no credential, and no id of a user or connection in clear.

    seq: 1 for the log's first, one more for each. at: when it was written, RFC 3339 in UTC.
    action: name of the call, such as "request" or "connected_accounts.delete".
    outcome: "begun" of what was about to be done; "done", or a verdict, of what was stored together with the entry;
        "refused:" and the code of an error where an initiation or update came to nothing.
    entity_hash, record_hash: keyed hashes of the user's id, and of the connection's or integration's: the same for the
        same id throughout the log.
    app: its slug. process: process id, "@", and a keyed hash of the machine's host name.
    """

    seq: int
    at: str
    action: str
    outcome: str
    process: str
    entity_hash: str | None = None
    record_hash: str | None = None
    app: str | None = None


@unchangeable
class AuditLog(Model):
    """A page of the audit log, oldest entry first; where there are more, they are behind the last one's `seq`.

    head: the end of the whole log. Kept elsewhere and given to `check_audit` later, it shows whether the log was cut.
    """

    items: tuple[AuditEntry, ...]
    head: str

    _lists: ClassVar[Lists] = {"items": AuditEntry}

    def __iter__(self) -> Iterator[AuditEntry]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@unchangeable
class AuditCheck(Model):
    """What looking at the whole audit log has found.

    entries: how many there are. head: the end of the log, to be kept elsewhere.
    faults: what is wrong, a sentence each, 100 at most; empty where the log is as it was written, as far as the given
        head reaches.
    """

    entries: int
    head: str
    faults: tuple[str, ...]

    _lists: ClassVar[Lists] = {"faults": None}


@unchangeable
class Exported(Model):
    """What was exported.

    integrations, connections: how many are in the file.
    damaged_integrations, damaged_connections: ids of those that do not open, or whose integration does not; they are
        not in the file.
    """

    integrations: int
    connections: int
    damaged_integrations: tuple[str, ...]
    damaged_connections: tuple[str, ...]

    _lists: ClassVar[Lists] = {"damaged_integrations": None, "damaged_connections": None}


@unchangeable
class Imported(Model):
    """What was imported, or would be.

    integrations, connections: how many are new in the vault. already_there: how many of both were there already, with
        the same values.
    conflicting_integrations: ids that other integrations have; nothing was changed.
    conflicting_connections: ids that others have, or the same ones with other values; also those whose alias another
        one of the same user and app has, or whose integration conflicts. Nothing was changed.
    """

    integrations: int
    connections: int
    already_there: int
    conflicting_integrations: tuple[str, ...]
    conflicting_connections: tuple[str, ...]

    _lists: ClassVar[Lists] = {"conflicting_integrations": None, "conflicting_connections": None}


@unchangeable
class Page(Model, Generic[M]):
    """A part of a list, newest first; `next_cursor` is `None` on the last."""

    items: tuple[M, ...]
    next_cursor: str | None = None

    def __iter__(self) -> Iterator[M]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
