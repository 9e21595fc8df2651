"""Forks, threads, signals and ends of programs, cell by cell, each in a process group of its own under a deadline.

Started beside the servers: `python tests/servers/run.py -- python tests/fork/run.py [WORDS]`; the words choose cells.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cells import ENDS, MATRIX, MOMENTS, WHATS, Cell, build_c
from judge import DEADLINE, judge
from selftest import selftest

AT_ONCE = 4


def main() -> int:
    if "KEYLATCH_TEST_PROVIDER_HTTP" not in os.environ:
        raise SystemExit("start me with tests/servers/run.py")
    words = " ".join(sys.argv[1:])
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="keylatch-fork-") as name, ThreadPoolExecutor(AT_ONCE) as pool:
        folder = Path(name)
        for problem in (problems := list(selftest(folder))):
            print(f"the test itself is broken: {problem}")
        build_c(folder)
        chosen = [cell for cell in [*MATRIX, *ENDS] if words in cell.name]
        said = dict(zip(chosen, pool.map(lambda cell: judge(cell, folder), chosen), strict=True))
    print_matrix({cell: verdict for cell, (verdict, _) in said.items()})
    bad = {cell: outcome for cell, outcome in said.items() if outcome[0] != "ok"}
    for cell, (verdict, why) in bad.items():
        print(f"\n{verdict} {cell.name}\n{why}")
    seconds = time.monotonic() - begun
    print(
        f"\nfork: {len(said) - len(bad)} ok, {len(bad)} not; "
        f"a cell may take {DEADLINE} s, all took {seconds:.0f} s; the control that hangs was "
        f"{'not seen' if problems else 'reported as HANG'}"
    )
    return 1 if bad or problems or not said else 0


def print_matrix(verdicts: dict[Cell, str]) -> None:
    rows = dict.fromkeys(cell.row for cell in MATRIX if cell in verdicts)
    if rows:
        columns = [(moment, what) for moment in MOMENTS for what in WHATS]
        print(f"{'client made':40}" + "".join(f"{moment:8}" for moment, _ in columns))
        print(f"{'child does':40}" + "".join(f"{what:8}" for _, what in columns))
    for row in rows:
        cells = {(cell.moment, cell.what): verdicts[cell] for cell in MATRIX if cell.row == row and cell in verdicts}
        print(f"{row:40}" + "".join(f"{cells.get(column, '-'):8}" for column in columns))
    print()
    for cell in ENDS:
        if cell in verdicts:
            print(f"{verdicts[cell]:5} {cell.name}")


if __name__ == "__main__":
    sys.exit(main())
