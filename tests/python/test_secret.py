"""Secrets: buffers are wiped, nothing prints or copies one."""

from __future__ import annotations

import array
import copy
import pickle
from typing import Any

import pytest
from conftest import GOOD
from keylatch import AsyncKeylatch, Keylatch, KeylatchError, Secret, Transit, _calls, _native, errors

CANARY = "canary-7f3a9c41-never-shown"


def test_take_wipes_a_bytearray() -> None:
    typed = bytearray(CANARY.encode())
    secret = Secret.take(typed)
    assert typed == bytes(len(CANARY))
    assert secret.expose() == CANARY.encode()
    assert len(secret) == len(CANARY)


def test_take_wipes_what_a_memoryview_shows_and_no_more() -> None:
    typed = bytearray(b"key=" + CANARY.encode() + b";")
    secret = Secret.take(memoryview(typed)[4:-1])
    assert typed == b"key=" + bytes(len(CANARY)) + b";"
    assert secret.expose() == CANARY.encode()


def test_take_reads_strided_views_in_order() -> None:
    typed = bytearray(b"a-b-c-")
    assert Secret.take(memoryview(typed)[::2]).expose() == b"abc"
    assert typed == b"\0-\0-\0-"


def test_an_empty_buffer_makes_an_empty_secret() -> None:
    assert len(Secret.take(bytearray())) == 0
    assert Secret("").expose() == b""


@pytest.mark.parametrize("value", [CANARY, CANARY.encode()])
def test_immutable_values_are_copied(value: str | bytes) -> None:
    assert Secret(value).expose() == CANARY.encode()


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (lambda: Secret.take("text"), "Secret(value)"),
        (lambda: Secret.take(b"bytes"), "Secret(value)"),
        (lambda: Secret.take(memoryview(b"bytes")), "read-only"),
        (lambda: Secret(bytearray(b"typed")), "Secret.take"),
        (lambda: Secret(12345), "int"),
        (lambda: Secret(None), "NoneType"),
    ],
)
def test_what_cannot_be_a_secret_says_what_to_do(make: Any, hint: str) -> None:
    with pytest.raises(TypeError) as raised:
        make()
    assert hint in str(raised.value)


def test_buffers_of_other_things_than_bytes_are_refused() -> None:
    with pytest.raises(BufferError):
        Secret.take(array.array("d", [1.0]))


