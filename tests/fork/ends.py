"""Signals and ends of a Python program with calls under way: `ends.py CASE`, in the world of the environment."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Never

from keylatch import Keylatch
from world import double, opened, opened_async, work, work_async


def arrived(path: str) -> None:
    while not any(request["path"] == path for request in double().requests()):
        time.sleep(0.02)


def in_thread(target: Callable[..., Any], *arguments: Any, daemon: bool = False) -> threading.Thread:
    thread = threading.Thread(target=target, args=arguments, daemon=daemon)
    thread.start()
    return thread


def ask(client: Keylatch, account: str, path: str) -> None:
    client.request("GET", path, connected_account_id=account)


def interrupt_on_arrival(path: str) -> None:
    arrived(path)
    os.kill(os.getpid(), signal.SIGINT)


def interrupt() -> None:
    client = opened()
    account = work(client, "later")
    in_thread(interrupt_on_arrival, "/v1/hang")
    try:
        ask(client, account, "/v1/hang")
    except KeyboardInterrupt:
        print("interrupted")


def interrupt_beside() -> None:
    """The main thread hears of it at once; the call of the other goes on to its answer."""
    client = opened()
    account = work(client, "later")
    answered = threading.Event()

    def calls() -> None:
        ask(client, account, "/v1/slow")
        answered.set()

    in_thread(calls)
    in_thread(interrupt_on_arrival, "/v1/slow")
    try:
        answered.wait()
    except KeyboardInterrupt:
        assert not answered.is_set()
        print("interrupted,")
    answered.wait()
    print("answered")


def end_in_thread() -> None:
    client = opened()
    in_thread(ask, client, work(client, "first"), "/v1/hang", daemon=True)
    arrived("/v1/hang")


def answer_at_the_end() -> None:
    """The answer comes while the interpreter is being taken down: nobody is left to have it."""
    client = opened()
    in_thread(ask, client, work(client, "first"), "/v1/slow", daemon=True)
    arrived("/v1/slow")

    class Last:
        """Gone when the modules are, and in no hurry."""

        def __del__(self, wait: Callable[[float], None] = time.sleep) -> None:
            wait(2)

    sys.modules["last"] = Last()  # type: ignore[assignment]


def end_in_task() -> None:
    async def main() -> None:
        client = await opened_async()
        account = await work_async(client, "first")
        task = asyncio.ensure_future(client.request("GET", "/v1/hang", connected_account_id=account))
        await asyncio.to_thread(arrived, "/v1/hang")
        assert not task.done()

    asyncio.run(main())


def leave_at_once() -> Never:
    client = opened()
    in_thread(ask, client, work(client, "first"), "/v1/hang")
    arrived("/v1/hang")
    os._exit(0)


def exit_in_child() -> None:
    client = opened()
    asking = in_thread(ask, client, work(client, "first"), "/v1/slow")
    arrived("/v1/slow")
    pid = os.fork()
    if pid == 0:
        work(client, "child")
        sys.exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    asking.join()
    work(client, "later")


def subprocesses() -> None:
    client = opened()
    stop = threading.Event()

    def calls() -> None:
        while not stop.is_set():
            work(client, "busy")

    threads = [in_thread(calls) for _ in range(2)]
    for number in range(20):
        # With something to do before the program starts, Python forks; else the system starts it in one go.
        before = (lambda: None) if number % 2 else None
        assert subprocess.run(["true"], preexec_fn=before, check=True).returncode == 0
    stop.set()
    for thread in threads:
        thread.join()
    work(client, "later")


def signals() -> None:
    """Every wait of the system's is cut short, again and again."""
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    client = opened()
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
    for _ in range(5):
        child = subprocess.Popen(["true"])
        work(client, "first")
        child.wait()
    signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
