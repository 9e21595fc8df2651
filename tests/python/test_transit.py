"""A vault whose key a Transit engine seals: its token, and many who open it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from double import Double
from keylatch import AsyncKeylatch, Keylatch, Secret, Transit, diagnose, errors

TOKEN = "s.token-of-the-app"
READY: dict[str, Any] = {"* *": [{"transit": {}}]}


@pytest.fixture
def place(options: dict[str, Any], double: Double) -> dict[str, Any]:
    """Options without a key; the server is ready."""
    double.script(READY)
    return {name: value for name, value in options.items() if name != "key"}


@pytest.fixture
def token_file(tmp_path: Path) -> Iterator[Path]:
    """Where a host may keep a token; gone after the test, since nothing that a run leaves may hold one."""
    file = tmp_path / "token"
    yield file
    file.unlink()


def transit(double: Double, **given: Any) -> Transit:
    return Transit(double.https, "app", **given)


def test_the_token_comes_from_all_places(
    place: dict[str, Any], double: Double, token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYLATCH_TEST_TOKEN", TOKEN)
    token_file.write_text(f"{TOKEN}\n")
    buffer = bytearray(TOKEN.encode())
    tokens: list[dict[str, Any]] = [
        {"token": TOKEN},
        {"token": TOKEN.encode()},
        {"token": buffer},
        {"token": Secret(TOKEN)},
        {"token_env": "KEYLATCH_TEST_TOKEN"},
        {"token_file": token_file},
    ]
    for token in tokens:
        with Keylatch(**place, transit=transit(double, **token)) as client:
            assert client.diagnose().key_source == "transit"
    assert not any(buffer)
    with pytest.raises(errors.InvalidArgumentError, match="the token"):
        Keylatch(**place, transit=transit(double, token=buffer))  # which is blank now


def test_a_token_is_read_anew_for_each_opening(place: dict[str, Any], double: Double, token_file: Path) -> None:
    by_file = transit(double, token_file=token_file)
    with pytest.raises(errors.VaultLockedError, match="cannot be read"):
        Keylatch(**place, transit=by_file)
    token_file.write_text("s.token-that-has-ended")
    with pytest.raises(errors.VaultLockedError, match="refuses the token") as raised:
        Keylatch(**place, transit=by_file)
    assert raised.value.fields == ("key",)
    token_file.write_text(TOKEN)
    Keylatch(**place, transit=by_file).close()


def test_strict_secrets_take_no_token_that_cannot_be_wiped(place: dict[str, Any], double: Double) -> None:
    with Keylatch(**place, transit=transit(double, token=Secret(TOKEN)), strict_secrets=True) as client:
        for text in (TOKEN, TOKEN.encode()):
            with pytest.raises(errors.InvalidFieldError) as raised:
                client.change_key(transit=transit(double, token=text))
            assert raised.value.fields == ("token",)
        client.change_key(transit=transit(double, token=bytearray(TOKEN.encode())))


def test_whoever_makes_a_vault_first_all_open_the_same(place: dict[str, Any], double: Double) -> None:
    def opened(number: int) -> None:
        with Keylatch(**place, transit=transit(double, token=TOKEN)) as client:
            client.initiate_connection(
                entity_id=f"user-{number}", app_name="stripe", connected_account_params={"api_key": "sk"}, verify="off"
            )

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(opened, range(16)))
    found = diagnose(place["path"], transit=transit(double, token=TOKEN), extra_ca=double.ca)
    assert (found.key_fits, found.connections, found.warnings) == (True, 16, ())


def test_opening_does_not_hold_up_the_loop(place: dict[str, Any], double: Double) -> None:
    double.script({"* *": [{"fault": "hang"}]})

    async def run() -> float:
        loop = asyncio.get_running_loop()
        opening = asyncio.create_task(AsyncKeylatch.open(**place, transit=transit(double, token=TOKEN), timeout=1.0))
        longest, before = 0.0, loop.time()
        while not opening.done():
            await asyncio.sleep(0.01)
            longest, before = max(longest, loop.time() - before), loop.time()
        with pytest.raises(errors.VaultLockedError, match="did not answer in time"):
            await opening
        return longest

    assert asyncio.run(run()) < 0.5


def test_those_who_have_the_vault_open_go_on_when_its_key_is_sealed_anew(place: dict[str, Any], double: Double) -> None:
    ask: dict[str, Any] = {"app_name": "stripe", "connected_account_params": {"api_key": "sk"}, "verify": "off"}
    with Keylatch(**place, transit=transit(double, token=TOKEN)) as client:
        with Keylatch(**place, transit=transit(double, token=TOKEN)) as other:
            double.script({"* *": [{"transit": {"keys": {"app": {"latest": 2}}}}]})
            other.change_key(transit=transit(double, token=TOKEN))
            other.initiate_connection(entity_id="user-1", **ask)
        client.initiate_connection(entity_id="user-2", **ask)
    double.script({"* *": [{"transit": {"keys": {"app": {"latest": 2, "min_decryption_version": 2}}}}]})
    with Keylatch(**place, transit=transit(double, token=TOKEN)) as again:
        assert (again.diagnose().connections, again.diagnose().warnings) == (2, ())


def test_another_vaults_ciphertext_does_not_open(place: dict[str, Any], double: Double, tmp_path: Path) -> None:
    """Whoever can write the rows cannot bring a key of his own into a vault, though Transit would open it for him."""
    import sqlite3

    paths = [place["path"], tmp_path / "other.db"]
    for path in paths:
        Keylatch(**place | {"path": path}, transit=transit(double, token=TOKEN)).close()
    (ours, theirs) = (sqlite3.connect(path) for path in paths)
    with ours, theirs:
        stolen = theirs.execute("SELECT derivation, wrapped FROM keys").fetchone()
        ours.execute("UPDATE keys SET derivation = ?, wrapped = ?", stolen)
    ours.close()
    theirs.close()
    with pytest.raises(errors.WrongKeyError, match="does not open the vault's key"):
        Keylatch(**place, transit=transit(double, token=TOKEN))
