"""A connection that breaks during a COMMIT, before it or after it: nothing is lost, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from keylatch import Keylatch, KeylatchError
from keylatch.errors import WrongKeyError
from proxy import Cut, Proxy
from vaults import APP, KEY, Vaults, connect, users

OTHER_KEY = bytes(range(1, 33))
RECIPIENT = "age1fcgtslw55dqx6g7qjd300svwhaqnpxhcfxvvh4cvcnx4ghlww4ps3zrvu2"
IDENTITY = "AGE-SECRET-KEY-18U2AM2NXSMM3Z92G93LC35P0DZHAS5266V5QEZ3D4PUWQ9NF0XTSJPRM8G"


class There(NamedTuple):
    """What was there before the operation."""

    client: Keylatch
    connection: str
    integration: str
    vaults: Vaults


Operation = Callable[[There], Any]


def initiates(there: There) -> None:
    made = connect(there.client, "user-2")
    assert [each.id for each in there.client.connected_accounts.list()] == [made, there.connection]


def makes_an_integration(there: There) -> None:
    made = there.client.integrations.create(APP)
    assert [each.id for each in there.client.integrations.list()] == [made.id, there.integration]


def gives_new_credentials(there: There) -> None:
    accounts = there.client.connected_accounts
    accounts.update_credentials(there.connection, connected_account_params={"api_key": b"canary-new"}, verify="off")
    assert there.vaults.sql("SELECT record_version FROM connections") == "2"


def gives_an_alias(there: There) -> None:
    there.client.connected_accounts.set_alias(there.connection, "main")
    assert there.client.connected_accounts.get(there.connection).alias == "main"


def disables(there: There) -> None:
    there.client.connected_accounts.disable(there.connection)
    assert there.client.connected_accounts.get(there.connection).status == "INACTIVE"


def deletes(there: There) -> None:
    there.client.connected_accounts.delete(there.connection)
    assert users(there.client) == []


def deletes_an_integration(there: There) -> None:
    made = there.client.integrations.create(APP)
    there.client.integrations.delete(made.id)
    assert [each.id for each in there.client.integrations.list()] == [there.integration]


def changes_the_key(there: There) -> None:
    there.client.change_key(key=OTHER_KEY)
    with pytest.raises(WrongKeyError):
        there.vaults.open()
    assert users(there.vaults.open(given={"key": OTHER_KEY})) == ["user-1"]


def rotates(there: There) -> None:
    while there.client.rotate_data_key().remaining:
        pass
    found = there.client.diagnose()
    assert (found.data_keys, found.older_records, found.damaged_connections) == (1, 0, ())


def imports(there: There) -> None:
    source = there.vaults.open(given={"tenant": "source"})
    made = {connect(source, user) for user in ("user-2", "user-3")}
    with TemporaryDirectory() as folder:
        source.export_vault(f"{folder}/moved.export", recipient=RECIPIENT)
        stored = there.client.import_vault(f"{folder}/moved.export", identity=IDENTITY)
    assert (stored.integrations, stored.connections) == (1, 2)
    assert {each.id for each in there.client.connected_accounts.list()} == {there.connection, *made}


OPERATIONS: list[Operation] = [
    initiates,
    makes_an_integration,
    gives_new_credentials,
    gives_an_alias,
    disables,
    deletes,
    deletes_an_integration,
    changes_the_key,
    rotates,
    imports,
]


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.name)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_what_breaks_at_a_commit_is_done_once(vaults: Vaults, operation: Operation, cut: Cut) -> None:
    with Proxy(vaults.server.port) as proxy:
        client = vaults.open(port=proxy.port)
        connection = connect(client, "user-1")
        integration = client.integrations.list()[0].id
        proxy.cut_next(cut)
        operation(There(client, connection, integration, vaults))
        assert proxy.cuts == 1
        client.close()


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.name)
def test_the_tables_are_made_once(vaults: Vaults, cut: Cut) -> None:
    with Proxy(vaults.server.port) as proxy:
        proxy.cut_next(cut)
        client = vaults.open(port=proxy.port)
        assert proxy.cuts == 1
        assert vaults.sql("SELECT count(*), max(format) > 1 FROM vault") == "1|t"
        connect(client, "user-1")
        client.close()


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.name)
def test_what_cannot_be_known_is_said_to_be_so_and_is_there_or_not(vaults: Vaults, cut: Cut) -> None:
    with Proxy(vaults.server.port) as proxy:
        client = vaults.open(port=proxy.port, given={"timeout": 2})
        connect(client, "user-1")
        proxy.cut_next(cut, stays_open=False)
        with pytest.raises(KeylatchError) as told:
            connect(client, "user-2")
        assert (told.value.code, proxy.cuts) == ("indeterminate", 1)
        client.close()
    made = ["user-2"] if cut is Cut.ANSWER else []
    assert users(vaults.open(given={"key": KEY})) == ["user-1", *made]
