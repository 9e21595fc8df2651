"""Tests every entry of the catalogue against a double of its app: `make test-catalogue`.

    python tests/catalogue/test_catalogue.py [SLUG…]

Each scheme with checks is connected, through the Python package and with its own hosts, in every situation that
`situations.py` knows; `rules.py` says what must come of it. Mutated copies of some entries must not pass.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import values
from double import Authority, Door, Scene
from entries import Scheme, load
from keylatch import Keylatch, KeylatchError, Permission
from mutations import Mutation, mutations
from rules import Expected, error_code, expected
from situations import RETRY_AFTER, Situation, impossible, situations

# Most of them wait for answers that never come.
WORKERS = 32
PATIENCE = 60.0
IMPATIENCE = 1.0
TRIES = 5
FEWEST_MUTATIONS = 60
# The made-up hosts that users type are looked up by the double, which is this run's proxy.
ALLOW = [permission for permission in Permission if permission is not Permission.UNENCRYPTED]
Outcome = dict[str, Any]


class NotAskedError(Exception):
    """Keylatch refused before it asked the app."""


class Bench:
    """A place to work at: a door of the double, and two clients that go through it."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.door = Door(authority)
        self.patient = self._client(folder / "patient.db", authority, PATIENCE)
        # Only for answers that never come.
        self.impatient = self._client(folder / "impatient.db", authority, IMPATIENCE)

    def _client(self, path: Path, authority: Authority, timeout: float) -> Keylatch:
        return Keylatch(path, key=bytes(32), timeout=timeout, extra_ca=authority.pem, proxy=self.door.proxy)

    def close(self) -> None:
        self.patient.close()
        self.impatient.close()
        self.door.close()

    def connect(self, app: str, scene: Scene, name: str) -> Outcome:
        """Tries to connect; what came of it, in the words of `wanted`."""
        self.door.scene = scene
        situation = scene.situation
        client = self.impatient if situation.good[0].status is None else self.patient
        sent = scene.right if situation.key == "right" else scene.wrong
        try:
            integration = client.integrations.create(app, auth_scheme=scene.scheme.name, allow=ALLOW)
            made = client.initiate_connection(
                entity_id=name,
                integration_id=integration.id,
                connected_account_params=values.given(scene.scheme, sent, optional=situation.optional),
                verify="required" if situation.required else "auto",
            )
        except KeylatchError as error:
            if error.verdict is None:
                raise NotAskedError(f"{name}: {error.code}: {error}") from None
            came: Outcome = {"verdict": error.verdict, "error": error.code, "fields": sorted(error.fields)}
            return came | ({"retry_after": error.retry_after} if error.retry_after else {})
        evidence = [(e.request, e.status, e.verdict) for e in made.evidence]
        came = {"verdict": made.verdict, "status": made.connection_status, "evidence": evidence}
        said = {"account": made.account, "warnings": [w.message for w in made.warnings]}
        return came | {name: value for name, value in said.items() if value}


def wanted(scheme: Scheme, situation: Situation, must: Expected) -> Outcome:
    """The outcome that the rules ask for."""
    code = error_code(must.verdict, situation.required)
    if code is None:
        found: Outcome = {"verdict": must.verdict, "status": "ACTIVE", "evidence": list(must.evidence)}
        return found | ({"account": must.account} if must.account else {})
    typed = [field["name"] for field in scheme.fields if f"{{{field['name']}" in scheme.host]
    fields = {"rejected": scheme.secrets, "wrong_host": typed, "not_checkable": ["verify"]}.get(must.verdict, [])
    found = {"verdict": must.verdict, "error": code, "fields": sorted(fields)}
    return found | ({"retry_after": float(RETRY_AFTER)} if code == "rate_limited" else {})


