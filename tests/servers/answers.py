"""The scripts of the provider double: which answer a request gets, and how a faulty one is sent."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from aiohttp import web

Json = Any
FAULTS = ("reset", "hang", "garbage", "cut", "slow_body")
REQUIREMENTS = ("header", "query", "basic", "path_has")
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
}
LOG_LIMIT = 10_000
SLOW_BODY_MS = 3_000
SLOW_PIECES = 20


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

    def as_json(self) -> Json:
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "body": self.body,
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
    unknown = set(answer.get("require", {})) - set(REQUIREMENTS)
    if unknown:
        raise BadScript(f"{where}: unknown requirements {sorted(unknown)}")
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
    text = require.get("path_has", "")
    return text in request.path or text in unquote(request.path)


def basic_pair(header: str) -> str | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def received(request: web.Request, raw_path: str, query: str, body: bytes) -> Received:
    pairs: dict[str, str | list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        before = pairs.get(name)
        if before is None:
            pairs[name] = value
        else:
            pairs[name] = [*(before if isinstance(before, list) else [before]), value]
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    # aiohttp decodes header bytes with surrogates; JSON needs plain text.
    headers = {
        name: value.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for name, value in headers.items()
    }
    return Received(request.method, raw_path, pairs, headers, body.decode("utf-8", "replace"))


async def send(http: web.Request, request: Received, answer: Json) -> web.StreamResponse:
    fault = answer.get("fault")
    if fault != "slow_body":
        await asyncio.sleep(answer.get("delay_ms", 0) / 1000)
    if fault == "hang":
        # Ends by cancellation, when the client goes or the double stops.
        await asyncio.Event().wait()
    if fault == "reset":
        return reset(http)
    if fault == "garbage":
        return raw(http, b"\x16\x03\x00garbage \xff\xfe that is not HTTP\r\n\r\n\x00\x00")

    status, headers, body = parts(request, answer)
    if fault in ("cut", "slow_body"):
        return await trickle(http, status, headers, body, cut=fault == "cut", answer=answer)
    return web.Response(status=status, headers=headers, body=body)


def parts(request: Received, answer: Json) -> tuple[int, dict[str, str], bytes]:
    status = answer.get("status", 302 if "redirect" in answer else 200)
    headers = dict(answer.get("headers", {}))
    if "redirect" in answer:
        headers["location"] = answer["redirect"]
    kind = "application/json"
    if answer.get("echo"):
        body = json.dumps(request.as_json(), ensure_ascii=False)
    elif "json" in answer:
        body = json.dumps(answer["json"], ensure_ascii=False)
    else:
        body, kind = answer.get("text", ""), "text/plain; charset=utf-8"
    if body and "content-type" not in {name.lower() for name in headers}:
        headers["content-type"] = kind
    return status, headers, body.encode()


async def trickle(
    http: web.Request, status: int, headers: dict[str, str], body: bytes, *, cut: bool, answer: Json
) -> web.StreamResponse:
    body = body or b'{"padding": "an empty body cannot be cut or slow"}'
    headers["content-length"] = str(len(body) + 64 if cut else len(body))
    response = web.StreamResponse(status=status, headers=headers)
    await response.prepare(http)
    if cut:
        await response.write(body)
        if http.transport is not None:
            http.transport.close()
        return response
    size = max(1, len(body) // SLOW_PIECES)
    pause = answer.get("delay_ms", SLOW_BODY_MS) / 1000 / SLOW_PIECES
    for start in range(0, len(body), size):
        await response.write(body[start : start + size])
        await asyncio.sleep(pause)
    await response.write_eof()
    return response


def reset(http: web.Request) -> web.StreamResponse:
    transport = http.transport
    if transport is not None:
        sock = transport.get_extra_info("socket")
        if sock is not None:
            # Linger of zero makes the kernel answer RST instead of FIN.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


def raw(http: web.Request, data: bytes) -> web.StreamResponse:
    transport = http.transport
    if isinstance(transport, asyncio.Transport):
        transport.write(data)
        transport.close()
    return web.Response()
