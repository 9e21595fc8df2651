"""Fixtures: a namespace of the provider double, a vault in a folder of its own, and clients on it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from double import Double
from keylatch import Keylatch

NAMES = itertools.count()
GOOD = "sk_test_good_0001"
# Accepts one key and answers to nobody else.
STRIPE = {"* *": [{"require": {"header": {"authorization": f"Bearer {GOOD}"}}, "json": {"id": "acct_1"}}]}


@pytest.fixture
def double() -> Double:
    return Double(f"pytest-{next(NAMES)}", STRIPE)


@pytest.fixture
def options(tmp_path: Path, double: Double) -> dict[str, Any]:
    return {"path": tmp_path / "vault.db", "key": bytes(range(32)), "extra_ca": double.ca}


@pytest.fixture
def client(options: dict[str, Any]) -> Iterator[Keylatch]:
    with Keylatch(**options) as client:
        yield client


@pytest.fixture
def integration_id(client: Keylatch, double: Double) -> str:
    return client.integrations.create("stripe", base_url=double.https).id


@pytest.fixture
def connection_id(client: Keylatch, integration_id: str) -> str:
    made = client.initiate_connection(
        entity_id="user-1", integration_id=integration_id, connected_account_params={"api_key": GOOD}
    )
    return made.connected_account_id
