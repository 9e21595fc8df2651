"""The vault in PostgreSQL, on a server that is started for it: `make test-postgres`, with ARGS="PART ..." for some."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/live"))

import packages  # noqa: E402
from server import Server, end_in_order, started  # noqa: E402

# The whole workspace, since for a part of it cargo would compile the dependencies anew.
UNITS = ["cargo", "test", "--quiet", "--locked", "--workspace", "--lib", "--", "--ignored", "postgres"]


PARTS = {
    "units": UNITS,
    "restarts": [sys.executable, "tests/postgres/restarts.py"],
}
# The conformance cases in each language, when asked for by name.
CASES = {
    "rust": ["target/debug/conformance"],
    "python": [sys.executable, "tests/python/conformance.py"],
    "node": ["node", "tests/node/conformance.mjs"],
    "c": [sys.executable, "tests/c/run.py", "--profile", "release"],
}
# These start servers of their own, to stop them.
ALONE = {"restarts"}


def environment(server: Server, part: str) -> dict[str, str]:
    url = {} if part in ALONE else {"KEYLATCH_TEST_POSTGRES": server.url()}
    return {**os.environ, **url}


def run(command: list[str], env: dict[str, str]) -> int:
    """The command's exit code. It is told where this program is to end, since it may have a server of its own."""
    with subprocess.Popen(command, cwd=ROOT, env=env) as process:
        try:
            return process.wait()
        finally:
            process.terminate()


def main() -> int:
    end_in_order()
    if packages.find("postgres") is None:
        print("postgres is missing here, install it with `make servers`: nothing was tried")
        return 1 if os.environ.get("CI") == "true" else 0
    chosen = sys.argv[1:] or list(PARTS)
    failed = []
    with started() as server:
        for part in chosen:
            begun = time.monotonic()
            code = run((PARTS | CASES)[part], environment(server, part))
            print(f"postgres: {part}: {'ok' if code == 0 else f'FAILED ({code})'} in {time.monotonic() - begun:.0f} s")
            failed += [part] if code else []
    print(f"postgres: {len(chosen) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