def test_it_is_never_shown() -> None:
    secret = Secret(CANARY)
    assert [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}", "%s" % secret] == ["[redacted]"] * 6  # noqa: UP031
    assert CANARY not in repr({"key": secret, "more": [secret]})
    assert CANARY not in repr(dir(secret))
    with pytest.raises(TypeError):
        bytes(secret)
    with pytest.raises(TypeError):
        vars(secret)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_is_refused(protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps({"key": Secret(CANARY)}, protocol)


def test_copying_is_refused() -> None:
    for copied in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be copied"):
            copied(Secret(CANARY))


def test_equality_and_no_hash() -> None:
    assert Secret("a-key") == Secret(b"a-key")
    assert Secret("a-key") != Secret("b-key")
    assert Secret("a-key") != "a-key"
    secret = Secret("a-key")
    with pytest.raises(TypeError):
        hash(secret)


def test_it_cannot_be_subclassed() -> None:
    with pytest.raises(TypeError):
        type("Loud", (Secret,), {})


def test_with_wipes() -> None:
    with Secret(CANARY) as secret:
        assert secret.expose() == CANARY.encode()
    assert len(secret) == 0
    assert secret != Secret(CANARY)
    with pytest.raises(ValueError, match="has been wiped"):
        secret.expose()
    secret.wipe()


def test_a_call_takes_buffers_even_when_it_fails(client: Keylatch) -> None:
    typed = bytearray(CANARY.encode())
    with pytest.raises(errors.UnknownAppError):
        client.initiate_connection(entity_id="u", app_name="no-such-app", connected_account_params={"k": typed})
    assert typed == bytes(len(CANARY))


def test_strict_secrets_wants_values_that_can_be_wiped(options: dict[str, Any]) -> None:
    with Keylatch(**options, strict_secrets=True) as client:
        ask: dict[str, Any] = {"entity_id": "user-1", "app_name": "stripe", "verify": "off", "allow_multiple": True}
        for refused in (GOOD, GOOD.encode(), memoryview(GOOD.encode())):
            with pytest.raises(errors.InvalidFieldError, match="strict_secrets"):
                client.initiate_connection(**ask, connected_account_params={"api_key": refused})
        secret = Secret(GOOD)
        for taken in (bytearray(GOOD.encode()), memoryview(bytearray(GOOD.encode())), secret, secret):
            client.initiate_connection(**ask, connected_account_params={"api_key": taken})


def test_what_no_field_takes_is_named_by_its_type(client: Keylatch) -> None:
    unfit = {
        "a list": [CANARY],
        "a dict": {"k": CANARY},
        "a complex": 1j,
        "an object": object(),
        "nothing": None,
        "a Secret that has been wiped": (wiped := Secret(CANARY)),
        "text with half a character in it": CANARY + "\ud800",
        "a number": 10**5000,
    }
    wiped.wipe()
    for words, value in unfit.items():
        with pytest.raises(errors.InvalidFieldError, match=words) as raised:
            client.initiate_connection(entity_id="u", app_name="stripe", connected_account_params={"api_key": value})  # type: ignore[dict-item]
        assert CANARY not in str(raised.value)


@pytest.mark.parametrize("values", [[("api_key", GOOD)], GOOD, None, {7: GOOD}])
def test_values_must_be_a_mapping_of_names(client: Keylatch, values: Any) -> None:
    ask: dict[str, Any] = {"entity_id": "u", "app_name": "stripe", "verify": "off"}
    with pytest.raises((errors.InvalidArgumentError, errors.MissingFieldsError)) as raised:
        client.initiate_connection(**ask, connected_account_params=values)
    assert GOOD not in str(raised.value)


def test_the_clients_key_is_taken_too(options: dict[str, Any]) -> None:
    key = bytearray(range(32))
    with Keylatch(**options | {"key": key}):
        assert key == bytes(32)
    with pytest.raises(errors.WrongKeyError):
        Keylatch(**options | {"key": Secret(bytes(32))})


def test_no_repr_shows_a_credential(client: Keylatch, integration_id: str) -> None:
    values = {"api_key": CANARY}
    shown: list[object] = [client, client.apps, client.entity("user-1"), client._native]
    shown.append(_calls.Call("initiate_connection", {}, lambda data, _: data, values, CANARY.encode()))
    ask: dict[str, Any] = {"entity_id": "u", "integration_id": integration_id, "connected_account_params": values}
    with pytest.raises(errors.CredentialsRejectedError) as raised:
        client.initiate_connection(**ask)
    shown += [raised.value, raised.value.args, vars(raised.value)]
    made = client.initiate_connection(**ask, verify="off")
    shown += [made, made.to_dict(), made.wait_until_active(), client.connected_accounts.list()]
    shown.append(_native.Options(
        path=None, tenant="default", key=CANARY, key_env=None, key_file=None, passphrase=None, keyring=None,
        transit=None, timeout=1.0, max_response_bytes=1, extra_ca_pem=None, proxy=None, strict_secrets=False,
        hold_for=0.0, news=None, audit="off",
    ))  # fmt: skip
    shown.append(Transit("https://bao.test", "app", token=CANARY))
    project = Keylatch.composio(CANARY)
    shown += [project, vars(project), AsyncKeylatch.composio(CANARY), vars(AsyncKeylatch.composio(CANARY))]
    for each in shown:
        assert CANARY not in repr(each)
        assert CANARY not in str(each)


def test_a_secret_where_none_belongs_is_not_written_down(client: Keylatch) -> None:
    with pytest.raises(errors.InvalidArgumentError) as raised:
        client.request("GET", "/", connected_account_id="ca_x", json={"key": Secret(CANARY)})
    assert raised.value.fields == ("json",)
    assert isinstance(raised.value, KeylatchError)
    assert raised.value.__cause__ is None
