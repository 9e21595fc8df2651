"""What the Python programs share: named steps, checks of values, and no way out of this machine.

Each finished step becomes a line of JSON in the report, with the number of requests that the server had seen by then,
so that `run.py` knows which requests belong to which step.
"""

from __future__ import annotations

import json
import os
import socket
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

E = TypeVar("E", bound=BaseException)
LOOPBACK = {"localhost", "127.0.0.1"}
look_up = socket.getaddrinfo


def only_loopback(host: Any, *args: Any, **options: Any) -> Any:
    """Credentials are at work here: whatever an SDK wants to report to its vendor stays here too."""
    if host not in LOOPBACK:
        raise socket.gaierror(f"{host} is not on this machine")
    return look_up(host, *args, **options)


socket.getaddrinfo = only_loopback


def report(line: dict[str, Any]) -> None:
    with urllib.request.urlopen(f"{os.environ['OFFICIAL_CONTROL']}/requests") as answer:
        line["upto"] = len(json.load(answer)["items"])
    with open(os.environ["OFFICIAL_REPORT"], "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


@contextmanager
def step(name: str) -> Iterator[None]:
    """A step that must work; an exception ends the program."""
    try:
        yield
    except BaseException:
        report({"step": name, "outcome": "FAILED"})
        raise
    report({"step": name, "outcome": "ok"})


def fails(name: str, error: type[BaseException], reason: str, call: Callable[[], object]) -> None:
    """A step that the SDK itself cannot do; that it suddenly can would be news too."""
    try:
        call()
    except error as raised:
        report({"step": name, "outcome": "expected failure", "error": described(raised), "reason": reason})
        return
    report({"step": name, "outcome": "FAILED"})
    raise AssertionError(f"{name}: expected {error.__name__}, because {reason}")


def described(error: BaseException) -> str:
    """Type and first line, as the documentation shows them."""
    first = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def refused(error: type[E], call: Callable[[], object]) -> E:
    """The exception of a call that must be refused."""
    try:
        call()
    except error as raised:
        return raised
    raise AssertionError(f"expected {error.__name__}")


def same(found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"expected {expected!r}, found {found!r}")
