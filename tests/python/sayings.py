"""Writes down all that a program could learn from an exception, a result or a client, for `tests/leaks.py` to search.

Everything that Python reaches from it is walked: attributes, slots, properties, causes, the locals of the library's own
frames in a traceback, what containers hold and what the collector knows of, and each object in every printed form.
"""

from __future__ import annotations

import copy
import dataclasses
import gc
import json
import os
import pickle
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import CodeType, FrameType, FunctionType, ModuleType, TracebackType
from typing import Any

import keylatch

PACKAGE = os.path.dirname(keylatch.__file__)
# What would lead from an object to the whole program, this test's own variables with it.
ELSEWHERE = (type, ModuleType, CodeType)
ENGINES = ("asyncio", "_asyncio", "threading", "_thread", "concurrent", "contextvars", "_contextvars", "weakref")
CONTROL = "keylatch-control-canary-python"

# How the language prints, copies and sends away an object.
FORMS: tuple[Callable[[Any], str], ...] = (
    str,
    repr,
    ascii,
    format,
    lambda it: json.dumps(it, default=vars),
    lambda it: repr(vars(it)),
    lambda it: repr(vars(copy.copy(it))),
    lambda it: repr(vars(copy.deepcopy(it))),
    lambda it: repr(dataclasses.asdict(it)),
    lambda it: pickle.dumps(it).decode("latin-1"),
)

_written: set[int] = set()


def note(said: Any) -> None:
    """Appends what this object tells to the file of sayings, if there is one."""
    path = os.environ.get("KEYLATCH_TEST_SAYINGS")
    if not path:
        return
    with open(path, "ab") as file:
        for text in told(said):
            # Most of it is said again and again.
            if hash(text) not in _written:
                _written.add(hash(text))
                file.write(text + b"\n")


def note_control() -> None:
    """Says what must be found: a secret that only a frame, a closure and a private attribute of an exception hold."""

    class Holder(Exception):
        def __init__(self) -> None:
            super().__init__("nothing here")
            self.__hidden = [lambda canary=(CONTROL,): canary]

    note(Holder())


def told(said: Any) -> Iterator[bytes]:
    """Every text and byte string that can be reached from the object."""
    # Objects stay alive while their ids tell them apart.
    seen: dict[int, Any] = {}
    todo = [said]
    while todo:
        each = todo.pop()
        if id(each) in seen or is_elsewhere(each):
            continue
        seen[id(each)] = each
        if isinstance(each, str):
            yield each.encode(errors="backslashreplace")
        elif isinstance(each, bytes | bytearray | memoryview):
            yield bytes(each)
        else:
            yield from (form.encode(errors="backslashreplace") for form in printed(each))
            todo += reached(each)


def is_elsewhere(each: Any) -> bool:
    if isinstance(each, FrameType):
        return not each.f_code.co_filename.startswith(PACKAGE)
    return isinstance(each, ELSEWHERE) or type(each).__module__.partition(".")[0] in ENGINES


def printed(each: Any) -> Iterator[str]:
    """The object in every form."""
    # What others' containers hold is reached.
    if not is_ours(each) and not isinstance(each, BaseException):
        return
    for form in FORMS:
        with suppress(Exception):
            yield form(each)
    if isinstance(each, BaseException):
        yield from traceback.format_exception(each)


def is_ours(each: Any) -> bool:
    return type(each).__module__.startswith("keylatch")


def reached(each: Any) -> Iterator[Any]:
    """What the object leads to."""
    if isinstance(each, TracebackType):
        yield from (each.tb_frame, each.tb_next)
    elif isinstance(each, FrameType):
        yield from (dict(each.f_locals), each.f_back)
    elif isinstance(each, FunctionType):
        yield from (each.__closure__, each.__defaults__, each.__kwdefaults__, each.__dict__)
    elif isinstance(each, dict):
        yield from each
        yield from each.values()
    else:
        yield from gc.get_referents(each)
        yield from attributes(each)


def attributes(each: Any) -> Iterator[Any]:
    if isinstance(each, BaseException):
        yield from (each.__cause__, each.__context__, each.__traceback__, each.args)
    if not is_ours(each) and not isinstance(each, BaseException):
        return
    for name in dir(each):
        if name.startswith("__") and name.endswith("__"):
            continue
        with suppress(Exception):
            value = getattr(each, name)
            yield value
            if name in ("to_dict", "json", "items"):
                yield value()
    if isinstance(each, Iterable):
        with suppress(Exception):
            yield list(each)
