"""No credential is in what a whole test run leaves: its output, its temporary files, dumps of its processes.

`tests/all.py` gives every step a folder for temporary files and keeps what the steps print. The residue
test notes the credentials that it makes up; those of the conformance cases are known anyway.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import leaks

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests/residue"))
from driving import NOTES, Host  # noqa: E402

SHORTEST = 16


class Run:
    """The folders of one test run."""

    def __init__(self, folder: Path) -> None:
        self.temporary, self.notes = folder / "tmp", folder / "canaries"
        self.output = self.temporary / "output.log"
        # What the languages' runs of the conformance cases keep and say, for `tests/leaks.py`.
        self.doors = folder / "doors"
        self.doors.mkdir()
        # Some servers of the tests run as other users.
        folder.chmod(0o755)
        self.temporary.mkdir()
        self.temporary.chmod(0o1777)
        self.notes.touch()

    def environment(self) -> dict[str, str]:
        return {**os.environ, "TMPDIR": str(self.temporary), NOTES: str(self.notes)}

    def files(self) -> Iterator[Path]:
        """What the run has written and left, dumps in the checkout included."""
        yield from (file for file in self.temporary.rglob("*") if file.is_file() and not file.is_symlink())
        yield from (file for file in ROOT.glob("core*") if file.is_file())

    def search(self) -> tuple[str, list[str]]:
        """What was searched, and what was found where it must not be."""
        planted = secrets.token_hex(32).encode()
        (self.temporary / "planted").write_bytes(b"..." + planted[:40] + b"...")
        noted = [bytes.fromhex(line) for line in self.notes.read_text().split()]
        known = [secret.encode() for secret in leaks.secrets() | {leaks.DATABASE_PASSWORD} if len(secret) >= SHORTEST]
        forms = leaks.Search(form for secret in known for form in leaks.forms(secret))
        found, searched, control = [], 0, False
        # Beside a program that does nothing, since the scanner starts one.
        with Host("cat") as scanner:
            for file in self.files():
                searched += file.stat().st_size
                finds = scanner.look([*noted, planted], file).copies
                control |= any(find.canary == len(noted) for find in finds)
                found += [f"{file.name}: {find}" for find in finds if find.canary != len(noted)]
                found += [f"{file.name} holds a case's credential" for _ in forms.within(file)]
        if not noted or not control or not self.output.stat().st_size:
            found.append("the search proves nothing: the planted credential, the noted ones or the output are missing")
        return (
            f"{len(noted) + len(known)} credentials in {searched >> 10} KiB of output, temporary files and dumps",
            found,
        )


@contextmanager
def run() -> Iterator[Run]:
    with TemporaryDirectory(prefix="keylatch-run-") as folder:
        yield Run(Path(folder))
