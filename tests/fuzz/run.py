"""Fuzzes with libFuzzer, each target for its time: `run.py [--seconds N] [--jobs N] [target ...]`.

The compiler is the stable one; RUSTC_BOOTSTRAP lets it take the flags that instrument for coverage and addresses.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Everything that is made here: programs, inputs that grow from run to run, logs, findings.
OUT = ROOT / "target" / "fuzz"
TRIPLE = "x86_64-unknown-linux-gnu"
FLAGS = [
    "-Zsanitizer=address",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
]
LIMITS = ["-rss_limit_mb=2048", "-malloc_limit_mb=512", "-timeout=20"]
# Longer inputs only repeat what shorter ones say; cases and definitions need more room.
LENGTHS = {"calls": 16384, "composio": 16384, "definitions": 16384}
USUAL_LENGTH = 4096
# What JSON inputs are made of.
WORDS = {
    "definitions": [ROOT / "core" / "src" / "catalog" / "read"],
    "calls": [ROOT / "core" / "src" / name for name in ("calls.rs", "by_name.rs")],
    "composio": [ROOT / "core" / "src" / "composio"],
}


@dataclass
class Result:
    target: str
    runs: str
    coverage: str
    inputs: str
    finding: str


def build() -> Path:
    environment = {
        **os.environ,
        "RUSTC_BOOTSTRAP": "1",
        "RUSTFLAGS": " ".join(FLAGS),
        "CARGO_TARGET_DIR": str(OUT),
        "CARGO_INCREMENTAL": "0",
        "CARGO_PROFILE_DEV_OPT_LEVEL": "1",
    }
    command = ["cargo", "build", "--locked", "-p", "keylatch-fuzz", "--features", "libfuzzer", "--target", TRIPLE]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return OUT / TRIPLE / "debug" / "fuzz"


def targets() -> list[str]:
    return sorted(folder.name for folder in (HERE / "corpus").iterdir())


def dictionary(target: str) -> list[str]:
    """The words that the sources look for."""
    if target not in WORDS:
        return []
    words: set[str] = set()
    for place in WORDS[target]:
        files = place.rglob("*.rs") if place.is_dir() else [place]
        for file in files:
            words.update(re.findall(r'"/?([A-Za-z_.]{2,30})"', file.read_text(encoding="utf-8")))
    path = OUT / f"{target}.dict"
    path.write_text("".join(f'"\\"{word}\\""\n' for word in sorted(words)), encoding="utf-8")
    return [f"-dict={path}"]


def fuzz(program: Path, target: str, seconds: int) -> Result:
    grown, findings, log = OUT / "corpus" / target, OUT / "findings" / target, OUT / "logs" / f"{target}.txt"
    for folder in (grown, findings, log.parent):
        folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(program.parent / "seeds"), target, str(OUT / "seeds" / target)], check=True)
    command = [str(program), *LIMITS, f"-max_total_time={seconds}", f"-max_len={LENGTHS.get(target, USUAL_LENGTH)}"]
    command += ["-print_final_stats=1", f"-artifact_prefix={findings}/", *dictionary(target)]
    command += [str(grown), str(HERE / "corpus" / target), str(OUT / "seeds" / target)]
    # Vaults are synced to the disk at every change, which memory does not mind.
    memory = Path("/dev/shm")
    with log.open("wb") as out, TemporaryDirectory(dir=memory if memory.is_dir() else None) as vaults:
        environment = {**os.environ, "KEYLATCH_FUZZ_TARGET": target, "RUST_BACKTRACE": "1", "TMPDIR": vaults}
        # The system's authorities are read for each connection, and none is made.
        environment |= {
            "ASAN_OPTIONS": "detect_stack_use_after_return=0",
            "SSL_CERT_FILE": os.devnull,
            "SSL_CERT_DIR": os.devnull,
        }
        code = subprocess.run(command, cwd=OUT, env=environment, stdout=out, stderr=subprocess.STDOUT).returncode
    return read(target, log.read_text(encoding="utf-8", errors="replace"), code)


def read(target: str, said: str, code: int) -> Result:
    def last(pattern: str) -> str:
        found: list[str] = re.findall(pattern, said)
        return found[-1] if found else "?"

    finding = ""
    if code != 0:
        finding = last(r"Test unit written to (\S+)")
        finding = f"{last(r'SUMMARY: (.*)')}: {finding}"
    return Result(
        target, last(r"stat::number_of_executed_units: (\d+)"), last(r"cov: (\d+)"), last(r"corp: (\d+)"), finding
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for each target (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="targets at once")
    parser.add_argument("targets", nargs="*", help="default: all")
    arguments = parser.parse_args()
    wanted = arguments.targets or targets()
    if unknown := set(wanted) - set(targets()):
        parser.error(f"there is no target {', '.join(sorted(unknown))}; known are {', '.join(targets())}")
    program = build()
    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(pool.map(lambda target: fuzz(program, target, arguments.seconds), wanted))
    print(f"{'target':12} {'runs':>12} {'edges':>7} {'inputs':>7}  finding")
    for result in results:
        print(
            f"{result.target:12} {result.runs:>12} {result.coverage:>7} {result.inputs:>7}  {result.finding or 'none'}"
        )
    (OUT / "results.json").write_text(json.dumps([vars(result) for result in results], indent=1), encoding="utf-8")
    return 1 if any(result.finding or result.runs in {"?", "0"} for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
