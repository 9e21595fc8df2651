"""What a logger is told: from every thread and from asyncio, and nothing once it is taken away."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from keylatch import AsyncKeylatch, Keylatch, set_log
from keylatch.errors import InvalidArgumentError, NotFoundError


class Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str, str]] = []
        self.then: Callable[[], object] = lambda: None

    def emit(self, record: logging.LogRecord) -> None:
        kept: Any = record
        self.told.append((kept.keylatch_operation, record.levelname, threading.current_thread().name))
        self.then()

    def operations(self) -> list[str]:
        return [operation for operation, _, _ in self.told]


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    logger = logging.Logger("keylatch-test", 1)
    logger.addHandler(listener)
    set_log(logger, level="debug")
    yield listener
    set_log(None)


@pytest.fixture
def client(tmp_path: Path, listener: Listener) -> Iterator[Keylatch]:
    with Keylatch(tmp_path / "vault.db") as client:
        listener.told.clear()
        yield client


def test_a_call_has_told_before_it_returns(client: Keylatch, listener: Listener) -> None:
    client.integrations.list()
    with pytest.raises(NotFoundError):
        client.connected_accounts.get("none")

    main = threading.main_thread().name
    assert listener.told == [("integrations.list", "DEBUG", main), ("connected_accounts.get", "DEBUG", main)]


def test_nothing_is_told_once_it_is_taken_away(client: Keylatch, listener: Listener) -> None:
    set_log(None)
    client.integrations.list()

    assert listener.told == []


def test_the_loggers_own_level_counts_too(client: Keylatch, listener: Listener) -> None:
    logger = logging.Logger("quiet", logging.INFO)
    logger.addHandler(listener)
    set_log(logger, level="trace")
    client.integrations.list()

    assert listener.told == []


def test_many_threads(client: Keylatch, listener: Listener) -> None:
    with ThreadPoolExecutor(8, thread_name_prefix="calling") as pool:
        list(pool.map(lambda _: client.integrations.list(), range(80)))

    assert listener.operations() == ["integrations.list"] * 80
    assert all(thread.startswith("calling") for _, _, thread in listener.told)


def test_asyncio_is_told_on_its_own_thread(tmp_path: Path, listener: Listener) -> None:
    async def calls() -> None:
        async with AsyncKeylatch(tmp_path / "vault.db") as client:
            await asyncio.gather(*(client.integrations.list() for _ in range(20)))

    asyncio.run(calls())

    assert listener.operations() == ["open", *["integrations.list"] * 20]
    assert {thread for _, _, thread in listener.told} == {threading.main_thread().name}


def test_a_handler_may_call_and_is_not_told_of_that(client: Keylatch, listener: Listener) -> None:
    listener.then = client.integrations.list
    client.apps.get("stripe")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(client.apps.get, "stripe").result()

    assert listener.operations() == ["apps.get", "apps.get"]


def test_what_a_handler_raises_is_nobodys_answer(
    client: Keylatch, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", raised.append)

    def fail() -> None:
        raise ValueError("the handler's own")

    listener.then = fail

    assert client.apps.get("stripe").slug == "stripe"
    assert [type(each.exc_value) for each in raised] == [ValueError]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_child_of_a_fork_goes_on(client: Keylatch, listener: Listener) -> None:
    client.integrations.list()
    child = os.fork()
    if child == 0:
        listener.told.clear()
        client.integrations.list()
        os._exit(0 if listener.operations() == ["integrations.list"] else 1)

    assert os.waitpid(child, 0)[1] == 0


def test_a_level_that_is_none() -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        set_log(logging.getLogger("keylatch"), level="loud")  # type: ignore[arg-type]

    assert raised.value.fields == ("level",)


def test_the_end_of_a_program_that_is_told(tmp_path: Path) -> None:
    program = """
import asyncio, logging, sys, threading
import keylatch

logging.basicConfig(level=1)
keylatch.set_log(logging.getLogger("keylatch"), level="trace")
client = keylatch.Keylatch(sys.argv[1])

def calls() -> None:
    while True:
        client.integrations.list()

async def begun() -> None:
    other = await keylatch.AsyncKeylatch(sys.argv[1])
    for _ in range(50):
        asyncio.ensure_future(other.integrations.list())
    await asyncio.sleep(0.05)

for _ in range(4):
    threading.Thread(target=calls, daemon=True).start()
asyncio.run(begun())
"""
    command = [sys.executable, "-c", program, str(tmp_path / "vault.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr[-2000:]
    assert "integrations.list: finished" in done.stderr
