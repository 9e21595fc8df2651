"""Starts a host below the scanner, tells it what to do, and asks what it left behind."""

from __future__ import annotations

import json
import os
import secrets
import select
import socket
import string
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCANNER = ROOT / "target/debug/residue_scan"
SECONDS = 30
# The file to which credentials are noted.
NOTES = "KEYLATCH_TEST_CANARIES"
LETTERS = string.ascii_letters + string.digits


class Failed(Exception):
    """Something is not as it must be; says what."""


def canary() -> bytes:
    """64 random letters and digits, fit for a header."""
    return "".join(secrets.choice(LETTERS) for _ in range(64)).encode()


def awkward_canary() -> bytes:
    """As `canary`, with two characters that JSON writes otherwise: for values that travel in a body."""
    plain = canary()
    return plain[:32] + b'"' + plain[33:48] + b"\\" + plain[49:]


def note(credential: bytes) -> None:
    """Writes it down for the search at the end of a whole test run, which names a file for that."""
    path = os.environ.get(NOTES)
    if path and credential:
        # One write for each, since several processes append.
        with Path(path).open("ab", buffering=0) as file:
            file.write(credential.hex().encode() + b"\n")


@dataclass(frozen=True)
class Find:
    """A run of a secret in the host's memory."""

    canary: int
    form: str
    length: int
    place: str
    offset: int
    around: str = ""

    def __str__(self) -> str:
        said = f"{self.length} bytes, {self.form}, at {self.offset:#x} of {self.place}, of secret {self.canary}"
        return f"{said}\n        {self.around}" if self.around else said


@dataclass(frozen=True)
class Report:
    """What a scan found."""

    copies: list[Find]
    fragments: list[Find]
    pid: int
    bytes: int
    threads: int

    @property
    def finds(self) -> list[Find]:
        return self.copies + self.fragments


class Host:
    """A host program that runs below the scanner; ends with the `with` block."""

    def __init__(self, *command: str, folder: Path | None = None, ends: int = 0) -> None:
        self.name = " ".join(Path(word).name for word in command)
        self.canaries: list[bytes] = []
        self.held: list[bytes] = []
        # What it ends with, where that is not 0.
        self.ends = ends
        with tempfile.TemporaryDirectory(prefix="keylatch-residue-") as place, socket.socket(socket.AF_UNIX) as door:
            door.bind(f"{place}/scan")
            door.listen(1)
            door.settimeout(SECONDS)
            self.process = subprocess.Popen(
                [str(SCANNER), f"{place}/scan", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=folder,
            )
            self.scanner, _ = door.accept()
        self.scanner.settimeout(SECONDS)
        self.answers = self.scanner.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.answers.close()
        self.scanner.close()
        try:
            code = self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        if error is None and code != self.ends:
            raise Failed(f"the host {self.name} ended with {code}")

    def tell(self, *words: str, secret: bytes = b"", held: bytes = b"") -> None:
        """Says a line, and behind it a secret that must not stay, or one that the client holds while it lives."""
        assert self.process.stdin is not None
        if secret:
            self.canaries.append(secret)
        if held:
            self.held.append(held)
        note(secret or held)
        if secret or held:
            words = (*words, str(len(secret or held)))
        self.process.stdin.write(" ".join(words).encode() + b"\n" + (secret or held))
        self.process.stdin.flush()

    def hear(self, seconds: float = SECONDS) -> str:
        """The next line that the host says."""
        assert self.process.stdout is not None
        said, deadline = bytearray(), time.monotonic() + seconds
        while not said.endswith(b"\n"):
            readable, _, _ = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            read = os.read(self.process.stdout.fileno(), 4096) if readable else b""
            if not read:
                raise Failed(f"the host {self.name} {'has ended' if readable else 'does not answer'}")
            said += read
        return said.decode().rstrip("\n")

    def must(self, *words: str, secret: bytes = b"", held: bytes = b"", says: str = "ok") -> str:
        """Says a line and hears the answer, where only one kind of answer is right."""
        self.tell(*words, secret=secret, held=held)
        said = self.hear()
        if not said.startswith(says):
            raise Failed(f"{self.name}: {' '.join(words)} answered {said!r}, not {says!r}")
        return said

    def scan(self) -> Report:
        """Looks for every secret that this host was given to pass on."""
        report = self.look(self.canaries)
        if report.bytes < 1 << 20 or report.threads < 1:
            raise Failed(f"{self.name}: the scan saw too little to prove anything: {report}")
        return report

    def look(self, secrets: list[bytes], file: Path | None = None) -> Report:
        """Looks for these secrets, in the host or in a dump of it."""
        question = {
            "canaries": [one.hex() for one in secrets],
            "file": str(file) if file else None,
            "explain": "RESIDUE_EXPLAIN" in os.environ,
        }
        self.scanner.sendall(json.dumps(question).encode() + b"\n")
        answer: dict[str, Any] = json.loads(self.answers.readline() or b'{"error": "the scanner has ended"}')
        if "error" in answer:
            raise Failed(f"{self.name} cannot be scanned: {answer['error']}")
        if answer["canaries"] != len(secrets):
            raise Failed(f"{self.name}: not all secrets were looked for")
        copies, fragments = ([Find(**find) for find in answer[name]] for name in ("copies", "fragments"))
        return Report(copies, fragments, answer["pid"], answer["bytes"], answer["threads"])
