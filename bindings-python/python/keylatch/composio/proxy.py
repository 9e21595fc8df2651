"""Requests of the program's own over a connection, with parameters in Composio's form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from keylatch import errors
from keylatch.client import Keylatch
from keylatch.response import Response


def send(
    client: Keylatch,
    endpoint: str,
    method: str,
    body: Any,
    parameters: Sequence[Any] | None,
    connected_account_id: str | None,
) -> Response:
    """Sends it. Text and bytes go as they are, other bodies as JSON."""
    placed: dict[str, list[tuple[str, Any]]] = {"query": [], "header": []}
    for each in parameters or ():
        name, place, value = (_part(each, *names) for names in (("name",), ("in", "in_", "type"), ("value",)))
        if place not in placed:
            raise errors.InvalidArgumentError("a parameter goes in the query or in a header", fields=["parameters"])
        placed[place].append((name, value))
    raw = isinstance(body, str | bytes | bytearray | memoryview)
    return client.request(
        method,
        endpoint,
        connected_account_id=connected_account_id,
        query=placed["query"],
        headers=placed["header"],
        json=None if raw else body,
        body=body if raw else None,
    )


def content(answer: Response) -> Any:
    """The body as JSON, or as text where it is none."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return answer.text


def _part(parameter: Any, *names: str) -> Any:
    """Of a dict or of an object of the old SDK's."""
    for name in names:
        value = parameter.get(name) if isinstance(parameter, dict) else getattr(parameter, name, None)
        if value is not None:
            return getattr(value, "value", value)
    return None
