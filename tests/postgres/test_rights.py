"""What a role needs, and what row-level security keeps from it: as docs/postgresql.md says."""

from __future__ import annotations

import pytest
from keylatch import Keylatch, KeylatchError
from servers import Trouble
from vaults import Vaults, connect, users

TABLES = ("keys", "integrations", "connections")


def test_the_documented_rights_are_enough_for_every_call(vaults: Vaults) -> None:
    role = vaults.role()
    vaults.open().close()
    with pytest.raises(KeylatchError, match="lacks rights"):
        vaults.open(user=role)
    vaults.let_in(role)
    client = vaults.open(user=role)
    first, second = connect(client, "user-1"), connect(client, "user-2", alias="main")
    accounts = client.connected_accounts
    accounts.set_alias(first, "other")
    accounts.update_credentials(first, connected_account_params={"api_key": b"canary-new"}, verify="off")
    accounts.disable(first)
    while client.rotate_data_key().remaining:
        pass
    client.change_key(key=bytes(range(1, 33)))
    accounts.delete(second)
    assert users(client) == ["user-1"]
    assert client.diagnose().warnings == ()


def test_a_role_that_does_not_own_the_tables_sees_one_tenant(vaults: Vaults) -> None:
    role = vaults.role()
    for tenant in ("one", "two"):
        connect(tenants(vaults, tenant), f"user-of-{tenant}")
    vaults.let_in(role)
    as_one = "SET keylatch.tenant = 'one'"
    for table in TABLES:
        count = f"SELECT count(*), min(tenant) FROM {table}"
        assert vaults.sql(count) == "2|one", "the owner sees all"
        assert vaults.sql(count, role) == "0|", "nobody's tenant is nothing"
        assert vaults.sql(f"{as_one}; {count}", role) == "1|one"
        vaults.sql(f"{as_one}; DELETE FROM {table} WHERE tenant = 'two'", role)
    with pytest.raises(Trouble, match="row-level security"):
        columns = "key_id, vault_id, derivation, wrapped"
        vaults.sql(f"{as_one}; INSERT INTO keys (tenant, {columns}) SELECT 'two', {columns} FROM keys", role)
    with pytest.raises(Trouble, match="row-level security"):
        vaults.sql(f"{as_one}; UPDATE integrations SET tenant = 'two'", role)
    for tenant in ("one", "two"):
        assert users(tenants(vaults, tenant, user=role)) == [f"user-of-{tenant}"]


def tenants(vaults: Vaults, tenant: str, **where: str) -> Keylatch:
    return vaults.open(given={"tenant": tenant}, **where)
