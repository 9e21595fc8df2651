"""The scripts of the provider double: which answer a request gets."""

from __future__ import annotations

import base64
import binascii
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import transit
from signatures import JWT, SIGV4, is_signed_by_aws_rules, is_signed_token

Json = Any
FAULTS = ("reset", "hang", "garbage", "cut", "slow_body")
REQUIREMENTS = ("header", "query", "basic", "path_has", "form", "json", "sigv4", "jwt")
ANSWER_KEYS = {
    "status",
    "headers",
    "json",
    "text",
    "delay_ms",
    "fault",
    "redirect",
    "require",
    "else",
    "echo",
    "transit",
}
LOG_LIMIT = 10_000


class BadScript(ValueError):
    """A script that the double does not understand; the text says where."""


@dataclass
class Received:
    """One request as the log shows it; `path` is raw and starts behind the namespace."""

    method: str
    path: str
    query: dict[str, str | list[str]]
    headers: dict[str, str]
    body: str
    connection: str
    # What signatures are over: the address and the body as they were sent.
    url: str = ""
    raw_body: bytes = b""

    def as_json(self) -> Json:
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "body": self.body,
            "connection": self.connection,
        }


@dataclass
class Script:
    """The routes of one namespace, how often each was hit, and what arrived."""

    routes: dict[str, list[Json]] = field(default_factory=dict)
    hits: dict[str, int] = field(default_factory=dict)
    log: deque[Received] = field(default_factory=lambda: deque(maxlen=LOG_LIMIT))

    @classmethod
    def parse(cls, routes: Json) -> Script:
        if not isinstance(routes, dict):
            raise BadScript("the script must be an object of routes")
        for route, answers in routes.items():
            if len(route.split(" ")) != 2:
                raise BadScript(f"route {route!r} must be 'METHOD /path'")
            if not isinstance(answers, list) or not answers:
                raise BadScript(f"route {route!r} needs a list of answers")
            for answer in answers:
                check_answer(answer, f"route {route!r}")
        return cls(routes)

    def answer_for(self, request: Received) -> Json:
        """The next answer of the most exact route; the last answer of a route repeats."""
        for route in candidates(request):
            answers = self.routes.get(route)
            if answers is not None:
                count = self.hits.get(route, 0)
                self.hits[route] = count + 1
                return choose(answers[min(count, len(answers) - 1)], request)
        return {"status": 404, "json": {"error": "no such route"}}


def candidates(request: Received) -> list[str]:
    paths = [request.path]
    if unquote(request.path) != request.path:
        paths.append(unquote(request.path))
    exact = [f"{method} {path}" for path in paths for method in (request.method, "*")]
    return [*exact, f"{request.method} *", "* *"]


def check_answer(answer: Json, where: str) -> None:
    if not isinstance(answer, dict):
        raise BadScript(f"{where}: an answer must be an object")
    unknown = set(answer) - ANSWER_KEYS
    if unknown:
        raise BadScript(f"{where}: unknown keys {sorted(unknown)}")
    if answer.get("fault", "hang") not in FAULTS:
        raise BadScript(f"{where}: unknown fault {answer['fault']!r}")
    if "transit" in answer:
        try:
            transit.Engine.parse(answer["transit"])
        except transit.BadServer as error:
            raise BadScript(f"{where}: {error}") from error
    unknown = set(answer.get("require", {})) - set(REQUIREMENTS)
    if unknown:
        raise BadScript(f"{where}: unknown requirements {sorted(unknown)}")
    for kind, known in (("sigv4", SIGV4), ("jwt", JWT)):
        unknown = set(answer.get("require", {}).get(kind, {})) - known
        if unknown:
            raise BadScript(f"{where}: unknown keys of {kind} {sorted(unknown)}")
    if "else" in answer:
        check_answer(answer["else"], f"{where}, else")


def choose(answer: Json, request: Received) -> Json:
    if "require" in answer and not fulfils(answer["require"], request):
        return choose(answer.get("else", {"status": 401, "json": {"error": "unauthorized"}}), request)
    return answer


def fulfils(require: Json, request: Received) -> bool:
    for name, value in require.get("header", {}).items():
        if request.headers.get(name.lower()) != value:
            return False
    for name, value in require.get("query", {}).items():
        if request.query.get(name) != value:
            return False
    if "basic" in require and basic_pair(request.headers.get("authorization", "")) != require["basic"]:
        return False
    if "form" in require and dict(parse_qsl(request.body, keep_blank_values=True)) != require["form"]:
        return False
    if "json" in require and json_of(request.body) != require["json"]:
        return False
    if "sigv4" in require and not is_signed_by_aws_rules(
        require["sigv4"], request.method, request.url, request.headers, request.raw_body
    ):
        return False
    if "jwt" in require and not is_signed_token(require["jwt"], token_in(require["jwt"]["in"], request)):
        return False
    text = require.get("path_has", "")
    return text in request.path or text in unquote(request.path)


def json_of(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return None


def token_in(place: str, request: Received) -> str:
    """A token out of its place: the name of the Authorization header's scheme, or `form NAME`."""
    if not place.startswith("form "):
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == place else ""
    return dict(parse_qsl(request.body)).get(place.removeprefix("form "), "")


def basic_pair(header: str) -> str | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
