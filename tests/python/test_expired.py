"""Hearing of connections that expire: on the right thread, outside of all locks, whatever the function does."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import GOOD
from double import Double
from keylatch import AsyncKeylatch, Expired, Keylatch

REFUSES = {"* *": [{"status": 401}]}
MANY = 16


def connected(options: dict[str, Any], double: Double) -> str:
    with Keylatch(**options) as client:
        integration = client.integrations.create("stripe", base_url=double.https)
        made = client.initiate_connection(
            entity_id="user-1", integration_id=integration.id, connected_account_params={"api_key": GOOD}
        )
    double.script(REFUSES)
    return made.connected_account_id


def test_the_function_may_make_calls_on_the_thread_that_asked(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    told: list[tuple[Expired, str, int]] = []

    def tell(expired: Expired) -> None:
        told.append((expired, client.connected_accounts.get(account).status, threading.get_ident()))

    with Keylatch(**options, on_expired=tell) as client:
        assert client.request("GET", "/x", connected_account_id=account).status == 401
        expired = Expired(connected_account_id=account, entity_id="user-1", app="stripe", previous_status="ACTIVE")
        assert told == [(expired, "EXPIRED", threading.get_ident())]


def test_many_threads_are_told_once(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    told: list[Expired] = []
    with Keylatch(**options, on_expired=told.append) as client, ThreadPoolExecutor(MANY) as pool:
        for verification in pool.map(client.connected_accounts.verify, [account] * MANY):
            assert verification.status == "EXPIRED"
    assert len(told) == 1


def test_what_the_function_raises_is_logged(
    options: dict[str, Any], double: Double, caplog: pytest.LogCaptureFixture
) -> None:
    account = connected(options, double)

    def tell(_: Expired) -> None:
        raise RuntimeError("no mail today")

    with caplog.at_level(logging.ERROR, "keylatch"), Keylatch(**options, on_expired=tell) as client:
        assert client.request("GET", "/x", connected_account_id=account).status == 401
    assert "no mail today" in caplog.text


def test_an_async_function_is_awaited_in_the_loop(options: dict[str, Any], double: Double) -> None:
    account = connected(options, double)
    told: list[Expired] = []

    async def main() -> None:
        async def tell(expired: Expired) -> None:
            assert (await client.connected_accounts.get(account)).status == "EXPIRED"
            told.append(expired)

        async with AsyncKeylatch(**options, on_expired=tell) as client:
            assert (await client.request("GET", "/x", connected_account_id=account)).status == 401
            assert [each.connected_account_id for each in told] == [account]

    asyncio.run(main())
