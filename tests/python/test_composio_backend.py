"""`Keylatch.composio`: what the door does on Composio's API; the conformance cases tell what the calls do there."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import GOOD, NAMES
from double import Double, Project
from keylatch import AsyncKeylatch, Keylatch, Upstream, errors


@pytest.fixture
def project() -> Project:
    return Project(f"backend-{next(NAMES)}")


@pytest.fixture
def options(project: Project, double: Double) -> dict[str, Any]:
    return {"base_url": project.base_url, "extra_ca": double.ca}


@pytest.fixture
def client(project: Project, options: dict[str, Any]) -> Iterator[Keylatch]:
    with Keylatch.composio(project.api_key, **options) as client:
        yield client


@pytest.fixture
def pending(project: Project, connection_id: str) -> str:
    """A connection that is not ACTIVE, and stays so."""
    project.status(connection_id, "INITIATED")
    return connection_id


def test_the_same_calls(client: Keylatch, integration_id: str, project: Project) -> None:
    typed = bytearray(GOOD.encode())
    made = client.initiate_connection(
        entity_id="user-1", app="stripe", connected_account_params={"api_key": typed}, alias="main"
    )
    assert not any(typed)
    assert (made.connection_status, made.redirect_url, made.verdict) == ("ACTIVE", None, "accepted")
    (stored,) = project.accounts()["items"]
    assert (stored["id"], stored["val"]["api_key"]) == (made.connected_account_id, GOOD)
    account = client.connected_accounts.set_alias(made.connected_account_id, "other")
    assert (account.alias, account.integration_id, account.entity_id) == ("other", integration_id, "user-1")
    result = client.entity("user-1").execute_action("STRIPE_RETRIEVE_BALANCE")
    assert (result.data, result.successful, result["logId"]) == ({"id": "acct_1"}, True, result.log_id)
    assert result.log_id
    assert client.request("GET", "/v1/balance", entity_id="user-1", app="stripe").json() == {"id": "acct_1"}


def test_what_the_api_said(client: Keylatch) -> None:
    with pytest.raises(errors.NotFoundError) as raised:
        client.connected_accounts.get("ca_nowhere")
    upstream = raised.value.upstream
    assert isinstance(upstream, Upstream)
    assert (upstream.status, upstream.code) == (404, 606)
    assert upstream.slug == "ConnectedAccount_ResourceNotFound"
    assert upstream.message
    assert upstream.request_id


def test_a_wrong_key_is_not_repeated(options: dict[str, Any]) -> None:
    with Keylatch.composio("ak_nobody_knows_this_one", **options) as client:
        with pytest.raises(errors.UnauthorizedError) as raised:
            client.apps.get("stripe")
        assert "nobody_knows_this_one" not in repr(vars(raised.value))


def test_the_environment_names_the_project(
    project: Project, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSIO_API_KEY", project.api_key)
    monkeypatch.setenv("COMPOSIO_BASE_URL", f"{options.pop('base_url')}/api")
    with Keylatch.composio(**options) as client:
        assert client.apps.get("stripe").slug == "stripe"
    with Keylatch.composio(**options, api_version="v1") as client:
        assert client.apps.get("stripe").slug == "stripe"
    assert {each["path"].split("/")[2] for each in project.requests()["items"]} == {"v3.1", "v1"}


def test_waiting_has_an_end(client: Keylatch, project: Project, pending: str) -> None:
    begun = time.monotonic()
    with pytest.raises(errors.TimeoutError, match="INITIATED") as raised:
        client.connected_accounts.wait_until_active(pending, timeout=0.3)
    assert time.monotonic() - begun < 10
    assert raised.value.connected_account_id == pending
    project.status(pending, "FAILED")
    with pytest.raises(errors.InvalidArgumentError, match="FAILED"):
        client.connected_accounts.wait_until_active(pending)
    project.status(pending, "ACTIVE")
    assert client.connected_accounts.wait_until_active(pending, timeout=0).id == pending


def test_waiting_in_asyncio_is_cancelled(project: Project, options: dict[str, Any], pending: str) -> None:
    async def run() -> None:
        async with AsyncKeylatch.composio(project.api_key, **options) as client:
            waiting = asyncio.create_task(client.connected_accounts.wait_until_active(pending))
            await asyncio.sleep(0.2)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            project.status(pending, "ACTIVE")
            assert (await client.connected_accounts.wait_until_active(pending)).status == "ACTIVE"

    asyncio.run(run())


INTERRUPTED = """
import sys
from keylatch import Keylatch
with Keylatch.composio() as client:
    print("waiting", flush=True)
    try:
        client.connected_accounts.wait_until_active(sys.argv[1], timeout=60)
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_ctrl_c_ends_the_waiting(project: Project, pending: str) -> None:
    env = {**os.environ, "COMPOSIO_API_KEY": project.api_key, "COMPOSIO_BASE_URL": project.base_url}
    before = len(project.requests()["items"])
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED, pending], stdout=subprocess.PIPE, env=env) as process:
        while len(project.requests()["items"]) == before:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
        assert out == b"waiting\ninterrupted\n"
        assert process.returncode == 0


HANDLED = """
import signal
import sys
from keylatch import Keylatch
client = Keylatch.composio(timeout=60)
def handle(number, frame):
    print(len(client.connected_accounts.list().items), "listed", flush=True)
    if number == signal.SIGTERM:
        raise RuntimeError("enough")
for number in (signal.SIGALRM, signal.SIGTERM):
    signal.signal(number, handle)
print("hanging", flush=True)
try:
    client.connected_accounts.get(sys.argv[1])
except RuntimeError as error:
    print(error)
client.close()
"""


def test_a_signals_handler_may_make_calls_and_end_the_one_under_way(project: Project, pending: str) -> None:
    env = {**os.environ, "COMPOSIO_API_KEY": project.api_key, "COMPOSIO_BASE_URL": project.base_url}
    project.faults([{"on": "GET /connected_accounts/*", "fault": "hang", "times": 1}])
    before = len(project.requests()["items"])
    with subprocess.Popen([sys.executable, "-c", HANDLED, pending], stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"hanging\n"
        while len(project.requests()["items"]) == before:
            time.sleep(0.02)
        process.send_signal(signal.SIGALRM)
        assert process.stdout.readline() == b"1 listed\n"
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
        assert out == b"1 listed\nenough\n"
        assert process.returncode == 0
