"""Runs a page program statement by statement, and reports of each whether it works: `python calls.py page.py`."""

from __future__ import annotations

import ast
import json
import os
import sys
from pathlib import Path

import steps


def main() -> None:
    source = Path(sys.argv[1]).read_text(encoding="utf-8")
    names: dict[str, object] = {}
    lines = []
    # What stands above "Start." is the host program's own.
    first = source[: source.index("# Start.")].count("\n")
    for statement in ast.parse(source).body:
        try:
            exec(compile(ast.Module([statement], []), sys.argv[1], "exec"), names)
            outcome = "works"
        except Exception as error:
            outcome = steps.described(error)
        if statement.lineno > first:
            lines.append({"call": " ".join(ast.unparse(statement).split()), "outcome": outcome})
        elif outcome != "works":
            raise SystemExit(outcome)
    Path(os.environ["OFFICIAL_REPORT"]).write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")


if __name__ == "__main__":
    main()
