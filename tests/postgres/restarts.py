"""Processes initiate connections while their server is restarted: nothing is lost, nothing is doubled."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/live")]

from server import FAST, IMMEDIATE, Server, end_in_order, started  # noqa: E402

PROGRAM = ROOT / "target/debug/postgres_stress"
PROCESSES, INITIATIONS = 4, 200
RESTARTS = (FAST, IMMEDIATE, IMMEDIATE)
# What a call may say while the server is away: that it was not made, or that this cannot be known.
DOCUMENTED = {"storage", "indeterminate"}
SECONDS = 240


class Worker:
    """One process, and what it answered: `done ID`, or the code of an error."""

    def __init__(self, url: str, name: str) -> None:
        environment = {**os.environ, "KEYLATCH_TEST_POSTGRES": url}
        command = [str(PROGRAM), "initiate", name, str(INITIATIONS)]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.said.extend(line.strip() for line in self.process.stdout)

    def finish(self) -> int:
        code = self.process.wait(SECONDS)
        self._reader.join()
        return code


def wait_until_answered(workers: list[Worker], count: int) -> None:
    deadline = time.monotonic() + SECONDS
    while sum(len(worker.said) for worker in workers) < count:
        assert time.monotonic() < deadline, "the processes do not get on"
        time.sleep(0.01)


def opened(url: str) -> list[str]:
    """The id of every connection of the vault; each was opened."""
    environment = {**os.environ, "KEYLATCH_TEST_POSTGRES": url}
    done = subprocess.run([str(PROGRAM), "look"], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()


def run(server: Server) -> None:
    workers = [Worker(server.url(), f"p{number}") for number in range(PROCESSES)]
    step = PROCESSES * INITIATIONS // (len(RESTARTS) + 1)
    for number, how in enumerate(RESTARTS, 1):
        wait_until_answered(workers, number * step)
        server.restart(how)
    codes = [worker.finish() for worker in workers]
    said = [line for worker in workers for line in worker.said]
    answered = [line.removeprefix("done ") for line in said if line.startswith("done ")]
    errors = Counter(line for line in said if not line.startswith("done "))
    there = opened(server.url())
    unsure = errors["indeterminate"]
    print(
        f"postgres: {PROCESSES} processes x {INITIATIONS} initiations over {len(RESTARTS)} restarts: "
        f"{len(answered)} answered, {len(there)} there, errors: {dict(errors)}"
    )
    assert codes == [0] * PROCESSES, codes
    assert len(said) == PROCESSES * INITIATIONS, "each initiation was answered"
    assert set(errors) <= DOCUMENTED, errors
    assert len(set(there)) == len(there) and len(set(answered)) == len(answered), "an id is there twice"
    assert not set(answered) - set(there), "lost"
    assert len(set(there) - set(answered)) <= unsure, "made without being answered"


def main() -> int:
    end_in_order()
    with started(durable=True) as server:
        run(server)
    return 0


if __name__ == "__main__":
    sys.exit(main())
