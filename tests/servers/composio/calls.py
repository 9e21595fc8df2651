"""One request as a handler sees it, with its query read strictly, and the routes that lead to handlers."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from projects import Project
from refusals import Refusal
from shapes import Shape, invalid, problems
from upstream import Upstream

Json = Any
MAX_LIMIT = 1000
LIMIT = 20


@dataclass
class Call:
    """`path` stands behind `/api/vN`; `origin` is where the client reached us."""

    project: Project
    upstream: Upstream
    version: str
    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    origin: str
    params: dict[str, str]

    def json(self, shape: Shape, code: int | None = None, slug: str | None = None) -> Json:
        """The body, checked; no body at all is an empty object."""
        try:
            body = json.loads(self.body) if self.body.strip() else {}
        except ValueError:
            raise Refusal(400, "The body is not valid JSON") from None
        found = problems(body, shape)
        if found:
            raise invalid(found, code, slug)
        return body

    def text(self, name: str) -> str | None:
        values = self.query.get(name)
        if not values:
            return None
        if not values[-1]:
            raise Refusal(400, f"Query parameter {name} is empty; leave it out instead")
        return values[-1]

    def several(self, name: str) -> list[str] | None:
        """A comma list, a repeated parameter, or both; None when absent."""
        if self.text(name) is None:
            return None
        return [item for value in self.query[name] for item in value.split(",") if item]

    def choice(self, name: str, options: tuple[str, ...]) -> str | None:
        value = self.text(name)
        if value is not None and value not in options:
            raise Refusal(400, f"Query parameter {name}: expected one of {'|'.join(options)}")
        return value

    def flag(self, name: str) -> bool | None:
        value = self.choice(name, ("true", "false"))
        return None if value is None else value == "true"

    def number(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not value.isdecimal() or int(value) < 1:
            raise Refusal(400, f"Query parameter {name}: expected a positive integer")
        return int(value)

    def page(self, items: list[Json]) -> Json:
        """One page of v3, by cursor and limit from the query."""
        return page(items, self.text("cursor"), self.number("limit"))


def page(items: list[Json], cursor: str | None, limit: int | None) -> Json:
    number = 1
    if limit is not None and limit > MAX_LIMIT:
        raise Refusal(400, f"limit: at most {MAX_LIMIT}")
    if cursor is not None:
        try:
            number, before = map(int, json.loads(base64.urlsafe_b64decode(cursor)))
        except (ValueError, TypeError):
            raise Refusal(400, "Invalid cursor") from None
        limit = limit or before
    limit = limit or LIMIT
    total = max(1, -(-len(items) // limit))
    following = base64.urlsafe_b64encode(json.dumps([number + 1, limit]).encode()).decode()
    return {
        "items": items[(number - 1) * limit : number * limit],
        "next_cursor": following if number < total else None,
        "total_pages": total,
        "current_page": number,
        "total_items": len(items),
    }


Handler = Callable[[Call], Awaitable[Json]]


@dataclass
class Route:
    """`pattern` is the path behind `/api/vN`, with `{name}` for one segment."""

    method: str
    pattern: str
    handler: Handler
    status: int = 200


def find(routes: list[Route], method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The first route that fits; a path that only other methods fit is a 405."""
    known = False
    for route in routes:
        params = match(route.pattern, path)
        if params is not None and route.method == method:
            return route, params
        known = known or params is not None
    if known:
        raise Refusal(405, f"Method {method} is not allowed on {path}")
    raise Refusal(404, f"No route {method} {path}")


def match(pattern: str, path: str) -> dict[str, str] | None:
    parts, segments = pattern.split("/"), path.split("/")
    if len(parts) != len(segments):
        return None
    params = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{") and segment:
            params[part[1:-1]] = unquote(segment)
        elif part != segment:
            return None
    return params
