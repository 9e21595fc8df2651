"""Placeholders of definitions: `{field}`, and `{field|after:-}` for what follows the last `-`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

PLACEHOLDER = re.compile(r"{([^{}|]+)(?:\|after:([^{}]+))?}")


class NotFilled(Exception):
    """A placeholder has no value."""


def names_in(template: str) -> list[str]:
    return [found[1] for found in PLACEHOLDER.finditer(template)]


def fill(template: str, values: Mapping[str, object], encode: Callable[[str], str] = str) -> str:
    def value(found: re.Match[str]) -> str:
        if values.get(found[1]) is None:
            raise NotFilled(found[1])
        text = as_text(values[found[1]])
        return encode(text.rpartition(found[2])[2] if found[2] else text)

    return PLACEHOLDER.sub(value, template)


def as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
