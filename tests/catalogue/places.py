"""Reads requests as an entry's app would: the credential in its place, and everything else as it should be."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus

from entries import Scheme
from rules import at
from values import Values, fingerprint, is_signed_by_aws_rules, is_signed_token

PLACEHOLDER = re.compile(r"\{([^{}|]+)(?:\|([^{}]+))?\}")
# What an HTTP client sends of its own accord.
OF_THE_CLIENT = {"host", "user-agent", "accept", "accept-encoding", "content-length"}
OF_A_SIGNATURE = {"authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"}


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
    # How a token is signed, where this is one.
    jwt: dict[str, Any] | None = None

    def agrees(self, values: Values) -> bool:
        if self.jwt is not None:
            return is_signed_token(signed_with(self.jwt, values), self.text)
        value = values.get(self.name)
        if value is None:
            return False
        value = filtered(value, self.filter)
        return self.text == (value.lower() if self.in_host else value)

    def resembles(self, values: Values) -> bool:
        """Whether this has the form of the right value, as a made-up one must."""
        return self.filter is not None or _form(self.text) == _form(values.get(self.name, ""))


@dataclass(frozen=True)
class Signature:
    """A request that is signed as a whole."""

    place: dict[str, str]
    request: Request
    name: str = "signature"

    def agrees(self, values: Values) -> bool:
        wanted = {key: filled(template, values) for key, template in self.place.items() if key != "in"}
        sent = self.request
        url = f"https://{sent.authority.removesuffix(':443')}{sent.target}"
        return is_signed_by_aws_rules(wanted, sent.method, url, dict(sent.headers), sent.body)

    def resembles(self, _values: Values) -> bool:
        return True


def filtered(value: str, how: str | None) -> str:
    """What a template's filter makes of a value."""
    name, _, rest = (how or "").partition(":")
    if name in ("after", "before"):
        parts = value.rpartition(rest)
        return parts[2] if name == "after" else parts[0]
    if name == "json":
        return str(at(json.loads(value), rest))
    made: dict[str, Callable[[str], str]] = {
        "": str,
        "base64": lambda text: base64.b64encode(text.encode()).decode(),
        "upper": str.upper,
        "fingerprint": fingerprint,
    }
    return made[name](value)


def filled(template: str, values: Values) -> str | None:
    """A template with its values; None where an optional one is not given."""
    if not _is_given(template, values):
        return None
    return PLACEHOLDER.sub(lambda place: filtered(values[place[1]], place[2]), template)


def signed_with(jwt: dict[str, Any], values: Values) -> dict[str, Any]:
    """What a token must be by an entry, in the words of the servers' `signatures.py`."""
    texts = {part: {k: filled(v, values) for k, v in jwt.get(part, {}).items()} for part in ("header", "claims")}
    present = {part: {k: v for k, v in texts[part].items() if v is not None} for part in texts}
    key = filled(jwt["key"], values)
    secret: Any = {"hex": key} if jwt.get("key_form") == "hex" else key
    return {"secret": secret, "alg": jwt["alg"], "lifetime": jwt["lifetime"], **present}


@dataclass
class Reading:
    """What was found in a request, and what was wrong with it."""

    found: list[Found | Signature] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    # How the value `jwt` is signed.
    jwt: dict[str, Any] | None = None

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
            for number, (name, kind) in enumerate(names, 1):
                self.found.append(Found(name, kind, match[number], a_host, self.jwt if name == "jwt" else None))


def read(scheme: Scheme, check: dict[str, Any], request: Request, values: Values) -> Reading | None:
    """Reads a request as this check's; None where it is none. `values` say which optional places are empty, and where a
    server is that the user named."""
    base_url, where = _address(scheme, check, values)
    path, _, query = where.partition("?")
    asked_path, _, asked_query = request.target.partition("?")
    host, _, prefix = base_url.removeprefix("https://").partition("/")
    reading = Reading(jwt=scheme.data.get("jwt"))
    reading.take(host, request.authority.removesuffix(":443"), "the host", a_host=True)
    _path(reading, "/" + f"{prefix}{path}".lstrip("/"), asked_path)
    if reading.missing or request.method != check["method"] or not _body(check, request):
        return None
    source = check.get("trade", scheme.data)
    inject: list[dict[str, Any]] = source.get("inject", [])
    _query(reading, inject, query, asked_query, values)
    _headers(reading, source, check, request, values)
    _members(reading, check, request, values)
    for place in inject:
        if place["in"] == "basic":
            _basic(reading, place, request)
        if place["in"] == "aws_sigv4":
            reading.found.append(Signature(place, request))
    return reading


