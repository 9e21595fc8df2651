"""A client on both sides of a fork, and one that outlives its server's connections."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from on_both_sides import TIMES
from vaults import Vaults, connect, until, users

COMPLAINTS = ("invalid frontend message", "invalid message", "unexpected message", "protocol violation")
PROGRAM = Path(__file__).with_name("on_both_sides.py")


def test_both_sides_of_a_fork_go_on(vaults: Vaults) -> None:
    url = vaults.server.url(f"schema={vaults.schema}&application_name={vaults.schema}")
    paths = os.pathsep.join(sys.path)
    environment = {**os.environ, "KEYLATCH_TEST_POSTGRES": url, "PYTHONPATH": paths}
    command = [sys.executable, str(PROGRAM)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    there = vaults.open()
    made = done.stdout.split()
    assert len(made) == len(set(made)) == 2 * TIMES + 2
    assert {each.id for each in there.connected_accounts.list(limit=500)} == set(made)
    # Bytes of two clients on one connection would be a breach of the protocol.
    assert not [words for words in COMPLAINTS if words in vaults.server.log()]


def test_a_server_that_may_be_read_from_only_is_waited_for(vaults: Vaults) -> None:
    role = vaults.role()

    def came() -> int:
        return vaults.server.log().count(f"connection authorized: user={role}")

    vaults.open().close()
    vaults.let_in(role)
    client = vaults.open(user=role)
    connect(client, "user-1")
    vaults.server.sql(f"ALTER ROLE {role} SET default_transaction_read_only = on")
    vaults.server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
    before = came()
    with ThreadPoolExecutor() as other:
        writing = other.submit(connect, client, "user-2")
        # It comes again and again, and finds a server that it cannot write to.
        until(lambda: came() > before + 2)
        assert not writing.done()
        vaults.server.sql(f"ALTER ROLE {role} RESET default_transaction_read_only")
        writing.result()
    assert users(client) == ["user-1", "user-2"]
