"""Results: both spellings, by attribute and by key, unchangeable, open to names of later versions."""

from __future__ import annotations

import asyncio
import dataclasses
import pickle
import subprocess
import sys
from typing import Any

import pytest
from keylatch import (
    AsyncConnectionRequest,
    AsyncKeylatch,
    Connection,
    ConnectionRequest,
    ExpectedParams,
    Headers,
    Keylatch,
    Page,
    Response,
    Status,
    errors,
)
from keylatch.errors import Problem
from keylatch.models import Model

CONNECTION: dict[str, Any] = {
    "id": "ca_1", "app": "stripe", "auth_scheme": "API_KEY", "integration_id": "ac_1", "entity_id": "user-1",
    "status": "ACTIVE", "verdict": "accepted", "labels": ["a", "b"], "metadata": {"plan": ["x"]},
    "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z",
}  # fmt: skip
REQUEST: dict[str, Any] = {
    "connection_status": "ACTIVE", "connected_account_id": "ca_1", "redirect_url": None, "verdict": "under_scoped",
    "evidence": [{"request": "GET /v1", "status": None, "verdict": "unreachable"}], "warnings": [], "replaced": False,
}  # fmt: skip


def test_both_spellings_by_attribute_and_by_key(client: Keylatch) -> None:
    info: Any = client.get_expected_params_for_user(app="stripe")
    assert isinstance(info, ExpectedParams)
    assert info.expected_params is info.expectedInputFields is info["expected_params"] is info["expectedInputFields"]
    assert info.integration_id == info.integrationId == info["integration_id"] == info["integrationId"]
    assert info.authScheme == info["authScheme"] == "API_KEY"
    assert info.jsonSchema["properties"].keys() == {"api_key"}
    field = info.expected_params[0]
    assert field.display_name == field.displayName == field["displayName"] == field.get("display_name")
    assert field.is_secret is field.isSecret is field.secret is field["secret"] is field["isSecret"] is True
    assert field.expected_from_customer is field["expected_from_customer"] is field["expectedFromCustomer"] is True


def test_what_is_not_there(client: Keylatch) -> None:
    app: Any = client.apps.get("stripe")
    assert "docs_url" in app
    assert "docsUrl" in app
    assert "password" not in app
    assert app.get("password", 7) == 7
    with pytest.raises(KeyError):
        app["password"]
    with pytest.raises(AttributeError, match="password"):
        _ = app.password
    with pytest.raises(AttributeError):
        _ = app._client


def test_as_dict() -> None:
    connection = Connection.from_dict(CONNECTION)
    assert dict(connection) == {**connection.to_dict(), "labels": ("a", "b")}  # type: ignore[call-overload]
    assert connection.to_dict() == {**CONNECTION, "account": None, "alias": None, "verified_at": None}
    assert connection == Connection.from_dict(CONNECTION)
    assert connection == pickle.loads(pickle.dumps(connection))


def test_unchangeable() -> None:
    connection = Connection.from_dict(CONNECTION)
    with pytest.raises(dataclasses.FrozenInstanceError):
        connection.status = "REVOKED"  # type: ignore[misc]
    response = Response(200, Headers([]), b"")
    with pytest.raises(AttributeError):
        response.status = 500


def test_an_import_loads_no_more_than_it_needs() -> None:
    heavy = {"asyncio", "dataclasses", "inspect", "keylatch.aio", "logging", "pathlib"}
    program = f"import sys, keylatch; print(*{heavy} & sys.modules.keys())"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def test_as_a_dataclass() -> None:
    connection = Connection.from_dict(CONNECTION)
    fields = [field.name for field in dataclasses.fields(connection)]
    assert fields == list(Connection.__match_args__) == list(dict(connection))
    revoked = dataclasses.replace(connection, status="REVOKED")
    assert revoked.status == "REVOKED" != connection.status
    assert revoked != connection == dataclasses.replace(revoked, status=connection.status)
    assert dataclasses.asdict(connection) == {**connection.to_dict(), "labels": ("a", "b")}
    # Each class has its own, whichever was asked first, and so has what stands within another.
    assert [field.name for field in dataclasses.fields(Problem)] == ["field", "code", "message"]
    assert dataclasses.fields(Model) == ()
    request = ConnectionRequest.from_dict(REQUEST)
    evidence = dataclasses.asdict(request)["evidence"]
    assert list(evidence) == [dict(each) for each in request.evidence]
    assert evidence


