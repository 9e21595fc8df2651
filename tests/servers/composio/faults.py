"""Faults that a project can be told to have: which request they meet, and what they do to its answer."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from answers import reset, trickle
from refusals import Refusal, usual
from shapes import problems

Json = Any
BREAKS = {"reset", "hang", "garbage", "cut", "slow", "empty"}
PATCH = {"remove?": [str], "set?": dict, "rename?": dict}
SHAPE = {
    "on": str,
    "skip?": int,
    "times?": (int, None),
    "after?": bool,
    "status?": int,
    "json?": object,
    "text?": str,
    "headers?": dict,
    "fault?": BREAKS,
    "delay_ms?": int,
    "patch?": PATCH,
}


class BadFault(ValueError):
    """A fault that the server does not understand."""


@dataclass
class Fault:
    """`what` is the fault as it was given; `skip` and `times` count down."""

    method: str
    path: str
    skip: int
    times: int | None
    what: Json

    @classmethod
    def parse(cls, given: Json) -> Fault:
        found = problems(given, SHAPE)
        if found:
            raise BadFault("fault: " + "; ".join(f"{one.path}: {one.text}" for one in found))
        method, _, path = given["on"].partition(" ")
        if not path.startswith("/"):
            raise BadFault(f"fault: {given['on']!r} must be 'METHOD /path'")
        if not {"status", "fault", "patch"} & set(given):
            raise BadFault(f"fault on {given['on']!r}: needs status, fault or patch")
        return cls(method, path, given.get("skip", 0), given.get("times", 1), given)

    def meets(self, method: str, path: str) -> bool:
        """Whether this request is the one; counts it if it could be."""
        if self.method not in ("*", method) or not fits(self.path, path) or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True

    @property
    def acts_first(self) -> bool:
        return bool(self.what.get("after") or "patch" in self.what or self.what.get("fault") == "slow")

    async def apply(self, http: web.Request, old: bool, status: int, body: Json, request_id: str) -> web.StreamResponse:
        """The faulty answer, where `status` and `body` would have been the right one."""
        kind = self.what.get("fault")
        await asyncio.sleep(self.what.get("delay_ms", 0) / 1000)
        if kind == "hang":
            # Ends by cancellation, when the client goes or the server stops.
            await asyncio.Event().wait()
        if kind == "reset":
            return reset(http)
        headers = {"x-request-id": request_id, **self.what.get("headers", {})}
        if "status" in self.what:
            status, text, content_type = self.stated(old, body, request_id)
        elif "patch" in self.what and status < 300:
            text, content_type = json.dumps(patched(body, self.what["patch"])), "application/json"
        else:
            text, content_type = json.dumps(body), "application/json"
        if kind == "empty":
            return web.Response(status=status, headers=headers)
        if kind == "garbage":
            return web.Response(status=status, headers=headers, text='{"id": "ca_', content_type="application/json")
        if "content-type" not in {name.lower() for name in headers}:
            headers["content-type"] = content_type
        if kind == "cut":
            return await trickle(http, status, headers, text.encode(), cut=True, answer={})
        return web.Response(status=status, headers=headers, body=text.encode())

    def stated(self, old: bool, body: Json, request_id: str) -> tuple[int, str, str]:
        status = self.what["status"]
        if "text" in self.what:
            return status, self.what["text"], "text/plain; charset=utf-8"
        if "json" in self.what:
            body = self.what["json"]
        elif status >= 400:
            body = usual(status).body(old, request_id)
        return status, json.dumps(body), "application/json"


def fits(pattern: str, path: str) -> bool:
    parts, segments = pattern.split("/"), path.split("/")
    return len(parts) == len(segments) and all(
        part in ("*", segment) for part, segment in zip(parts, segments, strict=True)
    )


def patched(answer: Json, patch: Json) -> Json:
    answer = json.loads(json.dumps(answer))
    for pointer, value in patch.get("set", {}).items():
        holder, key = place(answer, pointer, must_exist=False)
        holder[key] = value
    for pointer in patch.get("remove", []):
        holder, key = place(answer, pointer)
        del holder[key]
    for pointer, name in patch.get("rename", {}).items():
        holder, key = place(answer, pointer)
        holder[name] = holder.pop(key)
    return answer


def place(answer: Json, pointer: str, must_exist: bool = True) -> tuple[Json, Any]:
    """The object or array that a JSON pointer leads into, and the key in it."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    holder = answer
    try:
        for step in steps[:-1]:
            holder = holder[int(step) if isinstance(holder, list) else step]
        key = int(steps[-1]) if isinstance(holder, list) else steps[-1]
        if must_exist or isinstance(holder, list):
            holder[key]
    except (KeyError, IndexError, ValueError, TypeError):
        raise Refusal(500, f"fault: the answer has no {pointer}") from None
    return holder, key
