"""Errors: a class for each code of the core, all below one base, picklable, with every detail."""

from __future__ import annotations

import asyncio
import builtins
import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
from keylatch import AsyncKeylatch, Keylatch, KeylatchError, Permission, Secret, Transit, Verdict, _native, errors


@pytest.mark.parametrize("code", _native.ERROR_CODES)
def test_every_code_of_the_core_has_its_class(code: str) -> None:
    name = "".join(part.capitalize() for part in code.split("_")) + "Error"
    kind = getattr(errors, name)
    assert errors.BY_CODE[code] is kind
    assert issubclass(kind, KeylatchError)
    assert kind.code == code
    assert kind.__doc__


def test_there_are_no_other_classes() -> None:
    assert set(errors.BY_CODE) == set(_native.ERROR_CODES)
    named = {value for name, value in vars(errors).items() if name.endswith("Error") and isinstance(value, type)}
    assert named == {*errors.BY_CODE.values(), KeylatchError}


def test_verdicts_are_those_of_the_core() -> None:
    assert {verdict.value for verdict in Verdict} == set(_native.VERDICTS)


def test_network_exceptions_are_those_of_the_core() -> None:
    assert [permission.value for permission in Permission] == list(_native.PERMISSIONS)


def test_python_catches_a_timeout_as_its_own() -> None:
    assert issubclass(errors.TimeoutError, builtins.TimeoutError)
    assert str(errors.TimeoutError("too slow")) == "too slow"


@pytest.mark.parametrize("code", _native.ERROR_CODES)
def test_details_come_across_and_survive_pickling(code: str) -> None:
    details = {
        "code": code,
        "message": "what to do",
        "fields": ["api_key"],
        "problems": [{"field": "api_key", "code": "missing_fields", "message": "is missing"}],
        "retry_after_ms": 1500,
        "connected_account_id": "ca_1",
        "candidates": ["ca_1", "ca_2"],
        "near": ["stripe"],
        "verdict": "rejected",
        "upstream": {
            "status": 400,
            "code": 612,
            "slug": "A_B",
            "message": "m",
            "suggested_fix": "f",
            "request_id": "r",
        },
    }
    made = errors.from_json(json.dumps(details))
    for error in (made, pickle.loads(pickle.dumps(made))):
        assert type(error) is errors.BY_CODE[code]
        assert (error.code, error.message, str(error)) == (code, "what to do", "what to do")
        assert error.fields == ("api_key",)
        assert error.problems == (errors.Problem("api_key", "missing_fields", "is missing"),)
        assert error.retry_after == 1.5
        assert error.connected_account_id == "ca_1"
        assert error.candidates == ("ca_1", "ca_2")
        assert error.near == ("stripe",)
        assert error.verdict == "rejected"
        assert error.upstream == errors.Upstream(400, 612, "A_B", "m", "f", "r")


def test_a_code_of_a_later_core_is_still_a_keylatch_error() -> None:
    text = '{"code": "later", "message": "m", "fields": [], "problems": [], "candidates": [], "near": []}'
    assert type(errors.from_json(text)) is errors.InternalError


def test_all_problems_at_once(client: Keylatch) -> None:
    with pytest.raises(errors.MissingFieldsError) as raised:
        client.initiate_connection(entity_id="u", app_name="twilio", connected_account_params={"auth_tokn": "x"})
    assert {problem.code for problem in raised.value.problems} == {"missing_fields", "unknown_field"}
    assert "auth_token" in raised.value.near


def test_after_close_everything_is_closed(options: dict[str, Any]) -> None:
    client = Keylatch(**options)
    client.close()
    client.close()
    with pytest.raises(errors.ClosedError):
        client.apps.list()
    with pytest.raises(errors.ClosedError):
        client.connected_accounts.get("ca_x")


