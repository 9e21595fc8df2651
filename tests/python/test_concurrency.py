"""Waiting holds nobody up: threads run at once, the event loop keeps turning, cancelling and Ctrl-C end a call."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import GOOD, STRIPE
from double import Double
from keylatch import AsyncKeylatch, Keylatch

THREADS = 16
REQUESTS = 100
HANG = {"* *": [{"fault": "hang"}]}


def slow(milliseconds: int) -> dict[str, Any]:
    return {"* *": [{"delay_ms": milliseconds, "json": {"id": "slow"}}]}


def connected(options: dict[str, Any], double: Double) -> str:
    """A connection of user-1 on a plain HTTP instance: TLS would only slow the tests down."""
    with Keylatch(**options) as client:
        instance = client.integrations.create("stripe", base_url=double.http)
        values = {"api_key": GOOD}
        made = client.initiate_connection(
            entity_id="user-1", integration_id=instance.id, connected_account_params=values, verify="off"
        )
        return made.connected_account_id


async def arrived(double: Double, count: int) -> None:
    while len(await asyncio.to_thread(double.requests)) < count:
        await asyncio.sleep(0.02)


def test_threads_wait_at_once_and_python_goes_on(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    double.script(slow(3000))
    answered: list[int] = []
    with Keylatch(**options) as client, ThreadPoolExecutor(THREADS) as pool:

        def ask() -> None:
            answered.append(client.request("GET", "/v1/balance", connected_account_id=account).status)

        waiting = [pool.submit(ask) for _ in range(THREADS)]
        turns = 0
        # This thread runs while those wait, or the loop would not turn.
        while len(double.requests()) < THREADS:
            turns += 1
        assert answered == []
        while len(answered) < THREADS:
            turns += 1
            time.sleep(0.005)
        for each in waiting:
            each.result()
    assert answered == [200] * THREADS
    assert turns > 50


def test_many_threads_share_one_client(options: dict[str, Any], double: Double) -> None:
    with Keylatch(**options) as client, ThreadPoolExecutor(THREADS) as pool:
        instance = client.integrations.create("stripe", base_url=double.http)

        def connect(number: int) -> str:
            typed = bytearray(GOOD.encode())
            made = client.initiate_connection(
                entity_id=f"user-{number}", integration_id=instance.id, connected_account_params={"api_key": typed}
            )
            assert typed == bytes(len(GOOD))
            return client.get_connection(entity_id=f"user-{number}", app="stripe").id + made.connected_account_id

        ids = list(pool.map(connect, range(64)))
        assert len(set(ids)) == 64
        assert len(list(client.connected_accounts.iterate(limit=10))) == 64


def test_the_loop_turns_while_a_hundred_wait(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    double.script(slow(1500))

    async def run() -> None:
        ticks = 0

        async def ticker() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.005)
                ticks += 1

        async with AsyncKeylatch(**options) as client:
            ticking = asyncio.create_task(ticker())
            ask = [client.request("GET", "/v1/balance", connected_account_id=account) for _ in range(REQUESTS)]
            answers = await asyncio.gather(*ask)
            ticking.cancel()
        assert [answer.status for answer in answers] == [200] * REQUESTS
        # 1.5 s are 300 ticks on an idle machine; a loop that is held up makes a handful.
        assert ticks > 75

    asyncio.run(run())
    assert len(double.requests()) == REQUESTS


def test_a_hundred_are_under_way_at_once_and_all_can_be_cancelled(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    double.script(HANG)

    async def run() -> None:
        async with AsyncKeylatch(**options) as client:
            ask = [client.request("GET", "/v1/balance", connected_account_id=account) for _ in range(REQUESTS)]
            tasks = [asyncio.create_task(each) for each in ask]
            # None is ever answered, so all of them are under way when the last arrives.
            await arrived(double, REQUESTS)
            assert not any(task.done() for task in tasks)
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(result, asyncio.CancelledError) for result in results)
            # The client is as good as before.
            double.script(STRIPE)
            assert (await client.request("GET", "/v1/balance", connected_account_id=account)).ok

    asyncio.run(run())


def test_no_thread_for_each_call(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    double.script(HANG)

    async def run() -> None:
        async with AsyncKeylatch(**options) as client:
            tasks = [
                asyncio.create_task(client.request("GET", "/v1/balance", connected_account_id=account))
                for _ in range(REQUESTS)
            ]
            await arrived(double, REQUESTS)
            names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
            # The pool that works on the disk is bounded.
            assert 1 <= names.count("keylatch-io") < REQUESTS // 2
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(run())


def test_a_timeout_of_asyncio_stops_the_call(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    double.script(HANG)

    async def run() -> None:
        async with AsyncKeylatch(**options) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await client.request("GET", "/v1/balance", connected_account_id=account)

    asyncio.run(run())


def begun(loop: asyncio.AbstractEventLoop, client: AsyncKeylatch, account: str) -> Any:
    """The native future of a request, not a task: nobody cancels it when the loop goes."""

    async def start() -> Any:
        args = f'{{"connected_account_id": "{account}", "method": "GET", "path": "/"}}'
        return client._client().call("request", args)

    return loop.run_until_complete(start())


def answered(double: Double, count: int) -> None:
    """Waits until so many answers have come, and are on their way to their event loops."""
    while len(double.requests()) < count:
        time.sleep(0.02)
    time.sleep(1)


def test_answers_that_come_together_are_handed_over_at_once(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    double.script(slow(300))
    wakes: list[Any] = []
    with closing(asyncio.new_event_loop()) as loop:
        client = loop.run_until_complete(AsyncKeylatch.open(**options))
        wake = loop.call_soon_threadsafe

        def counted(callback: Any, *args: Any, **more: Any) -> asyncio.Handle:
            wakes.append(callback)
            return wake(callback, *args, **more)

        futures = [begun(loop, client, account) for _ in range(10)]
        futures[3].cancel()
        loop.call_soon_threadsafe = counted  # type: ignore[method-assign]
        answered(double, 10)  # the loop stands still meanwhile
        assert len(wakes) == 1
        told = loop.run_until_complete(asyncio.gather(*futures, return_exceptions=True))
        cancelled = told.pop(3)
        assert isinstance(cancelled, asyncio.CancelledError)
        assert [json.loads(head)["status"] for head, _, _ in told] == [200] * 9
        loop.run_until_complete(client.close())


def test_answers_wait_for_no_wake_that_was_lost(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    double.script(HANG)
    with closing(asyncio.new_event_loop()) as loop:
        client = loop.run_until_complete(AsyncKeylatch.open(**options))
        hanging = begun(loop, client, account)
        loop.run_until_complete(arrived(double, 1))
        double.script(slow(300))
        first, second = (begun(loop, client, account) for _ in range(2))
        wake = loop.call_soon_threadsafe
        # As an interrupt does that hits the loop between taking a callback and calling it.
        loop.call_soon_threadsafe = lambda *_: None  # type: ignore[method-assign, assignment, return-value]
        answered(double, 2)
        loop.call_soon_threadsafe = wake  # type: ignore[method-assign]
        assert not first.done()
        loop.run_until_complete(begun(loop, client, account))
        assert first.done()
        assert second.done()
        hanging.cancel()
        loop.run_until_complete(client.close())


def test_a_loop_that_was_dropped_is_cleared_away_with_what_is_on_its_way_to_it(
    options: dict[str, Any], double: Double
) -> None:
    account = connected(options, double)
    double.script(slow(300))
    loop = asyncio.new_event_loop()
    client = loop.run_until_complete(AsyncKeylatch.open(**options))
    future = begun(loop, client, account)
    answered(double, 1)
    asyncio.run(client.close())
    dropped = weakref.ref(loop)
    del loop, future
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # that it was not closed
        gc.collect()
    assert dropped() is None


def test_a_closed_loop_is_no_trouble(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    double.script(slow(300))
    unraisable: list[Any] = []
    sys.unraisablehook, hook = unraisable.append, sys.unraisablehook
    try:
        loop = asyncio.new_event_loop()
        client = loop.run_until_complete(AsyncKeylatch.open(**options))
        future = begun(loop, client, account)
        loop.close()
        answered(double, 1)
        assert not future.done()
        # Another loop goes on with the same client.
        assert asyncio.run(client.connected_accounts.get(account)).id == account
        asyncio.run(client.close())
    finally:
        sys.unraisablehook = hook
    assert unraisable == []


def test_loops_in_several_threads_share_one_client(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    client = asyncio.run(AsyncKeylatch.open(**options))
    failures: list[BaseException] = []

    def work() -> None:
        async def ask() -> None:
            answers = await asyncio.gather(
                *(client.request("GET", "/v1/balance", connected_account_id=account) for _ in range(10))
            )
            assert all(answer.ok for answer in answers)

        try:
            asyncio.run(ask())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    asyncio.run(client.close())


INTERRUPTED = """
import sys
from keylatch import Keylatch
with Keylatch(sys.argv[1], key=bytes(range(32)), timeout=60) as client:
    try:
        client.request("GET", "/v1/balance", connected_account_id=sys.argv[2])
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_ctrl_c_ends_the_waiting(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    double.script(HANG)
    command = [sys.executable, "-c", INTERRUPTED, str(options["path"]), account]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) as process:
        while not double.requests():
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
        assert out == b"interrupted\n"
        assert process.returncode == 0


def test_the_end_of_the_program_does_not_wait_for_calls(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    double.script(HANG)
    program = f"""
import asyncio
from keylatch import AsyncKeylatch
async def main():
    client = await AsyncKeylatch.open({str(options["path"])!r}, key=bytes(range(32)), timeout=60)
    asyncio.create_task(client.request("GET", "/", connected_account_id={account!r}))
    await asyncio.sleep(0.5)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=30, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
