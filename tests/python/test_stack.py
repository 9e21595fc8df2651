"""The stack of the thread that calls: however deep calls write, nothing of it is left when they have returned."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import GOOD
from double import Double
from keylatch import Keylatch

# So much below where the thread waits is in use by the waiting itself.
WAITING = 4 << 10
# The overwriting leaves its own frames' addresses below what it overwrites, and nothing else.
FRAMES = 256


@pytest.mark.skipif(sys.platform != "linux", reason="reads the stack as Linux shows it")
def test_nothing_is_left_however_deep_a_call_wrote(tmp_path: Path, double: Double) -> None:
    # In a process of its own, where no other thread has used that stack before.
    arguments = [tmp_path / "vault.db", double.https, double.ca]
    subprocess.run([sys.executable, __file__, *map(str, arguments)], check=True)


def left() -> int:
    """How many bytes are not zero below where the thread that makes the main thread's calls waits."""
    tasks = Path("/proc/self/task").iterdir()
    named = [task for task in tasks if (task / "comm").read_text().startswith("keylatch-call")]
    task = min(named, key=lambda task: int(task.name))  # a thread that it begins is named like it at first
    while (state := (task / "syscall").read_text().split()) == ["running"]:
        time.sleep(0.001)
    pointer = int(state[-2], 16)
    for line in Path("/proc/self/maps").read_text().splitlines():
        start, end = (int(at, 16) for at in line.split()[0].split("-"))
        if start <= pointer < end:
            with open("/proc/self/mem", "rb") as memory:
                memory.seek(start)
                below = memory.read(pointer - WAITING - start)
            return len(below) - below.count(0)
    raise AssertionError("the thread waits on no stack")


def main(path: str, base_url: str, extra_ca: str) -> None:
    with Keylatch(path, key=bytes(range(32)), extra_ca=extra_ca) as client:
        assert left() <= FRAMES, "opening"
        integration = client.integrations.create("stripe", base_url=base_url)
        assert left() <= FRAMES, "integrations.create"
        made = client.initiate_connection(
            entity_id="user-1", integration_id=integration.id, connected_account_params={"api_key": GOOD}
        )
        assert left() <= FRAMES, "initiate_connection"
        this = made.connected_account_id
        client.connected_accounts.verify(this)
        assert left() <= FRAMES, "verify"
        client.request("GET", "/v1/balance", connected_account_id=this)
        assert left() <= FRAMES, "request"
        client.connected_accounts.update_credentials(this, {"api_key": GOOD})
        assert left() <= FRAMES, "update_credentials"
        client.connected_accounts.delete(this)
        assert left() <= FRAMES, "delete"


if __name__ == "__main__":
    main(*sys.argv[1:])
