"""The errors of Keylatch: one base class, and one class for each code.

Every error says in one line what to do, and is safe to show and to log: no credential is ever in it.

>>> from keylatch import Keylatch, errors
>>> with Keylatch("vault.db") as client:
...     try:
...         client.apps.get("strype")
...     except errors.UnknownAppError as error:
...         print(error.code, error.near[0])
unknown_app stripe
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Iterable
from typing import Any, ClassVar

from keylatch._model import Model, unchangeable


@unchangeable
class Problem(Model):
    """One problem of one field: its wire name, the code of this problem alone, and what to do."""

    field: str
    code: str
    message: str


@unchangeable
class Upstream(Model):
    """What Composio's API said of a call that it refused or failed.

    status: of HTTP. code and slug: its number and name for the problem, such as 612 and
    `ConnectedAccount_MissingRequiredFields`. message, suggested_fix: its sentences, scrubbed of credentials.
    request_id: the id under which its support finds the call.
    """

    status: int
    code: int | None = None
    slug: str | None = None
    message: str | None = None
    suggested_fix: str | None = None
    request_id: str | None = None


class KeylatchError(Exception):
    """Any error of Keylatch.

    code: the stable text, the same in every language.
    message: one line: what happened and what to do.
    fields: wire names of the fields or arguments concerned.
    problems: all problems of the input, where the input was at fault.
    retry_after: seconds to wait before trying again, where the provider said so.
    connected_account_id: the connection that stands in the way (`already_exists`).
    candidates: ids of the connections that fit (`ambiguous`).
    near: known names near an unknown one.
    verdict: what the provider said, where it was asked.
    upstream: what Composio's API said, where it answered; never with a vault.
    """

    code: ClassVar[str] = "internal"

    def __init__(
        self,
        message: str,
        *,
        fields: Iterable[str] = (),
        problems: Iterable[Problem] = (),
        retry_after: float | None = None,
        connected_account_id: str | None = None,
        candidates: Iterable[str] = (),
        near: Iterable[str] = (),
        verdict: str | None = None,
        upstream: Upstream | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = tuple(fields)
        self.problems = tuple(problems)
        self.retry_after = retry_after
        self.connected_account_id = connected_account_id
        self.candidates = tuple(candidates)
        self.near = tuple(near)
        self.verdict = verdict
        self.upstream = upstream

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        details = {name: value for name, value in vars(self).items() if not name.startswith("_") and name != "message"}
        return _rebuilt, (type(self), self.message, details)


def _rebuilt(kind: type[KeylatchError], message: str, details: dict[str, Any]) -> KeylatchError:
    error = kind(message)
    vars(error).update(details)
    return error


class InvalidArgumentError(KeylatchError):
    """An argument is missing, malformed or contradicts another one."""

    code = "invalid_argument"


class MissingFieldsError(KeylatchError):
    """Required fields were not given."""

    code = "missing_fields"


class UnknownFieldError(KeylatchError):
    """A field was given that the app does not have."""

    code = "unknown_field"


class InvalidFieldError(KeylatchError):
    """A field's value cannot be right."""

    code = "invalid_field"


class UnknownAppError(KeylatchError):
    """No app of that name; `near` has names like it."""

    code = "unknown_app"


class UnsupportedSchemeError(KeylatchError):
    """The app exists, but not with that auth scheme."""

    code = "unsupported_scheme"


class NotFoundError(KeylatchError):
    """No integration or connection that fits."""

    code = "not_found"


class AmbiguousError(KeylatchError):
    """Several connections fit and none was named; `candidates` lists them."""

    code = "ambiguous"


class AlreadyExistsError(KeylatchError):
    """There is one already; `connected_account_id` names it."""

    code = "already_exists"


class CredentialsRejectedError(KeylatchError):
    """The provider refused the credentials."""

    code = "credentials_rejected"


class ProviderUnreachableError(KeylatchError):
    """The provider could not be asked, or what answered is not the provider."""

    code = "provider_unreachable"


class ForbiddenHostError(KeylatchError):
    """The host is not one that this call may talk to."""

    code = "forbidden_host"


class UnauthorizedError(KeylatchError):
    """The backend refused the developer's own key."""

    code = "unauthorized"


class RateLimitedError(KeylatchError):
    """Too many requests; `retry_after` says when to try again, where known."""

    code = "rate_limited"


class ServerError(KeylatchError):
    """The other side failed, or answered what it should not."""

    code = "server"


class TimeoutError(KeylatchError, builtins.TimeoutError):  # noqa: A001 - named as every class here: after its code
    """No answer within the time allowed. Python's own `TimeoutError` catches it too."""

    code = "timeout"


class IndeterminateError(KeylatchError):
    """It cannot be known whether the call acted."""

    code = "indeterminate"


class CancelledError(KeylatchError):
    """The caller cancelled."""

    code = "cancelled"


class VaultLockedError(KeylatchError):
    """The vault's key is not available."""

    code = "vault_locked"


class WrongKeyError(KeylatchError):
    """The key given is not this vault's key."""

    code = "wrong_key"


class CorruptRecordError(KeylatchError):
    """A stored record does not open."""

    code = "corrupt_record"


class StorageError(KeylatchError):
    """The store cannot be read or written."""

    code = "storage"


class ClosedError(KeylatchError):
    """The client is closed, or not open yet."""

    code = "closed"


class InternalError(KeylatchError):
    """A defect in Keylatch."""

    code = "internal"


class ActionFailedError(KeylatchError):
    """The app did not do what the action asked; the message says why, where it told."""

    code = "action_failed"


BY_CODE: dict[str, type[KeylatchError]] = {kind.code: kind for kind in KeylatchError.__subclasses__()}
"""The class of each code."""


def from_json(text: str) -> KeylatchError:
    """The error that the native layer describes in JSON."""
    details = json.loads(text)
    kind = BY_CODE.get(details.pop("code"), InternalError)
    after = details.pop("retry_after_ms", None)
    upstream = details.pop("upstream", None)
    problems = [Problem(**problem) for problem in details.pop("problems")]
    return kind(
        details.pop("message"),
        problems=problems,
        retry_after=None if after is None else after / 1000,
        upstream=None if upstream is None else Upstream(**upstream),
        **details,
    )
