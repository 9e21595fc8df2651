"""Runs every test, one step after the other: `make test`. The last lines say what passed and what was missing."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "live"))

import packages  # noqa: E402
import traces  # noqa: E402
from leaks import most_verbose  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
SERVERS = [PYTHON, "tests/servers/run.py", "--localstripe", "--"]
# For the cases, each of which has a client of its own.
FEW_ROOTS = [*SERVERS[:-1], "--few-roots", "--"]
RUNNERS = ("rust", "c", "python", "node")
BACKENDS = {"": "the embedded backend", "-composio": "Composio's API", "-postgres": "PostgreSQL"}
FEWEST_CASES = 120
CONFORMANCE = re.compile(r"^conformance ([a-z-]+): (\d+) passed, (\d+) failed$", re.MULTILINE)


@dataclass
class Step:
    title: str
    command: list[str]
    needs: tuple[str, ...] = ()
    # Runs the conformance cases of this language: keeps and says everything, for `tests/leaks.py`.
    door: str = ""


# Lines that say why a step failed, how many of them are shown again with what follows them, and how many last ones.
MARKS = re.compile(r"FAILED|SUMMARY:|panicked at|^error|\b[1-9]\d* failed")
MOST, LAST = 60, 10
LONGEST = 12

# Stands for the folder with what the languages' runs of the conformance cases left behind.
KEPT = "KEPT"

STEPS = [
    Step("the cases are well-formed", [PYTHON, "tests/cases/check.py"]),
    Step("build: C library, Python package, Node package", ["make", "build"]),
    Step("formatting and warnings", ["make", "lint"]),
    # The whole workspace each time: for a part of it cargo would choose other features of the dependencies, and compile
    # them anew.
    Step("Rust: units, properties, tampering, documentation", ["cargo", "test", "--quiet", "--locked", "--workspace"]),
    Step("Rust under the address, leak and thread sanitizers", ["make", "test-sanitizers"]),
    Step("the test servers", [PYTHON, "-m", "pytest", "-q", "tests/servers"]),
    Step("sizes of the packages", ["make", "test-sizes"]),
    Step("the catalogue has no gaps", ["make", "catalogue-report"]),
    Step("every kind of mistake in an app's file fails the build", [PYTHON, "tests/catalogue/test_mistakes.py"]),
    Step("one more file is one more app in every language", [PYTHON, "tests/catalogue/test_one_file.py"]),
    Step("many apps cost what few do", [PYTHON, "tests/catalogue/test_cost.py"], needs=("valgrind",)),
    Step("every entry of the catalogue against a double of its app", [PYTHON, "tests/catalogue/test_catalogue.py"]),
    Step("build: Rust test programs", ["cargo", "build", "--locked", "--workspace"]),
    Step("conformance: Rust", [*FEW_ROOTS, "target/debug/conformance"], door="rust"),
    Step("conformance: Python", [*FEW_ROOTS, PYTHON, "tests/python/conformance.py"], door="python"),
    Step("Composio: requests as the official SDKs send them", [*SERVERS, PYTHON, "tests/official/compare.py"]),
    Step("conformance: Node", [*FEW_ROOTS, "node", "tests/node/conformance.mjs"], door="node"),
    Step(
        "C and C++: conformance, abuse, end to end, sanitizers, valgrind",
        [*FEW_ROOTS, PYTHON, "tests/c/run.py", "--profile", "release"],
        needs=("valgrind", "c++"),
        door="c",
    ),
    Step("Python: behaviour and types", [*SERVERS, PYTHON, "-m", "pytest", "-q", "tests/python"]),
    Step("logins: doubles of servers, protocol by protocol", [PYTHON, "-m", "pytest", "-q", "tests/protocols"]),
    Step("Python: end to end", [*SERVERS, PYTHON, "tests/python/e2e_stripe.py"]),
    Step("Node: behaviour and types", [*SERVERS, "make", "test-node"]),
    Step("Node: end to end", [*SERVERS, "node", "tests/node/e2e_stripe.mjs"]),
    Step("real servers: right and wrong credentials, closed ports, wrong names, no rights", ["make", "test-live"]),
    Step(
        "a vault in PostgreSQL: conformance, what the server refuses, restarts",
        [*FEW_ROOTS, PYTHON, "tests/postgres/run.py", "--keep", KEPT],
        needs=("postgres",),
    ),
    Step(
        "the vault's key in the system's keyring",
        ["make", "test-keyring"],
        needs=("dbus-daemon", "gnome-keyring-daemon", "secret-tool"),
    ),
    Step("one vault, many processes: at once, killed at random, on a full disk", ["target/debug/vault_stress"]),
    Step("a rotation that is killed twice, while others read and write", ["target/debug/rotation_stress"]),
    Step("forks, threads, signals and ends of programs", ["make", "test-fork"]),
    Step("bodies of any size in constant memory", ["make", "test-streams"]),
    Step("one vault, four languages", [*SERVERS, PYTHON, "tests/interop/run.py"]),
    Step("no copy of a credential in memory, registers and dumps", ["make", "test-residue"]),
    Step("no credential in vaults, logs, errors and reprs", [*SERVERS, PYTHON, "tests/leaks.py", KEPT]),
    Step("every snippet and command of the docs", [*SERVERS, PYTHON, "tests/docs.py"], needs=("postgres",)),
]


@dataclass
class Outcome:
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    # What failed steps have said of it.
    said: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    conformance: dict[str, tuple[int, int]] = field(default_factory=dict)
    # What each step took, by the clock and of the processors.
    seconds: dict[str, tuple[float, float]] = field(default_factory=dict)


def run(step: Step, outcome: Outcome, kept: traces.Run) -> None:
    absent = [tool for tool in step.needs if packages.find(tool) is None]
    outcome.missed += [f"{tool} (for: {step.title})" for tool in absent]
    print(f"\n=== {step.title}", flush=True)
    begun, worked = time.monotonic(), processor_seconds()
    code, lines = answer(step, kept)
    with kept.output.open("a") as output:
        output.writelines(lines)
    for runner, passed, failed in CONFORMANCE.findall("".join(lines)):
        outcome.conformance[runner] = (int(passed), int(failed))
    took = time.monotonic() - begun
    outcome.seconds[step.title] = (took, processor_seconds() - worked)
    print(f"--- {'ok' if code == 0 else f'FAILED ({code})'} in {took:.0f} s", flush=True)
    if code == 0:
        outcome.passed += 1
    else:
        outcome.failed.append(step.title)
        outcome.said += [f"=== {step.title}\n", *telling(lines)]


def processor_seconds() -> float:
    """What all processes that were started from here, and have ended, had of the processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def telling(lines: list[str]) -> list[str]:
    """What of a failed step's output most likely says why: of a long run, it is shown once more at the end."""
    marked = [at for at, line in enumerate(lines) if MARKS.search(line)]
    shown = sorted({at + more for at in marked for more in range(4)})
    return [lines[at] for at in shown if at < len(lines) - LAST][:MOST] + lines[-LAST:]


