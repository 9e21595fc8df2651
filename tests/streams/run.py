"""Streams large bodies both ways through every door, and looks at the peak of each one's memory.

    python tests/streams/run.py [--mib MIB] [--profile debug|release] [DOOR ...]

The doors are rust, rust-async, python, asyncio, node and c; C++'s is C's, and its own tests read through it. The
control: an answer that comes whole is in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from server import serving

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DOORS = ("rust", "rust-async", "python", "asyncio", "node", "c")
# More than this, an answer was not just passed on.
MOST_MIB = 32
# Besides, pieces that were read and not yet collected: V8 lets so many gather, with bodies of any size.
GARBAGE_MIB = {"node": 64}
CONTROL_MIB = 128
DEADLINE = 900


def command(door: str, profile: str, folder: Path) -> list[str]:
    """The program that streams through this door."""
    if door.startswith("rust"):
        return [str(ROOT / "target" / profile / "stream_host")]
    if door == "node":
        return ["node", str(HERE / "host.mjs")]
    if door != "c":
        return [sys.executable, str(HERE / "host.py")]
    host, libraries = folder / "host", ROOT / "target" / "release"
    link = [f"-L{libraries}", "-lkeylatch", f"-Wl,-rpath,{libraries}"]
    flags = ["-std=c99", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}"]
    subprocess.run([os.environ.get("CC", "cc"), *flags, str(HERE / "host.c"), "-o", str(host), *link], check=True)
    return [str(host)]


def told(door: str, program: list[str], size: int) -> dict[str, Any]:
    """What a program says of itself."""
    with serving() as url:
        done = subprocess.run(
            [*program, door, url, str(size)], capture_output=True, text=True, timeout=DEADLINE, check=False
        )
    if done.returncode != 0:
        raise SystemExit(f"{door}: ended with {done.returncode}\n{done.stdout}{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=192, help="how large the bodies are")
    parser.add_argument("--profile", default="debug", help="of the Rust program")
    parser.add_argument("doors", nargs="*", default=DOORS)
    given = parser.parse_args()
    size, failures = given.mib << 20, 0
    with tempfile.TemporaryDirectory(prefix="keylatch-streams-") as folder:
        for door in given.doors:
            begun = time.monotonic()
            answer = told(door, command(door, given.profile, Path(folder)), size)
            grown = answer["grown_kib"] / 1024
            held = (answer["down"], answer["up"], answer["cut"]) == (size, size, 1)
            held = held and grown < MOST_MIB + GARBAGE_MIB.get(door, 0)
            failures += not held
            took = time.monotonic() - begun
            print(f"{door}: {given.mib} MiB each way, peak of memory {grown:.1f} MiB higher, {took:.0f} s", flush=True)
            if not held:
                print(f"FAILED {door}: {answer}")
    control = told("whole", [sys.executable, str(HERE / "host.py")], CONTROL_MIB << 20)
    print(f"control: a whole answer of {CONTROL_MIB} MiB, peak {control['grown_kib'] / 1024:.1f} MiB higher")
    noticed = control["grown_kib"] > MOST_MIB * 1024
    print(
        f"streams: {len(given.doors)} doors, {failures} failed{'' if noticed else ', and the control was not noticed'}"
    )
    return 0 if noticed and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
