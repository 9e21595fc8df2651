"""Measures Keylatch beside its peers on the same work, in one run: `make bench`, or `make bench SHORT=1`.

Writes `target/bench/results.md`, `.json` and `.svg`, and after a full run the numbers in the README. Exits with 1 where
something that must be shown is missed, and names it.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import building
import report
from parts import cold, large, many, postgres, sizes, start, vault, warm
from results import Part
from setting import FULL, MADE, ROOT, SHORT, SMOKE, Effort, Setting, setting

PARTS: dict[str, Callable[[Setting], Part]] = {
    "start": start.run,
    "cold": cold.run,
    "warm": warm.run,
    "many": many.run,
    "vault": vault.run,
    "large": large.run,
    "postgres": postgres.run,
    "sizes": sizes.run,
}
EFFORTS = {effort.name: effort for effort in (FULL, SHORT, SMOKE)}
MANY_FILES = 8192


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--effort", choices=EFFORTS, default=FULL.name, help="smoke: whether it works at all")
    parser.add_argument("--large", type=int, help="how many connections the large vault has")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}")
    if "KEYLATCH_TEST_COMPOSIO" not in os.environ:
        parser.error("wants the test servers around it: tests/servers/run.py")
    effort = EFFORTS[args.effort]
    found = run(args.parts or list(PARTS), replace(effort, large=args.large or effort.large))
    report.write(MADE, found, effort.name)
    if effort is SMOKE:
        print(f"bench: {len(found)} parts ran, {sum(len(part.rows) for part in found)} rows")
        return 0
    print(report.markdown(found, effort.name))
    if effort is FULL and not args.parts and not args.large:
        report.into_readme(ROOT / "README.md", found, effort.name)
    missed = [demand for part in found for demand in part.demands if not demand.is_met]
    for demand in missed:
        print(f"missed: {demand.text()}")
    print(f"bench: {len(missed)} missed; the tables and the plot are in {MADE.relative_to(ROOT)}/results.*")
    return 1 if missed else 0


def run(parts: list[str], effort: Effort) -> list[Part]:
    """Builds what is compared, and runs these parts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(MANY_FILES, most), most))  # a thousand at once
    building.build(effort)
    found = []
    with setting(effort) as one:
        for name in parts:
            begun = time.monotonic()
            found.append(PARTS[name](one))
            print(f"bench: {name} took {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
