"""Tokens that credentials are traded for: asked for once, however many threads or tasks wait for one."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import GOOD
from double import Double
from keylatch import AsyncKeylatch, Keylatch, KeylatchError

MANY = 24
FIELD = {"display_name": "Key", "description": "For tests.", "no_help_url": "For tests."}
OFFICE: dict[str, Any] = {
    "slug": "office",
    "name": "Office",
    "category": "test",
    "schemes": [
        {
            "auth_scheme": "API_KEY",
            "fields": [{**FIELD, "name": "api_key", "secret": True}],
            "base_url": "https://office.example",
            "trade": {"url": "/login", "json": {"key": "{api_key}"}, "token": "/token", "lifetime": 600},
            "inject": [{"in": "header", "name": "Authorization", "value": "Bearer {access_token}"}],
        }
    ],
}
GRANTED = {"delay_ms": 300, "json": {"token": "office-token-0001"}}
THING = [{"require": {"header": {"authorization": "Bearer office-token-0001"}}, "json": {}}]


def connected(client: Keylatch, double: Double) -> str:
    client.apps.register(OFFICE)
    integration = client.integrations.create("office", base_url=double.http)
    made = client.initiate_connection(
        entity_id="user-1",
        integration_id=integration.id,
        connected_account_params={"api_key": GOOD},
        verify="off",
    )
    return made.connected_account_id


def logins(double: Double) -> int:
    return sum(item["path"] == "/login" for item in double.requests())


def test_threads_wait_for_one_token(client: Keylatch, double: Double) -> None:
    account = connected(client, double)
    double.script({"POST /login": [GRANTED], "GET /thing": THING})
    with ThreadPoolExecutor(MANY) as pool:
        asked = [pool.submit(client.request, "GET", "/thing", connected_account_id=account) for _ in range(MANY)]
        assert {each.result().status for each in asked} == {200}
    assert logins(double) == 1


def test_threads_share_a_refusal(client: Keylatch, double: Double) -> None:
    account = connected(client, double)
    double.script({"POST /login": [{"delay_ms": 300, "status": 401}], "GET /thing": THING})

    def code() -> str:
        try:
            client.request("GET", "/thing", connected_account_id=account)
        except KeylatchError as error:
            return error.code
        return "none"

    with ThreadPoolExecutor(MANY) as pool:
        assert {each.result() for each in [pool.submit(code) for _ in range(MANY)]} == {"credentials_rejected"}
    # One that came late may have asked again.
    assert logins(double) <= 3


def test_tasks_wait_for_one_token_though_the_first_gives_up(options: dict[str, Any], double: Double) -> None:
    async def run() -> None:
        async with AsyncKeylatch(**options) as client:
            await client.apps.register(OFFICE)
            ask = client.request
            first = asyncio.create_task(ask("GET", "/thing", connected_account_id=account))
            while logins(double) == 0:
                await asyncio.sleep(0.02)
            rest = [asyncio.create_task(ask("GET", "/thing", connected_account_id=account)) for _ in range(MANY)]
            await asyncio.sleep(0.05)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            assert {(await each).status for each in rest} == {200}

    with Keylatch(**options) as opener:
        account = connected(opener, double)
    double.script({"POST /login": [GRANTED], "GET /thing": THING})
    asyncio.run(run())
    assert logins(double) == 2