def answer(step: Step, kept: traces.Run) -> tuple[int, list[str]]:
    """Runs the step's command and prints what it says; a door's logs, which are long, only go into its folder."""
    command = [str(kept.doors) if word == KEPT else word for word in step.command]
    env = kept.environment() | (most_verbose(kept.doors, step.door) if step.door else {})
    log = kept.doors / f"{step.door}.log" if step.door else kept.output
    lines = []
    with log.open("a") as errors:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors if step.door else subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
        code = process.wait()
    if step.door and code != 0:
        print(*log.read_text(errors="replace").splitlines()[-20:], sep="\n")
    return code, lines


def check_conformance(outcome: Outcome) -> None:
    """Every language ran the same cases, and enough of them."""
    print("\n=== conformance cases by runner")
    for runner, (passed, failed) in outcome.conformance.items():
        print(f"  {runner:14} {passed} passed, {failed} failed")
    for suffix, backend in BACKENDS.items():
        if suffix == "-postgres" and packages.find("postgres") is None:
            continue  # which is told among what is missing
        counts = {outcome.conformance.get(runner + suffix, (0, 1)) for runner in RUNNERS}
        if len(counts) != 1 or min(counts)[0] < FEWEST_CASES or max(failed for _, failed in counts) > 0:
            runners = ", ".join(RUNNERS)
            outcome.failed.append(f"{runners} do not agree on at least {FEWEST_CASES} cases passed on {backend}")
        else:
            outcome.passed += 1


def check_traces(outcome: Outcome, kept: traces.Run) -> None:
    """No credential is in what the run has printed and left behind."""
    searched, found = kept.search()
    print(f"\n=== no credential in what the whole run leaves\n  {searched}: {len(found)} found")
    for find in found[:40]:
        print(f"  {find}")
    if found:
        outcome.failed.append("a credential is in what the run leaves")
    else:
        outcome.passed += 1


def main() -> int:
    # `tests/all.py WORDS` runs only the steps whose titles contain the words.
    words = " ".join(sys.argv[1:])
    outcome = Outcome()
    with traces.run() as kept:
        for step in STEPS:
            if words in step.title:
                run(step, outcome, kept)
        if not words:
            check_conformance(outcome)
            check_traces(outcome, kept)
    if outcome.missed and os.environ.get("CI") == "true":
        outcome.failed += [f"missing under CI: {tool}" for tool in outcome.missed]
    print("\n=== the steps that took longest")
    for title, (took, worked) in sorted(outcome.seconds.items(), key=lambda one: -one[1][0])[:LONGEST]:
        print(f"  {took:5.0f} s, {worked:5.0f} s of processors  {title}")
    print()
    print("".join(outcome.said))
    for title in outcome.failed:
        print(f"failed: {title}")
    print("missing here, install with `make servers`: " + (", ".join(outcome.missed) or "nothing"))
    print(f"{outcome.passed} passed, {len(outcome.failed)} failed")
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
