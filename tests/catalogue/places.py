"""Reads requests as an entry's app would: the credential in its place, and everything else as it should be."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, unquote_plus

from entries import Scheme
from values import Values

PLACEHOLDER = re.compile(r"\{([^{}|]+)(?:\|([^{}]+))?\}")
# What an HTTP client sends of its own accord.
OF_THE_CLIENT = {"host", "user-agent", "accept", "accept-encoding", "content-length"}


@dataclass(frozen=True)
class Request:
    """A request as it came over the wire, with the address that was dialled."""

    authority: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]


@dataclass(frozen=True)
class Found:
    """What stood in a request in the place of a field."""

    name: str
    filter: str | None
    text: str
    in_host: bool = False

    def agrees(self, values: Values) -> bool:
        value = values.get(self.name)
        if value is None:
            return False
        if self.filter == "base64":
            return decoded(self.text) == value
        if self.filter is not None:
            value = value.rpartition(self.filter.removeprefix("after:"))[2]
        return self.text == (value.lower() if self.in_host else value)

    def resembles(self, values: Values) -> bool:
        """Whether this has the form of the right value, as a made-up one must."""
        return self.filter is not None or _form(self.text) == _form(values.get(self.name, ""))


@dataclass
class Reading:
    """What was found in a request, and what was wrong with it."""

    found: list[Found] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    def take(self, template: str, text: str, where: str, *, in_url: bool = False, a_host: bool = False) -> None:
        """Reads a template's fields out of the text that stands in its place. `in_url`: what the template itself has is
        percent-encoded, and the text no longer is."""
        written = unquote if in_url else str
        names: list[tuple[str, str | None]] = []
        pattern, end = "", 0
        for place in PLACEHOLDER.finditer(template):
            names.append((place[1], place[2]))
            pattern += re.escape(written(template[end : place.start()])) + "(.+?)"
            end = place.end()
        pattern += re.escape(written(template[end:]))
        match = re.fullmatch(pattern, text, re.IGNORECASE if a_host else re.NOFLAG)
        if match is None:
            self.missing.append(f"{where} is not {template}")
        else:
            self.found += [Found(name, kind, match[at], a_host) for at, (name, kind) in enumerate(names, 1)]


def read(scheme: Scheme, check: dict[str, Any], request: Request, values: Values) -> Reading | None:
    """Reads a request as this check's; None where it is none. `values` say which optional places are empty, and where a
    server is that the user named."""
    path, _, query = check["path"].partition("?")
    asked_path, _, asked_query = request.target.partition("?")
    base = PLACEHOLDER.sub(lambda p: values[p[1]], scheme.base_url) if "://" not in scheme.base_url else scheme.base_url
    host, _, prefix = base.removeprefix("https://").partition("/")
    reading = Reading()
    reading.take(host, request.authority.removesuffix(":443"), "the host", a_host=True)
    _path(reading, "/" + f"{prefix}{path}".lstrip("/"), asked_path)
    if reading.missing or request.method != check["method"] or not _body(check, request):
        return None
    _query(reading, scheme, query, asked_query, values)
    _headers(reading, scheme, check, request, values)
    for place in scheme.inject:
        if place["in"] == "basic":
            _basic(reading, place, request)
    return reading


def decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _form(text: str) -> str:
    return re.sub(r"[0-9]", "0", re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", text)))


def _path(reading: Reading, template: str, asked: str) -> None:
    ours, theirs = template.split("/"), asked.split("/")
    if len(ours) != len(theirs):
        reading.missing.append(f"the path is not {template}")
        return
    for piece, text in zip(ours, theirs, strict=True):
        reading.take(piece, unquote(text), "the path", in_url=True)


def _body(check: dict[str, Any], request: Request) -> bool:
    if "body" not in check:
        return not request.body
    try:
        return bool(json.loads(request.body) == check["body"])
    except ValueError:
        return False


def _query(reading: Reading, scheme: Scheme, template: str, asked: str, values: Values) -> None:
    # Names with their templates, and whether those are written as they stand in a URL.
    expected = [(unquote_plus(name), value.replace("+", " "), True) for name, _, value in _pairs(template)]
    for place in scheme.inject:
        if place["in"] == "query" and _is_given(place["value"], values):
            expected.append((place["name"], place["value"], False))
    pairs = [(unquote_plus(name), unquote_plus(value)) for name, _, value in _pairs(asked)]
    for name, value, in_url in expected:
        at = next((i for i, pair in enumerate(pairs) if pair[0] == name), None)
        if at is None:
            reading.missing.append(f"no query parameter {name}")
        else:
            reading.take(value, pairs.pop(at)[1], f"query parameter {name}", in_url=in_url)
    reading.strange += [f"query parameter {name}" for name, _ in pairs]


def _pairs(query: str) -> list[tuple[str, str, str]]:
    return [pair.partition("=") for pair in query.split("&") if pair]


def _headers(reading: Reading, scheme: Scheme, check: dict[str, Any], request: Request, values: Values) -> None:
    expected = {name.lower(): value for name, value in scheme.headers.items()}
    if "body" in check:
        expected["content-type"] = "application/json"
    places = [p for p in scheme.inject if p["in"] == "header" and _is_given(p["value"], values)]
    expected |= {p["name"].lower(): p["value"] for p in places}
    for name, template in expected.items():
        sent = request.header(name)
        if len(sent) == 1:
            reading.take(template, sent[0], f"header {name}")
        else:
            reading.missing.append(f"{len(sent)} headers {name}")
    known = OF_THE_CLIENT | set(expected)
    if any(place["in"] == "basic" for place in scheme.inject):
        known.add("authorization")
    reading.strange += [f"header {name}" for name, _ in request.headers if name not in known]
    if request.header("host") != [request.authority.removesuffix(":443")]:
        reading.strange.append("the Host header")


def _basic(reading: Reading, place: dict[str, str], request: Request) -> None:
    sent = request.header("authorization")
    pair = decoded(sent[0].removeprefix("Basic ")) if len(sent) == 1 and sent[0].startswith("Basic ") else None
    if pair is None or ":" not in pair:
        reading.missing.append("no Basic authentication")
        return
    username, _, password = pair.partition(":")
    reading.take(place["username"], username, "the Basic user name")
    reading.take(place["password"], password, "the Basic password")


def _is_given(template: str, values: Values) -> bool:
    return all(place[1] in values for place in PLACEHOLDER.finditer(template))