def _address(scheme: Scheme, check: dict[str, Any], values: Values) -> tuple[str, str]:
    """Where a check goes: a base and what is appended to it."""
    where: str = check["path"]
    if where.startswith("{"):
        where = filled(where, values) or ""
    if where.startswith("https://"):
        host, _, path = where.removeprefix("https://").partition("/")
        return f"https://{host}", f"/{path}"
    if "://" in scheme.base_url:
        return scheme.base_url, where
    return PLACEHOLDER.sub(lambda p: values[p[1]], scheme.base_url), where


def decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _form(text: str) -> str:
    return re.sub(r"[0-9]", "0", re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", text)))


def _path(reading: Reading, template: str, asked: str) -> None:
    # A slash within braces belongs to a filter.
    ours, theirs = re.split(r"/(?![^{]*\})", template), asked.split("/")
    if len(ours) != len(theirs):
        reading.missing.append(f"the path is not {template}")
        return
    for piece, text in zip(ours, theirs, strict=True):
        reading.take(piece, unquote(text), "the path", in_url=True)


def _body(check: dict[str, Any], request: Request) -> bool:
    if "trade" in check:
        return True  # read with the credential in it
    if "form" in check:
        return bool(dict(parse_qsl(request.body.decode())) == check["form"])
    if "body" not in check:
        return not request.body
    try:
        return bool(json.loads(request.body) == check["body"])
    except ValueError:
        return False


def _query(reading: Reading, inject: list[dict[str, Any]], template: str, asked: str, values: Values) -> None:
    # Names with their templates, and whether those are written as they stand in a URL.
    expected = [(unquote_plus(name), value.replace("+", " "), True) for name, _, value in _pairs(template)]
    for place in inject:
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


def _headers(reading: Reading, source: dict[str, Any], check: dict[str, Any], request: Request, values: Values) -> None:
    """`source` is what has the fixed headers and the injections: the scheme, or its trade."""
    inject: list[dict[str, Any]] = source.get("inject", [])
    expected = {name.lower(): value for name, value in source.get("headers", {}).items()}
    if "body" in check or "json" in check.get("trade", {}):
        expected["content-type"] = "application/json"
    if "form" in check or "form" in check.get("trade", {}):
        expected["content-type"] = "application/x-www-form-urlencoded"
    places = [p for p in inject if p["in"] == "header" and _is_given(p["value"], values)]
    expected |= {p["name"].lower(): p["value"] for p in places}
    for name, template in expected.items():
        sent = request.header(name)
        if len(sent) == 1:
            reading.take(template, sent[0], f"header {name}")
        else:
            reading.missing.append(f"{len(sent)} headers {name}")
    known = OF_THE_CLIENT | set(expected)
    if any(place["in"] == "basic" for place in inject):
        known.add("authorization")
    if any(place["in"] == "aws_sigv4" for place in inject):
        known |= OF_A_SIGNATURE
    reading.strange += [f"header {name}" for name, _ in request.headers if name not in known]
    if request.header("host") != [request.authority.removesuffix(":443")]:
        reading.strange.append("the Host header")


def _members(reading: Reading, check: dict[str, Any], request: Request, values: Values) -> None:
    """The members of a trade's body."""
    trade = check.get("trade", {})
    templates = {k: v for k, v in (trade.get("form") or trade.get("json") or {}).items() if _is_given(v, values)}
    try:
        text = request.body.decode()
        sent = dict(parse_qsl(text)) if "form" in trade else json.loads(text or "{}")
    except ValueError:
        sent = {}
    for name, template in templates.items():
        reading.take(template, str(sent.get(name, "")), f"member {name}")
    reading.strange += [f"member {name}" for name in sent if name not in templates and trade]


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
    return all(place[1] in values or place[1] == "jwt" for place in PLACEHOLDER.finditer(template))
