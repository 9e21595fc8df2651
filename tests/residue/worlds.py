"""What stands around a host: an app on the provider double, and a vault's folder or a project on Composio's API."""

from __future__ import annotations

import itertools
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from driving import ROOT, SECONDS, Failed, Host

sys.path.append(str(ROOT / "tests/python"))
from double import Double, Project  # noqa: E402

NAMES = itertools.count()
BACKENDS = ("vault", "composio")
SCHEMES = ("http", "https")
MASTER_KEY_BYTES = 32
LONGEST_MS = 30_000
Json = Any
# Takes every credential.
WILLING: Json = {"json": {"id": "acct_1"}}


class World:
    """One app and one backend, as one host sees them."""

    def __init__(self, backend: str, scheme: str, folder: Path) -> None:
        self.backend, self.scheme, self.folder = backend, scheme, folder
        self.double = Double(f"residue-{os.getpid()}-{next(NAMES)}")
        # Its API key must not resemble anything else.
        self.project = Project(secrets.token_hex(32)) if backend == "composio" else None
        self.key = self.project.api_key.encode() if self.project else os.urandom(MASTER_KEY_BYTES)
        self.answer(WILLING)

    def answer(self, *answers: Json) -> None:
        """What the app answers from now on; the last answer repeats."""
        self.double.script({"* *": list(answers)})

    def wait_until_asked(self) -> None:
        """Returns when a request has arrived since the last answer was set."""
        deadline = time.monotonic() + SECONDS
        while not self.double.requests():
            if time.monotonic() > deadline:
                raise Failed("the host does not ask the app")
            time.sleep(0.01)

    def fault(self, *faults: Json) -> None:
        """What Composio's API does instead of answering."""
        if self.project:
            self.project.faults(list(faults))

    def open(self, host: Host, timeout_ms: int = LONGEST_MS, strict: str = "lax") -> None:
        """Lets the host open a client, and know the app."""
        where = str(self.folder / "vault.db")
        if self.project:
            where = os.environ["KEYLATCH_TEST_COMPOSIO" + ("_HTTPS" if self.scheme == "https" else "")]
        host.must("open", self.backend, where, str(timeout_ms), strict, held=self.key)
        host.must("integrate", "stripe", self.app, "api_key")

    @property
    def app(self) -> str:
        """The address of the app."""
        return self.double.https if self.scheme == "https" else self.double.http


@contextmanager
def world(backend: str, scheme: str) -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="keylatch-residue-") as folder:
        yield World(backend, scheme, Path(folder))
