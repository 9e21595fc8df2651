"""Each call once, as plain data: its name, its arguments and how to read its answer. Both clients make them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from os import PathLike, fspath
from typing import Any, Generic, Literal, TypedDict, TypeVar, cast

from keylatch import _native, errors
from keylatch._model import read_items
from keylatch._transit import Transit
from keylatch.models import (
    ActionResult,
    App,
    AuditCheck,
    AuditLog,
    Connection,
    Diagnosis,
    ExpectedParams,
    Exported,
    Imported,
    Integration,
    KeyOrigin,
    Page,
    Rechecks,
    Rotation,
    Verification,
)
from keylatch.response import Headers, Response

T = TypeVar("T")

Value = str | bytes | bytearray | memoryview | _native.Secret | int | float
"""A credential value. A bytearray (or another writable buffer) is taken: it holds zeros afterwards."""
Values = Mapping[str, Value]
"""Credential values by field name."""
Scalar = str | int | float
Pairs = Mapping[str, Scalar | Sequence[Scalar]] | Sequence[tuple[str, Scalar]]
"""Query parameters or headers: a mapping (a list as value repeats the name) or pairs."""


class Due(TypedDict, total=False):
    """Which connections to check again, and how fast. See `ConnectedAccounts.verify_due`."""

    older_than: float
    entity_id: str | None
    app: str | None
    limit: int | None
    pause: float | None


class RequestOptions(TypedDict, total=False):
    """What a request may have beside method and path. See `Keylatch.request`."""

    entity_id: str | None
    app: str | None
    connected_account_id: str | None
    query: Pairs | None
    headers: Pairs | None
    json: Any
    body: bytes | bytearray | memoryview | str | None
    timeout: float | None
    retry: int | None


class StreamOptions(TypedDict, total=False):
    """What a request in pieces may have beside method, path and body. See `Keylatch.request_stream`."""

    entity_id: str | None
    app: str | None
    connected_account_id: str | None
    query: Pairs | None
    headers: Pairs | None
    json: Any
    timeout: float | None
    retry: int | None
    max_response_bytes: int | None
    content_length: int | None


class Paging(TypedDict, total=False):
    """How an app's list goes on.

    by: "link" follows the `Link` header of the answer, on the connection's own origin; "cursor" takes a cursor out of
        the answer; "page" numbers the pages; "offset" counts the items. Default: "link".
    query: the query parameter that chooses the page. Default: "page" or "offset"; a cursor without one is the next
        page's address.
    next: JSON pointer to the cursor in the answer; `-` stands for the last item of a list, as in "/data/-/id". No text
        or number there, or an empty text, is the end.
    items: JSON pointer to the list in the answer, which ends where that is empty. Default: the whole answer.
    more: JSON pointer to what is true as long as there are more pages.
    first: number of the first page, by default 1; or the first offset, by default 0.
    max_pages: how many pages at most, 1 to 100 000. Default: 1 000.
    """

    by: Literal["link", "cursor", "page", "offset"]
    query: str
    next: str
    items: str
    more: str
    first: int
    max_pages: int


class ConnectionFilter(TypedDict, total=False):
    """Which connections to list; all that is given must hold. See `ConnectedAccounts.list`."""

    entity_id: str | None
    app: str | None
    integration_id: str | None
    statuses: Sequence[str]
    labels: Sequence[str]
    limit: int | None
    cursor: str | None


class Call(Generic[T]):
    """One call. `values` and `body` may be secret and are not shown."""

    __slots__ = ("args", "body", "name", "read", "values")

    def __init__(
        self,
        name: str,
        args: dict[str, Any],
        read: Callable[[Any, bytes], T],
        values: Values | None = None,
        body: bytes | None = None,
    ) -> None:
        self.name, self.args, self.read, self.values, self.body = name, args, read, values, body

    def json(self) -> str:
        """The arguments that were given, as JSON."""
        plain = _native.plain_json(self.args)
        if plain is not None:
            return plain
        given = {name: value for name, value in self.args.items() if value is not None}
        try:
            return _encode(given)
        except _NO_JSON:
            for name, value in given.items():
                _json(name, value)
            raise

    def answer(self, reply: tuple[str, bytes | None, _native.Secret | None]) -> T:
        """The answer out of what the native layer gave."""
        text, body, secret = reply
        return self.read(_decode(text)[0], body or b"") if secret is None else self.read(secret, b"")


_encode = json.JSONEncoder(allow_nan=False).encode
_decode = json.JSONDecoder().raw_decode
_NO_JSON = (TypeError, ValueError, RecursionError)


def _json(name: str, value: object) -> str:
    try:
        return _encode(value)
    except _NO_JSON:
        message = f"`{name}` must be made of dicts, lists, text, finite numbers, True, False and None"
        raise errors.InvalidArgumentError(message, fields=[name]) from None


def _nothing(_data: object, _body: bytes) -> None:
    return None


def _as_is(data: Mapping[str, Any], _body: bytes) -> Mapping[str, Any]:
    return data


def _listed(given: Sequence[str] | None) -> object:
    # One text is a sequence too: left as it is, so that the core can say that a list was wanted.
    return given if given is None or isinstance(given, str) else list(given)


def apps() -> Call[list[App]]:
    return Call("apps.list", {}, lambda data, _: read_items(App, data))


def search_apps(query: str | None, category: str | None, limit: int | None) -> Call[list[App]]:
    args = {"query": query, "category": category, "limit": limit}
    return Call("apps.search", args, lambda data, _: read_items(App, data))


def identify(value: Value) -> Call[list[KeyOrigin]]:
    return Call("apps.identify", {}, lambda data, _: read_items(KeyOrigin, data), {"value": value})


def app(name: str) -> Call[App]:
    return Call("apps.get", {"app": name}, lambda data, _: App.from_dict(data))


def register_app(definition: Mapping[str, Any]) -> Call[App]:
    definition = dict(definition) if isinstance(definition, Mapping) else definition
    return Call("apps.register", {"definition": definition}, lambda data, _: App.from_dict(data))


def create_integration(fixed_values: Values | None, allow: Sequence[str], **args: object) -> Call[Integration]:
    args |= {"allow": _listed(allow)}
    return Call("integrations.create", args, lambda data, _: Integration.from_dict(data), fixed_values)


def integration(integration_id: str) -> Call[Integration]:
    args = {"integration_id": integration_id}
    return Call("integrations.get", args, lambda data, _: Integration.from_dict(data))


def integrations(app: str | None) -> Call[list[Integration]]:
    return Call("integrations.list", {"app": app}, lambda data, _: read_items(Integration, data))


def delete_integration(integration_id: str) -> Call[None]:
    return Call("integrations.delete", {"integration_id": integration_id}, _nothing)


def expected_params(**args: object) -> Call[ExpectedParams]:
    return Call("get_expected_params_for_user", args, lambda data, _: ExpectedParams.from_dict(data))


def initiate_connection(
    values: Values, labels: Sequence[str], app_name: str | None, app: str | None, **args: object
) -> Call[Mapping[str, Any]]:
    if app_name is not None and app is not None and app_name != app:
        raise errors.InvalidArgumentError(
            "app and app_name are the same argument: give one", fields=["app", "app_name"]
        )
    args |= {"app_name": app if app_name is None else app_name, "labels": _listed(labels)}
    return Call("initiate_connection", args, _as_is, values)


def same_entity(own: str, given: str | None) -> str:
    """The entity's id; `given` may repeat it, as the page's samples do."""
    if given is not None and given != own:
        message = "entity_id is not that of this entity; leave it out, or use the client's own call"
        raise errors.InvalidArgumentError(message, fields=["entity_id"])
    return own


def connection(connected_account_id: str) -> Call[Connection]:
    return _on_connection("get", connected_account_id, Connection.from_dict)


def switch(connected_account_id: str, *, on: bool) -> Call[Connection]:
    return _on_connection("enable" if on else "disable", connected_account_id, Connection.from_dict)


def verify(connected_account_id: str) -> Call[Verification]:
    return _on_connection("verify", connected_account_id, Verification.from_dict)


def verify_due(older_than: float, pause: float | None, **args: object) -> Call[Rechecks]:
    args |= {
        "older_than_ms": _milliseconds(older_than, "older_than", may_be_zero=True),
        "pause_ms": _milliseconds(pause, "pause", may_be_zero=True),
    }
    return Call("connected_accounts.verify_due", args, lambda data, _: Rechecks.from_dict(data))


def wait_until_active(connected_account_id: str, timeout: float) -> Call[Connection]:
    limit = _milliseconds(timeout, may_be_zero=True)
    return _on_connection("wait_until_active", connected_account_id, Connection.from_dict, timeout_ms=limit)


def set_alias(connected_account_id: str, alias: str | None) -> Call[Connection]:
    return _on_connection("set_alias", connected_account_id, Connection.from_dict, alias=alias)


def dsn(connected_account_id: str) -> Call[_native.Secret]:
    args = {"connected_account_id": connected_account_id}
    return Call("connected_accounts.dsn", args, lambda secret, _: secret)


def delete_connection(connected_account_id: str, *, revoke: bool) -> Call[None]:
    return _on_connection("delete", connected_account_id, lambda _: None, revoke=revoke)


def _on_connection(verb: str, connected_account_id: str, read: Callable[[Any], T], **args: object) -> Call[T]:
    args |= {"connected_account_id": connected_account_id}
    return Call(f"connected_accounts.{verb}", args, lambda data, _: read(data))


def update_credentials(connected_account_id: str, values: Values, verify: str) -> Call[Mapping[str, Any]]:
    args = {"connected_account_id": connected_account_id, "verify": verify}
    return Call("connected_accounts.update_credentials", args, _as_is, values)


def connections(**args: Any) -> Call[Page[Connection]]:
    args |= {name: _listed(args.get(name)) for name in ("statuses", "labels")}

    def read(data: Any, _body: bytes) -> Page[Connection]:
        return Page(tuple(read_items(Connection, data)), data.get("next_cursor"))

    return Call("connected_accounts.list", args, read)


def get_connection(entity_id: str, app: str) -> Call[Connection]:
    args = {"entity_id": entity_id, "app": app}
    return Call("get_connection", args, lambda data, _: Connection.from_dict(data))


def execute_action(params: Mapping[str, Any] | None, timeout: float | None, **args: object) -> Call[ActionResult]:
    params = dict(params) if isinstance(params, Mapping) else params
    args |= {"params": params, "timeout_ms": _milliseconds(timeout)}
    return Call("execute_action", args, lambda data, _: ActionResult.from_dict(data))


def backup(path: str | PathLike[str]) -> Call[None]:
    return Call("backup", {"path": fspath(path)}, _nothing)


def change_key(
    key: Value | None,
    key_file: str | PathLike[str] | None,
    passphrase: Value | None,
    transit: Transit | None,
    **args: object,
) -> Call[None]:
    args |= {"key_file": None if key_file is None else fspath(key_file)}
    args |= {"transit": None if transit is None else transit._place()}
    token = None if transit is None else transit.token
    return Call("change_key", args, _nothing, _given(key=key, passphrase=passphrase, token=token))


def rotate_data_key(**args: object) -> Call[Rotation]:
    return Call("rotate_data_key", args, lambda data, _: Rotation.from_dict(data))


def audit_log(**args: object) -> Call[AuditLog]:
    return Call("audit_log", args, lambda data, _: AuditLog.from_dict(data))


def check_audit(**args: object) -> Call[AuditCheck]:
    return Call("check_audit", args, lambda data, _: AuditCheck.from_dict(data))


def export_vault(path: str | PathLike[str], passphrase: Value | None, recipient: str | None) -> Call[Exported]:
    args = {"path": fspath(path), "recipient": recipient}
    return Call("export_vault", args, lambda data, _: Exported.from_dict(data), _given(passphrase=passphrase))


def import_vault(
    path: str | PathLike[str], passphrase: Value | None, identity: Value | None, dry_run: bool
) -> Call[Imported]:
    args = {"path": fspath(path), "dry_run": dry_run}
    secrets = _given(passphrase=passphrase, identity=identity)
    return Call("import_vault", args, lambda data, _: Imported.from_dict(data), secrets)


def _given(**secrets: Value | None) -> Values:
    return {name: value for name, value in secrets.items() if value is not None}


def diagnose() -> Call[Diagnosis]:
    return Call("diagnose", {}, lambda data, _: Diagnosis.from_dict(data))


def request(
    method: str,
    path: str,
    *,
    query: Pairs | None = None,
    headers: Pairs | None = None,
    json: Any = None,
    body: bytes | bytearray | memoryview | str | None = None,
    timeout: float | None = None,
    **args: object,
) -> Call[Response]:
    pairs = _pairs(headers)
    if json is not None:
        if body is not None:
            raise errors.InvalidArgumentError("give json or body, not both", fields=["json", "body"])
        body = _json("json", json)
        if isinstance(pairs, list) and not any(str(pair[0]).lower() == "content-type" for pair in pairs):
            pairs.append(["content-type", "application/json"])
    args |= {"method": method, "path": path}
    args |= {"query": _pairs(query), "headers": pairs, "timeout_ms": _milliseconds(timeout)}
    payload = body.encode() if isinstance(body, str) else None if body is None else bytes(body)

    def read(data: Any, body: bytes) -> Response:
        return Response(data["status"], Headers(data["headers"]), body, data["tries"])

    return Call("request", args, read, body=payload)


def request_page(call: Call[Response], paging: Paging | None, cursor: str | None) -> Call[tuple[Response, str | None]]:
    """One page of the list that `call` asks for, and the cursor of the next."""
    paging = dict(paging) if isinstance(paging, Mapping) else paging  # type: ignore[assignment]
    args = call.args | {"paging": paging, "cursor": cursor}
    return Call(
        "request_page", args, lambda data, body: (call.read(data, body), data.get("next_cursor")), body=call.body
    )


def request_stream(
    method: str,
    path: str,
    body: object,
    *,
    json: Any = None,
    max_response_bytes: int | None = None,
    content_length: int | None = None,
    **options: Any,
) -> tuple[Call[Response], Any]:
    """The call, and apart from it the body, where that comes in pieces."""
    pieces = None if body is None or isinstance(body, bytes | bytearray | memoryview | str) else body
    if pieces is not None and json is not None:
        raise errors.InvalidArgumentError("give json or body, not both", fields=["json", "body"])
    call = request(method, path, json=json, body=None if pieces is not None else cast(Any, body), **options)
    call.args |= {"max_response_bytes": max_response_bytes, "content_length": content_length}
    return call, pieces


def _pairs(given: Any) -> Any:
    """A list of pairs; what cannot be one goes to the core as it is, which says so."""
    if given is None:
        return []
    if isinstance(given, Mapping):
        many = {name: value if isinstance(value, list | tuple) else [value] for name, value in given.items()}
        return [[name, each] for name, values in many.items() for each in values]
    return given if isinstance(given, str | bytes) else [list(pair) for pair in given]


def _milliseconds(seconds: float | None, name: str = "timeout", *, may_be_zero: bool = False) -> int | None:
    if seconds is None:
        return None
    if not 0 <= seconds < math.inf or (seconds == 0 and not may_be_zero):
        least = "zero or more" if may_be_zero else "above zero"
        raise errors.InvalidArgumentError(f"{name} must be a number of seconds, {least}", fields=[name])
    return math.ceil(seconds * 1000)