@pytest.mark.parametrize(
    ("values", "named"),
    [(("field",), {}), (("a", "b", "c", "d"), {}), (("a", "b", "c"), {"code": "b"}), (("a", "b", "c"), {"more": 1})],
)
def test_fields_are_given_once(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    assert Problem("a", "b", "c") == Problem("a", message="c", code="b")
    with pytest.raises(TypeError):
        Problem(*values, **named)


def test_names_of_later_versions_survive() -> None:
    connection = Connection.from_dict({**CONNECTION, "status": "PAUSED", "verdict": "bored", "novelty": 1})
    assert (connection.status, connection.verdict) == ("PAUSED", "bored")
    assert connection.status not in list(Status)


def test_statuses_compare_with_their_names(client: Keylatch) -> None:
    assert Connection.from_dict(CONNECTION).status == Status.ACTIVE == "ACTIVE"


def test_a_page_is_iterated_over_its_items() -> None:
    page = Page((Connection.from_dict(CONNECTION),), "next")
    assert [each.id for each in page] == ["ca_1"]
    assert len(page) == 1
    assert page["nextCursor"] == "next"


def test_a_response() -> None:
    response = Response(201, Headers([["Set-Cookie", "a"], ["set-cookie", "b"], ["X-One", "1"]]), b'{"a": "\xc3\xa4"}')
    assert response.headers["SET-COOKIE"] == "a"
    assert response.headers.get_all("Set-Cookie") == ["a", "b"]
    assert response.headers.get("x-two") is None
    assert "x-one" in response.headers
    assert list(response.headers) == ["set-cookie", "x-one"]
    assert response.json() == {"a": "ä"}
    assert response.text == '{"a": "ä"}'
    assert response.ok
    assert repr(response) == "<Response 201, 11 bytes>"
    with pytest.raises(errors.ServerError):
        Response(200, Headers([]), b"<html>").json()


def test_a_request_answers_the_pages_spelling_and_pickles(client: Keylatch) -> None:
    request = ConnectionRequest.from_dict(REQUEST, _client=client)
    assert request.connectionStatus == request["connectionStatus"] == "ACTIVE"
    assert request.connectedAccountId == "ca_1"
    assert request.redirectUrl is None
    assert request.evidence[0].status is None
    again = pickle.loads(pickle.dumps(request))
    assert again == request
    with pytest.raises(errors.InvalidArgumentError, match="client"):
        again.wait_until_active()


def test_waiting_is_the_clients(client: Keylatch, connection_id: str) -> None:
    accounts = client.connected_accounts
    request = ConnectionRequest.from_dict({**REQUEST, "connected_account_id": connection_id})
    active = accounts.get(connection_id)
    assert accounts.wait_until_active(connection_id) == active
    assert request.wait_until_active(client, timeout=0) == active
    accounts.disable(connection_id)
    with pytest.raises(errors.InvalidArgumentError, match="INACTIVE") as raised:
        request.wait_until_active(client)
    assert raised.value.connected_account_id == connection_id
    for timeout in (-1, float("inf"), float("nan")):
        with pytest.raises(errors.InvalidArgumentError, match="zero or more"):
            accounts.wait_until_active(connection_id, timeout)


def test_waiting_in_asyncio(options: dict[str, Any], client: Keylatch, connection_id: str) -> None:
    request = AsyncConnectionRequest.from_dict({**REQUEST, "connected_account_id": connection_id})

    async def wait() -> Connection:
        async with AsyncKeylatch(**options) as other:
            return await request.wait_until_active(other, timeout=0)

    assert asyncio.run(wait()).status == "ACTIVE"
    client.connected_accounts.delete(connection_id)
    with pytest.raises(errors.NotFoundError):
        asyncio.run(wait())