def test_async_close_and_use_before_opening(options: dict[str, Any]) -> None:
    async def run() -> None:
        client = AsyncKeylatch(**options)
        await client.close()
        with pytest.raises(errors.ClosedError, match="not open yet"):
            await client.apps.list()
        async with client:
            assert await client.apps.list()
        await client.close()
        with pytest.raises(errors.ClosedError):
            await client.apps.list()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"passphrase": "also"}, "at most one"),
        ({"keyring": "also"}, "at most one"),
        ({"transit": Transit("https://bao.test", "app", token=b"s.token")}, "at most one"),
        ({"key": None, "transit": Transit("https://bao.test", "app")}, "one of token, token_env and token_file"),
        ({"key": 7}, "key must be"),
        ({"key": b"short"}, "32"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"extra_ca": b"no certificate"}, "certificate"),
        ({"extra_ca": "/no/such/file.pem"}, "extra_ca"),
        ({"proxy": "::"}, "proxy"),
        ({"path": ""}, "path"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], given: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.InvalidArgumentError, match=words):
        Keylatch(**options | given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"api_key": ""}, "API key"),
        ({"api_key": "two words"}, "API key"),
        ({"api_key": 7}, "api_key must be"),
        ({"api_key": None}, "COMPOSIO_API_KEY"),
        ({"base_url": "http://composio.example.com"}, "base_url"),
        ({"api_version": "v2"}, "api_version"),
        ({"timeout": 0}, "timeout"),
        ({"extra_ca": b"no certificate"}, "certificate"),
        ({"extra_ca": "/no/such/file.pem"}, "extra_ca"),
        ({"proxy": "::"}, "proxy"),
    ],
)
def test_options_of_a_project_that_cannot_be(
    given: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMPOSIO_API_KEY", raising=False)
    with pytest.raises(errors.InvalidArgumentError, match=words):
        Keylatch.composio(**{"api_key": "ak_example", **given})
    with pytest.raises(errors.InvalidArgumentError, match=words):
        asyncio.run(opened(AsyncKeylatch.composio, **{"api_key": "ak_example", **given}))


async def opened(make: Any, **options: Any) -> AsyncKeylatch:
    client: AsyncKeylatch = await make(**options)
    return client


def test_a_project_opens_without_a_word_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSIO_API_KEY", "ak_from_the_environment")
    monkeypatch.setenv("COMPOSIO_BASE_URL", "https://composio.invalid/api")
    for key in (None, "ak_example", b"ak_example", bytearray(b"ak_example"), Secret("ak_example")):
        with Keylatch.composio(key, api_version="v1") as client:
            assert isinstance(client, Keylatch)
        assert not isinstance(key, bytearray) or key == bytes(10)
    client = asyncio.run(opened(AsyncKeylatch.composio))
    asyncio.run(client.close())
    with pytest.raises(errors.ClosedError):
        asyncio.run(client.apps.list())


def test_arguments_that_cannot_be(client: Keylatch, connection_id: str) -> None:
    def refused(field: str, call: Any) -> None:
        with pytest.raises(errors.InvalidArgumentError) as raised:
            call()
        assert field in raised.value.fields

    there: dict[str, Any] = {"connected_account_id": connection_id}
    entity = client.entity("user-1")
    value = {"api_key": "k"}
    refused("app", lambda: client.apps.get(7))  # type: ignore[arg-type]
    refused("json", lambda: client.request("GET", "/", **there, json={}, body=b""))
    refused("json", lambda: client.request("GET", "/", **there, json=[float("inf")]))
    refused("timeout", lambda: client.request("GET", "/", **there, timeout=0))
    refused("query", lambda: client.request("GET", "/", **there, query="a=b"))  # type: ignore[arg-type]
    refused("labels", lambda: client.connected_accounts.list(labels="one"))
    refused("limit", lambda: client.connected_accounts.list(limit=0))
    refused("entity_id", lambda: entity.initiate_connection(entity_id="user-2", connected_account_params=value))
    refused("entity_id", lambda: entity.connections(entity_id="user-2"))
    refused(
        "app_name",
        lambda: entity.initiate_connection(app="stripe", app_name="openai", connected_account_params=value),
    )
    refused("params", lambda: entity.execute_action("STRIPE_RETRIEVE_BALANCE", {"when": 1j}))
    refused("params", lambda: entity.execute_action("STRIPE_RETRIEVE_BALANCE", {"limit": Secret(b"k")}))
    refused("timeout", lambda: entity.execute_action("STRIPE_RETRIEVE_BALANCE", timeout=0))
    refused("metadata", lambda: entity.initiate_connection(app="stripe", metadata={1j}, connected_account_params=value))


def test_the_key_can_come_from_all_places_but_the_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYLATCH_TEST_KEY", "ab" * 32)
    sources: list[dict[str, Any]] = [
        {},
        {"key": bytes(32)},
        {"key_env": "KEYLATCH_TEST_KEY"},
        {"key_file": tmp_path / "elsewhere.key"},
        {"passphrase": bytearray(b"correct horse")},
    ]
    for number, source in enumerate(sources):
        Keylatch(tmp_path / f"{number}.db", **source).close()
    assert (tmp_path / "elsewhere.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(errors.WrongKeyError):
        Keylatch(tmp_path / "4.db", passphrase="wrong horse")
    with pytest.raises(errors.KeylatchError) as raised:
        Keylatch(tmp_path / "2.db", key_env="KEYLATCH_TEST_UNSET")
    assert re.search("KEYLATCH_TEST_UNSET", str(raised.value))
