"""Checks request bodies against closed shapes and names everything that is wrong with them, as the real API does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from refusals import Refusal

Json = Any
# A shape is a type, a set of allowed texts, a one-item list (of that shape), a tuple (any of them; None is null),
# or an object of them; "name?" may be absent. `dict` is an open object, `object` is anything.
Shape = Any

NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array", None: "null"}


@dataclass
class Problem:
    path: str
    text: str


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def problems(value: Json, shape: Shape, path: str = "") -> list[Problem]:
    if isinstance(shape, dict):
        return members(value, shape, path) if isinstance(value, dict) else [wrong("object", path)]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [wrong("array", path)]
        return [found for i, item in enumerate(value) for found in problems(item, shape[0], f"{path}.{i}")]
    if isinstance(shape, (set, frozenset)):
        known = isinstance(value, str) and value in shape
        return [] if known else [Problem(path, f"Invalid option: expected one of {'|'.join(sorted(shape))}")]
    if isinstance(shape, tuple):
        tries = [problems(value, one, path) for one in shape]
        return [] if [] in tries else tries[0]
    if shape is None:
        return [] if value is None else [wrong("null", path)]
    if shape is int:
        return [] if isinstance(value, int) and not isinstance(value, bool) else [wrong("integer", path)]
    return [] if isinstance(value, shape) else [wrong(NAMES[shape], path)]


def members(value: dict[str, Json], shape: dict[str, Shape], path: str) -> list[Problem]:
    found = []
    at = f"{path}." if path else ""
    known = {name.removesuffix("?") for name in shape}
    for name, inner in shape.items():
        bare = name.removesuffix("?")
        if bare in value:
            found += problems(value[bare], inner, at + bare)
        elif not name.endswith("?"):
            found.append(Problem(at + bare, "Required"))
    return found + [Problem(at + name, f"Unrecognized key: {name!r}") for name in value if name not in known]


def wrong(expected: str, path: str) -> Problem:
    return Problem(path or "body", f"Invalid input: expected {expected}")


def invalid(found: list[Problem], code: int | None = None, slug: str | None = None) -> Refusal:
    texts = [f"{problem.path}: {problem.text}" for problem in found]
    details = [{"property": problem.path, "constraints": {"isValid": problem.text}} for problem in found]
    return Refusal(400, "Validation error: " + "; ".join(texts), code=code, slug=slug, errors=texts, details=details)


def require(value: Json, shape: Shape, refuse: Callable[[list[Problem]], Refusal] = invalid) -> None:
    found = problems(value, shape)
    if found:
        raise refuse(found)
