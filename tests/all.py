"""Runs every test: `make test`; `tests/all.py WORDS` runs the steps of `tests/steps.py` whose titles contain the words.

Some run at once, and each is shown when it has ended. The last lines say what passed and what was missing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "live"))

import packages  # noqa: E402
import traces  # noqa: E402
from leaks import most_verbose  # noqa: E402
from steps import KEPT, STEPS, Step  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
RUNNERS = ("rust", "c", "python", "node")
BACKENDS = {"": "the embedded backend", "-composio": "Composio's API", "-postgres": "PostgreSQL"}
FEWEST_CASES = 120
CONFORMANCE = re.compile(r"^conformance ([a-z-]+): (\d+) passed, (\d+) failed$", re.MULTILINE)

# Most steps wait more than they compute, and linking a release computes on one processor: three fill two.
AT_ONCE = 3

# Lines that say why a step failed, how many of them are shown again with what follows them, and how many last ones.
MARKS = re.compile(r"FAILED|SUMMARY:|panicked at|^error|\b[1-9]\d* failed")
MOST, LAST = 60, 10
LONGEST = 12


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


@dataclass
class Answer:
    """What came of a step's command."""

    code: int
    lines: list[str]
    took: float
    worked: float


class Steps:
    """Runs steps beside one another, as many as may be, and each once all that it waits for has ended."""

    def __init__(self, steps: list[Step], kept: traces.Run) -> None:
        self._kept = kept
        self._waiting = list(steps)
        # One alone is shown as it goes; of several, each in one piece when it has ended.
        self._live = len(steps) == 1
        self._printing = threading.Lock()

    def run(self, outcome: Outcome) -> None:
        running: dict[Future[Answer], Step] = {}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while self._waiting or running:
                while len(running) < AT_ONCE and (step := self._next(list(running.values()))) is not None:
                    self._waiting.remove(step)
                    running[pool.submit(self._answer, step)] = step
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    self._judge(running.pop(done), done.result(), outcome)

    def _next(self, running: list[Step]) -> Step | None:
        for at, step in enumerate(self._waiting):
            if not any(step.waits_for(earlier) for earlier in [*running, *self._waiting[:at]]):
                return step
        return None

    def _judge(self, step: Step, answer: Answer, outcome: Outcome) -> None:
        absent = [tool for tool in step.needs if packages.find(tool) is None]
        outcome.missed += [f"{tool} (for: {step.title})" for tool in absent]
        with self._kept.output.open("a") as output:
            output.writelines(answer.lines)
        for runner, passed, failed in CONFORMANCE.findall("".join(answer.lines)):
            outcome.conformance[runner] = (int(passed), int(failed))
        outcome.seconds[step.title] = (answer.took, answer.worked)
        if not self._live:
            self._say(f"\n=== {step.title}\n", *answer.lines)
        self._say(f"--- {'ok' if answer.code == 0 else f'FAILED ({answer.code})'} in {answer.took:.0f} s\n")
        if answer.code == 0:
            outcome.passed += 1
        else:
            outcome.failed.append(step.title)
            outcome.said += [f"=== {step.title}\n", *telling(answer.lines)]

    def _answer(self, step: Step) -> Answer:
        """Runs the step's command; a door's logs, which are long, only go into its folder."""
        command = [str(self._kept.doors) if word == KEPT else word for word in step.command]
        env = self._kept.environment() | (most_verbose(self._kept.doors, step.door) if step.door else {})
        log = self._kept.doors / f"{step.door}.log" if step.door else self._kept.output
        lines = []
        begun = time.monotonic()
        self._say(f"\n=== {step.title}\n" if self._live else f"... {step.title}\n")
        with log.open("a") as errors:
            try:
                process = subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors if step.door else subprocess.STDOUT,
                    text=True,
                )
            except OSError as error:  # what an earlier step should have built
                return Answer(127, [f"{command[0]}: {error.strerror}\n"], 0, 0)
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                if self._live:
                    self._say(line)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if step.door and process.returncode != 0:
            lines += [line + "\n" for line in log.read_text(errors="replace").splitlines()[-20:]]
        return Answer(process.returncode, lines, time.monotonic() - begun, used.ru_utime + used.ru_stime)

    def _say(self, *lines: str) -> None:
        with self._printing:
            print(*lines, sep="", end="", flush=True)


def telling(lines: list[str]) -> list[str]:
    """What of a failed step's output most likely says why: of a long run, it is shown once more at the end."""
    marked = [at for at, line in enumerate(lines) if MARKS.search(line)]
    shown = sorted({at + more for at in marked for more in range(4)})
    return [lines[at] for at in shown if at < len(lines) - LAST][:MOST] + lines[-LAST:]


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
    words = " ".join(sys.argv[1:])
    outcome = Outcome()
    begun = time.monotonic()
    with traces.run() as kept:
        Steps([step for step in STEPS if words in step.title], kept).run(outcome)
        if not words:
            check_conformance(outcome)
            check_traces(outcome, kept)
    if outcome.missed and os.environ.get("CI") == "true":
        outcome.failed += [f"missing under CI: {tool}" for tool in outcome.missed]
    print(f"\n=== the steps that took longest, of {time.monotonic() - begun:.0f} s for all; and of processors")
    for title, (took, worked) in sorted(outcome.seconds.items(), key=lambda one: -one[1][0])[:LONGEST]:
        print(f"  {took:5.0f} s {worked:5.0f} s  {title}")
    print()
    print("".join(outcome.said))
    for title in outcome.failed:
        print(f"failed: {title}")
    print("missing here, install with `make servers`: " + (", ".join(outcome.missed) or "nothing"))
    print(f"{outcome.passed} passed, {len(outcome.failed)} failed")
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
