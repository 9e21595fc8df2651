"""The residue test: no copy of a credential is left in a host's memory or registers. README.md says what it proves."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import calls
import ends
import held
import keys
from calls import Calls, Look
from doors import Door, doors
from driving import Failed, Host, canary
from worlds import BACKENDS, SCHEMES, world

AT_ONCE = 2
# Seconds: longer than any call here may take.
PATIENCE = 10
Check = tuple[Any, ...]
Flow = Callable[[Calls], Iterator[Look]]
FLOWS: list[Flow] = [
    calls.going_well,
    calls.echoed,
    calls.refused,
    ends.at_composio,
    ends.too_late,
    ends.broken_off,
    ends.used,
    keys.by_transit,
    keys.moved,
]


def look(host: Host, at: Look) -> list[str]:
    """What a scan finds that must not be there; what goes on without its caller may come to its end first."""
    deadline = time.monotonic() + (PATIENCE if at.patient else 0)
    while (report := host.scan()).finds and time.monotonic() < deadline:
        time.sleep(0.1)
    if len(report.copies) <= at.copies and not report.fragments:
        return []
    shown = "\n      ".join(str(find) for find in report.finds[:8])
    return [f"{at.name}: {len(report.copies)} copies, {len(report.fragments)} fragments\n      {shown}"]


def case(door: Door, backend: str, scheme: str) -> list[str]:
    """What is wrong with one host in one world."""
    wrong: list[str] = []
    with world(backend, scheme) as around, Host(*door.command) as host:
        around.open(host)
        made = Calls(door, host, around)
        for at in (at for flow in ([ends.panicking] if door.panics else FLOWS) for at in flow(made)):
            wrong += look(host, at)
        for file in around.folder.rglob("*"):
            wrong += [f"{file.name}: {find}" for find in host.look(host.canaries, file).copies]
    return wrong


def control(door: Door, plant: str) -> list[str]:
    """Whether the scan finds a secret that was left behind on purpose."""
    planted = canary()
    with world("vault", "http") as around, Host(*door.command) as host:
        around.answer(calls.ECHO)
        host.must("plant", plant, around.double.http + "/", secret=planted)
        # And nothing where nothing is: a secret that the host has never seen.
        host.canaries.append(canary())
        finds = host.scan().finds
    if any(find.canary != 0 for find in finds):
        return ["the scan finds what is not there"]
    longest = max((find.length for find in finds), default=0)
    wanted = {"part": 20, "shred": 12}.get(plant, len(planted))
    return [] if longest == wanted else [f"of the {wanted} bytes left on purpose, {longest} were found"]


def judged(check: Check) -> list[str]:
    """What a check finds wrong, or why it could not be made."""
    _, work, *arguments = check
    try:
        return list(work(*arguments))
    except (Failed, OSError) as failed:
        return [str(failed)]


def main() -> int:
    words = sys.argv[1:]
    begun, failures = time.monotonic(), 0
    with doors() as all_doors, ThreadPoolExecutor(AT_ONCE) as pool:
        wanted = [door for door in all_doors if not words or door.name in words]
        checks = [
            *((f"{door.name}: finds {plant}", control, door, plant) for door in wanted for plant in door.plants),
            *(
                (f"{door.name}, {backend}: no dump has what is held", held.check, door, backend)
                for door, backend in product(wanted, BACKENDS)
                if door.plants
            ),
            *(
                (f"{door.name}, {backend}, {scheme}", case, door, backend, scheme)
                for door, backend, scheme in product(wanted, BACKENDS, SCHEMES)
            ),
        ]
        for (title, *_), wrong in zip(checks, pool.map(judged, checks), strict=True):
            print(f"{'FAILED' if wrong else 'ok    '} {title}", flush=True)
            for one in wrong:
                print(f"    {one}")
            failures += len(wrong)
    print(f"residue: {len(checks)} checks, {failures} failures, {time.monotonic() - begun:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
