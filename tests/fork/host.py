"""One cell in Python: `host.py WAY MOMENT WHAT`, in the world that the environment names (see run.py).

The parent and its children print what they have done as `did USER`, which run.py compares with what the servers and the
vault know. The client is made before the children are, or after, in each process. A child then `exit`s without touching
it, `call`s, or `drop`s it; in a cell of the last kind the parent drops its own too, and another child calls after that.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.synchronize import Event
from typing import Any

from world import opened, opened_async, work, work_async


class Blocking:
    """The blocking client."""

    def __init__(self) -> None:
        self.client = opened()

    def work(self, role: str) -> None:
        work(self.client, role)

    def drop(self) -> None:
        self.client.close()
        del self.client


class Asyncio:
    """The asyncio client, each time on a loop of its own."""

    def __init__(self) -> None:
        self.client = asyncio.run(opened_async())

    def work(self, role: str) -> None:
        asyncio.run(work_async(self.client, role))

    def drop(self) -> None:
        asyncio.run(self.client.close())
        del self.client


Door = Blocking | Asyncio
FORK, SPAWN = ForkContext(), SpawnContext()


def child(kind: type[Door], door: Door | None, what: str, gate: Event | None = None) -> None:
    door = door or kind()
    if what == "call":
        door.work("child")
    elif what == "drop":
        door.drop()
    elif what == "late":
        assert gate is not None
        gate.wait()
        door.work("late")
    # Alive until the process ends, and beyond the frame that made it.
    globals()["kept"] = door


def by_multiprocessing(context: SpawnContext | ForkContext) -> Callable[..., Callable[[], None]]:
    def start(*arguments: Any) -> Callable[[], None]:
        process = context.Process(target=child, args=arguments)
        process.start()

        def ended() -> None:
            process.join()
            assert process.exitcode == 0, process.exitcode

        return ended

    return start


def by_os_fork(*arguments: Any) -> Callable[[], None]:
    """The child ends as a program does, with the interpreter's whole clearing up."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        child(*arguments)
        sys.exit(0)
    return lambda: reap(pid)


def prefork(*arguments: Any) -> Callable[[], None]:
    """As servers do: several workers of one master, which ends them with SIGTERM when they have done their work."""
    pids = []
    for _ in range(2):
        ready = FORK.Event()
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            child(*arguments)
            ready.set()
            while True:
                signal.pause()
        pids.append((pid, ready))

    def ended() -> None:
        for pid, ready in pids:
            ready.wait()
            os.kill(pid, signal.SIGTERM)
            reap(pid)

    return ended


def reap(pid: int) -> None:
    _, status = os.waitpid(pid, 0)
    assert status == 0, status


def busy(door: Door) -> Callable[[], None]:
    """Threads that call all the time, so that the forks come in the middle of whatever they do."""
    stop = threading.Event()

    def calls() -> None:
        while not stop.is_set():
            door.work("busy")

    threads = [threading.Thread(target=calls) for _ in range(4)]
    for thread in threads:
        thread.start()

    def ended() -> None:
        stop.set()
        for thread in threads:
            thread.join()

    return ended


WAYS: dict[str, tuple[type[Door], Callable[..., Callable[[], None]]]] = {
    "fork": (Blocking, by_multiprocessing(FORK)),
    "spawn": (Blocking, by_multiprocessing(SPAWN)),
    "prefork": (Blocking, prefork),
    "asyncio": (Asyncio, by_os_fork),
    "busy": (Blocking, by_os_fork),
}


def main(way: str, moment: str, what: str) -> None:
    kind, start = WAYS[way]
    door = None
    if moment == "before":
        door = kind()
        door.work("first")
    inherited = door
    if way == "spawn" and door is not None:
        # There is nothing that another process could use: it is said at once, and the child makes its own.
        try:
            pickle.dumps(door.client)
        except TypeError:
            inherited = None
    calls = busy(door) if way == "busy" and door is not None else lambda: None
    for _ in range(5 if way == "busy" else 1):
        start(kind, inherited, what)()
    if what == "drop":
        gate = (SPAWN if way == "spawn" else FORK).Event()
        late = start(kind, inherited, "late", gate)
        calls()
        (door or kind()).drop()
        gate.set()
        late()
    else:
        calls()
        (door or kind()).work("parent")


if __name__ == "__main__":
    main(*sys.argv[1:])
