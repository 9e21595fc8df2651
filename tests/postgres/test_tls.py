"""Which server each TLS mode takes, and whether what passes is encrypted: as docs/postgresql.md says."""

from __future__ import annotations

from typing import Any

import pytest
from keylatch import KeylatchError
from servers import HOST
from vaults import NAME, Vaults, connect, users

# The certificate holds the name `localhost`, not the address: what each mode makes of both, and of another authority.
TAKEN = {
    "verify-full": [True, False, False],
    "verify-ca": [True, True, False],
    "require": [True, True, True],
}
SITUATIONS = [("the right name", NAME, False), ("a wrong name", HOST, False), ("an unknown authority", HOST, True)]


@pytest.mark.parametrize("mode", TAKEN)
@pytest.mark.parametrize("at", range(len(SITUATIONS)), ids=[name for name, _, _ in SITUATIONS])
def test_a_mode_takes_what_it_promises_and_nothing_else(vaults: Vaults, mode: str, at: int) -> None:
    _, host, unknown = SITUATIONS[at]
    given: dict[str, Any] = {"extra_ca": None if unknown else vaults.server.ca.encode()}
    # The server lets this role in with TLS alone.
    if TAKEN[mode][at]:
        client = vaults.open(f"sslmode={mode}", host=host, user="tls", given=given)
        connect(client, "user-1")
        assert users(client) == ["user-1"]
        assert encrypted(vaults) == "t"
    else:
        with pytest.raises(KeylatchError, match="certificate"):
            vaults.open(f"sslmode={mode}", host=host, user="tls", given=given)


@pytest.mark.parametrize("options", ["sslmode=disable", ""], ids=["disable", "by default on loopback"])
def test_without_tls(vaults: Vaults, options: str) -> None:
    connect(vaults.open(options), "user-1")
    assert encrypted(vaults) == "f"


@pytest.mark.parametrize("mode", ["prefer", "allow"])
def test_a_mode_that_whoever_sits_between_could_turn_off_is_refused(vaults: Vaults, mode: str) -> None:
    with pytest.raises(KeylatchError) as told:
        vaults.open(f"sslmode={mode}")
    assert told.value.code == "invalid_argument"


def encrypted(vaults: Vaults) -> str:
    """Whether the vault's connections are: `t` or `f`."""
    of_ours = f"application_name = '{vaults.schema}'"
    return vaults.server.sql(f"SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE {of_ours}")
