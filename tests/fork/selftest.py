"""Controls: what hangs is reported as HANG, and what fails or does less than it should as FAIL."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from cells import Cell
from judge import judge

PROGRAMS = {
    "HANG": [
        "import time; time.sleep(600)",
        # The program ends, its child does not.
        "import os, time; os.fork() or time.sleep(600)",
        "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()",
    ],
    "FAIL": [
        "import sys; sys.exit(1)",
        "print('did parent-1-1')",
        "import sys; print('noise', file=sys.stderr)",
        "pass",
    ],
}


def selftest(folder: Path) -> Iterator[str]:
    for expected, programs in PROGRAMS.items():
        for program in programs:
            cell = Cell("control", (sys.executable, "-c", program), "vault", frozenset({"parent"}))
            verdict, _ = judge(cell, folder, deadline=1 if expected == "HANG" else 10)
            if verdict != expected:
                yield f"`{program}` was {verdict}, not {expected}"
