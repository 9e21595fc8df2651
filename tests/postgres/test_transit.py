"""A vault that several machines open by Transit, each with a token of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from keylatch import Keylatch, Transit
from keylatch.errors import VaultLockedError
from vaults import Vaults, users

sys.path.append(str(Path(__file__).resolve().parents[1] / "python"))

from double import Double  # noqa: E402

PROGRAM = Path(__file__).with_name("by_transit.py")
TOKENS = [f"s.token-of-machine-{number}" for number in range(4)]
POLICY = {f"transit/{what}/app": ["update"] for what in ("encrypt", "decrypt")}


@pytest.fixture
def double() -> Double:
    double = Double("postgres-transit")
    allow(double, TOKENS)
    return double


def allow(double: Double, tokens: list[str], **key: Any) -> None:
    """Lets these tokens use the key, and starts a new log."""
    double.script({"* *": [{"transit": {"tokens": dict.fromkeys(tokens, POLICY), "keys": {"app": key}}}]})


def asked(double: Double) -> list[str]:
    """Which tokens have opened the vault's key, one for each time."""
    return [each["headers"]["x-vault-token"] for each in double.requests() if each["path"].endswith("/decrypt/app")]


class Machine:
    """One of them: a process, told what to do line by line."""

    def __init__(self, vaults: Vaults, double: Double, token: str) -> None:
        url = vaults.server.url(f"schema={vaults.schema}&application_name={vaults.schema}")
        environment = {**os.environ, "KEYLATCH_TEST_POSTGRES": url, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, str(PROGRAM), double.https, token]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, env=environment, **pipes)

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(20) == 0

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout is not None
        line: str = self.process.stdout.readline()
        return line.rstrip("\n")


@pytest.fixture
def machines(vaults: Vaults, double: Double) -> Iterator[list[Machine]]:
    with ExitStack() as all_of_them:
        machines = [all_of_them.enter_context(Machine(vaults, double, token)) for token in TOKENS]
        assert [machine.hear() for machine in machines] == ["ready"] * len(machines)
        yield machines


def by_transit(vaults: Vaults, double: Double, token: str) -> Keylatch:
    ours = Transit(double.https, "app", token=token)
    ca = f"{vaults.server.ca}\n{Path(double.ca).read_text()}".encode()
    return vaults.open(given={"key": None, "transit": ours, "extra_ca": ca})


def test_machines_that_make_a_vault_together_have_one(vaults: Vaults, double: Double, machines: list[Machine]) -> None:
    for machine in machines:
        machine.tell("go")
    assert [machine.hear() for machine in machines] == ["open"] * len(machines)
    allow(double, [])  # whoever has opened it goes on: nothing is asked for a record
    for number, machine in enumerate(machines):
        machine.tell(f"user-{number}")
    made = {machine.hear() for machine in machines}
    assert asked(double) == []
    allow(double, TOKENS[:1])
    client = by_transit(vaults, double, TOKENS[0])
    assert {each.id for each in client.connected_accounts.list()} == made
    assert (client.diagnose().connections, client.diagnose().warnings) == (len(machines), ())
    assert asked(double) == TOKENS[:1]


def test_a_machine_whose_token_has_ended_is_shut_out(vaults: Vaults, double: Double, machines: list[Machine]) -> None:
    first, second, *_ = machines
    first.tell("go")
    assert first.hear() == "open"
    allow(double, TOKENS[1:], latest=2)
    with pytest.raises(VaultLockedError, match="refuses the token"):
        by_transit(vaults, double, TOKENS[0])
    second.tell("go")
    assert second.hear() == "open"
    client = by_transit(vaults, double, TOKENS[2])
    client.change_key(transit=Transit(double.https, "app", token=TOKENS[2]))
    for machine, user in ((first, "user-1"), (second, "user-2")):
        machine.tell(user)
        assert machine.hear().startswith("ca_")
    allow(double, TOKENS[1:], latest=2, min_decryption_version=2)
    assert users(by_transit(vaults, double, TOKENS[3])) == ["user-1", "user-2"]
    for machine in machines[2:]:
        machine.tell("go")
        assert machine.hear() == "open"
