"""Shows that opening a vault and asking for an app's fields costs the same with every app as with a few.

Counted are the processor's instructions from the start of a program to its end, loading included, by valgrind. The
program is `tests/src/bin/discover_once.rs`, built with the whole catalogue and with a small one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from small_catalogue import ALL_APPS, FEW, built, small_folder

MOST = 1.05
COUNTED = re.compile(r"Collected : (\d+)")


def instructions(program: Path, folder: Path) -> int:
    """What one run of the program costs, in a new vault."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    counter = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    # Without the host's variables, which the dynamic loader reads one by one.
    done = subprocess.run(
        [*counter, program, folder / "vault.db", "stripe"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    found = COUNTED.search(done.stderr)
    if done.returncode != 0 or done.stdout.split() != ["api_key"] or found is None:
        sys.exit(f"{program} failed under valgrind: {done.stdout}{done.stderr}")
    return int(found[1])


def main() -> int:
    if shutil.which("valgrind") is None:
        # `tests/all.py` names what is missing, and fails for it where CI runs.
        print("not counted: valgrind is missing here; install it with `make servers`")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        costs = {}
        for name, catalogue in (("few", small_folder(folder / "apps")), ("all", None)):
            program = folder / f"discover_{name}"
            shutil.copy2(built(catalogue) / "discover_once", program)
            costs[name] = instructions(program, folder / "vault")
    ratio = costs["all"] / costs["few"]
    print(f"open and discover: {costs['all']:,} instructions with {len(ALL_APPS)} apps, {costs['few']:,} with {FEW}")
    print(f"ratio {ratio:.3f}, at most {MOST}")
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
