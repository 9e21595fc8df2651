"""Searches what the conformance cases leave behind in every language for credentials: `leaks.py [FOLDER]`.

FOLDER has what earlier runs under `most_verbose` have kept (`tests/all.py`); languages that are missing there run now.
Each runner knows three variables: KEYLATCH_TEST_KEEP is a folder for its vaults, KEYLATCH_TEST_SAYINGS a file to which
it appends all that can be reached and printed of what calls answer and raise, KEYLATCH_TEST_TRACE turns on every log.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

from ahocorasick_rs import BytesAhoCorasick

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RUNNERS = {
    "rust": [str(ROOT / "target/debug/conformance")],
    "python": [sys.executable, str(HERE / "python/conformance.py")],
    "node": ["node", str(HERE / "node/conformance.mjs")],
    "c": [sys.executable, str(HERE / "c/run.py"), "--profile", "release", "--kind", "plain", "--no-cargo"],
}
VAULT_KEY = "keylatch-vault-key-of-the-runner"
# Of the database whose URL the runners get for their vaults in PostgreSQL.
DATABASE_PASSWORD = "keylatch-password-of-the-runners-database"
SECRET_WORDS = ("key", "token", "secret", "password")
SHORTEST = 8
# What each runner says on purpose, hidden as deep in an object as a credential could be; and one among the logs.
CONTROLS = {f"{place}.sayings": f"keylatch-control-canary-{place}".encode() for place in RUNNERS}
CONTROLS["control.log"] = b"keylatch-control-canary-7f3a9c"
# Of a search in one go: how much of a file, and how much of that is read again with the next.
CHUNK, OVERLAP = 16 << 20, 1 << 12


def secrets() -> set[str]:
    """Every value that a case gives for a field which, by its name, authenticates."""
    found: set[str] = set()
    for file in HERE.glob("cases/*.json"):
        for case in json.loads(file.read_text(encoding="utf-8"))["cases"]:
            client = case.get("client", {})
            found |= {client[name] for name in ("passphrase", "key_hex") if name in client}
            found |= {client["transit"]["token"]} if "transit" in client else set()
            for step in case["steps"]:
                for name, value in step.get("params", {}).items():
                    text = value.get("$bytes") if isinstance(value, dict) else value
                    is_secret = any(word in name.lower() for word in SECRET_WORDS)
                    if is_secret and isinstance(text, str) and len(text.strip()) >= SHORTEST and "${" not in text:
                        found.add(text.strip())
    return found


def runners_keys() -> set[str]:
    """Of the runners' vaults the key, of their database the password, of their Composio projects how the keys begin:
    `ak_` and the name of the door.
    """
    return {VAULT_KEY, DATABASE_PASSWORD, *(f"ak_{runner}-" for runner in RUNNERS)}


def in_postgres(door: str) -> str:
    """What this door's run on vaults in PostgreSQL is called."""
    return f"{door}-postgres"


def forms(secret: bytes) -> Iterator[bytes]:
    """The ways in which a credential might be written down."""
    text = secret.decode()
    percent = urllib.parse.quote(secret, safe="").encode()
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield secret.hex(" ").encode()  # as Node shows a buffer
    yield ",".join(map(str, secret)).encode()  # as JSON and Rust's Debug show bytes
    yield ", ".join(map(str, secret)).encode()
    yield text.encode("utf-16-le")
    yield json.dumps(text)[1:-1].encode()
    yield repr(text)[1:-1].encode()
    yield html.escape(text).encode()
    yield percent
    yield re.sub(rb"%..", lambda found: found[0].lower(), percent)
    yield urllib.parse.quote_plus(secret).encode()
    for inner in (secret, text.encode("utf-16-le")):
        for shift in range(3):
            # Base64 of the secret inside a longer text, whatever stands before and behind it.
            whole = base64.b64encode(b"x" * shift + inner)
            known = whole[4 if shift else 0 : -4]
            yield known
            yield known.translate(bytes.maketrans(b"+/", b"-_"))


