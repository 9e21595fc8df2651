"""Runs all conformance cases in every language, keeps every vault, log, error text and repr, and looks for credentials.

Each runner knows two variables: KEYLATCH_TEST_KEEP is a folder for its vaults, KEYLATCH_TEST_SAYINGS a file to which it
appends all that calls answer and raise, in every form that the language prints. KEYLATCH_TEST_TRACE turns on the most
verbose logging.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RUNNERS = {
    "rust": [str(ROOT / "target/debug/conformance")],
    "python": [sys.executable, str(HERE / "python/conformance.py")],
    "node": ["node", str(HERE / "node/conformance.mjs")],
    "c": [sys.executable, str(HERE / "c/run.py"), "--profile", "release", "--kind", "plain", "--no-cargo"],
}
SECRET_WORDS = ("key", "token", "secret", "password")
SHORTEST = 8
CONTROL = b"keylatch-control-canary-7f3a9c"


def secrets() -> set[str]:
    """Every value that a case gives for a field which, by its name, authenticates."""
    found: set[str] = set()
    for file in HERE.glob("cases/*.json"):
        for case in json.loads(file.read_text(encoding="utf-8"))["cases"]:
            if case.get("client", {}).get("passphrase"):
                found.add(case["client"]["passphrase"])
            for step in case["steps"]:
                for name, value in step.get("params", {}).items():
                    text = value.get("$bytes") if isinstance(value, dict) else value
                    is_secret = any(word in name.lower() for word in SECRET_WORDS)
                    if is_secret and isinstance(text, str) and len(text.strip()) >= SHORTEST and "${" not in text:
                        found.add(text.strip())
    return found


def project_keys() -> set[str]:
    """How the keys of the runners' Composio projects begin: `ak_` and the name of the door."""
    return {f"ak_{runner}-" for runner in RUNNERS}


def forms(secret: bytes) -> Iterator[bytes]:
    """The ways in which a credential might be written down."""
    yield secret
    yield secret.hex().encode()
    yield secret.decode().encode("utf-16-le")
    yield json.dumps(secret.decode())[1:-1].encode()
    yield urllib.parse.quote(secret, safe="").encode()
    for shift in range(3):
        # Base64 of the secret inside a longer text, whatever stands before it.
        whole = base64.b64encode(b"x" * shift + secret)
        yield whole[4 if shift else 0 : -4]


def run(name: str, command: list[str], folder: Path) -> None:
    vaults = folder / "vaults" / name
    vaults.mkdir(parents=True)
    env = {
        **os.environ,
        "KEYLATCH_TEST_KEEP": str(vaults),
        "KEYLATCH_TEST_SAYINGS": str(folder / f"{name}.sayings"),
        "KEYLATCH_TEST_TRACE": "1",
        "RUST_LOG": "trace",
        "NODE_DEBUG": "http,net,tls",
    }
    with (folder / f"{name}.log").open("wb") as log:
        code = subprocess.run(command, env=env, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    if code != 0:
        tail = (folder / f"{name}.log").read_text(errors="replace").splitlines()[-5:]
        raise SystemExit(f"leaks: the {name} runner failed:\n" + "\n".join(tail))


def main() -> int:
    wanted = secrets() | project_keys()
    needles = {form: secret for secret in wanted for form in forms(secret.encode()) if len(form) >= SHORTEST}
    assert len(wanted) > 20, "the cases give credentials to look for"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for runner, command in RUNNERS.items():
            run(runner, command, folder)
            said = folder / f"{runner}.sayings"
            assert said.stat().st_size > 10_000, f"the {runner} runner wrote down what was said"
            assert list((folder / "vaults" / runner).rglob("*.db")), f"the {runner} runner kept its vaults"
        # A planted one must be found, or the search is blind.
        needles[CONTROL] = "the control"
        (folder / "control.log").write_bytes(b"..." + CONTROL + b"...")

        leaks: list[str] = []
        searched = 0
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                content = file.read_bytes()
                searched += len(content)
                for form, secret in needles.items():
                    if form in content:
                        leaks.append(f"{file.relative_to(folder)} holds {secret!r} as {form!r}")
        expected = [leak for leak in leaks if leak.startswith("control.log")]
        if not expected:
            print("leaks: the control was not found, so the search proves nothing")
            return 1
        leaks = [leak for leak in leaks if leak not in expected]
        for leak in leaks[:40]:
            print(f"LEAK {leak}")
        print(
            f"leaks: {len(wanted)} credentials in {len(needles) - 1} forms, {searched >> 20} MiB of vaults, logs, "
            f"errors and reprs from {len(RUNNERS)} languages: {len(leaks)} found (the planted control was)"
        )
        return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main())
