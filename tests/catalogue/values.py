"""Makes values for an entry's fields: right ones and wrong ones, in the form that the entry asks for."""

from __future__ import annotations

import re
import string
import sys
from collections.abc import Callable
from random import Random
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from entries import ROOT, Scheme

sys.path.insert(0, str(ROOT / "tests" / "servers"))
from signatures import fingerprint_of, is_signed_by_aws_rules, is_signed_token, keys  # noqa: E402  (in no package)

__all__ = ["is_signed_by_aws_rules", "is_signed_token"]

Values = dict[str, str]
# Everything that has to be encoded somewhere: in a query, in a path, in Base64.
AWKWARD = "/+=&%25~#?"
MANY = 12
COUNT = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
# Stands in a text where its pattern wants the end.
END = "\0"
Writer = Callable[[], str]


class NoValueError(Exception):
    """An entry contradicts itself, so that no value fits."""


class Form:
    """Writes texts that match a regular expression of the small kind that the catalogue uses."""

    def __init__(self, pattern: str, random: Random) -> None:
        self.pattern, self.random, self.position = pattern, random, 0
        self.write = self._alternatives()
        if self.position < len(pattern):
            raise self._beyond()

    def text(self) -> str:
        """A text that matches; where the pattern leaves the end open, with something more."""
        made = self.write()
        return made[: made.index(END)] if END in made else made + _letters(self.random)

    def _alternatives(self) -> Writer:
        choices = [self._sequence()]
        while self._next("|"):
            choices.append(self._sequence())
        return lambda: self.random.choice(choices)()

    def _sequence(self) -> Writer:
        parts: list[Writer] = []
        while self.position < len(self.pattern) and self.pattern[self.position] not in "|)":
            parts.append(self._repeated(self._atom()))
        return lambda: "".join(part() for part in parts)

    def _atom(self) -> Writer:
        letter = self._one()
        if letter in "^$":
            return lambda: END if letter == "$" else ""
        if letter == "(":
            self._next("?:")
            inner = self._alternatives()
            if not self._next(")"):
                raise self._beyond()
            return inner
        members = self._class() if letter == "[" else self._escaped() if letter == "\\" else letter
        return lambda: self.random.choice(members)

    def _class(self) -> str:
        members = ""
        while (letter := self._one()) != "]":
            first = self._escaped() if letter == "\\" else letter
            if self.pattern[self.position] == "-" and self.pattern[self.position + 1] != "]":
                self.position += 1
                members += "".join(map(chr, range(ord(first), ord(self._one()) + 1)))
            else:
                members += first
        return members

    def _escaped(self) -> str:
        letter = self._one()
        return {"d": string.digits, "w": string.ascii_letters}.get(letter, letter)

    def _repeated(self, part: Writer) -> Writer:
        fewest, most = 1, 1
        if self._next("?"):
            fewest = 0
        elif self._next("*") or self._next("+"):
            fewest, most = MANY, MANY
        elif counted := COUNT.match(self.pattern, self.position):
            self.position = counted.end()
            fewest = int(counted[1])
            most = int(counted[3]) if counted[3] else fewest + (MANY if counted[2] else 0)
        return lambda: "".join(part() for _ in range(self.random.randint(fewest, most)))

    def _one(self) -> str:
        if self.position == len(self.pattern):
            raise self._beyond()
        self.position += 1
        return self.pattern[self.position - 1]

    def _next(self, text: str) -> bool:
        found = self.pattern.startswith(text, self.position)
        self.position += len(text) if found else 0
        return found

    def _beyond(self) -> NoValueError:
        return NoValueError(f"the pattern {self.pattern} is beyond this test")


def fingerprint(private: str) -> str:
    return fingerprint_of(load_pem_private_key(private.encode(), None).public_key())


def right(scheme: Scheme) -> Values:
    """A good credential, with everything that may be given."""
    values: Values = {}
    for field in scheme.fields:
        values[field["name"]] = _value(scheme, field, "right", taken=set(values.values()))
    return values


def wrong(scheme: Scheme) -> Values:
    """The same account with other secrets."""
    values = right(scheme)
    for field in scheme.fields:
        if field.get("secret"):
            values[field["name"]] = _value(scheme, field, "wrong", taken=set(values.values()))
    return values


def given(scheme: Scheme, values: Values, *, optional: bool) -> dict[str, str | int]:
    """What the user types of these values."""
    numbers = {field["name"] for field in scheme.fields if field.get("type") == "integer"}
    needed = {field["name"] for field in scheme.fields if field.get("required", True)}
    return {
        name: int(value) if name in numbers else value for name, value in values.items() if optional or name in needed
    }


def without_optional(scheme: Scheme, values: Values) -> Values:
    """What the app must then get: defaults in the place of what was left out."""
    left_out = {field["name"]: field.get("default") for field in scheme.fields if not field.get("required", True)}
    kept = {name: left_out.get(name, value) for name, value in values.items()}
    return {name: str(value) for name, value in kept.items() if value is not None}


def _value(scheme: Scheme, field: dict[str, Any], which: str, taken: set[str]) -> str:
    random = Random(f"{scheme.slug} {scheme.name} {field['name']} {which}")
    made = _key(scheme, which) if field.get("type") == "text" else _candidate(field, random, taken)
    if (pattern := field.get("pattern")) and not re.search(pattern, made):
        raise NoValueError(f"`{field['name']}`: {made} does not match its pattern {pattern}")
    return made


def _key(scheme: Scheme, which: str) -> str:
    """A key to sign with, in the form that the scheme's `jwt` takes it from."""
    jwt = scheme.data["jwt"]
    kind = ("" if which == "right" else "other_") + ("ec" if jwt["alg"] == "ES256" else "rsa")
    return keys("https://oauth2.googleapis.com")[f"file_{kind}" if "|json:" in jwt["key"] else kind]


def _candidate(field: dict[str, Any], random: Random, taken: set[str]) -> str:
    # A choice may come with a label.
    if choices := [item["value"] if isinstance(item, dict) else item for item in field.get("enum", [])]:
        return str(choices[-1])
    example = str(field.get("example", "…"))
    if not field.get("secret") and "…" not in example and example not in taken:
        return example
    kind = field.get("type", "string")
    if kind == "url":
        return "https://own.example"
    if kind in ("integer", "number"):
        return str(random.randint(10**6, 10**7))
    if kind == "boolean":
        return "true"
    if pattern := _form_of(field):
        return Form(pattern, random).text()
    return _letters(random) + AWKWARD + _letters(random)


def _form_of(field: dict[str, Any]) -> str | None:
    """The usual form if it satisfies the pattern that it must have, else that."""
    hint: str | None = field.get("hint", {}).get("pattern")
    pattern: str | None = field.get("pattern")
    if hint and (not pattern or re.search(pattern, Form(hint, Random(0)).text())):
        return hint
    return pattern


def _letters(random: Random) -> str:
    return "".join(random.choices(string.ascii_letters + string.digits, k=MANY))
