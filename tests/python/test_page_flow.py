"""The calls of Composio's page "Connecting to Token/API Key Apps", in its order and spelling, on `Keylatch`."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import GOOD
from double import Double
from keylatch import Keylatch, errors


def test_the_pages_program(client: Keylatch, integration_id: str) -> None:
    toolset: Any = client

    # 1 discover
    info = toolset.get_expected_params_for_user(app="STRIPE", auth_scheme="API_KEY", integration_id=integration_id)
    assert [field["name"] for field in info["expectedInputFields"]] == ["api_key"]
    assert [field.name for field in info["expected_params"]] == ["api_key"]
    assert info.integration_id == integration_id

    # 2 collect
    field = info.expected_params[0]
    assert field["description"]
    assert field.displayName
    assert field.is_secret

    # 3 initiate, on the client
    request = toolset.initiate_connection(
        integration_id=integration_id,
        entity_id="user-1",
        auth_scheme="API_KEY",
        connected_account_params={"api_key": bytearray(GOOD.encode())},
    )

    # 4 active at once
    assert request.connectionStatus == "ACTIVE"
    assert request.redirectUrl is None
    account = toolset.connected_accounts.get(request.connectedAccountId)
    assert account.status == "ACTIVE"
    assert request.wait_until_active(client=toolset, timeout=5) == account
    assert request.wait_until_active() == account


def test_on_the_entity(client: Keylatch, integration_id: str) -> None:
    entity = client.get_entity(id="user-1")
    first = entity.initiate_connection(app_name="STRIPE", connected_account_params={"api_key": GOOD})
    assert first.verdict == "accepted"
    with pytest.raises(errors.AlreadyExistsError) as raised:
        entity.initiate_connection(
            integration_id=integration_id, entity_id="user-1", connected_account_params={"api_key": GOOD}
        )
    assert raised.value.connected_account_id == first.connected_account_id
    assert entity.get_connection("stripe").integration_id == integration_id
    assert [each.id for each in entity.connections(app="stripe")] == [first.connected_account_id]


def test_use(client: Keylatch, connection_id: str, double: Double) -> None:
    double.script({"* *": [{"echo": True, "headers": {"X-One": "1"}}]})
    entity = client.entity("user-1")
    answers = [
        client.request("POST", "/v1/a", entity_id="user-1", app="stripe", json={"name": "Ädä"}),
        client.request(
            "POST", "/v1/a", connected_account_id=connection_id, body="name=x", query={"a": [1, 2], "b": True}
        ),
        entity.request("POST", "/v1/a", app="stripe", body=bytearray(b"raw"), headers=[("x-two", "2")]),
    ]
    for answer in answers:
        assert answer.status == 200
        assert answer.headers["x-one"] == "1"
        assert GOOD not in answer.text
    first, second, third = double.requests()[-3:]
    assert (first["body"], first["headers"]["content-type"]) == ('{"name": "\\u00c4d\\u00e4"}', "application/json")
    assert (second["body"], second["query"]) == ("name=x", {"a": ["1", "2"], "b": "true"})
    assert (third["body"], third["headers"]["x-two"]) == ("raw", "2")
    assert first["headers"]["authorization"] == f"Bearer {GOOD}"


def test_a_rejected_key_is_refused_and_nothing_is_stored(client: Keylatch, integration_id: str) -> None:
    with pytest.raises(errors.CredentialsRejectedError) as raised:
        client.initiate_connection(
            entity_id="user-1", integration_id=integration_id, connected_account_params={"api_key": "sk_test_wrong"}
        )
    assert raised.value.verdict == "rejected"
    assert list(client.connected_accounts.iterate()) == []


def test_a_whole_life(client: Keylatch, connection_id: str, integration_id: str) -> None:
    accounts = client.connected_accounts
    assert accounts.verify(connection_id).verdict == "accepted"
    assert accounts.disable(connection_id).status == "INACTIVE"
    assert accounts.enable(connection_id).status == "ACTIVE"
    updated = accounts.update_credentials(connection_id, {"api_key": bytearray(GOOD.encode())}, verify="required")
    assert updated.replaced
    with pytest.raises(errors.InvalidArgumentError):
        client.integrations.delete(integration_id)
    accounts.delete(connection_id)
    client.integrations.delete(integration_id)
    with pytest.raises(errors.NotFoundError):
        accounts.get(connection_id)


def test_iterate_goes_through_all_pages(client: Keylatch, integration_id: str) -> None:
    for number in range(7):
        client.initiate_connection(
            entity_id=f"user-{number}",
            integration_id=integration_id,
            connected_account_params={"api_key": GOOD},
            labels=["even"] if number % 2 == 0 else [],
            verify="off",
        )
    page = client.connected_accounts.list(limit=3)
    assert len(page) == 3
    assert page.next_cursor is not None
    assert [each.entity_id for each in client.connected_accounts.iterate(limit=3)] == [
        f"user-{n}" for n in range(6, -1, -1)
    ]
    assert len(list(client.connected_accounts.iterate(limit=2, labels=["even"]))) == 4
