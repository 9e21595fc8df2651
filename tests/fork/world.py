"""What the Python programs of this folder do with a client, in the world that the environment names (see run.py)."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

from keylatch import AsyncKeylatch, Keylatch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))
from double import Double

INTEGRATION = os.environ["FORK_INTEGRATION"]
KEY = "sk_test_fork_0001"
COUNT = itertools.count()


def opened() -> Keylatch:
    """A client on the world's vault, or on its project."""
    ca, base_url = os.environ["FORK_CA"], os.environ["FORK_BASE_URL"]
    if base_url:
        return Keylatch.composio(os.environ["FORK_API_KEY"], base_url=base_url, extra_ca=ca)
    return Keylatch(os.environ["FORK_VAULT"], key=bytes(32), extra_ca=ca)


async def opened_async() -> AsyncKeylatch:
    ca, base_url = os.environ["FORK_CA"], os.environ["FORK_BASE_URL"]
    if base_url:
        return await AsyncKeylatch.composio(os.environ["FORK_API_KEY"], base_url=base_url, extra_ca=ca)
    return await AsyncKeylatch.open(os.environ["FORK_VAULT"], key=bytes(32), extra_ca=ca)


def work(client: Keylatch, role: str) -> str:
    """Connects a user, asks the app something for them, reads the connection back, and prints `did USER`."""
    user = name(role)
    made = client.initiate_connection(
        entity_id=user, integration_id=INTEGRATION, connected_account_params={"api_key": bytearray(KEY.encode())}
    )
    assert (made.connection_status, made.verdict) == ("ACTIVE", "accepted"), made
    answer = client.request("GET", f"/v1/{user}", connected_account_id=made.connected_account_id)
    assert answer.json() == {"id": "acct_1"}, answer
    assert client.connected_accounts.get(made.connected_account_id).entity_id == user
    did(user)
    return made.connected_account_id


async def work_async(client: AsyncKeylatch, role: str) -> str:
    user = name(role)
    made = await client.initiate_connection(
        entity_id=user, integration_id=INTEGRATION, connected_account_params={"api_key": bytearray(KEY.encode())}
    )
    assert (made.connection_status, made.verdict) == ("ACTIVE", "accepted"), made
    answer = await client.request("GET", f"/v1/{user}", connected_account_id=made.connected_account_id)
    assert answer.json() == {"id": "acct_1"}, answer
    assert (await client.connected_accounts.get(made.connected_account_id)).entity_id == user
    did(user)
    return made.connected_account_id


def name(role: str) -> str:
    return f"{role}-{os.getpid()}-{next(COUNT)}"


def did(user: str) -> None:
    # One write, whoever else writes to the same pipe.
    os.write(1, f"did {user}\n".encode())


def double() -> Double:
    """The app's double, to see what has arrived there."""
    return Double(os.environ["FORK_NAMESPACE"])