class Test:
    """All that is done with one scheme, or with a mutated copy of it."""

    def __init__(self, scheme: Scheme, mutation: Mutation | None = None) -> None:
        self.scheme = scheme
        self.mutation = mutation
        self.situations = 0

    def run(self, bench: Bench) -> Iterator[str]:
        """The failures."""
        try:
            yield from self._mutated(bench) if self.mutation else self._original(bench)
        except values.NoValueError as error:
            yield self._line(0, "no value", str(error))
        except NotAskedError as error:
            yield self._line(0, f"mutated {self.mutation.change}" if self.mutation else "not asked", str(error))

    def _original(self, bench: Bench) -> Iterator[str]:
        for situation in situations(self.scheme):
            self.situations += 1
            if why := impossible(self.scheme, situation):
                yield self._line(situation.check, situation.name, why)
                continue
            difference = self._difference(bench, situation, self.scheme.slug)
            if difference:
                yield self._line(situation.check, situation.name, difference)

    def _mutated(self, bench: Bench) -> Iterator[str]:
        assert self.mutation is not None
        bench.patient.apps.register(self.mutation.definition)
        for situation in situations(self.scheme):
            if situation.good[0].status is None:
                continue
            if self._difference(bench, situation, self.mutation.definition["slug"]):
                return
        yield self._line(0, f"mutated {self.mutation.change}", "was not noticed")

    def _difference(self, bench: Bench, situation: Situation, app: str) -> str | None:
        """How an attempt differs from what must come of it; of a mutated copy only what its user would see."""
        right, wrong = values.right(self.scheme), values.wrong(self.scheme)
        if not situation.optional:
            right = values.without_optional(self.scheme, right)
        must = expected(self.scheme, situation.key, situation.answer, optional=situation.optional)
        # On a busy machine the impatient client may give up before it has asked, which says nothing of the entry.
        for _ in range(TRIES if situation.good[0].status is None else 1):
            scene = Scene(self.scheme, situation, right, wrong)
            came = bench.connect(app, scene, situation.name)
            if scene.asked:
                break
        want = wanted(self.scheme, situation, must)
        if self.mutation:
            came.pop("evidence", None)
            want.pop("evidence", None)
        differences = [
            f"{k}: expected {want.get(k)}, came {came.get(k)}" for k in want | came if want.get(k) != came.get(k)
        ]
        if not self.mutation:
            differences += scene.problems
            if tuple(scene.asked) != must.asked:
                differences.append(f"asked: expected {must.asked}, came {tuple(scene.asked)}")
        return "; ".join(differences) or None

    def _line(self, check: int, what: str, why: str) -> str:
        return f"{self.scheme.place(check)}: {self.scheme.slug} {self.scheme.name}: {what}: {why}"


def run_all(tests: list[Test]) -> list[str]:
    """The failures of all, in the order of the tests."""
    authority = Authority()
    benches: SimpleQueue[Bench] = SimpleQueue()
    failed = []

    def run(test: Test) -> list[str]:
        bench = benches.get()
        try:
            return list(test.run(bench))
        finally:
            benches.put(bench)

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="keylatch-catalogue-")))
        for number in range(WORKERS):
            bench = Bench(folder / str(number), authority)
            stack.callback(bench.close)
            benches.put(bench)
        pool = stack.enter_context(ThreadPoolExecutor(WORKERS))
        for failures in pool.map(run, tests):
            for failure in failures:
                print(failure, flush=True)
            failed += failures
    return failed


def main() -> int:
    wanted_slugs = sys.argv[1:]
    schemes = [scheme for scheme in load() if not wanted_slugs or scheme.slug in wanted_slugs]
    checkable = [scheme for scheme in schemes if scheme.checks]
    with_checks = [scheme for scheme in checkable if scheme.data.get("checks")]
    mutants = [Test(mutation.scheme, mutation) for mutation in mutations(with_checks)]
    tests = [Test(scheme) for scheme in checkable]
    failures = run_all(tests + mutants)
    if not wanted_slugs and len(mutants) < FEWEST_MUTATIONS:
        failures.append(f"there are only {len(mutants)} mutations")
        print(failures[-1])
    print(f"mutated copies: {len(mutants)}")
    apps, ran = len({scheme.slug for scheme in schemes}), sum(test.situations for test in tests)
    print(f"catalogue: {apps} apps, {len(checkable)} checkable schemes, {ran} situations: {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