def most_verbose(folder: Path, door: str) -> dict[str, str]:
    """The variables under which this door's runner keeps and says everything."""
    vaults = folder / "vaults" / door
    vaults.mkdir(parents=True, exist_ok=True)
    return {
        "KEYLATCH_TEST_KEEP": str(vaults),
        "KEYLATCH_TEST_SAYINGS": str(folder / f"{door}.sayings"),
        "KEYLATCH_TEST_TRACE": "1",
        "RUST_LOG": "trace",
        "RUST_BACKTRACE": "full",
        "PYTHONDEVMODE": "1",
        "NODE_DEBUG": "*",
    }


def run(door: str, command: list[str], folder: Path) -> None:
    env = {**os.environ, **most_verbose(folder, door)}
    with (folder / f"{door}.log").open("wb") as log:
        code = subprocess.run(command, env=env, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    if code != 0:
        tail = (folder / f"{door}.log").read_text(errors="replace").splitlines()[-5:]
        raise SystemExit(f"leaks: the {door} runner failed:\n" + "\n".join(tail))


def run_in_postgres(folder: Path) -> list[str]:
    """Lets the missing doors run on vaults in PostgreSQL; gives the names of all runs, none where it is not there."""
    said = {in_postgres(door): folder / f"{in_postgres(door)}.sayings" for door in RUNNERS}
    missing = [door for door in RUNNERS if not said[in_postgres(door)].exists()]
    if missing:
        command = [sys.executable, str(HERE / "postgres/run.py"), "--keep", str(folder), *missing]
        if subprocess.run(command, check=False).returncode != 0:
            raise SystemExit("leaks: the cases on a vault in PostgreSQL failed")
    return [name for name, file in said.items() if file.exists()]


class Search:
    """For thousands of needles at once."""

    def __init__(self, needles: Iterable[bytes]) -> None:
        self._needles = sorted(set(needles))
        self._automaton = BytesAhoCorasick(self._needles)

    def within(self, file: Path) -> set[bytes]:
        """Those of the needles that stand in the file."""
        found: set[int] = set()
        with file.open("rb") as content:
            kept = b""
            while chunk := content.read(CHUNK):
                chunk = kept + chunk
                found |= {which for which, *_ in self._automaton.find_matches_as_indexes(chunk, overlapping=True)}
                kept = chunk[-OVERLAP:]
        return {self._needles[which] for which in found}


def main() -> int:
    wanted = secrets() | runners_keys()
    needles = {form: secret for secret in wanted for form in forms(secret.encode()) if len(form) >= SHORTEST}
    assert len(wanted) > 20, "the cases give credentials to look for"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else name)
        for runner, command in RUNNERS.items():
            said = folder / f"{runner}.sayings"
            if not said.exists():
                run(runner, command, folder)
            assert said.stat().st_size > 10_000, f"the {runner} runner wrote down what was said"
            assert list((folder / "vaults" / runner).rglob("*.db")), f"the {runner} runner kept its vaults"
        controls = dict(CONTROLS)
        for name in run_in_postgres(folder):
            controls[f"{name}.sayings"] = CONTROLS[f"{name.removesuffix('-postgres')}.sayings"]
            assert b"COPY keylatch.connections" in (folder / "vaults/postgres.sql").read_bytes(), "the tables are kept"
            assert b"INSERT INTO connections" in (folder / "postgres.log").read_bytes(), "what was written is kept"
        (folder / "control.log").write_bytes(CONTROLS["control.log"])
        files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
        searched = sum(file.stat().st_size for file in files)
        search = Search([*needles, *CONTROLS.values()])
        found = {str(file.relative_to(folder)): search.within(file) for file in files}
    # What was planted must be found, or the search is blind.
    blind = [place for place, control in controls.items() if control not in found[place]]
    if blind:
        print(f"leaks: the control was not found in {', '.join(blind)}, so the search proves nothing")
        return 1
    leaks = [f"{place} holds {needles[form]!r} as {form!r}" for place in found for form in found[place] & set(needles)]
    for leak in leaks[:40]:
        print(f"LEAK {leak}")
    print(
        f"leaks: {len(wanted)} credentials in {len(needles)} forms, {searched >> 20} MiB of vaults, logs, errors and "
        f"objects from {len(controls) - 1} runs: {len(leaks)} found (each planted control was)"
    )
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main())
