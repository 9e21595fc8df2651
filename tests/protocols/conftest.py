"""Fixtures: certificates of an authority that only a test knows, and a connection to a double through Keylatch."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme
from keylatch import Keylatch, Permission
from keylatch.errors import CredentialsRejectedError, ProviderUnreachableError


class Outcome(NamedTuple):
    verdict: str
    detail: str | None


Connect = Callable[..., Outcome]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca(authority: trustme.CA) -> str:
    """The authority's certificate, as a user would give it."""
    return authority.cert_pem.bytes().decode()


def server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    return server_context(authority, "localhost")


@pytest.fixture(scope="session")
def misnamed(authority: trustme.CA) -> ssl.SSLContext:
    """A server whose certificate is another's."""
    return server_context(authority, "db.example.com")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Keylatch]:
    with Keylatch(path=tmp_path / "vault.db", key=bytes(32), timeout=10) as client:
        yield client


@pytest.fixture
def connect(client: Keylatch) -> Connect:
    def connect(app: str, **values: Any) -> Outcome:
        """Connects with these values; what the server said of them."""
        integration = client.integrations.create(app, allow=[Permission.LOOPBACK, Permission.PORTS])
        try:
            made = client.initiate_connection(
                entity_id="user-1", integration_id=integration.id, connected_account_params=values
            )
        except (CredentialsRejectedError, ProviderUnreachableError) as error:
            assert error.verdict is not None
            return Outcome(error.verdict, None)
        return Outcome(made.verdict, made.evidence[-1].detail)

    return connect
