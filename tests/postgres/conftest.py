"""Fixtures: a PostgreSQL server of these tests' own, and vaults there, each test's in a schema of its own."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in (".", "live")]

from server import Server, started  # noqa: E402
from vaults import Vaults  # noqa: E402

NAMES = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with started() as server:
        yield server


@pytest.fixture
def vaults(server: Server) -> Iterator[Vaults]:
    with Vaults(server, f"test_{next(NAMES)}") as vaults:
        yield vaults
