"""Shows that the build catches every kind of mistake in an app's file, with file, line and what to write instead.

`mistakes/acme.json` is a good file; each entry of `mistakes/mistakes.json` replaces texts in it, which makes exactly
one mistake. One build is given all of these files at once.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from small_catalogue import build

HERE = Path(__file__).resolve().parent / "mistakes"
FEWEST = 60
SAID = re.compile(r"^error: keylatch@\S+: (.+?)\.json:(\d+): (.*)$", re.MULTILINE)


def text_of(good: str, slug: str, mistake: dict[str, Any]) -> str:
    """The good file under another slug, with this mistake in it."""
    wrong = good
    for right, instead in mistake["edits"]:
        if right not in wrong:
            sys.exit(f"{mistake['about']}: {right} does not stand in the good file")
        wrong = wrong.replace(right, instead, 1)
    return wrong.replace('"slug": "acme"', f'"slug": "{slug}"').replace('"ACME_', f'"{slug.upper()}_')


def problems(mistake: dict[str, Any], found: list[tuple[int, str]]) -> list[str]:
    """What the build said too much, too little or of another line."""
    if len(found) != 1:
        return [f"{len(found)} mistakes are named: {found}"]
    line, message = found[0]
    wrong = [f"line {line}, not {mistake['line']}: {message}"] if line != mistake["line"] else []
    return wrong + [f"{text!r} is not said: {message}" for text in mistake["says"] if text not in message]


def main() -> int:
    good = (HERE / "acme.json").read_text(encoding="utf-8")
    mistakes = json.loads((HERE / "mistakes.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "acme.json").write_text(good, encoding="utf-8")
        for i, mistake in enumerate(mistakes):
            slug = f"acme_{i}"
            (folder / f"{slug}.json").write_text(text_of(good, slug, mistake), encoding="utf-8")
        begun = time.monotonic()
        done = build(folder)
        seconds = time.monotonic() - begun
    said: dict[str, list[tuple[int, str]]] = {}
    for path, line, message in SAID.findall(done.stderr):
        said.setdefault(Path(path).name, []).append((int(line), message))
    failed = 0
    for i, mistake in enumerate(mistakes):
        for problem in problems(mistake, said.pop(f"acme_{i}", [])):
            failed += 1
            print(f"{mistake['about']}: {problem}")
    if said or done.returncode == 0:
        failed += 1
        print(
            f"the build {'passed' if done.returncode == 0 else 'failed'}; it also named {said}\n{done.stderr[-2000:]}"
        )
    print(f"{len(mistakes)} kinds of mistake, {failed} not caught as they should be; the build took {seconds:.0f} s")
    return 1 if failed or len(mistakes) < FEWEST else 0


if __name__ == "__main__":
    sys.exit(main())
