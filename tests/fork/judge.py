"""Runs a cell in a world of its own, and says `ok`, `FAIL` or `HANG`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from keylatch import Keylatch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))
from cells import HERE, Cell
from double import Double, Project

DEADLINE = 40
KEY = "sk_test_fork_0001"
DID = re.compile(r"^did ((\w+)-\S+)$", re.MULTILINE)
# Accepts one key and answers to nobody else; two routes keep a caller waiting.
ACCEPTS = {"require": {"header": {"authorization": f"Bearer {KEY}"}}, "json": {"id": "acct_1"}}
SCRIPT = {
    "* *": [ACCEPTS],
    "GET /v1/slow": [ACCEPTS | {"delay_ms": 1500}],
    "GET /v1/hang": [{"fault": "hang"}],
}


class Failed(Exception):
    """What is not as it should be."""


class World:
    """A namespace of the app's double, and a vault or project in which the app is known by that address."""

    def __init__(self, cell: Cell, folder: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=folder))
        self.namespace = self.folder.name
        self.double = Double(self.namespace, SCRIPT)
        self.project = Project(self.namespace) if cell.backend == "composio" else None
        with self.client() as client:
            self.integration = client.integrations.create("stripe", base_url=self.double.https).id

    def client(self) -> Keylatch:
        if self.project:
            return Keylatch.composio(self.project.api_key, base_url=self.project.base_url, extra_ca=self.double.ca)
        return Keylatch(self.folder / "vault.db", key=bytes(32), extra_ca=self.double.ca)

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "FORK_NAMESPACE": self.namespace,
            "FORK_INTEGRATION": self.integration,
            "FORK_CA": self.double.ca,
            "FORK_VAULT": str(self.folder / "vault.db"),
            "FORK_BASE_URL": self.project.base_url if self.project else "",
            "FORK_API_KEY": self.project.api_key if self.project else "",
        }

    def check(self, cell: Cell, output: str) -> None:
        """All that the program says it has done has come to the servers, and is in the vault."""
        done = DID.findall(output)
        roles = {role for _, role in done}
        if roles != cell.roles:
            raise Failed(f"done by {sorted(roles)}, not by {sorted(cell.roles)}")
        asked = {request["path"] for request in self.double.requests()}
        with self.client() as client:
            for user, _ in done:
                if f"/v1/{user}" not in asked:
                    raise Failed(f"{user}'s request has not come to the app")
                if len(client.connected_accounts.list(entity_id=user).items) != 1:
                    raise Failed(f"{user}'s connection is not there")
        said = DID.sub("", output).split()
        if said != cell.says.split():
            raise Failed(f"said {' '.join(said)!r}, not {cell.says!r}")


def judge(cell: Cell, folder: Path, deadline: float = DEADLINE) -> tuple[str, str]:
    """The verdict, and why it is that."""
    world = World(cell, folder)
    command = [part.format(folder=folder) for part in cell.command]
    process = subprocess.Popen(
        command,
        cwd=HERE,
        env=world.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        # To the end of both streams: a child that outlives its parent keeps them open.
        output, complaints = process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, complaints = process.communicate()
        return "HANG", f"{output}{complaints}"
    try:
        if process.returncode != 0 or complaints:
            raise Failed(f"exit {process.returncode}")
        world.check(cell, output)
    except Failed as failure:
        return "FAIL", f"{failure}\n{output}{complaints}"
    return "ok", ""
