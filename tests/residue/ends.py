"""Calls that do not come to their end (too late, cancelled, client or thread gone), and the use of a connection."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

from calls import ECHO, FEW, SHORT_MS, Calls, Json, Look
from driving import canary
from worlds import WILLING

HANGS = {"fault": "hang"}


def at_composio(calls: Calls) -> Iterator[Look]:
    """Composio's API repeats the credential in an error, or breaks off, or never answers; the app is not asked."""
    if calls.world.project is None:
        return
    breaks: dict[str, Json] = {
        "500 with an echo": {"status": 500},
        "reset": {"fault": "reset"},
        "reset in the body": {"fault": "cut"},
        "no JSON": {"fault": "garbage"},
    }
    calls.initiate()
    for name, what in breaks.items():
        for _ in range(FEW):
            secret = canary()
            repeated = {"json": {"error": {"message": secret.decode()}}} if "status" in what else {}
            routes = ("POST /connected_accounts", "PATCH /connected_accounts/*")
            calls.world.fault(*({"on": route, "times": None, **what, **repeated} for route in routes))
            calls.update(verify="off", secret=secret, says="error")
            calls.initiate(verify="off", secret=secret, says="error")
        yield Look(f"Composio's API: {name}")
    calls.world.fault()


def too_late(calls: Calls) -> Iterator[Look]:
    """The app, or Composio's API, does not answer in time."""
    calls.reopen(SHORT_MS)
    calls.world.answer(HANGS)
    calls.initiate(verify="required", says="error")
    if calls.world.project:
        calls.world.fault({"on": "POST /connected_accounts", "fault": "hang", "times": None})
        calls.initiate(verify="off", says="error")
        calls.world.fault()
    yield Look("timeout")


def broken_off(calls: Calls) -> Iterator[Look]:
    """Whoever called no longer waits, while the app does not answer."""
    calls.reopen(SHORT_MS)
    if calls.door.cancels:
        calls.begin_and_hang("start")
        calls.host.must("cancel", says="error cancelled")
        yield Look("cancelled", patient=True)
    if calls.door.name == "Python":
        calls.begin_and_hang("initiate")
        os.kill(calls.host.scan().pid, signal.SIGINT)
        calls.heard("error cancelled")
        yield Look("Ctrl-C", patient=True)
    if calls.door.name == "Node worker":
        calls.begin_and_hang("start")
        calls.host.must("end")
        calls.world.answer(WILLING)
        calls.world.open(calls.host, SHORT_MS)
        yield Look("the thread was ended", patient=True)
    calls.begin_and_hang("start")
    calls.host.must("close")
    calls.host.must("finish", says="error")
    yield Look("closed early", patient=True)
    calls.world.answer(WILLING)
    calls.world.open(calls.host)
    calls.initiate("start")
    calls.host.must("finish")
    yield Look("the thread has ended")


def panicking(calls: Calls) -> Iterator[Look]:
    """Keylatch panics when the credential is stored, or when Composio's API has answered."""
    calls.both(1)
    calls.host.must("arm")
    calls.both(FEW, says="panic")
    yield Look("panic")


def used(calls: Calls) -> Iterator[Look]:
    """`request` may leave one copy on each connection that is kept: none where none is, none after the closing."""
    for strict, copies in (("lax", 1), ("strict", 0)):
        calls.reopen(strict=strict)
        calls.initiate()
        for answer in (WILLING, {"status": 404, "json": {}}):
            calls.world.answer(answer)
            for _ in range(FEW):
                calls.host.must("request", "/v1/balance")
        if calls.world.project is None:
            connections = {one["connection"] for one in calls.world.double.requests()}
            assert len(connections) == (1 if strict == "lax" else FEW), "requests stand alone only where they are to"
        yield Look(f"use, {strict}", copies)
        if calls.world.project is None:
            # On Composio's API we do not know the credential: an app that repeats it tells the host.
            calls.world.answer(ECHO)
            calls.host.must("request", "/v1/echo")
            yield Look(f"use with an echo, {strict}")
            calls.host.must("stream", "/v1/echo")
            yield Look(f"use in pieces with an echo, {strict}")
        calls.world.answer(WILLING)
        calls.host.must("request", "/v1/balance")
        calls.host.must("close")
        yield Look(f"use and close, {strict}")
