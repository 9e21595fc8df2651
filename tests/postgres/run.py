"""The vault in PostgreSQL, on a server that is started for it: `make test-postgres`, with ARGS="PART ..." for some."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("tests", "tests/live", "tests/cases")]

import check  # noqa: E402
import leaks  # noqa: E402
import packages  # noqa: E402
from server import Server, end_in_order, started  # noqa: E402

# The whole workspace, since for a part of it cargo would compile the dependencies anew.
UNITS = ["cargo", "test", "--quiet", "--locked", "--workspace", "--lib", "--", "--ignored", "postgres"]
# The conformance cases, each as a tenant of its own.
DOORS = {
    "rust": ["target/debug/conformance"],
    "python": [sys.executable, "tests/python/conformance.py"],
    "node": ["node", "tests/node/conformance.mjs"],
    "c": [sys.executable, "tests/c/run.py", "--profile", "release"],
}
# These start servers of their own: to stop them, or to change their rights.
ALONE = {
    "failures": [sys.executable, "-m", "pytest", "tests/postgres"],
    "restarts": [sys.executable, "tests/postgres/restarts.py"],
}
PARTS = {"units": UNITS, **ALONE, **DOORS}
CONFORMANCE = re.compile(r"^conformance ([a-z-]+-postgres): (\d+) passed, (\d+) failed$", re.MULTILINE)


def environment(server: Server, part: str, keep: Path | None) -> dict[str, str]:
    url = {} if part in ALONE else {"KEYLATCH_TEST_POSTGRES": server.url()}
    kept = leaks.most_verbose(keep, leaks.in_postgres(part)) if keep and part in DOORS else {}
    return {**os.environ, **url, **kept}


def run(part: str, env: dict[str, str], keep: Path | None) -> tuple[int, str]:
    """The part's exit code, and what it printed; what a door logs when it is told to is kept only."""
    log = (keep / f"{leaks.in_postgres(part)}.log").open("ab") if keep and part in DOORS else nullcontext()
    said = []
    with (
        log as errors,
        subprocess.Popen(PARTS[part], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        try:
            assert process.stdout is not None
            for line in process.stdout:
                said.append(line.decode(errors="replace"))
                print(said[-1], end="", flush=True)
            return process.wait(), "".join(said)
        finally:
            process.terminate()  # it may have a server of its own


def all_cases_ran(said: str) -> bool:
    """Whether every case that is for PostgreSQL was tried, and passed."""
    checker = check.Checker()
    for path in check.HERE.glob("*.json"):
        checker.file(path)
    counts = {(int(passed), int(failed)) for _, passed, failed in CONFORMANCE.findall(said)}
    if counts == {(checker.counts["postgres"], 0)}:
        return True
    print(f"postgres: {checker.counts['postgres']} cases were to pass")
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="a folder for all that the conformance runs leave: tests/leaks.py")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"out of {', '.join(PARTS)}; all by default")
    args = parser.parse_args()
    end_in_order()
    if packages.find("postgres") is None:
        print("postgres is missing here, install it with `make servers`: nothing was tried")
        return 1 if os.environ.get("CI") == "true" else 0
    chosen = args.parts or list(PARTS)
    failed = []
    with started() as server:
        if args.keep:
            server.sql("ALTER ROLE app SET log_statement = 'all'")  # with its values, in the server's log
        for part in chosen:
            begun = time.monotonic()
            code, said = run(part, environment(server, part, args.keep), args.keep)
            well = code == 0 and (part not in DOORS or all_cases_ran(said))
            print(f"postgres: {part}: {'ok' if well else f'FAILED ({code})'} in {time.monotonic() - begun:.0f} s")
            failed += [] if well else [part]
        if args.keep:
            (args.keep / "vaults").mkdir(exist_ok=True)
            (args.keep / "vaults/postgres.sql").write_text(server.dump())
            (args.keep / "postgres.log").write_text(server.log())
    print(f"postgres: {len(chosen) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
