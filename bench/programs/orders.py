"""Orders from standard input, a line each, answered with times: what `bench/peers/src/lib.rs` says, in Python."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter_ns
from typing import Any


def orders() -> Iterator[tuple[str, int, int]]:
    """What, how often, and how many at a time; until there are no more."""
    print("ready", flush=True)
    for line in sys.stdin:
        operation, count, at_once = line.split()
        yield operation, int(count), int(at_once)


def answer(begun: int, times: list[int]) -> None:
    print(perf_counter_ns() - begun, *times, flush=True)


def work(once: Callable[[str], object]) -> None:
    """Carries out all orders with `once`; on threads where several are wanted at once."""
    for operation, count, at_once in orders():
        times: list[int] = []
        begun = perf_counter_ns()
        if at_once == 1:
            some(once, operation, range(count), times)
        else:
            left = iter(range(count))  # taken from by all threads
            with ThreadPoolExecutor(at_once) as threads:
                done = [threads.submit(some, once, operation, left, times) for _ in range(at_once)]
            for one in done:
                one.result()
        answer(begun, times)


def some(once: Callable[[str], object], operation: str, turns: Any, times: list[int]) -> None:
    for _ in turns:
        begun = perf_counter_ns()
        once(operation)
        times.append(perf_counter_ns() - begun)


async def work_async(once: Callable[[str], Awaitable[object]]) -> None:
    """The same, on an event loop."""
    for operation, count, at_once in orders():
        times: list[int] = []
        left = iter(range(count))
        begun = perf_counter_ns()
        await asyncio.gather(*(some_async(once, operation, left, times) for _ in range(at_once)))
        answer(begun, times)


async def some_async(once: Callable[[str], Awaitable[object]], operation: str, turns: Any, times: list[int]) -> None:
    for _ in turns:
        begun = perf_counter_ns()
        await once(operation)
        times.append(perf_counter_ns() - begun)


def read(setting: str) -> Any:
    """The file of JSON that a setting names."""
    with open(os.environ[setting], encoding="utf-8") as file:
        return json.load(file)


class Samples:
    """What there is in the vault or on the server, and names for what there is not yet."""

    def __init__(self) -> None:
        samples = read("BENCH_SAMPLES")
        self.integration: str = samples["integration"]
        self.next = {kind: itertools.cycle(samples[kind]).__next__ for kind in ("ids", "cursors", "revealed")}
        self.numbers = itertools.count()

    def entity(self) -> str:
        return f"user-{os.getpid()}-{next(self.numbers):08}"
