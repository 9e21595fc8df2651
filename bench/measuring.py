"""Programs that carry out orders, and commands that run from start to end: their times, and the processor's."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

CLOCK_OF_PROCESS = 2  # Linux's clockid of a process's processor time is (~pid << 3) | 2.


@dataclass
class Times:
    """What was measured of one program, over all rounds, in nanoseconds."""

    each: list[int] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def add(self, whole: int, each: list[int], cpu: int) -> None:
        self.each += each
        self.cpu.append(cpu / len(each))
        self.rates.append(len(each) / whole * 1e9)

    @property
    def p50(self) -> float:
        return statistics.median(self.each)

    @property
    def p99(self) -> float:
        return sorted(self.each)[int(len(self.each) * 0.99)]

    @property
    def cpu_each(self) -> float:
        """The median over rounds."""
        return statistics.median(self.cpu)

    @property
    def rate(self) -> float:
        """Operations a second, the median over rounds."""
        return statistics.median(self.rates)


@dataclass
class Command:
    """A command that runs from start to end."""

    words: list[str]
    env: Mapping[str, str]
    cwd: Path | None = None

    def run(self, times: Times) -> None:
        begun = time.monotonic_ns()
        process = subprocess.Popen(self.words, env=self.env, cwd=self.cwd, stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        whole = time.monotonic_ns() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"{' '.join(self.words)} failed: {process.returncode}")
        times.add(whole, [whole], round((used.ru_utime + used.ru_stime) * 1e9))


class Program(AbstractContextManager["Program"]):
    """A program that carries out orders; see `peers/src/lib.rs`."""

    def __init__(self, command: Command) -> None:
        self.words = command.words
        self.process = subprocess.Popen(
            command.words,
            env=command.env,
            cwd=command.cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._line() != "ready":
            raise SystemExit(f"{' '.join(self.words)} does not start")

    def send(self, operation: str, count: int, at_once: int = 1) -> None:
        assert self.process.stdin is not None
        self._before = self._cpu()
        print(operation, count, at_once, file=self.process.stdin, flush=True)

    def receive(self, times: Times) -> None:
        whole, *each = map(int, self._line().split())
        times.add(whole, each, self._cpu() - self._before)

    def order(self, operation: str, count: int, at_once: int = 1, times: Times | None = None) -> None:
        self.send(operation, count, at_once)
        self.receive(Times() if times is None else times)

    def memory(self) -> int:
        """Bytes that stand in memory."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = (line for line in text.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) << 10

    def _cpu(self) -> int:
        return time.clock_gettime_ns((~self.process.pid << 3) | CLOCK_OF_PROCESS)

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if not line:
            raise SystemExit(f"{' '.join(self.words)} ended: {self.process.wait()}")
        return line

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@contextmanager
def running(commands: Mapping[str, Command]) -> Iterator[dict[str, Program]]:
    """The programs, while they run."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(Program(command)) for name, command in commands.items()}


def in_turn(
    programs: Mapping[str, Program], rounds: int, operation: str, count: int, at_once: int = 1
) -> dict[str, Times]:
    """Gives each program the same order, one after the other, round by round. The first round only warms up."""
    times = {name: Times() for name in programs}
    for number in range(rounds + 1):
        for name, program in programs.items():
            program.order(operation, count, at_once, times[name] if number else None)
    return times


def ran_in_turn(commands: Mapping[str, Command], rounds: int) -> dict[str, Times]:
    """Runs the commands one after the other, round by round. The first round only warms the disk's cache."""
    times = {name: Times() for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            command.run(times[name] if number else Times())
    return times
