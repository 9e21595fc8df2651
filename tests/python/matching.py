"""Compares results and errors with what a case expects; in Python what is absent is None, so both count as the same."""

from __future__ import annotations

import json
from typing import Any

TYPES = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


def difference(expected: Any, found: Any, at: str) -> str | None:
    """The first difference with its place, or None."""
    if isinstance(expected, dict) and len(expected) == 1:
        ((matcher, argument),) = expected.items()
        if matcher.startswith("$") and matcher != "$schema":
            return by_matcher(matcher, argument, found, at)
    unlike = f"{at} is {plain(found)}, expected {plain(expected)}"
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return unlike
        return first(difference(value, found.get(key), f"{at}/{key}") for key, value in expected.items())
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return unlike
        pairs = enumerate(zip(expected, found, strict=True))
        return first(difference(value, item, f"{at}/{i}") for i, (value, item) in pairs)
    # In Python True == 1.
    same = expected == found and isinstance(expected, bool) == isinstance(found, bool)
    return None if same else unlike


def by_matcher(matcher: str, argument: Any, found: Any, at: str) -> str | None:
    if matcher == "$all":
        return first(difference(each, found, at) for each in argument)
    if matcher == "$absent":
        fits = found is None
    elif matcher == "$not":
        fits = found is not None and difference(argument, found, at) is not None
    elif matcher == "$type":
        fits = TYPES[type(found)] == argument
    elif matcher == "$has":
        fits = found is not None and plain(argument) in plain(found)
    elif matcher == "$lacks":
        fits = found is not None and plain(argument) not in plain(found)
    elif matcher == "$len":
        fits = isinstance(found, str | list | dict) and len(found) == argument
    elif matcher == "$min":
        fits = isinstance(found, int | float) and found >= argument
    elif matcher == "$contains":
        fits = isinstance(found, list) and any(difference(argument, item, at) is None for item in found)
    else:
        raise ValueError(f"{at}: unknown matcher {matcher}")
    return None if fits else f"{at} is {plain(found)}, expected {matcher} {plain(argument)}"


def error_difference(expected: dict[str, Any], found: dict[str, Any]) -> str | None:
    """As `difference`; `fields` are a set, and `message_has` lists what the sentence must contain."""
    rest = dict(expected)
    if isinstance(rest.get("fields"), list) and sorted(fields := rest.pop("fields")) != sorted(found["fields"]):
        return f"error/fields is {found['fields']}, expected {fields}"
    for part in rest.pop("message_has", []):
        if part not in found["message"]:
            return f"error/message is {found['message']!r}, expected to have {part!r}"
    return difference(rest, found, "error")


def first(differences: Any) -> str | None:
    return next((each for each in differences if each is not None), None)


def plain(value: Any) -> str:
    """A text as it is, anything else as its JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
