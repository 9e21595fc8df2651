"""Writes what the bench found: `results.md`, `results.json` and `results.svg`, and the numbers in the README."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from pathlib import Path
from typing import Any

from plot import svg
from results import Cell, Demand, Part, number

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def machine() -> str:
    """By its processors alone."""
    models = {
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    }
    return f"{os.cpu_count()} cores, {', '.join(sorted(models)) or platform.machine()}"


def write(folder: Path, parts: list[Part], effort: str) -> None:
    (folder / "results.md").write_text(f"# Bench\n\n{markdown(parts, effort)}", encoding="utf-8")
    (folder / "results.json").write_text(json.dumps(as_json(parts, effort), indent=2) + "\n", encoding="utf-8")
    (folder / "results.svg").write_text(svg(parts), encoding="utf-8")


def markdown(parts: list[Part], effort: str) -> str:
    lines = [f"One {effort} run on {machine()}. Times are medians.", ""]
    for part in parts:
        lines += [f"## {part.title}", "", *table(part.columns, part.rows), ""]
        lines += [part.note, ""] if part.note else []
    lines += ["## What must be shown", "", *demands([one for part in parts for one in part.demands]), ""]
    return "\n".join(lines)


def demands(all: list[Demand]) -> list[str]:
    rows: list[list[Cell]] = [
        [
            one.line,
            one.says,
            one.seen,
            f"{'≥' if one.at_least else '≤'} {number(one.limit)}",
            "" if one.is_met else "MISSED",
        ]
        for one in all
    ]
    return table(["Line", "What", "Seen", "Wanted", ""], rows)


def table(columns: list[str], rows: list[list[Cell]]) -> list[str]:
    texts = [[cell if isinstance(cell, str) else number(cell) for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in [columns, ["---"] * len(columns), *texts]]


def as_json(parts: list[Part], effort: str) -> dict[str, Any]:
    return {
        "effort": effort,
        "machine": machine(),
        "parts": [
            {**dataclasses.asdict(part), "demands": [{**dataclasses.asdict(d), "met": d.is_met} for d in part.demands]}
            for part in parts
        ],
    }


def into_readme(readme: Path, parts: list[Part], effort: str) -> None:
    """Puts what was demanded, with what was seen, between the two markers."""
    before, found, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise SystemExit(f"{readme.name} lacks the markers {BEGIN} and {END}")
    table_of_all = "\n".join(demands([one for part in parts for one in part.demands]))
    text = f"One {effort} run on {machine()}:\n\n{table_of_all}"
    readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
